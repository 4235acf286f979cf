//! Byzantine validators that vote for everything that anyone proposes, and as proposers give each group another
//! value.

use super::*;
use crate::tests::net::{Lie, Played, Scene};
use std::collections::BTreeSet;

/// What was said to whom, so that each thing is said once.
#[derive(Default)]
pub(crate) struct Coalition(BTreeSet<(usize, usize, Height, Round, Option<VoteKind>, Digest)>);

impl Played for Tendermint {
    type Coalition = Coalition;

    fn begin(config: Config, validators: ValidatorSet, height: Height) -> Tendermint {
        Tendermint::new(config, validators, height)
    }

    fn collude(
        coalition: &mut Coalition,
        scene: &Scene,
        hearer: usize,
        heard: &Signed<TendermintMessage>,
    ) -> Vec<Lie<TendermintMessage>> {
        let mut lies = Vec::new();
        for to in scene.correct() {
            coalition.lie(scene, heard, hearer, to, &mut lies);
        }
        lies
    }
}

impl Coalition {
    fn lie(
        &mut self,
        scene: &Scene,
        heard: &Signed<TendermintMessage>,
        by: usize,
        to: usize,
        lies: &mut Vec<Lie<TendermintMessage>>,
    ) {
        let (height, round, author) =
            (heard.message.height(), heard.message.round(), heard.message.author().index());
        if Tendermint::proposer(&scene.set, height, round) == v(by) {
            let value = value(&format!("{height}/{round} for group {}", scene.group(to)));
            let digest = value.digest();
            if self.0.insert((by, to, height, round, None, Digest::ZERO)) {
                let proposal = Proposal { height, round, author: v(by), value, polka: None };
                let message = TendermintMessage::Proposal(Box::new(proposal));
                lies.push(Lie { by, to, message });
                self.vote_both(by, to, height, round, digest, lies);
            }
            return;
        }
        let digest = match &heard.message {
            TendermintMessage::Proposal(proposal) => Some(proposal.value.digest()),
            TendermintMessage::Vote(vote) => vote.digest,
            TendermintMessage::Polka(_) => None,
        };
        let of_the_group = scene.byzantine.contains(&author) || scene.group(author) == scene.group(to);
        if let Some(digest) = digest.filter(|_| of_the_group) {
            self.vote_both(by, to, height, round, digest, lies);
        }
    }

    fn vote_both(
        &mut self,
        by: usize,
        to: usize,
        height: Height,
        round: Round,
        digest: Digest,
        lies: &mut Vec<Lie<TendermintMessage>>,
    ) {
        for kind in [VoteKind::Prevote, VoteKind::Precommit] {
            if self.0.insert((by, to, height, round, Some(kind), digest)) {
                lies.push(Lie { by, to, message: vote(kind, height, round, by, Some(digest)) });
            }
        }
    }
}
