//! A verifiable random function carried in the votes: each vote of a round has its voter's part of a threshold signature
//! over the round's number, and the dice of the block that the round decides follow from that signature and the block.
//!
//! The parts are the same whatever is voted for. So a leader who sends `f + 1` different blocks to one honest validator
//! each has with the `f` parts of its friends a quorum of parts, and knows the signature while no block has a quorum of
//! votes. It carries on with the block it likes best; if it likes none it lets the round fail, and the next leader's
//! block is one more chance: `f + 2` outcomes. (The documentation of commonware-consensus 2026.10,
//! `simplex/scheme/bls12381_threshold/vrf.rs`, "Using the VRF", warns of exactly this.)

use super::wager::Wager;
use super::{Attack, Luck, TABLE};
use crate::scheme::{DiceKeys, Scheme};
use bitcraps_tables::{Dice, Seed, roll};
use bitcraps_types::{Digest, PartialSignature, ThresholdSignature};

pub(super) fn attacks(seed: u64) -> Vec<Attack> {
    let equivocates = |faulty: u32| {
        let committee = Committee::new(seed, faulty);
        Attack {
            scheme: "VRF in votes",
            attacker: format!("leader of {} with f = {faulty} equivocates", 3 * faulty + 1),
            wager: Wager::any_seven(),
            outcomes: faulty + 2,
            one_in: 1,
            play: Box::new(move |luck, wager| committee.play(luck, wager)),
        }
    };
    [1, 2, 3, 10, 33].map(equivocates).into()
}

/// Of `3f + 1` validators the last `f` are the attacker's; one of them leads the first round.
struct Committee {
    faulty: u32,
    keys: DiceKeys,
}

impl Committee {
    fn new(seed: u64, faulty: u32) -> Committee {
        let powers = vec![1; 3 * faulty as usize + 1];
        Committee { faulty, keys: DiceKeys::new(Scheme::Mock, seed, &powers) }
    }

    fn play(&self, luck: &Luck, wager: &Wager) -> Dice {
        let round = luck.draw("round", 0);
        // One block for each of f + 1 honest validators, who vote for it, and the friends' own parts.
        let voters = (0..=self.faulty).chain(2 * self.faulty + 1..3 * self.faulty + 1);
        let votes: Vec<_> = voters.map(|voter| self.vote(voter, &round)).collect();
        let signature = self.keys.public.combine(&round.0, &votes).expect("2f + 1 parts of one round");
        let blocks = (0..=self.faulty).map(|block| luck.draw("block", block.into()));
        let mut outcomes = blocks.map(|block| dice(&signature, &block));
        outcomes.find(|dice| wager.wins(*dice)).unwrap_or_else(|| self.next_round(luck))
    }

    /// The round failed; the leader of the next is honest.
    fn next_round(&self, luck: &Luck) -> Dice {
        let round = luck.draw("round", 1);
        let votes: Vec<_> = (0..=2 * self.faulty).map(|voter| self.vote(voter, &round)).collect();
        let signature = self.keys.public.combine(&round.0, &votes).expect("2f + 1 parts of one round");
        dice(&signature, &luck.draw("block of the next leader", 0))
    }

    /// The part in a vote, whatever the vote is for.
    fn vote(&self, voter: u32, round: &Digest) -> (u32, PartialSignature) {
        (voter, self.keys.holder(voter as usize).sign(&round.0)[0])
    }
}

fn dice(signature: &ThresholdSignature, block: &Digest) -> Dice {
    roll(&Seed(Digest::of("sim/dice/vrf", &[&signature.0[..], &block.0].concat())), TABLE)
}
