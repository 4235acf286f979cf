//! What every behaviour can do: rewrite what leaves, ignore what comes, speak unasked. Each does a little of it, and
//! leaves the rest as it is.

use super::heard::Heard;
use super::outbox::Outbox;
use super::{Identity, Kind};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_actors::wire::SyncMessage;
use bitcraps_beacon::Partials;
use bitcraps_consensus::{Message, Signed};
use bitcraps_types::{Time, ValidatorIndex};
use rand_chacha::ChaCha8Rng;

/// Where a behaviour acts: the time, who it is, what it has heard, and where what it sends besides is put.
pub(super) struct Here<'a> {
    pub(super) now: Time,
    pub(super) identity: &'a Identity,
    pub(super) rng: &'a mut ChaCha8Rng,
    pub(super) heard: &'a Heard,
    pub(super) outbox: &'a mut Outbox,
    /// The chance that a message is lied in.
    pub(super) chance: f64,
}

impl Here<'_> {
    /// Whether the node itself is the author.
    pub(super) fn is_mine(&self, message: &ConsensusMessage) -> bool {
        message.author() == self.identity.me
    }
}

/// One behaviour with its memory.
pub(super) trait Deed {
    /// Puts into `out` what `to` is sent instead of `sent`. Whether that is anything else.
    fn say(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        sent: Outgoing,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        match sent {
            Outgoing::Message(signed) => self.tell(here, to, *signed, out),
            raw => {
                out.push(raw);
                false
            }
        }
    }

    /// The same for what is a message. What another said is passed on as it is.
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        if here.is_mine(&signed.message) {
            return self.tell_own(here, to, signed, out);
        }
        out.push(Outgoing::Message(Box::new(signed)));
        false
    }

    /// The same for a message of the node's own.
    fn tell_own(
        &mut self,
        _here: &mut Here<'_>,
        _to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        out.push(Outgoing::Message(Box::new(signed)));
        false
    }

    /// Hears a peer's message. What of it that is: messages changed, added or kept from the node.
    fn hear(&mut self, _here: &mut Here<'_>, _message: &Signed<ConsensusMessage>) -> u64 {
        0
    }

    /// Whether the node does not hear messages of this kind.
    fn ignores(&self, _kind: Kind) -> bool {
        false
    }

    /// Puts into the outbox what it says of its own accord. How many messages.
    fn unasked(&mut self, _here: &mut Here<'_>) -> u64 {
        0
    }

    /// When it wants to speak unasked next.
    fn wakes(&self, _now: Time) -> Option<Time> {
        None
    }

    /// What is sent instead of a message of block sync; `None`: it is withheld.
    fn say_sync(&mut self, _here: &mut Here<'_>, message: &SyncMessage) -> Option<SyncMessage> {
        Some(message.clone())
    }

    /// What `to` is sent instead of the node's part of a dice signature; `None`: it is withheld.
    fn say_dice(
        &mut self,
        _here: &mut Here<'_>,
        _to: ValidatorIndex,
        partials: &Partials,
    ) -> Option<Partials> {
        Some(partials.clone())
    }

    /// Hears a peer's message of block sync.
    fn hear_sync(&mut self, _message: &SyncMessage) {}

    /// Whether the engine forgets its lock.
    fn forgets(&self) -> bool {
        false
    }

    /// It ends: what it holds back goes out.
    fn end(&mut self, _outbox: &mut Outbox) {}
}

/// For behaviours that change a message or leave it: puts what it became into `out`, signed anew, or the message
/// itself. Whether it changed.
pub(super) fn send_instead(
    identity: &Identity,
    signed: Signed<ConsensusMessage>,
    instead: Option<ConsensusMessage>,
    out: &mut Vec<Outgoing>,
) -> bool {
    let changed = instead.as_ref().is_some_and(|instead| *instead != signed.message);
    let sent = match instead {
        Some(instead) if changed => identity.sign(instead),
        _ => signed,
    };
    out.push(Outgoing::Message(Box::new(sent)));
    changed
}
