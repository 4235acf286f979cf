//! A player's key at a gateway: signs commands and sees them through. A command that may have been lost is handed in
//! again with the same bytes, so it is done at most once.

use super::error::ClientError;
use super::gateway::Gateway;
use crate::gateway::api;
use crate::hex::Hex;
use crate::keys::SecretKey;
use bitcraps_casino::{Action, Command, SignedCommand};
use bitcraps_types::{AccountId, Height};
use std::time::{Duration, Instant};

/// The longest that one question waits.
const WAIT: Duration = Duration::from_secs(5);

/// The pause after a refusal that says to come again.
const PAUSE: Duration = Duration::from_millis(200);

/// See the module.
pub(super) struct Wallet {
    gateway: Gateway,
    key: SecretKey,
    patience: Duration,
}

/// A command that was done.
#[derive(Clone, Debug)]
pub(super) struct Done {
    /// Its id.
    pub(super) id: Hex<32>,
    /// Its sequence number; a bet's name.
    pub(super) sequence: u64,
    /// In this block.
    pub(super) height: Height,
    /// What it did.
    pub(super) effect: Option<api::Effect>,
}

impl Wallet {
    pub(super) fn new(gateway: Gateway, key: SecretKey, patience: Duration) -> Wallet {
        Wallet { gateway, key, patience }
    }

    pub(super) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    pub(super) fn account(&self) -> AccountId {
        self.key.account()
    }

    /// The account as it is.
    pub(super) fn state(&self) -> Result<api::Account, ClientError> {
        let id = Hex(self.account().0.0);
        self.insist(|gateway| gateway.account(id))?.ok_or(ClientError::NoAccount(id))
    }

    /// Has an action done with the next sequence number, and waits until it is.
    pub(super) fn settle(&mut self, action: Action) -> Result<Done, ClientError> {
        let sequence = self.state()?.highest_sequence.saturating_add(1);
        let command = Command { key: self.key.public(), sequence, action };
        let signed = SignedCommand::sign(&self.gateway.chain_id(), command, &self.key);
        let (status, times) = self.see_through(&signed)?;
        let api::Status { id, height, effect, .. } = status;
        let why = status.reason.unwrap_or_else(|| "no reason given".into());
        match (status.state.as_str(), height) {
            ("settled", Some(height)) => Ok(Done { id, sequence, height, effect }),
            ("archived", Some(height)) => Err(ClientError::Archived { id, height }),
            // What is refused now may have been done, or may wait elsewhere, since it was handed in the first time.
            ("turned_away", _) if times > 1 => Err(ClientError::Unclear { id, sequence, why }),
            _ if times > 1 && why.contains("sequence") => Err(ClientError::Unclear { id, sequence, why }),
            _ => Err(ClientError::Refused(why)),
        }
    }

    /// Asks the gateway until it answers, or patience ends.
    #[expect(clippy::disallowed_methods, reason = "a person waits, by the clock on the wall")]
    pub(super) fn insist<T>(
        &self,
        mut ask: impl FnMut(&Gateway) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let until = Instant::now() + self.patience;
        loop {
            match ask(&self.gateway) {
                Err(error) if is_passing(&error) && Instant::now() < until => std::thread::sleep(PAUSE),
                answer => return answer,
            }
        }
    }

    /// Hands a command in until something became of it: what, and how often it was handed in.
    #[expect(clippy::disallowed_methods, reason = "a person waits, by the clock on the wall")]
    fn see_through(&self, signed: &SignedCommand) -> Result<(api::Status, u32), ClientError> {
        let id = Hex(signed.id().0);
        let until = Instant::now() + self.patience;
        let (mut handed_in, mut times) = (false, 0);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer = if handed_in {
                self.gateway.status(id, WAIT.min(left))
            } else {
                times += 1;
                self.gateway.submit(signed).map(Some)
            };
            match answer {
                Ok(Some(status)) if status.is_final() => return Ok((status, times)),
                Ok(known) => handed_in = known.is_some(),
                // It may have come there, or have been taken before.
                Err(error) if left.is_zero() && is_passing(&error) => {
                    return Err(ClientError::OutOfPatience(id));
                }
                Err(error) if !is_passing(&error) => return Err(error),
                Err(_) => {
                    handed_in = false;
                    std::thread::sleep(PAUSE.min(left));
                }
            }
            if left.is_zero() {
                return Err(ClientError::OutOfPatience(id));
            }
        }
    }
}

/// Whether the same may succeed later.
fn is_passing(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Unreachable { .. } | ClientError::Gateway { status: 429 | 502 | 503 | 504, .. }
    )
}
