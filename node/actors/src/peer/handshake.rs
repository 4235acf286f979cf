//! The handshake: who is at the other end of a link.
//!
//! Each side says hello (protocol version, network, key, a nonce drawn for this link) and answers the other's hello
//! with a proof: its signature over both keys and both nonces. The signer's own key and nonce stand first, so a proof
//! can't be reflected; the nonces are fresh, so it can't be replayed. Frames may be lost, so what was said is said
//! again ([`Handshake::retransmit`]) until the other side has proved itself.
//!
//! Alone it does not bind the link's own encryption: an attacker on the path could pass hellos and proofs on between two
//! links of his own. Where the link proves a key (TLS with raw public keys), the hello must name that key, and the proof
//! then adds only what TLS does not know: the protocol version and the network. Where it proves none, as in the lab,
//! nobody sits on the path.

use crate::ports::Refusal;
use bitcraps_types::{ChainId, PublicKey, Sign, Signature, Verify};
use borsh::{BorshDeserialize, BorshSerialize};

/// The protocol that this code speaks.
pub const PROTOCOL_VERSION: u32 = 2;

/// The first message on a link.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hello {
    /// [`PROTOCOL_VERSION`].
    pub version: u32,
    /// The network.
    pub genesis: ChainId,
    /// Who the sender claims to be.
    pub key: PublicKey,
    /// Drawn for this link.
    pub nonce: [u8; 32],
}

/// The answer to a hello.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proof {
    /// By the sender's key.
    pub signature: Signature,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    Hello(Hello),
    Proof(Proof),
}

/// What is known of the other side before it says anything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    /// Whom we dialed; nobody, if they dialed us.
    pub(crate) dialed: Option<PublicKey>,
    /// Whose key the link has proved, if it proves any.
    pub(crate) identity: Option<PublicKey>,
}

impl Expected {
    /// Whether the key may be the other side's. If the link leads to someone else than was dialed, no key may.
    fn admits(&self, key: &PublicKey) -> bool {
        [self.dialed, self.identity].iter().flatten().all(|expected| expected == key)
    }
}

/// One side of the handshake of one link.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    ours: Hello,
    /// Who it must be.
    expected: Expected,
    /// The peer's hello and our answer to it.
    theirs: Option<(Hello, Proof)>,
    proven: bool,
}

impl Handshake {
    pub(crate) fn new(genesis: ChainId, me: PublicKey, nonce: [u8; 32], expected: Expected) -> Handshake {
        let ours = Hello { version: PROTOCOL_VERSION, genesis, key: me, nonce };
        Handshake { ours, expected, theirs: None, proven: false }
    }

    /// The peer's key, once proved.
    pub(crate) fn proven(&self) -> Option<PublicKey> {
        self.theirs.as_ref().filter(|_| self.proven).map(|(hello, _)| hello.key)
    }

    /// What to say at the start, and again as long as the peer has not proved itself.
    pub(crate) fn retransmit(&self) -> impl Iterator<Item = Say> {
        let proof = self.theirs.as_ref().map(|(_, proof)| Say::Proof(proof.clone()));
        [Some(Say::Hello(self.ours.clone())), proof].into_iter().flatten()
    }

    /// Takes the peer's hello. The proof to answer with; also when the hello comes again, since our proof may be lost.
    pub(crate) fn hello(
        &mut self,
        hello: Hello,
        known: impl FnOnce(&PublicKey) -> bool,
        signer: &dyn Sign,
    ) -> Result<Proof, Refusal> {
        if hello.version != self.ours.version {
            return Err(Refusal::WrongVersion);
        }
        if hello.genesis != self.ours.genesis {
            return Err(Refusal::WrongGenesis);
        }
        let stranger = hello.key == self.ours.key || !self.expected.admits(&hello.key) || !known(&hello.key);
        if stranger {
            return Err(Refusal::BadProof);
        }
        if let Some((before, proof)) = &self.theirs {
            return if *before == hello { Ok(proof.clone()) } else { Err(Refusal::Malformed) };
        }
        let proof = Proof { signature: signer.sign(&statement(&self.ours, &hello)) };
        self.theirs = Some((hello, proof.clone()));
        Ok(proof)
    }

    /// Takes the peer's proof. `false`: it came before its hello, and will come again.
    pub(crate) fn proof(&mut self, proof: &Proof, verifier: &dyn Verify) -> Result<bool, Refusal> {
        let Some((theirs, _)) = &self.theirs else {
            return Ok(false);
        };
        if !self.proven && !verifier.verify(&theirs.key, &statement(theirs, &self.ours), &proof.signature) {
            return Err(Refusal::BadProof);
        }
        self.proven = true;
        Ok(true)
    }
}

fn statement(signer: &Hello, other: &Hello) -> Vec<u8> {
    borsh::to_vec(&("bitcraps/handshake", signer, other)).expect("writing to memory does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_types::Digest;
    use bitcraps_types::ed25519::{Ed25519, Ed25519Verifier};

    const GENESIS: ChainId = Digest([7; 32]);

    fn key(n: u8) -> Ed25519 {
        Ed25519::from_seed([n; 32])
    }

    fn side(me: &Ed25519, nonce: u8) -> Handshake {
        Handshake::new(GENESIS, me.public_key(), [nonce; 32], Expected::default())
    }

    fn the_hello(side: &Handshake) -> Hello {
        side.ours.clone()
    }

    /// Both say what they have to say, each message lost unless `arrives`, until both are proven.
    fn run(
        a: &mut Handshake,
        ka: &Ed25519,
        b: &mut Handshake,
        kb: &Ed25519,
        mut arrives: impl FnMut() -> bool,
    ) {
        for _ in 0..1000 {
            for direction in [true, false] {
                let (from, to, to_key) =
                    if direction { (&mut *a, &mut *b, kb) } else { (&mut *b, &mut *a, ka) };
                for say in from.retransmit().collect::<Vec<_>>() {
                    if !arrives() {
                        continue;
                    }
                    match say {
                        Say::Hello(hello) => drop(to.hello(hello, |_| true, to_key).unwrap()),
                        Say::Proof(proof) => drop(to.proof(&proof, &Ed25519Verifier).unwrap()),
                    }
                }
            }
            if a.proven().is_some() && b.proven().is_some() {
                return;
            }
        }
        panic!("no handshake");
    }

    #[test]
    fn both_sides_learn_each_others_key_even_if_most_frames_are_lost() {
        let (ka, kb) = (key(1), key(2));
        let (mut a, mut b) = (side(&ka, 1), side(&kb, 2));
        let mut n = 0u32;
        run(&mut a, &ka, &mut b, &kb, || {
            n += 1;
            n.is_multiple_of(7)
        });
        assert_eq!(a.proven(), Some(kb.public_key()));
        assert_eq!(b.proven(), Some(ka.public_key()));
    }

    #[test]
    fn another_version_another_network_and_an_unknown_or_unexpected_key_are_refused() {
        let (ka, kb) = (key(1), key(2));
        let hello = the_hello(&side(&kb, 2));
        let refused = |hello: Hello, dialed: Option<PublicKey>, known: bool| {
            let expected = Expected { dialed, identity: None };
            let mut a = Handshake::new(GENESIS, ka.public_key(), [1; 32], expected);
            a.hello(hello, |_| known, &ka).err()
        };
        assert_eq!(refused(hello.clone(), None, true), None);
        assert_eq!(
            refused(Hello { version: PROTOCOL_VERSION + 1, ..hello.clone() }, None, true),
            Some(Refusal::WrongVersion)
        );
        assert_eq!(
            refused(Hello { genesis: Digest([8; 32]), ..hello.clone() }, None, true),
            Some(Refusal::WrongGenesis)
        );
        assert_eq!(refused(hello.clone(), None, false), Some(Refusal::BadProof));
        assert_eq!(refused(hello.clone(), Some(key(3).public_key()), true), Some(Refusal::BadProof));
        assert_eq!(refused(Hello { key: ka.public_key(), ..hello }, None, true), Some(Refusal::BadProof));
    }

    #[test]
    fn a_hello_must_name_the_key_that_the_link_proved_and_the_link_must_lead_to_whom_we_dialed() {
        let (ka, kb, kc) = (key(1), key(2), key(3));
        let hello = the_hello(&side(&kb, 2));
        let refused = |dialed: Option<&Ed25519>, identity: Option<&Ed25519>| {
            let expected =
                Expected { dialed: dialed.map(Sign::public_key), identity: identity.map(Sign::public_key) };
            let mut a = Handshake::new(GENESIS, ka.public_key(), [1; 32], expected);
            a.hello(hello.clone(), |_| true, &ka).err()
        };
        assert_eq!(refused(None, Some(&kb)), None);
        assert_eq!(refused(Some(&kb), Some(&kb)), None);
        assert_eq!(refused(None, Some(&kc)), Some(Refusal::BadProof));
        assert_eq!(refused(Some(&kb), Some(&kc)), Some(Refusal::BadProof));
        assert_eq!(refused(Some(&kc), Some(&kb)), Some(Refusal::BadProof));
    }

    #[test]
    fn a_proof_of_another_session_or_by_another_key_or_reflected_is_refused() {
        let (ka, kb) = (key(1), key(2));
        let mut earlier = side(&ka, 9);
        let mut b = side(&kb, 2);
        let replayed = b.hello(the_hello(&earlier), |_| true, &kb).unwrap();
        assert_eq!(earlier.hello(the_hello(&b), |_| true, &ka).map(drop), Ok(()));
        assert_eq!(earlier.proof(&replayed, &Ed25519Verifier), Ok(true));

        let mut a = side(&ka, 1);
        let reflected = a.hello(the_hello(&b), |_| true, &ka).unwrap();
        let forged = side(&kb, 2).hello(the_hello(&a), |_| true, &key(3)).unwrap();
        for proof in [replayed, reflected, forged] {
            assert_eq!(a.clone().proof(&proof, &Ed25519Verifier), Err(Refusal::BadProof));
        }
        let honest = side(&kb, 2).hello(the_hello(&a), |_| true, &kb).unwrap();
        assert_eq!(a.proof(&honest, &Ed25519Verifier), Ok(true));
    }

    #[test]
    fn a_peer_can_not_change_its_name_on_an_open_link() {
        let (ka, kb) = (key(1), key(2));
        let mut a = side(&ka, 1);
        a.hello(the_hello(&side(&kb, 2)), |_| true, &ka).unwrap();
        assert_eq!(a.hello(the_hello(&side(&key(3), 3)), |_| true, &ka), Err(Refusal::Malformed));
    }

    #[test]
    fn a_proof_before_the_hello_proves_nothing() {
        let mut a = side(&key(1), 1);
        assert_eq!(a.proof(&Proof { signature: Signature([0; 64]) }, &Ed25519Verifier), Ok(false));
        assert_eq!(a.proven(), None);
    }
}
