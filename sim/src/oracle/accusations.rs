//! Property `no_false_accusation`: whoever an honest node accuses, and whoever the replicated state records as an
//! offender, broke the protocol, and every piece of evidence proves it to anyone.

use super::definition::Law;
use super::finding::Finding;
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_casino::Offence;
use bitcraps_consensus::{Evidence, Message};
use bitcraps_reports::{PropertyKind, PropertyResult};
use bitcraps_types::{Height, Time, ValidatorIndex};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub(super) struct Accusations {
    pub(super) finding: Finding,
    honest: Vec<bool>,
    /// Offences that were judged: all honest nodes report each.
    accused: BTreeSet<(ValidatorIndex, Height, [u8; 32])>,
    recorded: BTreeSet<(ValidatorIndex, Height)>,
}

impl Accusations {
    pub(super) fn new(honest: &[bool]) -> Accusations {
        Accusations {
            finding: Finding::new("no_false_accusation"),
            honest: honest.to_vec(),
            accused: BTreeSet::new(),
            recorded: BTreeSet::new(),
        }
    }

    fn is_honest(&self, validator: ValidatorIndex) -> bool {
        self.honest.get(validator.index()).copied().unwrap_or(false)
    }

    pub(super) fn accused(&mut self, law: &Law, at: Time, node: u16, evidence: &Evidence<ConsensusMessage>) {
        let (offender, height) = (evidence.first.message.author(), evidence.first.message.height());
        let signatures = [evidence.first.signature.0, evidence.second.signature.0].concat();
        if !self.accused.insert((offender, height, *blake3::hash(&signatures).as_bytes())) {
            return;
        }
        match law.convicts(&evidence.first, &evidence.second) {
            Ok(()) => {
                if self.is_honest(offender) {
                    let detail = format!(
                        "node {node} convicted validator {offender}, which is honest, of height {height}"
                    );
                    self.finding.violated(at, detail);
                }
            }
            Err(reason) => {
                let detail =
                    format!("node {node} accused validator {offender} at height {height} in vain: {reason}");
                self.finding.violated(at, detail);
            }
        }
    }

    /// A decided block accuses somebody. Its proof is the evidence as the engine gave it, in borsh.
    pub(super) fn included(&mut self, law: &Law, at: Time, node: u16, offence: &Offence) {
        let Offence { offender, height, proof } = offence;
        match borsh::from_slice::<Evidence<ConsensusMessage>>(proof) {
            Ok(evidence) if (evidence.offender(), evidence.height()) == (*offender, *height) => {
                self.accused(law, at, node, &evidence);
            }
            _ => {
                let detail = format!("a block accuses validator {offender} of height {height} without proof");
                self.finding.violated(at, detail);
            }
        }
    }

    /// The replicated state has an offence on record.
    pub(super) fn recorded(&mut self, at: Time, node: u16, offender: ValidatorIndex, height: Height) {
        if self.recorded.insert((offender, height)) && self.is_honest(offender) {
            let detail = format!(
                "node {node} has an offence of validator {offender}, which is honest, of height {height} on record"
            );
            self.finding.violated(at, detail);
        }
    }

    /// A node found a validator's part of a dice signature wrong.
    pub(super) fn bad_dice(&mut self, at: Time, node: u16, validator: ValidatorIndex) {
        if self.is_honest(validator) {
            let detail =
                format!("node {node} says that validator {validator}, which is honest, signed dice wrongly");
            self.finding.violated(at, detail);
        }
    }

    /// Also judged when nobody accused anybody: then no accusation was false.
    pub(super) fn result(&self) -> PropertyResult {
        let mut result = self.finding.result(PropertyKind::Always, "");
        if result.holds.is_none() {
            let (accused, recorded) = (self.accused.len(), self.recorded.len());
            result.holds = Some(true);
            result.detail = format!("{accused} accusations, {recorded} offences on record");
        }
        result
    }
}
