//! Property `sent_certificates`: every certificate that an honest node sends inside a message (a polka, a QC, a TC, a
//! prepared certificate, a stable checkpoint, the VIEW-CHANGEs of a NEW-VIEW) holds a quorum by the oracle's own
//! arithmetic, each signer once, each signature valid over what the certificate claims; and it fits the message.
//!
//! Those that prove decisions are [`super::certificates`]. Published bugs of this class: hotstuff votes counted by
//! height and not by block (tari-ootle #2459), a QC whose round is not its block's (relab/hotstuff #291), certificates
//! inside certificates that nobody checks (relab/hotstuff #224).

use super::definition::{Enclosed, Law, stated};
use super::finding::Finding;
use super::testimony::Testimony;
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::Signed;
use bitcraps_types::{Time, ValidatorIndex};

#[derive(Clone, Debug)]
pub(super) struct SentCertificates {
    pub(super) finding: Finding,
}

impl SentCertificates {
    pub(super) fn new() -> SentCertificates {
        SentCertificates { finding: Finding::new("sent_certificates") }
    }

    pub(super) fn signed(
        &mut self,
        (law, testimony): (&Law, &Testimony),
        at: Time,
        node: u16,
        message: &ConsensusMessage,
    ) {
        for enclosed in law.enclosed(message) {
            self.finding.judged();
            if let Err(why) = check(law, testimony, &enclosed) {
                let detail = format!("node {node} sent a {} that is not valid: {why}", enclosed.name);
                self.finding.violated(at, detail);
            }
        }
    }

    /// Also judged when no message carried a certificate: then none was wrong.
    pub(super) fn result(&self) -> bitcraps_reports::PropertyResult {
        self.finding.result_even_of_none("certificates in messages")
    }
}

/// A signature that is on record was found valid, or an honest node made it. So few are ever checked.
fn check(law: &Law, testimony: &Testimony, enclosed: &Enclosed) -> Result<(), String> {
    if let Some(misfit) = enclosed.misfit {
        return Err(misfit.to_owned());
    }
    let mut signers: Vec<ValidatorIndex> = Vec::with_capacity(enclosed.parts.len());
    for (statement, signature) in &enclosed.parts {
        let Some(said) = stated(statement) else { return Err("a part of it is no statement".to_owned()) };
        let on_record = testimony.at(said.height).knows_signature(said.author, statement, signature);
        let signed = Signed { message: statement.clone(), signature: *signature };
        if !on_record && !law.signature_is_valid(&signed) {
            return Err(format!("the signature of validator {} is wrong", said.author));
        }
        signers.push(said.author);
    }
    signers.sort_unstable();
    if let Some(pair) = signers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("validator {} signed it twice", pair[0]));
    }
    let power = law.power(signers.into_iter());
    if law.is_quorum(power) {
        Ok(())
    } else {
        Err(format!("{power} of {} is not more than two thirds", law.total()))
    }
}
