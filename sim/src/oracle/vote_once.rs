//! Property `vote_once`: an honest validator never signs two different votes of a kind, nor two different proposals,
//! for one round of one height; not even with a crash in between. (The published bugs of this class forgot what they
//! had signed: malachite #864, tendermint #3089.)

use super::finding::Finding;
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::Signed;
use bitcraps_consensus::tendermint::VoteKind;
use bitcraps_types::{Digest, Height, Round, Time};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(super) struct VoteOnce {
    pub(super) finding: Finding,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    signed: BTreeMap<(Height, Round, Kind), Content>,
    highest: Height,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Proposal,
    Prevote,
    Precommit,
}

/// The value, and for a proposal the round of the proof of lock.
type Content = (Option<Digest>, Option<Round>);

impl VoteOnce {
    /// How many heights a node's signatures are remembered. One that crashes comes back within them.
    const HEIGHTS: u64 = 512;

    pub(super) fn new(nodes: usize) -> VoteOnce {
        VoteOnce { finding: Finding::new("vote_once"), nodes: vec![Node::default(); nodes] }
    }

    pub(super) fn signed(&mut self, at: Time, node: u16, signed: &Signed<ConsensusMessage>) {
        let (author, height, round, kind, content) = match &signed.message {
            ConsensusMessage::Proposal(proposal) => {
                let lock = proposal.polka.as_ref().map(|polka| polka.round);
                let content = (Some(proposal.value.digest()), lock);
                (proposal.author, proposal.height, proposal.round, Kind::Proposal, content)
            }
            ConsensusMessage::Vote(vote) => {
                let kind = match vote.kind {
                    VoteKind::Prevote => Kind::Prevote,
                    VoteKind::Precommit => Kind::Precommit,
                };
                (vote.author, vote.height, vote.round, kind, (vote.digest, None))
            }
            ConsensusMessage::Polka(_) => return,
        };
        self.finding.judged();
        if author.0 != node {
            self.finding.violated(at, format!("node {node} signed in the name of validator {author}"));
            return;
        }
        let state = &mut self.nodes[usize::from(node)];
        let before = *state.signed.entry((height, round, kind)).or_insert(content);
        if before != content {
            let name = |(digest, _): Content| digest.map_or("nil".to_owned(), |digest| digest.short());
            let detail = format!(
                "node {node}, height {height}, round {round}: signed a {kind:?} for {}, then one for {}",
                name(before),
                name(content)
            );
            self.finding.violated(at, detail);
        }
        if height > state.highest {
            state.highest = height;
            let oldest = height.saturating_sub(Self::HEIGHTS);
            while state.signed.first_key_value().is_some_and(|(at, _)| at.0 < oldest) {
                state.signed.pop_first();
            }
        }
    }
}
