//! Property `certificates`: every decision of an honest node comes with a quorum of valid signatures over it.

use super::definition::{Law, commit_bytes};
use super::finding::Finding;
use bitcraps_consensus::Certificate;
use bitcraps_types::{Digest, Height, Round, Signature, Time, ValidatorIndex};
use std::collections::BTreeMap;

/// Checks each signature once: most nodes hold other certificates of the same votes.
#[derive(Clone, Debug)]
pub(super) struct Certificates {
    pub(super) finding: Finding,
    checked: BTreeMap<(Height, Round, Digest), Checked>,
}

#[derive(Clone, Debug)]
struct Checked {
    bytes: Vec<u8>,
    /// For each validator, the signature that was found valid.
    valid: Vec<Option<Signature>>,
}

impl Certificates {
    pub(super) fn new() -> Certificates {
        Certificates { finding: Finding::new("certificates"), checked: BTreeMap::new() }
    }

    pub(super) fn decided(
        &mut self,
        law: &Law,
        at: Time,
        node: u16,
        height: Height,
        digest: Digest,
        certificate: &Certificate,
    ) {
        self.finding.judged();
        if let Err(reason) = self.check(law, height, digest, certificate) {
            let detail = format!("node {node}, height {height}: the certificate is not valid: {reason}");
            self.finding.violated(at, detail);
        }
    }

    fn check(
        &mut self,
        law: &Law,
        height: Height,
        digest: Digest,
        certificate: &Certificate,
    ) -> Result<(), String> {
        if certificate.height != height || certificate.digest != digest {
            return Err(format!("it proves {:?} at height {}", certificate.digest, certificate.height));
        }
        if !certificate.signatures.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Err("its signers are not in ascending order, each once".to_owned());
        }
        let checked = self.checked(law, certificate);
        for (signer, signature) in &certificate.signatures {
            if !checked.is_valid(law, *signer, signature) {
                return Err(format!("the signature of validator {signer} is wrong"));
            }
        }
        let power = law.power(certificate.signatures.iter().map(|(signer, _)| *signer));
        if law.is_quorum(power) {
            Ok(())
        } else {
            Err(format!("{power} of {} is not more than two thirds", law.total()))
        }
    }

    fn checked(&mut self, law: &Law, certificate: &Certificate) -> &mut Checked {
        let Certificate { height, round, digest, .. } = *certificate;
        self.checked.entry((height, round, digest)).or_insert_with(|| Checked {
            bytes: commit_bytes(&law.chain, height, round, &digest),
            valid: vec![None; law.validators.len()],
        })
    }

    /// Heights below this are forgotten; a certificate of one would be checked again.
    pub(super) fn forget_below(&mut self, height: Height) {
        self.checked = self.checked.split_off(&(height, 0, Digest::ZERO));
    }
}

impl Checked {
    fn is_valid(&mut self, law: &Law, signer: ValidatorIndex, signature: &Signature) -> bool {
        let Some(key) = law.key(signer) else { return false };
        let known = &mut self.valid[signer.index()];
        if *known == Some(*signature) {
            return true;
        }
        let valid = law.verifier.verify(key, &self.bytes, signature);
        if valid {
            *known = Some(*signature);
        }
        valid
    }
}
