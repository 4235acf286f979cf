//! Byzantine participant that speaks last: it holds a vote, or its giving up of a round, until it has heard the same of
//! every honest validator, or has waited long enough.
//!
//! Attacks what holds only against adversaries that commit themselves early: it knows which value each of the others
//! chose before it chooses. With a lie besides (selective sending, equivocation) that is the vote that tips a quorum,
//! shown to one alone.

use super::deed::{Deed, Here};
use super::outbox::Outbox;
use super::{Kind, parts};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::{Message, Signed};
use bitcraps_types::{Height, Round, Time, ValidatorIndex};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where something is said.
type Place = (Height, Round, Kind);

/// See the module.
pub(super) struct Rushing {
    honest: BTreeSet<ValidatorIndex>,
    at_most: Duration,
    /// Who has spoken where.
    spoken: BTreeMap<Place, BTreeSet<ValidatorIndex>>,
    held: Vec<Held>,
}

struct Held {
    place: Place,
    until: Time,
    to: ValidatorIndex,
    sent: Outgoing,
}

impl Rushing {
    /// Places further back are forgotten.
    const PLACES: usize = 64;
    /// No more messages are held.
    const HELD: usize = 4096;

    pub(super) fn new(honest: BTreeSet<ValidatorIndex>, at_most: u64) -> Rushing {
        let at_most = Duration::from_nanos(at_most);
        Rushing { honest, at_most, spoken: BTreeMap::new(), held: Vec::new() }
    }

    fn all_spoke(&self, place: &Place, me: ValidatorIndex) -> bool {
        let spoke = |honest: &ValidatorIndex| self.spoken.get(place).is_some_and(|all| all.contains(honest));
        self.honest.iter().filter(|honest| **honest != me).all(spoke)
    }

    fn release(&mut self, outbox: &mut Outbox, free: impl Fn(&Held) -> bool) {
        let (free, held): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held).into_iter().partition(free);
        self.held = held;
        free.into_iter().for_each(|held| outbox.put(Time::ZERO, held.to, held.sent));
    }
}

fn place(message: &ConsensusMessage) -> Place {
    (message.height(), parts::round(message), Kind::of(message))
}

impl Deed for Rushing {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let place = place(&signed.message);
        let waits = matches!(place.2, Kind::Prevote | Kind::Precommit | Kind::ViewChange)
            && here.is_mine(&signed.message)
            && self.held.len() < Self::HELD
            && !self.all_spoke(&place, here.identity.me);
        let sent = Outgoing::Message(Box::new(signed));
        if waits {
            self.held.push(Held { place, until: here.now + self.at_most, to, sent });
        } else {
            out.push(sent);
        }
        waits
    }

    fn hear(&mut self, here: &mut Here<'_>, message: &Signed<ConsensusMessage>) -> u64 {
        let place = place(&message.message);
        self.spoken.entry(place).or_default().insert(message.message.author());
        while self.spoken.len() > Self::PLACES {
            self.spoken.pop_first();
        }
        if self.all_spoke(&place, here.identity.me) {
            self.release(here.outbox, |held| held.place == place);
        }
        0
    }

    fn unasked(&mut self, here: &mut Here<'_>) -> u64 {
        let now = here.now;
        self.release(here.outbox, |held| held.until <= now);
        0
    }

    fn wakes(&self, _: Time) -> Option<Time> {
        self.held.iter().map(|held| held.until).min()
    }

    fn end(&mut self, outbox: &mut Outbox) {
        self.release(outbox, |_| true);
    }
}
