//! Property `agreement`: no two honest nodes decide different values at one height. If two do, the two certificates
//! are kept, and they name the guilty: who signed both in one round broke the protocol, whatever else happened.

use super::certificates::Certificates;
use super::chain::Relation;
use super::definition::Law;
use super::finding::Finding;
use bitcraps_consensus::Certificate;
use bitcraps_types::{Digest, Height, Round, Time, ValidatorIndex};
use std::collections::{BTreeMap, BTreeSet};

/// Two honest nodes that decided differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Fork {
    /// The height.
    pub height: Height,
    /// When the second of them decided.
    pub at: Time,
    /// The first node to decide the height, and the first to decide it otherwise.
    pub nodes: (u16, u16),
    /// The first node's proof; `None` if all honest nodes had long passed the height, and it was let go.
    pub first: Option<Certificate>,
    /// The other's.
    pub second: Certificate,
    /// Who provably broke the protocol: signed the certificates of two values in one round (the signatures were
    /// checked), or was convicted by evidence in the run.
    pub culprits: BTreeSet<ValidatorIndex>,
}

#[derive(Clone, Debug)]
pub(super) struct Agreement {
    pub(super) finding: Finding,
    /// The first certificate of each height that somebody may still decide.
    certificates: BTreeMap<Height, Certificate>,
    fork: Option<Fork>,
    /// Who signed what at the forked height.
    signers: BTreeMap<(Round, Digest), BTreeSet<ValidatorIndex>>,
}

impl Agreement {
    pub(super) fn new() -> Agreement {
        Agreement {
            finding: Finding::new("agreement"),
            certificates: BTreeMap::new(),
            fork: None,
            signers: BTreeMap::new(),
        }
    }

    pub(super) fn decided(
        &mut self,
        (law, checker): (&Law, &mut Certificates),
        at: Time,
        node: u16,
        relation: Relation,
        certificate: &Certificate,
    ) {
        self.finding.judged();
        let height = certificate.height;
        match relation {
            Relation::First => {
                self.certificates.insert(height, certificate.clone());
            }
            Relation::Same => {}
            Relation::Conflicts(first) => {
                let detail = format!(
                    "height {height}: node {} decided {:?} at {:?}, node {node} decided {:?}",
                    first.node, first.digest, first.at, certificate.digest
                );
                self.finding.violated(at, detail);
                if self.fork.is_none() {
                    let kept = self.certificates.get(&height).cloned();
                    kept.iter().for_each(|kept| self.count(law, checker, kept));
                    self.fork = Some(Fork {
                        height,
                        at,
                        nodes: (first.node, node),
                        first: kept,
                        second: certificate.clone(),
                        culprits: BTreeSet::new(),
                    });
                }
            }
        }
        if self.fork.as_ref().is_some_and(|fork| fork.height == height) {
            self.count(law, checker, certificate);
            self.convict();
        }
    }

    fn count(&mut self, law: &Law, checker: &mut Certificates, certificate: &Certificate) {
        let signers = checker.valid_signers(law, certificate);
        self.signers.entry((certificate.round, certificate.digest)).or_default().extend(signers);
    }

    /// Who signed for two values in one round.
    fn convict(&mut self) {
        let Some(fork) = &mut self.fork else { return };
        for (i, ((round, _), signers)) in self.signers.iter().enumerate() {
            for (_, others) in self.signers.iter().skip(i + 1).filter(|((other, _), _)| other == round) {
                fork.culprits.extend(signers.intersection(others));
            }
        }
    }

    /// The first fork, with those among the culprits who were convicted by evidence.
    pub(super) fn fork(&self, convicted: &BTreeSet<ValidatorIndex>) -> Option<Fork> {
        let mut fork = self.fork.clone()?;
        fork.culprits.extend(convicted);
        Some(fork)
    }

    /// The height of the first fork.
    pub(super) fn forked(&self) -> Option<Height> {
        self.fork.as_ref().map(|fork| fork.height)
    }

    pub(super) fn forget_below(&mut self, height: Height) {
        let forked = self.forked();
        self.certificates.retain(|at, _| *at >= height || Some(*at) == forked);
    }
}
