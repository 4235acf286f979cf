//! Byzantine participant that tells one group of validators one thing and another group another.
//!
//! Attacks agreement. Alone, or with up to f, it only leaves evidence and costs rounds. With more than f it forks the
//! chain: when one of the liars proposes, it shows the first group one block and the second group another, and all of
//! them prevote and precommit for each group's own block. Each group then counts its own votes and theirs, and both
//! are quorums. With n = 4 and two liars: one honest validator on each side, three votes of four for each.
//!
//! The attack does not wait for the liar's own engine, which follows one side of the fork and may see no polka there:
//! each forged prevote goes out together with the forged precommit. In rounds in which an honest validator proposes
//! there is but one value. Liars that double proposals wait there for a turn of their own and vote honestly, so that no
//! group falls behind before the fork; those that double votes alone tell the second group nil, or where there is no
//! nil, that they vote for a value that nobody proposed.
//!
//! A validator in both groups hears both: with everybody in both, it is a double vote in the open.

mod hotstuff;
mod pbft;
mod tendermint;

use super::Collusion;
use super::deed::{Deed, Here};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::{AnyMessage, Signed};
use bitcraps_types::{Digest, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use std::cell::RefCell;
use std::rc::Rc;

/// Which kinds of messages are doubled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Kinds {
    /// Proposals: two blocks for one round.
    pub proposal: bool,
    /// Prevotes.
    pub prevote: bool,
    /// Precommits.
    pub precommit: bool,
}

impl Kinds {
    /// All of them, as a fork needs.
    pub const ALL: Kinds = Kinds { proposal: true, prevote: true, precommit: true };
}

/// The sides that a recipient is on: whether it hears of the first value, and of the second.
type Sides = (bool, bool);

/// See the module.
pub(super) struct Equivocate {
    pub(super) what: Kinds,
    /// The groups, and what those who lie together have told them.
    pub(super) collusion: Rc<RefCell<Collusion>>,
}

impl Deed for Equivocate {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let collusion = &mut *self.collusion.borrow_mut();
        let sides = (collusion.groups().first.contains(&to), collusion.groups().second.contains(&to));
        let told: Vec<ConsensusMessage> = match &signed.message {
            message if !here.is_mine(message) || sides == (false, false) => vec![message.clone()],
            AnyMessage::Pbft(message) => tagged(pbft::told(self.what, collusion, sides, message)),
            AnyMessage::HotStuff(message) => tagged(hotstuff::told(self.what, collusion, sides, message)),
            AnyMessage::Tendermint(message) => tagged(tendermint::told(self.what, collusion, sides, message)),
        };
        let changed = told != [signed.message.clone()];
        for message in told {
            let sent = if message == signed.message { signed.clone() } else { here.identity.sign(message) };
            out.push(Outgoing::Message(Box::new(sent)));
        }
        changed
    }
}

/// The other value of a second group to whom nobody proposed any, where the protocol knows no vote for none.
fn nobodys(first: Digest) -> Digest {
    Digest::of("adversary/nobody's", &first.0)
}

fn tagged<M: Into<ConsensusMessage>>(messages: Vec<M>) -> Vec<ConsensusMessage> {
    messages.into_iter().map(Into::into).collect()
}
