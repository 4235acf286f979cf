//! Ours: a threshold signature over the block, of which validators say their parts once it is final. Played with the
//! production [`Collector`] and [`seed_of`].
//!
//! The attacker holds less than a third of the shares, and the network: it sees all parts before anyone else, and it
//! decides which of them arrive. It finds one outcome, whatever it does.

use super::wager::Wager;
use super::{Attack, Luck, TABLE, subsets};
use crate::scheme::{DiceKeys, Scheme};
use bitcraps_beacon::{Collected, Collector, Partials, Shares, message};
use bitcraps_casino::seed_of;
use bitcraps_tables::{Seed, roll};
use bitcraps_types::{ChainId, Digest, Height, ThresholdSignature, ValidatorIndex};
use std::rc::Rc;

const CHAIN: ChainId = Digest([7; 32]);
const HEIGHT: Height = 1;

/// So many blocks a proposer tries.
const VARIANTS: u64 = 50;

pub(super) fn attacks(seed: u64) -> Vec<Attack> {
    let seven = Rc::new(Committee::new(Scheme::Mock, seed, 7));
    let four = Rc::new(Committee::new(Scheme::Real, seed, 4));
    let attack = |committee: &Rc<Committee>, attacker: &str, strategy: Strategy| {
        let (committee, real) = (committee.clone(), committee.scheme == Scheme::Real);
        Attack {
            scheme: if real { "threshold after final, BLS" } else { "threshold after final" },
            attacker: attacker.to_owned(),
            wager: Wager::any_seven(),
            outcomes: 1,
            one_in: if real { 250 } else { 1 },
            play: Box::new(move |luck, wager| {
                let outcomes = strategy(&committee, luck, wager).into_iter();
                let dice = outcomes.map(|signature| roll(&seed_of(&signature), TABLE));
                wager.best(dice).expect("whatever a third does, there are dice")
            }),
        }
    };
    vec![
        attack(&seven, "nobody", |committee, luck, _| committee.honest(luck)),
        attack(&seven, "2 of 7 may withhold", |committee, luck, _| committee.withhold(luck)),
        attack(&seven, "2 of 7 may send wrong parts", |committee, luck, _| committee.lie(luck)),
        attack(&seven, "the network chooses 5 parts of 7", |committee, luck, _| committee.choose(luck)),
        attack(&seven, "proposer tries 50 blocks", Committee::grind),
        attack(&four, "1 of 4 may withhold", |committee, luck, _| committee.withhold(luck)),
        attack(&four, "1 of 4 may send wrong parts", |committee, luck, _| committee.lie(luck)),
        attack(&four, "the network chooses 3 parts of 4", |committee, luck, _| committee.choose(luck)),
    ]
}

/// Every signature that the attacker can bring about.
pub(super) type Strategy = fn(&Committee, &Luck, &Wager) -> Vec<ThresholdSignature>;

/// One share each; the last third, rounded down, is the attacker's.
pub(super) struct Committee {
    scheme: Scheme,
    keys: DiceKeys,
    shares: Shares,
}

impl Committee {
    pub(super) fn new(scheme: Scheme, seed: u64, validators: usize) -> Committee {
        let powers = vec![1; validators];
        let shares = Shares::of(&powers).expect("equal powers");
        Committee { scheme, keys: DiceKeys::new(scheme, seed, &powers), shares }
    }

    fn validators(&self) -> u16 {
        self.shares.holders().len() as u16
    }

    fn attackers(&self) -> std::ops::Range<u16> {
        let validators = self.validators();
        validators - (validators - 1) / 3..validators
    }

    /// What a validator says of a final block.
    fn part(&self, validator: u16, block: Digest) -> Partials {
        let key = self.keys.holder(usize::from(validator));
        Partials {
            height: HEIGHT,
            block,
            repeated: false,
            signatures: key.sign(&message(&CHAIN, HEIGHT, &block)),
        }
    }

    fn parts(&self, block: Digest) -> Vec<Partials> {
        (0..self.validators()).map(|validator| self.part(validator, block)).collect()
    }

    /// What a node makes of these parts that reach it.
    fn collect(
        &self,
        block: Digest,
        parts: impl IntoIterator<Item = (u16, Partials)>,
    ) -> Option<ThresholdSignature> {
        let mut collector = Collector::new(CHAIN, self.shares.clone());
        collector.want(&*self.keys.public, None, HEIGHT, block);
        for (validator, partials) in parts {
            collector.hear(ValidatorIndex(validator), partials);
        }
        match collector.collect(&*self.keys.public) {
            (Collected::Signed { signature, .. }, _) => Some(signature),
            (Collected::Waiting, _) => None,
        }
    }

    fn honest(&self, luck: &Luck) -> Vec<ThresholdSignature> {
        let block = luck.draw("block", 0);
        self.collect(block, (0..).zip(self.parts(block))).into_iter().collect()
    }

    /// Each set of the attackers stays silent.
    pub(super) fn withhold(&self, luck: &Luck) -> Vec<ThresholdSignature> {
        let block = luck.draw("block", 0);
        let (parts, attackers) = (self.parts(block), self.attackers());
        let outcome = |silent: u32| {
            let speaks = |validator: u16| {
                !attackers.contains(&validator) || silent & (1 << (validator - attackers.start)) == 0
            };
            let heard = (0..).zip(&parts).filter(|(validator, _)| speaks(*validator));
            self.collect(block, heard.map(|(validator, part)| (validator, part.clone())))
        };
        subsets(attackers.len() as u32).filter_map(outcome).collect()
    }

    /// Each set of the attackers sends what is no part: bits of its own with some turned over, or another's part.
    pub(super) fn lie(&self, luck: &Luck) -> Vec<ThresholdSignature> {
        let block = luck.draw("block", 0);
        let (parts, attackers) = (self.parts(block), self.attackers());
        let outcome = |(lying, turned): (u32, bool)| {
            let mut sent = parts.clone();
            for attacker in
                attackers.clone().filter(|attacker| lying & (1 << (attacker - attackers.start)) != 0)
            {
                let attacker = usize::from(attacker);
                if turned {
                    sent[attacker].signatures[0].0[5] ^= 1;
                } else {
                    sent[attacker].signatures = parts[0].signatures.clone();
                }
            }
            self.collect(block, (0..).zip(sent))
        };
        let lies = subsets(attackers.len() as u32).flat_map(|lying| [(lying, true), (lying, false)]);
        lies.filter_map(outcome).collect()
    }

    /// Each set of just enough parts arrives, and nothing else.
    pub(super) fn choose(&self, luck: &Luck) -> Vec<ThresholdSignature> {
        let block = luck.draw("block", 0);
        let parts = self.parts(block);
        let enough = |set: &u32| set.count_ones() == self.shares.threshold();
        let outcome = |set: u32| {
            let arrive = (0..).zip(&parts).filter(|(validator, _)| set & (1 << validator) != 0);
            self.collect(block, arrive.map(|(validator, part)| (validator, part.clone())))
        };
        subsets(self.validators().into()).filter(enough).filter_map(outcome).collect()
    }

    /// A proposer makes many blocks, and must decide for one before the honest say a word of it. Of each it knows the
    /// attackers' parts. If they were enough it would know its dice; as they are not, it goes by what they would be if
    /// its parts were the signature.
    pub(super) fn grind(&self, luck: &Luck, wager: &Wager) -> Vec<ThresholdSignature> {
        let mut blocks = (0..VARIANTS).map(|variant| luck.draw("block", variant));
        let promising = |block: &Digest| {
            let own: Vec<_> =
                self.attackers().map(|attacker| (attacker, self.part(attacker, *block))).collect();
            let known = self.collect(*block, own.iter().cloned()).map(|signature| seed_of(&signature));
            let guess = || {
                let bytes = own.iter().flat_map(|(_, part)| part.signatures[0].0).collect::<Vec<u8>>();
                Seed(Digest::of("sim/dice/guess", &bytes))
            };
            wager.wins(roll(&known.unwrap_or_else(guess), TABLE))
        };
        let chosen = blocks.clone().find(promising).or(blocks.next_back()).expect("there is a block");
        self.collect(chosen, (0..).zip(self.parts(chosen))).into_iter().collect()
    }
}
