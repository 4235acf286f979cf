//! Every oracle on events made by hand: it holds on a sound run, and catches the broken one and names the place.

mod accountability;
mod definitions;
mod engines;
mod handovers;
mod hangover;
mod locks;
mod memory;
mod patience;
mod progress;
mod safety;
mod sent;
mod state;

use super::*;
use crate::scheme::{DiceKeys, DiceOfRun, Keyring, Scheme};
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::tendermint::{Proposal, TendermintMessage, Vote, VoteKind};
use bitcraps_consensus::{AnyMessage, Config, Evidence, Signed, Validator};
use bitcraps_types::{ChainId, Digest, Round, Signature, ValidatorIndex};
use std::time::Duration;

const CHAIN: ChainId = Digest([5; 32]);
const SECOND: Duration = Duration::from_secs(1);

/// A run that a test writes by hand. Four validators; the last is Byzantine unless a test says otherwise.
struct World {
    keys: Keyring,
    oracles: Oracles,
    now: Time,
    /// A sound chain of empty blocks, from height 1.
    blocks: Vec<Value>,
}

fn v(index: u16) -> ValidatorIndex {
    ValidatorIndex(index)
}

impl World {
    fn new() -> World {
        World::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Setup)) -> World {
        let keys = Keyring::new(Scheme::Mock, 9, 6);
        let validator = |i| Validator { key: keys.public_key(i), power: 1 };
        let mut setup = Setup {
            chain: CHAIN,
            validators: (0..4).map(validator).collect(),
            honest: vec![true, true, true, false],
            genesis: state::genesis(&keys),
            verifier: keys.verifier(),
            dice: DiceOfRun::new(Scheme::Mock, 9, &[vec![1; 4]]).public(),
            tells_all: true,
            gst: None,
            patience: Patience { window: 5 * SECOND, hangover: 0.0, most: 600 * SECOND },
            heights: Vec::new(),
            slo: Slo::default(),
            sometimes: Vec::new(),
        };
        change(&mut setup);
        let blocks = state::empty_chain(&setup.genesis, 200);
        World { keys, oracles: Oracles::new(setup), now: Time(1_000_000_000), blocks }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn see(&mut self, node: u16, event: Event<'_>) {
        self.oracles.observe(self.now, node, &event);
    }

    fn block(&self, height: Height) -> Value {
        self.blocks[height as usize - 1].clone()
    }

    fn sign(&self, message: impl Into<ConsensusMessage>) -> Signed<ConsensusMessage> {
        let message = message.into();
        let author = bitcraps_consensus::Message::author(&message).index();
        Signed::new(message, &CHAIN, &*self.keys.signer(author))
    }

    /// What the author of a message does with it: an honest one signs it, and of another's the first node hears.
    fn say(&mut self, message: impl Into<ConsensusMessage>) {
        let signed = self.sign(message);
        let author = bitcraps_consensus::Message::author(&signed.message).0;
        if self.oracles.fleet.is_honest(author) {
            self.see(author, Event::Signed(&signed));
        } else {
            self.see(0, Event::Heard(&signed));
        }
    }

    fn vote(
        &self,
        kind: VoteKind,
        author: u16,
        at: (Height, Round),
        digest: Option<Digest>,
    ) -> Signed<ConsensusMessage> {
        let (height, round) = at;
        self.sign(TendermintMessage::Vote(Vote { kind, height, round, author: v(author), digest }))
    }

    fn proposal(&self, author: u16, at: (Height, Round), value: &Value) -> Signed<ConsensusMessage> {
        let (height, round) = at;
        let value = value.clone();
        self.sign(TendermintMessage::Proposal(Box::new(Proposal {
            height,
            round,
            author: v(author),
            value,
            polka: None,
        })))
    }

    fn certificate(&self, at: (Height, Round), digest: Digest, signers: &[u16]) -> Certificate {
        let sign =
            |&signer: &u16| (v(signer), self.vote(VoteKind::Precommit, signer, at, Some(digest)).signature);
        Certificate { height: at.0, round: at.1, digest, signatures: signers.iter().map(sign).collect() }
    }

    /// A node decides a value with a certificate by three validators.
    fn decide_value(&mut self, node: u16, height: Height, value: &Value) {
        let certificate = self.certificate((height, 0), value.digest(), &[0, 1, 2]);
        self.decide_with(node, height, value, &certificate);
    }

    fn decide_with(&mut self, node: u16, height: Height, value: &Value, certificate: &Certificate) {
        self.see(node, Event::Decided { height, value, certificate, synced: false });
    }

    /// A node decides the sound block of a height.
    fn decide(&mut self, node: u16, height: Height) {
        let value = self.block(height);
        self.decide_value(node, height, &value);
    }

    /// All honest nodes decide these heights, one each 100 ms.
    fn run(&mut self, heights: std::ops::RangeInclusive<Height>) {
        for height in heights {
            self.pass(SECOND / 10);
            (0..3).for_each(|node| self.decide(node, height));
        }
    }

    fn results(&mut self) -> Vec<PropertyResult> {
        let end = self.now;
        self.oracles.finish(end)
    }

    /// The result of one property at this moment, which ends the run.
    fn result(&mut self, name: &str) -> PropertyResult {
        let found = self.results().into_iter().find(|result| result.name == name);
        found.unwrap_or_else(|| panic!("no result for {name}"))
    }

    #[track_caller]
    fn assert_violated(&mut self, name: &str, place: &str) {
        let result = self.result(name);
        assert_eq!(result.holds, Some(false), "{result:?}");
        assert!(result.detail.contains(place), "{:?} does not name {place:?}", result.detail);
    }

    #[track_caller]
    fn assert_holds(&mut self, name: &str) {
        let result = self.result(name);
        assert_eq!(result.holds, Some(true), "{result:?}");
    }
}

#[test]
fn a_sound_run_holds_in_every_property_that_it_gave_a_case_for() {
    let mut world = World::new();
    world.run(1..=30);
    let silent = [
        "same_state_root",
        "conservation",
        "no_negative_balance",
        "vote_once",
        "lock_discipline",
        "bounded_memory",
    ];
    for result in world.results() {
        let expected = if silent.contains(&result.name.as_str()) { None } else { Some(true) };
        assert_eq!(result.holds, expected, "{result:?}");
    }
    assert_eq!(world.oracles.violated(), None);
    assert_eq!(world.oracles.top(), 30);
}

#[test]
fn the_results_begin_with_the_always_properties_in_their_order() {
    let names: Vec<String> = World::new().results().into_iter().map(|result| result.name).collect();
    assert_eq!(names[..ALWAYS.len()], ALWAYS);
    assert_eq!(names[ALWAYS.len()..], ["liveness"]);
}
