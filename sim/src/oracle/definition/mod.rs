//! The definitions that the oracles judge by, written down a second time.
//!
//! Nothing here calls the code that is judged: what a quorum is, which bytes a vote signs, and when two statements
//! convict their author all follow from the protocol's description (docs of the wire format; arXiv:1807.04938), so
//! that an error in the node does not excuse itself.

mod hotstuff;
mod pbft;
mod tendermint;

pub(super) use bitcraps_search::contradictions::contradict;

use super::Setup;
use super::testimony::Statements;
use bitcraps_actors::ports::{ConsensusMessage, DiceKeys};
use bitcraps_beacon::Shares;
use bitcraps_casino::{Committee, Handover, SignedCommand};
use bitcraps_consensus::tendermint::Statement;
use bitcraps_consensus::{AnyMessage, AnyStatement, Certificate, Signed, Validator};
use bitcraps_types::{
    ChainId, Digest, Height, Protocol, PublicKey, Round, Signature, ThresholdKey, ValidatorIndex, Verify,
};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The law of each height: it changes with every handover.
pub(super) struct Laws {
    /// Each with its first height, ascending.
    laws: Vec<(Height, Law)>,
    keys: Rc<dyn DiceKeys>,
}

impl Laws {
    pub(super) fn of(setup: &Setup) -> Laws {
        Laws { laws: vec![(0, Law::of(setup))], keys: setup.dice.clone() }
    }

    /// That of a height.
    pub(super) fn at(&self, height: Height) -> &Law {
        let after = self.laws.partition_point(|(first, _)| *first <= height);
        &self.laws[after - 1].1
    }

    /// How many handovers there were.
    pub(super) fn handovers(&self) -> u64 {
        self.laws.len() as u64 - 1
    }

    /// The block of this height hands over.
    pub(super) fn hand_over(&mut self, height: Height, handover: &Handover) -> Result<(), String> {
        let number = self.handovers() + 1;
        if handover.terms.number != number {
            return Err(format!("it is handover {}, and the next is {number}", handover.terms.number));
        }
        let next = self.at(height).handed_over(height, handover, &*self.keys)?;
        self.laws.push((height + 1, next));
        Ok(())
    }
}

/// The validators and their verifier.
#[derive(Clone)]
pub(super) struct Law {
    pub(super) chain: ChainId,
    pub(super) validators: Vec<Validator>,
    pub(super) verifier: Rc<dyn Verify>,
    pub(super) dice: Rc<dyn ThresholdKey>,
    /// The most bytes of blobs in a block.
    pub(super) blob_bytes: usize,
    protocol: Protocol,
    total: u128,
}

fn dice(committee: &Committee, keys: &dyn DiceKeys) -> Option<Rc<dyn ThresholdKey>> {
    let shares = Shares::assigned(committee.dice.holders.clone(), &committee.powers()).ok()?;
    keys.key(committee, &shares)
}

impl Law {
    pub(super) fn of(setup: &Setup) -> Law {
        let committee = Committee::of_genesis(&setup.genesis);
        Law {
            chain: setup.chain,
            validators: setup.validators.clone(),
            verifier: setup.verifier.clone(),
            dice: dice(&committee, &*setup.dice).expect("the testbed's own key"),
            blob_bytes: setup.genesis.blob_bytes as usize,
            protocol: setup.genesis.engine,
            total: setup.validators.iter().map(|validator| u128::from(validator.power)).sum(),
        }
    }

    /// The law after this handover: every validator in its place, more than two thirds of the power and all who gain some
    /// consent, each by its own signature over the terms.
    fn handed_over(&self, height: Height, handover: &Handover, keys: &dyn DiceKeys) -> Result<Law, String> {
        let Handover { terms, approvals } = handover;
        if height < terms.not_before {
            return Err(format!("it hands over before height {}", terms.not_before));
        }
        let validators: Vec<Validator> = terms
            .to
            .validators
            .iter()
            .map(|entry| Validator { key: entry.key, power: entry.power })
            .collect();
        let moved = (0..self.validators.len())
            .find(|place| validators.get(*place).map(|entry| entry.key) != Some(self.validators[*place].key));
        if let Some(place) = moved {
            return Err(format!("it hands over, and validator {place} loses its place"));
        }
        let mut bytes = b"bitcraps handover 1".to_vec();
        bytes.extend_from_slice(&self.chain.0);
        bytes.extend(borsh::to_vec(terms).expect("a vector takes all bytes"));
        let mut consenting = BTreeSet::new();
        for (index, signature) in approvals {
            let signer = validators.get(index.index());
            if !signer.is_some_and(|signer| self.verifier.verify(&signer.key, &bytes, signature)) {
                return Err(format!("it hands over, and the consent of {index} is forged"));
            }
            consenting.insert(*index);
        }
        if !self.is_quorum(self.power(consenting.iter().copied())) {
            return Err("it hands over, and too few consent".into());
        }
        let power_before = |place: usize| self.validators.get(place).map_or(0, |entry| entry.power);
        for (place, entry) in validators.iter().enumerate() {
            if entry.power > power_before(place) && !consenting.contains(&ValidatorIndex(place as u16)) {
                return Err(format!("it gives validator {place} power that it does not want"));
            }
        }
        let total = validators.iter().map(|validator| u128::from(validator.power)).sum();
        let dice = dice(&terms.to, keys).ok_or("it hands over to a dice key that is none")?;
        Ok(Law { validators, dice, total, ..self.clone() })
    }

    pub(super) fn key(&self, index: ValidatorIndex) -> Option<&PublicKey> {
        self.validators.get(index.index()).map(|validator| &validator.key)
    }

    /// The power of distinct validators.
    pub(super) fn power(&self, signers: impl Iterator<Item = ValidatorIndex>) -> u128 {
        signers
            .filter_map(|signer| self.validators.get(signer.index()))
            .map(|validator| u128::from(validator.power))
            .sum()
    }

    /// Whether these, each named once, hold a quorum.
    pub(super) fn are_quorum(&self, signers: &[ValidatorIndex]) -> bool {
        self.is_quorum(self.power(signers.iter().copied()))
    }

    /// More than two thirds of all power.
    pub(super) fn is_quorum(&self, power: u128) -> bool {
        3 * power > 2 * self.total
    }

    /// The power of all.
    pub(super) fn total(&self) -> u128 {
        self.total
    }

    /// Whether the author's signature is right, over bytes built here.
    pub(super) fn signature_is_valid(&self, signed: &Signed<AnyStatement>) -> bool {
        let Some((author, bytes)) = self::signed(&self.chain, &signed.message) else { return false };
        self.key(author).is_some_and(|key| self.verifier.verify(key, &bytes, &signed.signature))
    }

    /// The certificates inside a message.
    pub(super) fn enclosed(&self, message: &ConsensusMessage) -> Vec<Enclosed> {
        match message {
            AnyMessage::Pbft(message) => pbft::enclosed(self, message),
            AnyMessage::Tendermint(message) => tendermint::enclosed(message),
            AnyMessage::HotStuff(message) => hotstuff::enclosed(message),
        }
    }

    /// The vote of `author` that a decision is proved by.
    pub(super) fn commit(&self, certificate: &Certificate, author: ValidatorIndex) -> Option<AnyStatement> {
        match self.protocol {
            Protocol::Pbft => Some(pbft::commit(certificate, author)),
            Protocol::Tendermint => Some(tendermint::commit(certificate, author)),
            Protocol::HotStuff => hotstuff::commit(certificate, author),
        }
    }

    /// Which promise of its author's a statement breaks, or which proof of what it rests on nobody has signed. `record`
    /// is all that was signed at the height before it. `None`: it is as the protocol demands.
    pub(super) fn unbound(&self, record: &Statements, statement: &AnyStatement) -> Option<String> {
        match statement {
            AnyStatement::Pbft(statement) => pbft::unbound(self, record, statement),
            AnyStatement::Tendermint(statement) => tendermint::unbound(self, record, statement),
            AnyStatement::HotStuff(statement) => hotstuff::unbound(self, record, statement),
        }
    }

    /// Whether the holder of the key in the command signed it for this chain.
    pub(super) fn command_is_signed(&self, signed: &SignedCommand) -> bool {
        let command = borsh::to_vec(&signed.command).expect("a vector takes all bytes");
        let bytes = [b"bitcraps command 1", &self.chain.0[..], &command].concat();
        self.verifier.verify(&signed.command.key, &bytes, &signed.signature)
    }

    /// Why two signed statements do not convict the author of the first; `Ok` if they do.
    pub(super) fn convicts(
        &self,
        first: &Signed<AnyStatement>,
        second: &Signed<AnyStatement>,
    ) -> Result<(), &'static str> {
        if !contradict(&first.message, &second.message) {
            return Err("the two statements do not contradict each other");
        }
        if self.signature_is_valid(first) && self.signature_is_valid(second) {
            Ok(())
        } else {
            Err("a signature in the evidence is wrong")
        }
    }
}

/// Who signs a statement, and which bytes. `None`: it convicts nobody, for its author did not make what it says.
pub(super) fn signed(chain: &ChainId, statement: &AnyStatement) -> Option<(ValidatorIndex, Vec<u8>)> {
    match statement {
        AnyStatement::Pbft(statement) => pbft::signed(chain, statement),
        AnyStatement::Tendermint(statement) => tendermint::signed(chain, statement),
        AnyStatement::HotStuff(statement) => hotstuff::signed(chain, statement),
    }
}

/// A certificate inside a message: what many have signed.
#[derive(Clone, Debug)]
pub(super) struct Enclosed {
    /// In the field's words.
    pub(super) name: &'static str,
    /// The statements, each with its author's signature.
    pub(super) parts: Vec<(AnyStatement, Signature)>,
    /// What it must fit in the message, and does not.
    pub(super) misfit: Option<&'static str>,
}

/// The first of these that does not hold.
fn first_misfit<const N: usize>(demands: [(bool, &'static str); N]) -> Option<&'static str> {
    demands.into_iter().find(|(holds, _)| !holds).map(|(_, misfit)| misfit)
}

/// The earlier statement of its author that a statement breaks, though no correct validator would forget it. Beside
/// contradictions ([`contradict`]) there is this in Tendermint alone.
pub(super) fn broken_lock(law: &Law, record: &Statements, statement: &AnyStatement) -> Option<AnyStatement> {
    let AnyStatement::Tendermint(Statement::Vote(vote)) = statement else { return None };
    tendermint::broken_lock(law, record, vote).map(|lock| Statement::Vote(lock).into())
}

/// What a validator says of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) author: ValidatorIndex,
    pub(super) height: Height,
    pub(super) round: Round,
    pub(super) kind: &'static str,
    pub(super) content: Content,
}

/// The value, `None` for nil; and the round of the proof that comes with it, if one does.
pub(super) type Content = (Option<Digest>, Option<Round>);

/// What is said, without who says it and at which height.
pub(super) type Claim = (Round, &'static str, Content);

/// What a statement says. `None`: something that its author did not make itself.
pub(super) fn stated(statement: &AnyStatement) -> Option<Said> {
    match statement {
        AnyStatement::Pbft(statement) => Some(pbft::stated(statement)),
        AnyStatement::Tendermint(statement) => tendermint::stated(statement),
        AnyStatement::HotStuff(statement) => hotstuff::stated(statement),
    }
}

/// What of this message may be said but once for each kind, height and round; `None` if nothing.
pub(super) fn said(message: &AnyMessage) -> Option<Said> {
    match message {
        AnyMessage::Pbft(message) => pbft::said(message),
        AnyMessage::Tendermint(message) => tendermint::said(message),
        AnyMessage::HotStuff(message) => hotstuff::said(message),
    }
}

/// What signs whoever commits to a value, in any protocol: as [`preimage`], with the domain `commit`, then the digest.
pub(super) fn commit_bytes(chain: &ChainId, height: Height, round: Round, digest: &Digest) -> Vec<u8> {
    [&preimage("commit", chain, height, round), &digest.0[..]].concat()
}

/// The domain's length in one byte, the domain, the chain, the height and the round little-endian.
fn preimage(domain: &str, chain: &ChainId, height: Height, round: Round) -> Vec<u8> {
    let length = [domain.len() as u8];
    [&length, domain.as_bytes(), &chain.0, &height.to_le_bytes(), &round.to_le_bytes()].concat()
}
