//! §4.3: checkpoints, the watermarks, and what of the decided heights is still remembered.
//!
//! A validator says CHECKPOINT when it has applied the block of a height that is a multiple of
//! [`CHECKPOINT_INTERVAL`]. A quorum's CHECKPOINTs make it stable: it is the low watermark h, and the logs of the
//! heights up to it are dropped. Messages above the high watermark h + [`LOG_SIZE`] are dropped too.
//!
//! Who never saw such a quorum is not stuck. The host brings decided blocks with their certificates and applies them,
//! which is the paper's state transfer; so when a height begins above the high watermark, the low one follows.

use super::message::{Checkpoint, PbftMessage, StableCheckpoint};
use super::{Pbft, Statement};
use crate::{Dest, Evidence, Message, Output, Signed, ValidatorSet};
use bitcraps_types::{Digest, Height, Signature, ValidatorIndex};
use std::collections::BTreeMap;

/// The paper's K: how many heights lie between two checkpoints.
pub const CHECKPOINT_INTERVAL: Height = 16;
/// The paper's L: how many heights lie between the two watermarks.
pub const LOG_SIZE: Height = 2 * CHECKPOINT_INTERVAL;

/// The watermarks, and each validator's last checkpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints {
    latest: BTreeMap<ValidatorIndex, (Checkpoint, Signature)>,
    stable: Option<StableCheckpoint>,
    low: Height,
}

/// What a CHECKPOINT did.
#[derive(Debug)]
pub(super) enum Heard {
    /// It is known, or older than its author's last.
    Nothing,
    /// It counts.
    New,
    /// It made its height stable.
    Stable,
    /// Its author had said another value.
    Conflict(Box<Evidence<PbftMessage>>),
}

impl Checkpoints {
    /// For an engine that begins at `height`: what is below was decided and applied.
    pub(super) fn new(height: Height) -> Checkpoints {
        Checkpoints { low: last_before(height), ..Checkpoints::default() }
    }

    /// The paper's h.
    pub(super) fn low(&self) -> Height {
        self.low
    }

    /// The paper's H.
    pub(super) fn high(&self) -> Height {
        self.low.saturating_add(LOG_SIZE)
    }

    /// The last stable checkpoint below `height`, with its proof.
    pub(super) fn stable(&self, height: Height) -> Option<&StableCheckpoint> {
        self.stable.as_ref().filter(|stable| stable.height < height)
    }

    fn add(&mut self, checkpoint: Checkpoint, signature: Signature, validators: &ValidatorSet) -> Heard {
        match self.latest.get(&checkpoint.author) {
            Some((held, _)) if held.height > checkpoint.height || *held == checkpoint => Heard::Nothing,
            Some((held, first)) if held.height == checkpoint.height => {
                let signed = |checkpoint, signature| Signed {
                    message: PbftMessage::Checkpoint(checkpoint),
                    signature,
                };
                let evidence = Evidence::of(&signed(*held, *first), &signed(checkpoint, signature));
                Heard::Conflict(Box::new(evidence))
            }
            _ => {
                self.latest.insert(checkpoint.author, (checkpoint, signature));
                if self.stabilise(checkpoint.height, checkpoint.digest, validators) {
                    Heard::Stable
                } else {
                    Heard::New
                }
            }
        }
    }

    fn stabilise(&mut self, height: Height, digest: Digest, validators: &ValidatorSet) -> bool {
        if self.stable.as_ref().is_some_and(|stable| stable.height >= height) {
            return false;
        }
        let same = self.latest.iter().filter(|(_, (said, _))| (said.height, said.digest) == (height, digest));
        let signatures: Vec<_> = same.map(|(author, (_, signature))| (*author, *signature)).collect();
        let power = signatures.iter().map(|(author, _)| validators.power(*author)).sum();
        let stable = validators.is_quorum(power);
        if stable {
            self.stable = Some(StableCheckpoint { height, digest, signatures });
        }
        stable
    }

    /// Takes a verified proof. Whether it is news.
    fn learn(&mut self, proof: &StableCheckpoint) -> bool {
        let news = self.stable.as_ref().is_none_or(|stable| stable.height < proof.height);
        if news {
            self.stable = Some(proof.clone());
        }
        news
    }

    /// Moves the low watermark up to the last stable checkpoint that this node has applied, now that `height` is
    /// undecided; and with the state that the host brought, if nothing else moved it.
    fn settle(&mut self, height: Height) {
        if let Some(stable) = self.stable(height) {
            self.low = self.low.max(stable.height);
        }
        if height > self.high() {
            self.low = last_before(height);
        }
    }

    /// A validator's last.
    pub(super) fn get(&self, author: ValidatorIndex) -> Option<Signed<PbftMessage>> {
        let (checkpoint, signature) = self.latest.get(&author)?;
        Some(Signed { message: PbftMessage::Checkpoint(*checkpoint), signature: *signature })
    }

    /// Whether a CHECKPOINT, verified, would change nothing.
    pub(super) fn knows(&self, message: &PbftMessage, signature: &Signature) -> bool {
        self.latest.get(&message.author()).is_some_and(|(held, signed)| {
            let same = signed == signature && Statement::Checkpoint(*held) == message.statement();
            held.height > message.height() || same
        })
    }
}

/// The last multiple of the interval below a height.
fn last_before(height: Height) -> Height {
    let applied = height.saturating_sub(1);
    applied - applied % CHECKPOINT_INTERVAL
}

impl Pbft {
    /// The height before this one was decided here as `digest`, and applied: says so if a checkpoint is due.
    ///
    /// It needs no write of its own. What it says follows from the decided block, which the host made durable.
    pub(super) fn say_checkpoint(&mut self, height: Height, digest: Digest, out: &mut Vec<Output<Self>>) {
        if let Some(author) = self.me()
            && height > 0
            && height.is_multiple_of(CHECKPOINT_INTERVAL)
        {
            out.push(Output::Transition("PBFT §4.3 checkpoint"));
            let message = PbftMessage::Checkpoint(Checkpoint { height, author, digest });
            out.push(Output::Sign { message, after: 0, to: Dest::All });
        }
    }

    /// A verified CHECKPOINT. Its author is in the height after it, or later.
    pub(super) fn hear_checkpoint(&mut self, signed: &Signed<PbftMessage>, out: &mut Vec<Output<Self>>) {
        let PbftMessage::Checkpoint(checkpoint) = signed.message else { return };
        if self.validators.get(checkpoint.author).is_none() {
            return;
        }
        match self.checkpoints.add(checkpoint, signed.signature, &self.validators) {
            Heard::Nothing => {}
            Heard::New => self.see_ahead(checkpoint, out),
            Heard::Stable => {
                self.see_ahead(checkpoint, out);
                self.stabilised(out);
            }
            Heard::Conflict(evidence) => out.push(Output::Accuse(evidence)),
        }
    }

    fn see_ahead(&mut self, checkpoint: Checkpoint, out: &mut Vec<Output<Self>>) {
        let next = checkpoint.height.saturating_add(1);
        let news = self.gossip.saw(checkpoint.author, next);
        if news && next > self.height.saturating_add(1) {
            out.push(Output::Behind { seen: next, from: checkpoint.author });
        }
    }

    /// The C of a verified VIEW-CHANGE.
    pub(super) fn learn_stable(&mut self, proof: &StableCheckpoint, out: &mut Vec<Output<Self>>) {
        if self.checkpoints.learn(proof) {
            self.stabilised(out);
        }
    }

    fn stabilised(&mut self, out: &mut Vec<Output<Self>>) {
        out.push(Output::Transition("PBFT §4.3 stable checkpoint"));
        self.collect_garbage();
    }

    /// Moves the watermarks and drops the logs below the low one.
    pub(super) fn collect_garbage(&mut self) {
        self.checkpoints.settle(self.height);
        let low = self.checkpoints.low();
        self.past = self.past.split_off(&low.saturating_add(1));
    }
}
