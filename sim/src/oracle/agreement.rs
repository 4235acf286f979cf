//! Property `agreement`: no two honest nodes decide different values at one height. If two do, the two certificates
//! are kept. Who is to blame is [`super::accountability`].

use super::chain::Relation;
use super::finding::Finding;
use bitcraps_consensus::Certificate;
use bitcraps_types::{Height, Time, ValidatorIndex};
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
    /// Who provably broke the protocol at this height.
    pub culprits: BTreeSet<ValidatorIndex>,
}

#[derive(Clone, Debug)]
pub(super) struct Agreement {
    pub(super) finding: Finding,
    /// The first certificate of each height that somebody may still decide.
    certificates: BTreeMap<Height, Certificate>,
    fork: Option<Fork>,
}

impl Agreement {
    pub(super) fn new() -> Agreement {
        Agreement { finding: Finding::new("agreement"), certificates: BTreeMap::new(), fork: None }
    }

    pub(super) fn decided(&mut self, at: Time, node: u16, relation: Relation, certificate: &Certificate) {
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
                let certificates = &self.certificates;
                self.fork.get_or_insert_with(|| Fork {
                    height,
                    at,
                    nodes: (first.node, node),
                    first: certificates.get(&height).cloned(),
                    second: certificate.clone(),
                    culprits: BTreeSet::new(),
                });
            }
        }
    }

    /// The first fork. Its culprits are not known here.
    pub(super) fn fork(&self) -> Option<&Fork> {
        self.fork.as_ref()
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
