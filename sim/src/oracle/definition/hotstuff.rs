//! The definitions for HotStuff with two chains (Jolteon, arXiv:2106.10362).

use super::{Said, commit_bytes, preimage};
use bitcraps_consensus::hotstuff::{HotStuffMessage, Statement, Vote};
use bitcraps_types::{ChainId, Digest, Height, Round, ValidatorIndex};

/// Who signs a statement, and which bytes. `None`: certificates that are passed on convict nobody.
pub(super) fn signed(chain: &ChainId, statement: &Statement) -> Option<(ValidatorIndex, Vec<u8>)> {
    match statement {
        Statement::Proposal { height, round, author, digest, justify } => {
            Some((*author, block_bytes("hotstuff/proposal", chain, (*height, *round), digest, *justify)))
        }
        Statement::Vote(Vote { height, round, author, digest, justify }) => {
            let commits = justify.is_some_and(|justify| u64::from(justify) + 1 == u64::from(*round));
            let bytes = match commits {
                true => commit_bytes(chain, *height, *round, digest),
                false => block_bytes("hotstuff/vote", chain, (*height, *round), digest, *justify),
            };
            Some((*author, bytes))
        }
        Statement::Timeout { height, round, author, high_qc_round } => {
            let place = preimage("hotstuff/timeout", chain, *height, *round);
            Some((*author, [place, round_bytes(*high_qc_round)].concat()))
        }
        Statement::SyncInfo { .. } => None,
    }
}

/// A block, a vote, or a timeout, each with the round of the certificate in it.
pub(super) fn said(message: &HotStuffMessage) -> Option<Said> {
    let justified =
        |qc: &Option<bitcraps_consensus::hotstuff::QuorumCertificate>| qc.as_ref().map(|qc| qc.round);
    let (author, height, round, kind, content) = match message {
        HotStuffMessage::Proposal(block) => {
            let digest = match (&block.value, &block.justify) {
                (Some(value), _) => Some(value.digest()),
                (None, justify) => justify.as_ref().map(|qc| qc.digest),
            };
            (block.author, block.height, block.round, "proposal", (digest, justified(&block.justify)))
        }
        HotStuffMessage::Vote(vote) => {
            (vote.author, vote.height, vote.round, "vote", (Some(vote.digest), vote.justify))
        }
        HotStuffMessage::Timeout(timeout) => {
            (timeout.author, timeout.height, timeout.round, "timeout", (None, justified(&timeout.high_qc)))
        }
        HotStuffMessage::SyncInfo(_) => return None,
    };
    Some(Said { author, height, round, kind, content })
}

/// Two different blocks, votes or timeouts of one author and round; a block, and a vote for another block of that round,
/// which is its author's to lead; or a timeout that claims to know no certificate as
/// high as one that its author spoke of in the same round or before.
pub(super) fn contradict(first: &Statement, second: &Statement) -> bool {
    let of = |statement: &Statement| match statement {
        Statement::Proposal { author, height, round, justify, .. } => {
            Some((*author, *height, *round, *justify, 0))
        }
        Statement::Vote(vote) => Some((vote.author, vote.height, vote.round, vote.justify, 1)),
        Statement::Timeout { author, height, round, high_qc_round } => {
            Some((*author, *height, *round, *high_qc_round, 2))
        }
        Statement::SyncInfo { .. } => None,
    };
    let (Some(a), Some(b)) = (of(first), of(second)) else { return false };
    if (a.0, a.1) != (b.0, b.1) {
        return false;
    }
    let forgets = |later: (_, _, Round, Option<Round>, u8), earlier: (_, _, Round, Option<Round>, u8)| {
        later.4 == 2 && later.2 >= earlier.2 && later.3 < earlier.3
    };
    let votes_for_another = match (first, second) {
        (Statement::Proposal { round, digest, justify, .. }, Statement::Vote(vote))
        | (Statement::Vote(vote), Statement::Proposal { round, digest, justify, .. }) => {
            *round == vote.round && (*digest, *justify) != (vote.digest, vote.justify)
        }
        _ => false,
    };
    let doubled = (a.2, a.4) == (b.2, b.4) && first != second;
    doubled || votes_for_another || forgets(a, b) || forgets(b, a)
}

fn block_bytes(
    domain: &str,
    chain: &ChainId,
    (height, round): (Height, Round),
    digest: &Digest,
    justify: Option<Round>,
) -> Vec<u8> {
    [&preimage(domain, chain, height, round)[..], &digest.0, &round_bytes(justify)].concat()
}

/// 0 for none, or 1 and the round little-endian.
fn round_bytes(round: Option<Round>) -> Vec<u8> {
    round.map_or_else(|| vec![0], |round| [&[1][..], &round.to_le_bytes()].concat())
}
