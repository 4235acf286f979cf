//! The validators' shared secret behind the dice: as keyed tags, or BLS with the work of a whole network done once.

use super::Scheme;
use bitcraps_beacon::Shares;
use bitcraps_beacon::bls::{self, BlsKey};
use bitcraps_casino::{Committee, DiceKey};
use bitcraps_types::ed25519::{DICE_SECRET, secret_of_test_network};
use bitcraps_types::{Digest, GroupKey, PartialSignature, ThresholdKey, ThresholdSignature, ValidatorIndex};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The dice key of one run: its public half, and what each validator knows of it.
#[derive(Clone)]
pub struct DiceKeys {
    /// For the genesis.
    pub genesis: DiceKey,
    /// For one who holds no share.
    pub public: Rc<dyn ThresholdKey>,
    holders: Vec<Rc<dyn ThresholdKey>>,
}

impl DiceKeys {
    /// The key of validators with these powers: a function of the arguments alone. Panics if the powers are too fine to
    /// be shared: a scenario's are checked.
    pub fn new(scheme: Scheme, seed: u64, powers: &[u64]) -> DiceKeys {
        let shares = Shares::of(powers).expect("the powers were checked");
        match scheme {
            Scheme::Mock => tagged(seed, &shares),
            Scheme::Real => real(seed, &shares),
        }
    }

    /// What a validator knows. Panics if there is none: positions are the testbed's own.
    pub fn holder(&self, validator: usize) -> Rc<dyn ThresholdKey> {
        self.holders[validator].clone()
    }
}

/// The dice keys of a run: those of the committee that it starts with, and of each that takes over.
#[derive(Clone)]
pub struct DiceOfRun(Rc<[DiceKeys]>);

impl DiceOfRun {
    /// The keys of committees with these powers, in their order: a function of the arguments alone.
    pub fn new(scheme: Scheme, seed: u64, committees: &[Vec<u64>]) -> DiceOfRun {
        // Far apart, so that the second committee of one run has not the key of the first of another.
        let seeds = (0..).map(|number: u64| seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        DiceOfRun(seeds.zip(committees).map(|(seed, powers)| DiceKeys::new(scheme, seed, powers)).collect())
    }

    /// The public half of a committee's.
    pub fn key(&self, committee: usize) -> &DiceKey {
        &self.0[committee].genesis
    }

    /// What a node knows of all of them.
    pub fn holder(&self, node: usize) -> Rc<dyn bitcraps_actors::ports::DiceKeys> {
        Rc::new(Known { of: self.0.clone(), holder: Some(node) })
    }

    /// What everybody knows.
    pub fn public(&self) -> Rc<dyn bitcraps_actors::ports::DiceKeys> {
        Rc::new(Known { of: self.0.clone(), holder: None })
    }
}

struct Known {
    of: Rc<[DiceKeys]>,
    holder: Option<usize>,
}

impl bitcraps_actors::ports::DiceKeys for Known {
    fn key(&self, committee: &Committee, _: &Shares) -> Option<Rc<dyn ThresholdKey>> {
        let keys = self.of.iter().find(|keys| keys.genesis.group == committee.dice.group)?;
        let own = self.holder.and_then(|node| keys.holders.get(node));
        Some(own.unwrap_or(&keys.public).clone())
    }
}

/// The secret of every share, and of the group, which only this registry knows.
struct Registry {
    shares: Vec<[u8; 32]>,
    group: [u8; 32],
    threshold: usize,
    /// What the shares say of the latest messages. All nodes ask for the same.
    latest: RefCell<Vec<Said>>,
}

/// A message, and what each share says of it.
type Said = (Vec<u8>, Rc<[PartialSignature]>);

/// Keyed tags: a node can make only those of its own shares, and nobody the group's without enough of them.
struct TagKey {
    registry: Rc<Registry>,
    held: Vec<u32>,
}

fn tag(secret: &[u8; 32], message: &[u8]) -> [u8; 96] {
    let mut bytes = [0; 96];
    bytes[..32].copy_from_slice(blake3::keyed_hash(secret, message).as_bytes());
    bytes
}

fn tagged(seed: u64, shares: &Shares) -> DiceKeys {
    let secret = |share: u64| {
        let bytes = [seed.to_le_bytes(), share.to_le_bytes()].concat();
        blake3::derive_key("bitcraps mock dice share", &bytes)
    };
    let registry = Rc::new(Registry {
        shares: (0..u64::from(shares.total())).map(secret).collect(),
        group: secret(u64::MAX),
        threshold: shares.threshold() as usize,
        latest: RefCell::default(),
    });
    let group = GroupKey(blake3::derive_key("bitcraps mock dice group", &registry.group).to_vec());
    let key = |held: &[u32]| -> Rc<dyn ThresholdKey> {
        Rc::new(TagKey { registry: registry.clone(), held: held.to_vec() })
    };
    DiceKeys {
        genesis: DiceKey { group, holders: shares.holders().to_vec() },
        public: key(&[]),
        holders: shares.all().map(key).collect(),
    }
}

impl Registry {
    /// So many messages are remembered: those of a few heights.
    const LATEST: usize = 4;

    fn all(&self, message: &[u8]) -> Rc<[PartialSignature]> {
        let latest = &mut *self.latest.borrow_mut();
        if let Some((_, known)) = latest.iter().find(|(known, _)| known == message) {
            return known.clone();
        }
        let all: Rc<[_]> = self.shares.iter().map(|secret| PartialSignature(tag(secret, message))).collect();
        latest.truncate(Self::LATEST - 1);
        latest.insert(0, (message.to_vec(), all.clone()));
        all
    }
}

impl ThresholdKey for TagKey {
    fn sign(&self, message: &[u8]) -> Vec<PartialSignature> {
        let all = self.registry.all(message);
        self.held.iter().map(|share| all[*share as usize]).collect()
    }

    fn verify_partial(&self, message: &[u8], share: u32, partial: &PartialSignature) -> bool {
        self.registry.all(message).get(share as usize) == Some(partial)
    }

    fn combine(&self, message: &[u8], partials: &[(u32, PartialSignature)]) -> Option<ThresholdSignature> {
        let all = self.registry.all(message);
        let taken = partials.get(..self.registry.threshold)?;
        let right = taken.iter().all(|(share, partial)| all.get(*share as usize) == Some(partial));
        right.then(|| ThresholdSignature(tag(&self.registry.group, message)))
    }

    fn verify(&self, message: &[u8], signature: &ThresholdSignature) -> bool {
        signature.0 == tag(&self.registry.group, message)
    }
}

/// Answers that were computed before, by a digest of the whole question: no node can notice.
#[derive(Default)]
struct Answers {
    verified: RefCell<BTreeMap<Digest, bool>>,
    combined: RefCell<BTreeMap<Digest, Option<ThresholdSignature>>>,
}

struct SharedBls {
    key: BlsKey,
    answers: Rc<Answers>,
}

fn real(seed: u64, shares: &Shares) -> DiceKeys {
    let (group, secrets) = bls::deal(shares, secret_of_test_network(seed, DICE_SECRET)).unwrap_or_default();
    let answers = Rc::new(Answers::default());
    let public = || BlsKey::public(&group, shares).expect("it was just dealt");
    let share = |key| -> Rc<dyn ThresholdKey> { Rc::new(SharedBls { key, answers: answers.clone() }) };
    let validators = (0..).map(ValidatorIndex);
    let holders = secrets.iter().zip(validators).map(|(secret, validator)| {
        share(public().with_shares(secret, shares.held_by(validator)).expect("it was just dealt"))
    });
    DiceKeys {
        holders: holders.collect(),
        public: share(public()),
        genesis: DiceKey { group: group.clone(), holders: shares.holders().to_vec() },
    }
}

impl Answers {
    /// So many are kept; then all are forgotten.
    const KEPT: usize = 4096;

    fn answer<T: Copy>(
        known: &RefCell<BTreeMap<Digest, T>>,
        question: &[u8],
        compute: impl FnOnce() -> T,
    ) -> T {
        let name = Digest::of("sim/dice", question);
        if let Some(answer) = known.borrow().get(&name) {
            return *answer;
        }
        let answer = compute();
        let mut known = known.borrow_mut();
        if known.len() >= Self::KEPT {
            known.clear();
        }
        known.insert(name, answer);
        answer
    }
}

impl ThresholdKey for SharedBls {
    fn sign(&self, message: &[u8]) -> Vec<PartialSignature> {
        self.key.sign(message)
    }

    fn verify_partial(&self, message: &[u8], share: u32, partial: &PartialSignature) -> bool {
        let question = [&share.to_le_bytes(), &partial.0[..], message].concat();
        Answers::answer(&self.answers.verified, &question, || {
            self.key.verify_partial(message, share, partial)
        })
    }

    fn combine(&self, message: &[u8], partials: &[(u32, PartialSignature)]) -> Option<ThresholdSignature> {
        let mut question = message.to_vec();
        for (share, partial) in partials {
            question.extend_from_slice(&share.to_le_bytes());
            question.extend_from_slice(&partial.0);
        }
        Answers::answer(&self.answers.combined, &question, || self.key.combine(message, partials))
    }

    fn verify(&self, message: &[u8], signature: &ThresholdSignature) -> bool {
        let question = [&signature.0[..], message].concat();
        Answers::answer(&self.answers.verified, &question, || self.key.verify(message, signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_holders_sign_and_too_few_or_liars_do_not_under_either_scheme() {
        for scheme in [Scheme::Mock, Scheme::Real] {
            let keys = DiceKeys::new(scheme, 7, &[1, 1, 1, 1]);
            let partials: Vec<_> = (0..4).map(|n| (n, keys.holder(n as usize).sign(b"m")[0])).collect();
            for _ in 0..2 {
                let signature = keys.public.combine(b"m", &partials[1..]).unwrap();
                assert_eq!(keys.public.combine(b"m", &partials[..3]), Some(signature));
                assert!(keys.public.verify(b"m", &signature) && !keys.public.verify(b"n", &signature));
                assert_eq!(keys.public.combine(b"m", &partials[..2]), None);
                let mut wrong = partials.clone();
                wrong[1].1.0[3] ^= 1;
                assert_eq!(keys.public.combine(b"m", &wrong), None);
                assert!(!keys.public.verify_partial(b"m", 1, &wrong[1].1));
                assert!(!keys.public.verify_partial(b"m", 2, &partials[1].1));
                assert!(keys.public.verify_partial(b"m", 1, &partials[1].1));
            }
            assert!(keys.public.sign(b"m").is_empty());
            assert_ne!(DiceKeys::new(scheme, 8, &[1, 1, 1, 1]).genesis, keys.genesis);
            assert_eq!(DiceKeys::new(scheme, 7, &[1, 1, 1, 1]).genesis, keys.genesis);
        }
    }
}
