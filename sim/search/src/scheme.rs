//! What all replicas of a simulated network share: keys, a signature scheme, timeouts, and the application.
//!
//! The scheme is a keyed hash. Whoever knows a public key could compute it, but no engine signs anything: the host of
//! a replica does, with its own key only. So a signature is as unforgeable here as the real one, and costs some
//! nanoseconds.

use bitcraps_consensus::{AnyEngine, Config, Validator, ValidatorSet};
use bitcraps_types::{
    ChainId, Digest, Height, Protocol, PublicKey, Round, Sign, Signature, Time, ValidatorIndex, Value, Verify,
};
use std::time::Duration;

pub(crate) const CHAIN: ChainId = Digest([7; 32]);

/// How long a message takes, always.
pub const HOP: Duration = Duration::from_millis(10);

/// When every network starts. Engines take zero for "never".
pub(crate) const START: Time = Time(1);

/// The validators, which of the protocols they run, and when they may lose patience.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) protocol: Protocol,
    pub(crate) set: ValidatorSet,
    /// Nobody goes on after this height. A validator that is alone would decide for ever, in no time; where there are
    /// others there is no such height, for a host that does not go on helps nobody.
    pub(crate) last: Height,
}

impl Scene {
    /// A validator that is alone decides up to `heights`, and a few more.
    pub(crate) fn new(protocol: Protocol, powers: &[u64], heights: Height) -> Scene {
        let validator = |(i, &power): (usize, &u64)| Validator { key: key(index(i)).0, power };
        let set = ValidatorSet::new(powers.iter().enumerate().map(validator).collect())
            .expect("a schedule is checked before it runs");
        let last = if set.len() == 1 { heights.saturating_add(8) } else { Height::MAX };
        Scene { protocol, set, last }
    }

    /// Who leads a place. (In PBFT: the view of this number.)
    pub(crate) fn leader(&self, place: usize) -> ValidatorIndex {
        let round = Round::try_from(place).expect("few rounds are planned");
        AnyEngine::proposer(self.protocol, &self.set, 1, round)
    }

    /// An engine of this validator about to begin `height`.
    ///
    /// Timeouts do not grow: a message takes one hop, always, so that patience is enough from the first round on, and
    /// the bound on liveness is the same however many rounds a schedule spoils.
    pub(crate) fn engine(&self, me: ValidatorIndex, height: Height) -> AnyEngine {
        let config = Config {
            chain: CHAIN,
            me: Some(me),
            propose: HOP * 8,
            prevote: HOP * 4,
            precommit: HOP * 4,
            growth: 1.0,
            rebroadcast: HOP * 20,
        };
        AnyEngine::new(self.protocol, config, self.set.clone(), height)
    }
}

pub(crate) fn index(i: usize) -> ValidatorIndex {
    ValidatorIndex(u16::try_from(i).expect("a set has at most ValidatorSet::MAX validators"))
}

/// A validator's key, private and public in one.
pub(crate) struct Key(PublicKey);

pub(crate) fn key(of: ValidatorIndex) -> Key {
    let mut bytes = [0x5a; 32];
    bytes[..2].copy_from_slice(&of.0.to_le_bytes());
    Key(PublicKey(bytes))
}

impl Sign for Key {
    fn public_key(&self) -> PublicKey {
        self.0
    }

    fn sign(&self, message: &[u8]) -> Signature {
        tag(&self.0, message)
    }
}

pub(crate) struct Verifier;

impl Verify for Verifier {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        tag(key, message) == *signature
    }
}

fn tag(key: &PublicKey, message: &[u8]) -> Signature {
    let owner = u64::from_le_bytes(key.0[..8].try_into().expect("eight bytes"));
    let mut bytes = [0; 64];
    bytes[..16].copy_from_slice(&hash(owner, message).to_le_bytes());
    Signature(bytes)
}

/// 128 bits of two lanes of folded multiplications. Not for adversaries: for bytes that the simulation itself made.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u128 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd1b5_4a32_d192_ed03;
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let (mut low, mut high) = (seed ^ A, fold(seed ^ B, A) ^ bytes.len() as u64);
    let mut take = |word: u64| {
        low = fold(low ^ word, A) ^ high.rotate_left(23);
        high = fold(high ^ word.rotate_left(32), B) ^ word;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|word| take(u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    take(u64::from_le_bytes(last));
    take(A);
    u128::from(low) << 64 | u128::from(high)
}

/// The value that a replica proposes in a round of a height. Two twins propose two, and so does a replica that fell in
/// between: the time, if nothing else, is another one.
pub(crate) fn proposed(height: Height, round: Round, replica: usize, life: u32) -> Value {
    Value::new(format!("{height}/{round} by {replica} in life {life}").into_bytes())
}

/// A valid value that only Byzantine validators speak of.
pub(crate) fn unheard(height: Height) -> Value {
    Value::new(format!("{height}/unheard").into_bytes())
}

/// A value that no application accepts.
pub(crate) fn garbage() -> Value {
    Value::new(b"garbage".as_slice())
}

/// The application's word: a value is valid if some replica made it, for this height.
pub(crate) fn accepts(height: Height, value: &Value) -> bool {
    value.bytes().starts_with(format!("{height}/").as_bytes())
}
