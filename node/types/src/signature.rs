//! Keys and signatures, whatever the scheme. The production scheme is [`crate::ed25519`].

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// A validator's or player's public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PublicKey(pub [u8; 32]);

/// A signature by the holder of a [`PublicKey`]'s secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 64]);

/// That the holder of a key signed a message: true or not.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who is said to have signed.
    pub key: &'a PublicKey,
    /// What.
    pub message: &'a [u8],
    /// The proof.
    pub signature: &'a Signature,
}

/// Checks signatures. Pure: the same arguments always give the same answer.
pub trait Verify {
    /// Whether `signature` was made over `message` by the holder of `key`.
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool;

    /// Whether all of these are true: what [`verify`](Verify::verify) says of each. A scheme may know a cheaper way to
    /// check many.
    fn verify_all(&self, claims: &[Claim<'_>]) -> bool {
        claims.iter().all(|claim| self.verify(claim.key, claim.message, claim.signature))
    }
}

/// Which of these are true. Cheap when all are; a false one costs about twice the logarithm of their number in checks
/// of a part of them, which is less than to check each.
pub fn verify_each(verify: &dyn Verify, claims: &[Claim<'_>]) -> Vec<bool> {
    fn part(verify: &dyn Verify, claims: &[Claim<'_>], verdicts: &mut Vec<bool>) {
        if verify.verify_all(claims) {
            verdicts.extend(claims.iter().map(|_| true));
        } else if claims.len() == 1 {
            verdicts.push(false);
        } else {
            let (left, right) = claims.split_at(claims.len() / 2);
            part(verify, left, verdicts);
            part(verify, right, verdicts);
        }
    }
    let mut verdicts = Vec::with_capacity(claims.len());
    if !claims.is_empty() {
        part(verify, claims, &mut verdicts);
    }
    verdicts
}

/// Makes signatures with one secret. Pure: the same message always gives the same signature.
pub trait Sign {
    /// The public half of the secret.
    fn public_key(&self) -> PublicKey;
    /// Signs `message`.
    fn sign(&self, message: &[u8]) -> Signature;
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("key:")?;
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sig:")?;
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
