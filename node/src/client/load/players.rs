//! The players of a load: fresh keys, each with an account that the faucet's key opens.

use super::super::error::ClientError;
use super::super::gateway::Gateway;
use crate::hex::Hex;
use crate::keys::{KeyError, SecretKey};
use bitcraps_casino::{Action, Command, SignedCommand};
use bitcraps_types::Amount;
use std::time::Duration;
use zeroize::Zeroizing;

/// So many transfers of the faucet's key wait at a time: as many of its numbers as are told apart, and half of that for
/// other uses of the key.
const AT_ONCE: usize = 32;
/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A player.
pub(super) struct Player {
    pub(super) key: SecretKey,
    /// The last sequence number that it used.
    pub(super) sequence: u64,
}

/// Makes so many.
pub(super) fn make(count: u32) -> Result<Vec<Player>, ClientError> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut secret[..]).map_err(KeyError::Entropy)?;
    let player = |number: u32| {
        let seed = blake3::keyed_hash(&secret, &number.to_le_bytes());
        Player { key: SecretKey::from_seed(Zeroizing::new(*seed.as_bytes())), sequence: 0 }
    };
    Ok((0..count).map(player).collect())
}

/// Opens their accounts.
pub(super) fn open(
    gateway: &Gateway,
    faucet: &SecretKey,
    players: &[Player],
    amount: Amount,
) -> Result<(), ClientError> {
    let id = Hex(faucet.account().0.0);
    let account = gateway.account(id)?.ok_or(ClientError::NoAccount(id))?;
    let mut sequence = account.highest_sequence;
    for some in players.chunks(AT_ONCE) {
        let transfers: Vec<SignedCommand> = some
            .iter()
            .map(|player| {
                sequence += 1;
                let action = Action::Transfer { to: player.key.account(), amount };
                let command = Command { key: faucet.public(), sequence, action };
                SignedCommand::sign(&gateway.chain_id(), command, faucet)
            })
            .collect();
        gateway.submit_all(&transfers)?;
        for transfer in &transfers {
            let id = Hex(transfer.id().0);
            let status = gateway.status(id, PATIENCE)?.ok_or(ClientError::OutOfPatience(id))?;
            match status.state.as_str() {
                "settled" => {}
                "pending" => return Err(ClientError::OutOfPatience(id)),
                _ => {
                    let why = status.reason.unwrap_or_else(|| "no reason given".into());
                    return Err(ClientError::Refused(why));
                }
            }
        }
    }
    Ok(())
}
