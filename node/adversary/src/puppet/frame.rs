//! Byzantine participant that forges evidence against an honest validator: in the blocks that it proposes, and as votes
//! in the victim's name that contradict what the victim said.
//!
//! Attacks no-false-accusation. Its evidence is made of what it can get: signatures of its own, genuine ones of the
//! victim under other statements, two genuine statements that don't contradict each other, its own double vote filed
//! under the victim's name, and noise.

use super::deed::{Deed, Here};
use super::parts;
use super::swapped::Swapped;
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_casino::{Block, Offence};
use bitcraps_consensus::{AnyStatement, Evidence, Message, Signed};
use bitcraps_types::{Digest, Height, ValidatorIndex, Value};
use rand::Rng;

/// See the module.
pub(super) struct Frame {
    victim: ValidatorIndex,
    swapped: Swapped,
}

impl Frame {
    pub(super) fn new(victim: ValidatorIndex) -> Frame {
        Frame { victim, swapped: Swapped::default() }
    }
}

impl Deed for Frame {
    fn tell_own(
        &mut self,
        here: &mut Here<'_>,
        to: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let victim = self.victim;
        let message = signed.message.clone();
        let framed = |here: &mut Here<'_>, truth: &Value| accusing(here, &message, victim, truth);
        let proposed = self.swapped.rewrite(here, signed, framed, out);
        let contradiction = (to != victim).then(|| contradiction(here, victim)).flatten();
        let said = contradiction.is_some();
        out.extend(contradiction.map(|forged| Outgoing::Message(Box::new(forged))));
        proposed || said
    }
}

/// The same block, with an offence that was none.
fn accusing(
    here: &mut Here<'_>,
    proposal: &ConsensusMessage,
    victim: ValidatorIndex,
    truth: &Value,
) -> Option<Value> {
    let mut block = Block::decode(truth.bytes()).ok()?;
    let (height, proof) = evidence(here, proposal, victim);
    block.offences.push(Offence { offender: victim, height, proof });
    Some(Value::new(block.encode()))
}

/// False evidence, and of which height.
fn evidence(here: &mut Here<'_>, proposal: &ConsensusMessage, victim: ValidatorIndex) -> (Height, Vec<u8>) {
    let height = proposal.height();
    let vote = |here: &Here<'_>, author: ValidatorIndex, byte: u8| {
        let vote = parts::first_vote(proposal, author, height, 0, Digest([byte; 32]));
        here.identity.sign(vote).statement()
    };
    let genuine: Vec<Signed<AnyStatement>> = here.heard.of(victim).take(2).cloned().collect();
    let pair = |first: Signed<AnyStatement>, second| Evidence::<ConsensusMessage> { first, second };
    let evidence = match (here.rng.next_u32() % 5, &genuine[..]) {
        (0, [one, ..]) => {
            // The signature is genuine, but of something else.
            let forged = parts::first_vote(proposal, victim, one.message.height(), 0, Digest([7; 32]));
            pair(one.clone(), Signed { message: forged.statement(), signature: one.signature })
        }
        (1, [one, other]) => pair(one.clone(), other.clone()),
        (2, _) => pair(vote(here, here.identity.me, 1), vote(here, here.identity.me, 2)),
        (3, _) => {
            let mut noise = vec![0; 200];
            here.rng.fill_bytes(&mut noise);
            return (height, noise);
        }
        _ => pair(vote(here, victim, 1), vote(here, victim, 2)),
    };
    (evidence.height(), borsh::to_vec(&evidence).unwrap_or_default())
}

/// A vote in the victim's name for another value than it voted for, under the signature of the vote that it cast.
fn contradiction(here: &Here<'_>, victim: ValidatorIndex) -> Option<Signed<ConsensusMessage>> {
    let mut votes =
        here.heard.of(victim).filter_map(|made| Some((parts::vote(&made.message)?, made.signature)));
    let (mut message, signature) = votes.next()?;
    let digest = parts::digest_mut(&mut message)?;
    *digest = Digest::of("adversary/frame", &digest.0);
    Some(Signed { message, signature })
}
