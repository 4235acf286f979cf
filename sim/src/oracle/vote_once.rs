//! Property `vote_once`: an honest validator never signs two different votes of a kind, nor two different proposals,
//! for one round of one height; not even with a crash in between. What may be said but once is the protocol's
//! definition. (The published bugs of this class forgot what they
//! had signed: malachite #864, tendermint #3089.)

use super::definition::{Content, Said, said};
use super::finding::Finding;
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::Signed;
use bitcraps_types::{Height, Round, Time};

#[derive(Clone, Debug)]
pub(super) struct VoteOnce {
    pub(super) finding: Finding,
    /// For each node, what it signed at its latest heights, by height modulo [`VoteOnce::HEIGHTS`].
    nodes: Vec<Vec<AtHeight>>,
}

#[derive(Clone, Debug, Default)]
struct AtHeight {
    height: Height,
    signed: Vec<(Round, &'static str, Content)>,
}

impl VoteOnce {
    /// How many of a node's own heights are remembered. One that crashes goes on where it was, within them.
    const HEIGHTS: usize = 64;

    pub(super) fn new(nodes: usize) -> VoteOnce {
        let nodes = vec![vec![AtHeight::default(); Self::HEIGHTS]; nodes];
        VoteOnce { finding: Finding::new("vote_once"), nodes }
    }

    pub(super) fn signed(&mut self, at: Time, node: u16, signed: &Signed<ConsensusMessage>) {
        let Some(said) = said(&signed.message) else { return };
        let Said { author, height, round, kind, content } = said;
        self.finding.judged();
        if author.0 != node {
            self.finding.violated(at, format!("node {node} signed in the name of validator {author}"));
            return;
        }
        let here = &mut self.nodes[usize::from(node)][height as usize % Self::HEIGHTS];
        if here.height < height {
            *here = AtHeight { height, signed: std::mem::take(&mut here.signed) };
            here.signed.clear();
        } else if here.height > height {
            return;
        }
        let before = here.signed.iter().rev().find(|(r, k, _)| (*r, *k) == (round, kind));
        match before.map(|(_, _, before)| *before) {
            None => here.signed.push((round, kind, content)),
            Some(before) if before == content => {}
            Some(before) => {
                let name = |(digest, _): Content| digest.map_or("nil".to_owned(), |digest| digest.short());
                let detail = format!(
                    "node {node}, height {height}, round {round}: signed a {kind} for {}, then one for {}",
                    name(before),
                    name(content)
                );
                self.finding.violated(at, detail);
            }
        }
    }
}
