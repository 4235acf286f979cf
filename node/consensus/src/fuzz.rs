//! The engine under bytes that a stranger chose: bodies for `fuzz/`.

use crate::tendermint::{
    Entry, Polka, PolkaCertificate, Proposal, Statement, TendermintMessage, Vote, VoteKind,
};
use crate::*;
use bitcraps_types::{
    ChainId, Digest, Height, PublicKey, Round, Signature, Time, ValidatorIndex, Value, Verify,
};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

const CHAIN: ChainId = Digest([7; 32]);
const ME: ValidatorIndex = ValidatorIndex(0);
const VALIDATORS: u8 = 4;
const SIGNATURE: Signature = Signature([0; 64]);

/// Whose signatures are always right, so that whoever chose the bytes has everybody's key but ours.
struct Trusting;

impl Verify for Trusting {
    fn verify(&self, _: &PublicKey, _: &[u8], _: &Signature) -> bool {
        true
    }
}

fn validators() -> ValidatorSet {
    let all = (1..=VALIDATORS).map(|n| Validator { key: PublicKey([n; 32]), power: u64::from(n.min(2)) });
    ValidatorSet::new(all.collect()).expect("they have power and keys of their own")
}

/// An encoded message, statement, certificate, piece of evidence or journal entry; the first byte says which.
///
/// Held: what decodes is the encoding; checking it does not panic; what is found valid is as the types promise.
pub fn messages(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let set = validators();
    match which % 9 {
        0 => message::<Tendermint>(bytes, &set),
        1 => drop(decoded::<Signed<Statement>>(bytes)),
        2 => {
            let Some(certificate) = decoded::<Certificate>(bytes) else { return };
            if certificate.verify(&set, &CHAIN, &Trusting).is_ok() {
                let signers = certificate.signatures.iter().map(|(signer, _)| set.power(*signer));
                assert!(3 * signers.sum::<u64>() > 2 * set.total_power());
            }
        }
        3 => evidence::<Tendermint>(bytes, &set),
        4 => drop(decoded::<Entry>(bytes)),
        5 => message::<HotStuff>(bytes, &set),
        6 => drop(decoded::<Signed<hotstuff::Statement>>(bytes)),
        7 => evidence::<HotStuff>(bytes, &set),
        _ => drop(decoded::<hotstuff::Entry>(bytes)),
    }
}

fn message<E: Engine>(bytes: &[u8], set: &ValidatorSet) {
    let Some(message) = decoded::<Signed<E::Message>>(bytes) else { return };
    let statement = message.statement();
    assert_eq!(statement.message.sign_bytes(&CHAIN), message.message.sign_bytes(&CHAIN));
    if let Ok(verified) = E::verify(message.clone(), set, &CHAIN, &Trusting) {
        assert_eq!(*verified.signed(), message);
        assert!(set.get(message.message.author()).is_some());
    }
}

fn evidence<E: Engine>(bytes: &[u8], set: &ValidatorSet) {
    let Some(evidence) = decoded::<Evidence<E::Message>>(bytes) else { return };
    if let Ok(offender) = evidence.check::<E>(set, &CHAIN, &Trusting) {
        assert_ne!(evidence.first.message, evidence.second.message);
        assert_eq!(offender, evidence.second.message.author());
    }
}

fn decoded<T: BorshSerialize + BorshDeserialize + Debug>(bytes: &[u8]) -> Option<T> {
    let decoded = borsh::from_slice::<T>(bytes).ok()?;
    assert_eq!(borsh::to_vec(&decoded).expect("a vector takes all bytes"), bytes, "{decoded:?}");
    Some(decoded)
}

/// A validator among three others whose keys the bytes hold: they vote, propose and pass on what they like. The host
/// is honest and may crash between any two writes. Steps of eight bytes.
///
/// Held, whatever they say: the engine does not panic; it never has two conflicting statements signed, also across
/// crashes; it asks for a signature only after a write that exists; it decides a height once, with a certificate that
/// verifies; it accuses nobody without proof, and never itself.
pub fn steps(bytes: &[u8]) {
    run::<Tendermint>(bytes);
}

/// [`steps`] for PBFT.
pub fn pbft_steps(bytes: &[u8]) {
    run::<Pbft>(bytes);
}

fn run<E: Fuzzed>(bytes: &[u8]) -> Host<E> {
    let mut host = Host::new();
    host.step(Input::Start);
    for step in bytes.as_chunks::<8>().0 {
        host.follow(step);
    }
    host
}

/// An engine whose messages can be told by a few bytes.
trait Fuzzed: Engine {
    /// An engine about to begin `height`.
    fn begin(config: Config, validators: ValidatorSet, height: Height) -> Self;

    /// The message of this height that the bytes tell, of the author or of whose turn it is. `what` is below 5.
    fn told(what: u8, set: &ValidatorSet, height: Height, bytes: [u8; 6]) -> Self::Message;
}

fn author(n: u8) -> ValidatorIndex {
    ValidatorIndex(u16::from(1 + n % VALIDATORS))
}

/// Few rounds are low, some very high.
fn round(n: u8) -> Round {
    Round::from(n % 8) << (8 * u32::from(n >> 7))
}

fn value(n: u8) -> Value {
    Value::new(vec![n % 4; 3])
}

fn signers(bits: u8) -> Vec<(ValidatorIndex, Signature)> {
    (0..8).filter(|i| bits >> i & 1 == 1).map(|i| (ValidatorIndex(i), SIGNATURE)).collect()
}

impl Fuzzed for Tendermint {
    fn begin(config: Config, validators: ValidatorSet, height: Height) -> Tendermint {
        Tendermint::new(config, validators, height)
    }

    fn told(what: u8, set: &ValidatorSet, height: Height, bytes: [u8; 6]) -> TendermintMessage {
        let [at, by, a, b, c, d] = bytes;
        let (round, author) = (round(at), author(by));
        let polka = |n: u8, round: u8, bits: u8| PolkaCertificate {
            height,
            round: Round::from(round % 8),
            digest: value(n).digest(),
            signatures: signers(bits & !1),
        };
        match what {
            3 => {
                let author = if b & 1 == 0 { Tendermint::proposer(set, height, round) } else { author };
                let polka = (c & 1 == 1).then(|| polka(a, c >> 1, d));
                TendermintMessage::Proposal(Box::new(Proposal {
                    height,
                    round,
                    author,
                    value: value(a),
                    polka,
                }))
            }
            4 => {
                let polka = Polka { author, value: value(a), certificate: polka(a, b, c) };
                TendermintMessage::Polka(Box::new(polka))
            }
            _ => {
                let kind = if a & 1 == 0 { VoteKind::Prevote } else { VoteKind::Precommit };
                let digest = (b % 4 != 3).then(|| value(b).digest());
                TendermintMessage::Vote(Vote { kind, height, round, author, digest })
            }
        }
    }
}

impl Fuzzed for Pbft {
    fn begin(config: Config, validators: ValidatorSet, height: Height) -> Pbft {
        Pbft::new(config, validators, height)
    }

    fn told(what: u8, set: &ValidatorSet, height: Height, bytes: [u8; 6]) -> pbft::PbftMessage {
        use pbft::{ChangeClaim, NewView, PbftMessage, PrePrepare, PreparedCertificate, ViewChange, Vote};
        let [at, by, a, b, c, d] = bytes;
        let (view, author, primary) = (round(at), author(by), Pbft::primary(set, round(at)));
        let prepared = |n: u8, view: Round, bits: u8| PreparedCertificate {
            height,
            view,
            digest: value(n).digest(),
            pre_prepare: SIGNATURE,
            prepares: signers(bits),
        };
        match what {
            2 => {
                let prepared = (c & 1 == 1).then(|| prepared(b, round(c >> 1), d));
                PbftMessage::ViewChange(Box::new(ViewChange { height, view, author, stable: None, prepared }))
            }
            3 => {
                let author = if b & 1 == 0 { primary } else { author };
                PbftMessage::PrePrepare(Box::new(PrePrepare { height, view, author, value: value(a) }))
            }
            4 => {
                let prepared = (c & 1 == 1).then(|| prepared(b, round(c >> 1), d));
                let claim = |(author, signature)| {
                    let view = prepared.as_ref().map(|prepared| prepared.view);
                    let claimed = view.map(|view| (view, value(b).digest()));
                    ChangeClaim { author, stable: 0, prepared: claimed, signature }
                };
                let changes = signers(by).into_iter().map(claim).collect();
                let proposal = PrePrepare { height, view, author: primary, value: value(a) };
                PbftMessage::NewView(Box::new(NewView { proposal, changes, prepared }))
            }
            _ => {
                let kind = if a & 1 == 0 { pbft::VoteKind::Prepare } else { pbft::VoteKind::Commit };
                PbftMessage::Vote(Vote { kind, height, view, author, digest: value(b).digest() })
            }
        }
    }
}

struct Host<E: Engine> {
    set: ValidatorSet,
    engine: E,
    now: Time,
    /// All that was written, and how much of it before this incarnation.
    log: Vec<E::Entry>,
    before: usize,
    /// So much of it a crash keeps: what a signature needed.
    durable: usize,
    timers: BTreeMap<Timer, Time>,
    asked: Vec<Input<E>>,
    signed: Vec<<E::Message as Message>::Statement>,
    decided: BTreeMap<Height, Digest>,
}

impl<E: Fuzzed> Host<E> {
    fn new() -> Self {
        let set = validators();
        Host {
            engine: E::begin(config(), set.clone(), 1),
            set,
            now: Time(1),
            log: Vec::new(),
            before: 0,
            durable: 0,
            timers: BTreeMap::new(),
            asked: Vec::new(),
            signed: Vec::new(),
            decided: BTreeMap::new(),
        }
    }

    fn follow(&mut self, &[what, height, at, by, a, b, c, d]: &[u8; 8]) {
        let height = self.engine.height().saturating_add(u64::from(height % 4)).saturating_sub(1).max(1);
        match what % 10 {
            0..=4 => self.hear(E::told(what % 10, &self.set, height, [at, by, a, b, c, d])),
            5 => self.step(Input::Reachable(author(by))),
            6 => {
                let next = self.timers.iter().min_by_key(|(_, at)| **at).map(|(timer, at)| (*timer, *at));
                let Some((timer, at)) = next else { return };
                self.timers.remove(&timer);
                self.now = self.now.max(at);
                self.step(Input::Timer(timer));
            }
            7 => {
                if self.asked.is_empty() {
                    return;
                }
                let mut answer = self.asked.swap_remove(usize::from(a) % self.asked.len());
                if let Input::Verdict { valid, digest, .. } = &mut answer {
                    *valid = *digest != value(2).digest();
                }
                self.step(answer);
            }
            8 => {
                let height = self.engine.height();
                if self.decided.contains_key(&height) || a % 16 == 0 {
                    let height = height + 1 + u64::from(b % 64 == 0);
                    self.step(Input::Advance { height, validators: self.set.clone() });
                }
            }
            _ => self.crash(usize::from(a)),
        }
    }

    fn hear(&mut self, message: E::Message) {
        if message.author() == ME {
            return;
        }
        let signed = Signed { message, signature: SIGNATURE };
        let knows = self.engine.knows(&signed.message, &signed.signature);
        let height = self.engine.height();
        let Ok(verified) = E::verify(signed, &self.set, &CHAIN, &Trusting) else { return };
        let before = (self.engine.round(), self.log.len(), self.signed.len());
        self.step(Input::Message(verified));
        let after = (self.engine.round(), self.log.len(), self.signed.len());
        assert!(!knows || (before == after && height == self.engine.height()), "news that was known");
    }

    fn step(&mut self, input: Input<E>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Vec::new();
            self.engine.step(self.now, input, &mut out);
            for output in out {
                self.carry_out(output, &mut inputs);
            }
        }
    }

    fn carry_out(&mut self, output: Output<E>, inputs: &mut Vec<Input<E>>) {
        match output {
            Output::Persist { seq, entry } => {
                self.log.push(entry);
                assert_eq!(seq, (self.log.len() - self.before) as u64);
            }
            Output::Sign { message, after, .. } => {
                self.sign(&message, after);
                let own = Signed { message, signature: SIGNATURE };
                let own = E::verify(own, &self.set, &CHAIN, &Trusting);
                inputs.insert(0, Input::Message(own.expect("what it says is valid")));
            }
            Output::SetTimer { timer, at } => drop(self.timers.insert(timer, at)),
            Output::Propose { height, round } => {
                let value = Value::new(vec![9, round as u8, height as u8]);
                self.asked.push(Input::Proposed { height, round, value });
            }
            Output::Validate { height, value, .. } => {
                self.asked.push(Input::Verdict { height, digest: value.digest(), valid: true });
            }
            Output::Decide { height, value, certificate } => {
                assert_eq!((certificate.height, certificate.digest), (height, value.digest()));
                assert_eq!(certificate.verify(&self.set, &CHAIN, &Trusting), Ok(()));
                // After a crash it may decide again, and another value if all others lie: more than f of them do.
                assert_eq!(self.decided.insert(height, value.digest()), None, "decided twice");
            }
            Output::Accuse(evidence) => {
                let offender = evidence.check::<E>(&self.set, &CHAIN, &Trusting);
                assert!(offender.is_ok_and(|offender| offender != ME), "{evidence:?}");
            }
            Output::Relay { .. }
            | Output::Entered { .. }
            | Output::Locked { .. }
            | Output::Behind { .. }
            | Output::Ahead { .. }
            | Output::Transition(_) => {}
        }
    }

    fn sign(&mut self, message: &E::Message, after: Seq) {
        let statement = message.statement();
        assert_eq!(statement.author(), ME);
        let written = self.before + usize::try_from(after).expect("a small number");
        assert!(written <= self.log.len(), "signed after a write that does not exist");
        self.durable = self.durable.max(if after == 0 { 0 } else { written });
        let broken = self.signed.iter().find(|before| E::conflicting(before, &statement));
        assert_eq!(broken, None, "and now {statement:?}");
        self.signed.push(statement);
    }

    /// Loses some of what was written and needed by no signature, and begins again at the same height.
    fn crash(&mut self, lost: usize) {
        let height = self.engine.height();
        let loose = self.log.len() - self.durable;
        self.log.truncate(self.log.len() - lost.min(loose));
        self.before = self.log.len();
        self.durable = self.before;
        self.timers.clear();
        self.asked.clear();
        self.decided.remove(&height);
        self.engine = E::begin(config(), self.set.clone(), height);
        self.engine.restore(self.log.clone());
        self.step(Input::Start);
    }
}

fn config() -> Config {
    Config {
        chain: CHAIN,
        me: Some(ME),
        propose: Duration::from_millis(300),
        prevote: Duration::from_millis(100),
        precommit: Duration::from_millis(100),
        growth: 1.5,
        rebroadcast: Duration::from_millis(500),
    }
}

/// One of each.
pub fn messages_seeds() -> Vec<Vec<u8>> {
    let digest = Digest([1; 32]);
    let signatures =
        vec![(ValidatorIndex(1), SIGNATURE), (ValidatorIndex(2), SIGNATURE), (ValidatorIndex(3), SIGNATURE)];
    let vote =
        |digest| Vote { kind: VoteKind::Prevote, height: 1, round: 2, author: ValidatorIndex(1), digest };
    let value = Value::new(vec![5; 9]);
    let certificate =
        PolkaCertificate { height: 1, round: 0, digest: value.digest(), signatures: signatures.clone() };
    let polka = Polka { author: ValidatorIndex(2), value: value.clone(), certificate: certificate.clone() };
    let author = Tendermint::proposer(&validators(), 1, 2);
    let proposal =
        Proposal { height: 1, round: 2, author, value: value.clone(), polka: Some(certificate.clone()) };
    let all = [
        TendermintMessage::Vote(vote(Some(digest))),
        TendermintMessage::Polka(Box::new(polka)),
        TendermintMessage::Proposal(Box::new(proposal)),
    ];
    let sign = |message: TendermintMessage| Signed { message, signature: SIGNATURE };
    let (first, second) = (sign(all[0].clone()), sign(TendermintMessage::Vote(vote(None))));
    let mut seeds: Vec<Vec<u8>> = all.iter().map(|message| tagged(0, &sign(message.clone()))).collect();
    seeds.push(tagged(1, &first.statement()));
    seeds.push(tagged(2, &Certificate { height: 1, round: 2, digest, signatures }));
    seeds.push(tagged(3, &Evidence::of(&first, &second)));
    seeds.push(tagged(4, &Entry::Said(all[2].clone())));
    seeds.push(tagged(4, &Entry::Polka { value, certificate, locks: true }));
    seeds.extend(hotstuff_seeds());
    seeds
}

fn hotstuff_seeds() -> Vec<Vec<u8>> {
    use hotstuff::{
        Entry, HotStuffMessage, Proposal, QuorumCertificate, SyncInfo, Timeout, TimeoutCertificate,
        TimeoutSignature, Vote,
    };
    let value = Value::new(vec![5; 9]);
    let signers = [ValidatorIndex(1), ValidatorIndex(2), ValidatorIndex(3)];
    let (height, author, digest) = (1, ValidatorIndex(1), value.digest());
    let signatures = signers.map(|signer| (signer, SIGNATURE)).to_vec();
    let qc = QuorumCertificate { height, round: 1, digest, justify: Some(0), signatures };
    let claim = |signer| TimeoutSignature { signer, high_qc_round: Some(1), signature: SIGNATURE };
    let tc = TimeoutCertificate { height, round: 2, timeouts: signers.map(claim).to_vec() };
    let leader = HotStuff::leader(&validators(), height, 3);
    let proposal = Proposal {
        height,
        round: 3,
        author: leader,
        justify: Some(qc.clone()),
        tc: Some(tc.clone()),
        value: Some(value.clone()),
    };
    let all = [
        HotStuffMessage::Proposal(Box::new(proposal)),
        HotStuffMessage::Vote(Vote { height, round: 3, author, digest, justify: Some(1) }),
        HotStuffMessage::Timeout(Box::new(Timeout { height, round: 3, author, high_qc: None })),
        HotStuffMessage::SyncInfo(Box::new(SyncInfo {
            height,
            author,
            qc: Some(qc.clone()),
            tc: Some(tc.clone()),
        })),
    ]
    .map(|message| Signed { message, signature: SIGNATURE });
    let mut seeds: Vec<Vec<u8>> = all.iter().map(|message| tagged(5, message)).collect();
    seeds.push(tagged(6, &all[1].statement()));
    seeds.push(tagged(7, &Evidence::of(&all[1], &all[2])));
    let said = Entry::Said(all[1].message.clone());
    let entries = [said, Entry::Value { height, round: 0, value }, Entry::HighQc(qc), Entry::HighTc(tc)];
    seeds.extend(entries.iter().map(|entry| tagged(8, entry)));
    seeds
}

fn tagged<T: BorshSerialize>(tag: u8, content: &T) -> Vec<u8> {
    [vec![tag], borsh::to_vec(content).expect("a vector takes all bytes")].concat()
}

/// A height that is decided, then one in which a lock is taken and every timer rings, with crashes between.
pub fn steps_seeds() -> Vec<Vec<u8>> {
    let proposal = [3, 1, 0, 0, 0, 0, 0, 0];
    let verdict = [7, 0, 0, 0, 0, 0, 0, 0];
    let vote = |kind: u8, round: u8, author: u8, value: u8| [0, 1, round, author, kind, value, 0, 0];
    let votes = |kind: u8, round: u8, value: u8| (0..3).map(move |author| vote(kind, round, author, value));
    let (timer, advance, crash) = ([6, 0, 0, 0, 0, 0, 0, 0], [8; 8], [9, 0, 0, 0, 1, 0, 0, 0]);
    let decided =
        [proposal, verdict].into_iter().chain(votes(0, 0, 0)).chain(votes(1, 0, 0)).chain([advance]);
    let locked = [proposal, verdict].into_iter().chain(votes(0, 0, 0)).chain([crash, timer, timer, timer]);
    let next = [[3, 1, 1, 0, 1, 0, 0, 0], verdict].into_iter().chain(votes(0, 1, 1)).chain(votes(1, 1, 3));
    let polka = [[4, 1, 0, 1, 1, 2, 0b1110, 0], [5, 0, 0, 0, 0, 0, 0, 0], timer, timer, crash];
    let all: Vec<u8> = decided.clone().chain(locked).chain(next).chain(polka).flatten().collect();
    vec![decided.flatten().collect(), all]
}

/// A height that is decided, then one in which a certificate survives a view change, with crashes between.
pub fn pbft_steps_seeds() -> Vec<Vec<u8>> {
    let verdict = [7, 0, 0, 0, 0, 0, 0, 0];
    let proposal = |view: u8, value: u8| [3, 1, view, 0, value, 0, 0, 0];
    let vote = |kind: u8, view: u8, author: u8, value: u8| [0, 1, view, author, kind, value, 0, 0];
    let votes = |kind: u8, view: u8, value: u8| (0..3).map(move |author| vote(kind, view, author, value));
    let (timer, advance, crash) = ([6, 0, 0, 0, 0, 0, 0, 0], [8; 8], [9, 0, 0, 0, 1, 0, 0, 0]);
    let decided =
        [proposal(0, 0), verdict].into_iter().chain(votes(0, 0, 0)).chain(votes(1, 0, 0)).chain([advance]);
    let prepared = [proposal(0, 1), verdict].into_iter().chain(votes(0, 0, 1)).chain([crash, timer, timer]);
    // To view 1: two VIEW-CHANGEs, one with a certificate of view 0; then the NEW-VIEW that follows from it.
    let changes =
        [[2, 1, 1, 1, 0, 0, 0, 0], [2, 1, 1, 2, 0, 1, 1, 0b1110], [4, 1, 1, 0b1110, 1, 1, 1, 0b1110]];
    let next = changes.into_iter().chain([verdict, crash]).chain(votes(0, 1, 1)).chain(votes(1, 1, 1));
    let all: Vec<u8> = decided.clone().chain(prepared).chain(next).flatten().collect();
    vec![decided.flatten().collect(), all]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_seeds_decode_and_the_steps_lead_to_a_decision() {
        messages_seeds().iter().for_each(|seed| messages(seed));
        assert!(messages_seeds().iter().filter(|seed| seed[0] == 0).all(|seed| {
            let signed: Signed<TendermintMessage> = borsh::from_slice(&seed[1..]).unwrap();
            Tendermint::verify(signed, &validators(), &CHAIN, &Trusting).is_ok()
        }));
        assert!(messages_seeds().iter().filter(|seed| seed[0] == 5).all(|seed| {
            let signed: Signed<hotstuff::HotStuffMessage> = borsh::from_slice(&seed[1..]).unwrap();
            HotStuff::verify(signed, &validators(), &CHAIN, &Trusting).is_ok()
        }));
        for seed in steps_seeds() {
            let host = run::<Tendermint>(&seed);
            assert!(!host.decided.is_empty() && host.engine.height() > 1 && host.signed.len() > 1);
        }
    }
    #[test]
    fn the_seeds_for_pbft_lead_to_a_decision() {
        for seed in pbft_steps_seeds() {
            let host = run::<Pbft>(&seed);
            assert!(!host.decided.is_empty() && host.engine.height() > 1 && host.signed.len() > 1);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        /// A little of what libFuzzer does, in each run of the tests.
        #[test]
        fn steps_at_random_break_no_promise(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            steps(&bytes);
            pbft_steps(&bytes);
        }
    }
}
