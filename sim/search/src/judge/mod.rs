//! The judge: whether what replicas did was allowed. It computes quorums, contradictions and signed bytes by itself.
//!
//! A validator is *correct* if it is neither a twin nor Byzantine; a crash does not change that. Nothing is held
//! against the others. Safety and liveness are owed while less than a third of the power is faulty. Where more is,
//! agreement may break, and then accountability is owed instead: what was signed must convict more than a third of the
//! power. Tendermint can promise that only of two decisions of one round: across rounds the culprits may have voted
//! against their locks without ever contradicting themselves (amnesia), which no two statements prove.

pub(crate) mod definition;
mod voting;

use crate::contradictions::contradict;
use crate::replica::Fact;
use crate::scheme::{self, HOP, Scene, Verifier};
use crate::{Name, Schedule};
use bitcraps_consensus::{AnyMessage, AnyStatement, Certificate, Evidence, Invalid, Message, Signed};
use bitcraps_types::{Digest, Height, Protocol, Round, Sign, Value, Verify};
use definition::commit_bytes;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// What the judge holds replicas to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// Correct validators decide the same.
    Agreement,
    /// A decision comes with the signatures of more than two thirds of the power.
    Certificate,
    /// A decision is a value that somebody proposed for the height and the application accepts.
    Validity,
    /// Heights are decided in order, without a gap.
    Order,
    /// A correct validator signs no two contradicting statements, whatever crashes it had.
    VoteOnce,
    /// A correct validator votes for a value only where the locks, certificates and view changes that exist let it.
    SafeVote,
    /// No correct validator is accused, and an accusation is proven.
    FalseAccusation,
    /// Who breaks agreement is convicted.
    Accountability,
    /// What a correct validator sends is found valid.
    ValidMessages,
    /// After global stabilisation every correct validator goes on deciding.
    Liveness,
    /// Nothing panics.
    Panic,
}

impl Property {
    /// All of them.
    pub const ALL: [Property; 11] = [
        Property::Agreement,
        Property::Certificate,
        Property::Validity,
        Property::Order,
        Property::VoteOnce,
        Property::SafeVote,
        Property::FalseAccusation,
        Property::Accountability,
        Property::ValidMessages,
        Property::Liveness,
        Property::Panic,
    ];
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Property::Agreement => "agreement",
            Property::Certificate => "certificate",
            Property::Validity => "validity",
            Property::Order => "order",
            Property::VoteOnce => "vote-once",
            Property::SafeVote => "safe-vote",
            Property::FalseAccusation => "false-accusation",
            Property::Accountability => "accountability",
            Property::ValidMessages => "valid-messages",
            Property::Liveness => "liveness",
            Property::Panic => "panic",
        })
    }
}

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.detail)
    }
}

/// How long the next height may take all correct validators once nothing disturbs them: K hops for each leader that
/// may be faulty, and for one that is not. K is generous: a repetition (20 hops), a round that fails with all its
/// timeouts (16; PBFT 8, HotStuff 8 for each of the two rounds that a height takes), and as much again for each of those
/// who must first learn where the others are.
pub(crate) fn patience(scene: &Scene) -> Duration {
    let hops = match scene.protocol {
        Protocol::Pbft => Judge::PBFT_HOPS,
        Protocol::Tendermint => Judge::TENDERMINT_HOPS,
        Protocol::HotStuff => Judge::HOTSTUFF_HOPS,
    };
    let faulty = (scene.set.len() as u32 - 1) / 3;
    HOP * hops * (faulty + 1)
}

/// What was seen so far, and what was wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    scene: Rc<Scene>,
    powers: Vec<u64>,
    names: Vec<Name>,
    faulty: BTreeSet<u16>,
    /// Less than a third of the power is faulty.
    pub(crate) owed: bool,
    /// Whether it hears what all replicas say, or one alone.
    pub(crate) hears_all: bool,
    /// By replica.
    said: Vec<Vec<Signed<AnyStatement>>>,
    /// By replica: the last height that it decided.
    decided: Vec<Height>,
    /// What the first correct replica decided, and in which round.
    chain: BTreeMap<Height, (Digest, Round, Name)>,
    split: Option<Split>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) coverage: BTreeSet<&'static str>,
}

/// Two decisions of one height.
#[derive(Clone, Debug)]
struct Split {
    height: Height,
    same_round: bool,
}

impl Judge {
    const PBFT_HOPS: u32 = 120;
    const TENDERMINT_HOPS: u32 = 120;
    const HOTSTUFF_HOPS: u32 = 160;

    pub(crate) fn new(schedule: &Schedule) -> Judge {
        let (powers, names, faulty) = (schedule.all_powers(), schedule.replicas(), schedule.faulty());
        let faulty_power: u64 = faulty.iter().map(|&identity| powers[usize::from(identity)]).sum();
        Judge {
            scene: Rc::new(Scene::new(schedule.engine, &powers, schedule.heights)),
            owed: 3 * faulty_power < powers.iter().sum(),
            hears_all: true,
            said: vec![Vec::new(); names.len()],
            decided: vec![0; names.len()],
            powers,
            names,
            faulty,
            chain: BTreeMap::new(),
            split: None,
            violations: Vec::new(),
            coverage: BTreeSet::new(),
        }
    }

    pub(crate) fn is_correct(&self, replica: usize) -> bool {
        !self.faulty.contains(&self.names[replica].identity)
    }

    /// The last height that every correct validator decided.
    pub(crate) fn lowest(&self) -> Height {
        let correct = (0..self.names.len()).filter(|replica| self.is_correct(*replica));
        correct.map(|replica| self.decided[replica]).min().unwrap_or(Height::MAX)
    }

    /// What a replica signed.
    pub(crate) fn said(&self, replica: usize) -> &[Signed<AnyStatement>] {
        &self.said[replica]
    }

    /// How far each replica came.
    pub(crate) fn heights(&self) -> BTreeMap<Name, Height> {
        self.names.iter().copied().zip(self.decided.iter().copied()).collect()
    }

    fn violated(&mut self, property: Property, detail: String) {
        self.violations.push(Violation { property, detail });
    }

    pub(crate) fn observe(&mut self, who: usize, fact: Fact) {
        match fact {
            Fact::Said(statement) => self.hear(who, statement),
            Fact::Decided { height, value, certificate } => self.decides(who, height, &value, &certificate),
            Fact::Accused(evidence) => self.accuses(who, &evidence),
            Fact::Entered { .. } => {}
            Fact::Transition(name) => {
                self.coverage.insert(name);
            }
        }
    }

    pub(crate) fn sent_invalid(&mut self, who: usize, message: &Signed<AnyMessage>, invalid: &Invalid) {
        if self.is_correct(who) {
            let detail = format!("{} sends {:?}: {invalid}", self.names[who], message.message.statement());
            self.violated(Property::ValidMessages, detail);
        }
    }

    /// It did not come to an end in time.
    pub(crate) fn late(&mut self, why: &str) {
        if self.owed {
            let heights: Vec<_> =
                self.heights().iter().map(|(name, height)| format!("{name}: {height}")).collect();
            self.violated(Property::Liveness, format!("{why}; decided heights {}", heights.join(", ")));
        }
    }

    fn hear(&mut self, who: usize, statement: Signed<AnyStatement>) {
        if self.said[who].contains(&statement) {
            return;
        }
        let broken = self.said[who].iter().find(|before| contradict(&before.message, &statement.message));
        if let Some(before) = broken.filter(|_| self.is_correct(who)) {
            let detail =
                format!("{} signed {:?} and {:?}", self.names[who], before.message, statement.message);
            self.violated(Property::VoteOnce, detail);
        }
        if self.owed && self.hears_all && self.is_correct(who) {
            self.check_vote(who, &statement.message);
        }
        self.said[who].push(statement);
    }

    fn check_vote(&mut self, who: usize, vote: &AnyStatement) {
        let of_height = |said: &&AnyStatement| said.height() == vote.height();
        let all: Vec<&AnyStatement> = self
            .said
            .iter()
            .flatten()
            .map(|signed| &signed.message)
            .chain([vote])
            .filter(of_height)
            .collect();
        let own: Vec<&AnyStatement> =
            self.said[who].iter().map(|signed| &signed.message).filter(of_height).collect();
        let scene = &self.scene;
        let primary = |view: Round| scene.set.in_turn(u64::from(view));
        let signed = voting::Signed { all: &all, own: &own, powers: &self.powers, primary: &primary };
        if let Some(why) = signed.forbids(vote) {
            self.violated(Property::SafeVote, format!("{} signs {why}: {vote:?}", self.names[who]));
        }
    }

    fn decides(&mut self, who: usize, height: Height, value: &Value, certificate: &Certificate) {
        let name = self.names[who];
        let in_order = height == self.decided[who] + 1;
        self.decided[who] = self.decided[who].max(height);
        if !self.is_correct(who) {
            return;
        }
        if !in_order {
            self.violated(Property::Order, format!("{name} decides height {height} out of order"));
        }
        if let Err(why) = self.check(height, value, certificate) {
            self.violated(Property::Certificate, format!("{name} decides height {height} with {why}"));
        }
        if !scheme::accepts(height, value) {
            self.violated(Property::Validity, format!("{name} decides what nobody proposed for {height}"));
        }
        let (digest, round) = (value.digest(), certificate.round);
        let (first, first_round, by) = *self.chain.entry(height).or_insert((digest, round, name));
        if first == digest {
            return;
        }
        self.split.get_or_insert(Split { height, same_round: first_round == round });
        if self.owed {
            let detail = format!(
                "at height {height} {by} decides {first:?} in round {first_round}, {name} {digest:?} in round {round}"
            );
            self.violated(Property::Agreement, detail);
        }
    }

    /// Own arithmetic, own bytes.
    fn check(&self, height: Height, value: &Value, certificate: &Certificate) -> Result<(), String> {
        if (certificate.height, certificate.digest) != (height, value.digest()) {
            return Err("the certificate of something else".into());
        }
        let bytes = commit_bytes(height, certificate.round, &certificate.digest);
        let mut signers = BTreeSet::new();
        for (signer, signature) in &certificate.signatures {
            let real = signer.index() < self.powers.len()
                && Verifier.verify(&scheme::key(*signer).public_key(), &bytes, signature);
            if !real {
                return Err(format!("a forged signature of {signer}"));
            }
            signers.insert(signer.index());
        }
        let power: u64 = signers.iter().map(|signer| self.powers[*signer]).sum();
        let total: u64 = self.powers.iter().sum();
        if signers.len() == certificate.signatures.len() && 3 * power > 2 * total {
            Ok(())
        } else {
            Err(format!("the signatures of {power} of {total}"))
        }
    }

    fn accuses(&mut self, who: usize, evidence: &Evidence<AnyMessage>) {
        if !self.is_correct(who) {
            return;
        }
        let offender = evidence.first.message.author();
        let accuser = self.names[who];
        let statements = [&evidence.first, &evidence.second];
        let signed = !self.hears_all
            || statements.iter().all(|statement| {
                let mut twins =
                    self.said.iter().zip(&self.names).filter(|(_, name)| name.identity == offender.0);
                twins.any(|(said, _)| said.contains(statement))
            });
        let detail = if !self.faulty.contains(&offender.0) {
            format!("{accuser} accuses {offender}, who is correct")
        } else if !signed {
            format!("{accuser} accuses {offender} of what it never signed")
        } else if !contradict(&evidence.first.message, &evidence.second.message) {
            format!("{accuser} accuses {offender} of what contradicts nothing")
        } else {
            return;
        };
        self.violated(Property::FalseAccusation, format!("{detail}: {evidence:?}"));
    }

    /// Whether agreement broke, and could.
    pub(crate) fn disagreed(&self) -> bool {
        self.split.is_some() && !self.owed
    }

    /// At the end: if too many were faulty and agreement broke, who did it?
    pub(crate) fn convict(&mut self) {
        let Some(Split { height, same_round }) = self.split.clone().filter(|_| !self.owed) else { return };
        if self.scene.protocol == Protocol::Tendermint && !same_round {
            return;
        }
        let convicted = |identity: &usize| {
            let twins =
                self.said.iter().zip(&self.names).filter(|(_, name)| usize::from(name.identity) == *identity);
            let said: Vec<_> = twins.flat_map(|(said, _)| said).collect();
            said.iter().any(|a| said.iter().any(|b| contradict(&a.message, &b.message)))
        };
        let culprits: Vec<usize> = (0..self.powers.len()).filter(convicted).collect();
        let power: u64 = culprits.iter().map(|identity| self.powers[*identity]).sum();
        if 3 * power <= self.powers.iter().sum() {
            let detail =
                format!("height {height} was decided twice, and only {culprits:?} contradict themselves");
            self.violated(Property::Accountability, detail);
        }
    }
}
