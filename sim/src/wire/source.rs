//! Whatever QUIC and TLS draw at random, from one stream of the seed for each incarnation of a node.
//!
//! Both take their randomness at many places: packet numbers, connection ids, random bytes and key shares of handshakes,
//! the keys of tokens. All of them draw from the same [`Source`]. What signs is Ed25519, which draws nothing.

use curve25519_dalek::MontgomeryPoint;
use quinn::crypto::{HandshakeTokenKey, HmacKey};
use quinn::{ConnectionId, ConnectionIdGenerator, EndpointConfig};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ring::{hkdf, hmac};
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
};
use rustls::{NamedGroup, PeerMisbehaved};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A seeded stream in the place of the system's randomness, and the key exchange that draws from it.
#[derive(Debug)]
struct Source(Mutex<ChaCha8Rng>);

/// Sources that nobody uses now.
static IDLE: Mutex<Vec<&Source>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Source {
    fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        lock(&self.0).fill_bytes(&mut bytes);
        bytes
    }
}

/// A source while one incarnation has it. rustls wants its providers to live for ever, so sources are lent to one after
/// the other, and there are no more than there ever were nodes at once.
pub(super) struct Loan(&'static Source);

impl Loan {
    pub(super) fn new(stream: ChaCha8Rng) -> Loan {
        let idle = lock(&IDLE).pop();
        match idle {
            Some(source) => {
                *lock(&source.0) = stream;
                Loan(source)
            }
            None => Loan(Box::leak(Box::new(Source(Mutex::new(stream))))),
        }
    }

    /// ring's cryptography without ring's randomness.
    pub(super) fn provider(&self) -> CryptoProvider {
        CryptoProvider {
            secure_random: self.0,
            kx_groups: vec![self.0],
            ..rustls::crypto::ring::default_provider()
        }
    }

    pub(super) fn endpoint(&self) -> EndpointConfig {
        let reset_key: Arc<dyn HmacKey> = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &self.0.draw::<32>()));
        let mut config = EndpointConfig::new(reset_key);
        let ids: [u8; 32] = self.0.draw();
        config
            .rng_seed(Some(self.0.draw()))
            .cid_generator(move || Box::new(SeededIds(ChaCha8Rng::from_seed(ids))));
        config
    }

    /// Seals retry tokens.
    pub(super) fn token_key(&self) -> Arc<dyn HandshakeTokenKey> {
        Arc::new(hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &self.0.draw::<32>()))
    }

    /// The first connection id of each dial.
    pub(super) fn first_cid(&self) -> Arc<dyn Fn() -> ConnectionId + Send + Sync> {
        let source = self.0;
        Arc::new(move || ConnectionId::new(&source.draw::<FIRST_ID_BYTES>()))
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        lock(&IDLE).push(self.0);
    }
}

/// What quinn draws for the first connection id of a dial (RFC 9000 allows up to 20 bytes).
const FIRST_ID_BYTES: usize = 20;
/// As long as the live node's.
const ID_BYTES: usize = 8;

struct SeededIds(ChaCha8Rng);

impl ConnectionIdGenerator for SeededIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; ID_BYTES];
        self.0.fill_bytes(&mut id);
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        ID_BYTES
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

impl SecureRandom for Source {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        lock(&self.0).fill_bytes(bytes);
        Ok(())
    }
}

impl SupportedKxGroup for Source {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, rustls::Error> {
        let secret = self.draw();
        let public = MontgomeryPoint::mul_base_clamped(secret).to_bytes();
        Ok(Box::new(KeyExchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// X25519 (RFC 7748) with a secret that is known.
struct KeyExchange {
    secret: [u8; 32],
    public: [u8; 32],
}

impl ActiveKeyExchange for KeyExchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, rustls::Error> {
        let peer = peer.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = MontgomeryPoint(peer).mul_clamped(self.secret).to_bytes();
        // A point of small order (RFC 7748, section 6.1).
        if shared == [0; 32] {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::crypto::ring::kx_group::X25519;

    fn loan(seed: u8) -> Loan {
        Loan::new(ChaCha8Rng::from_seed([seed; 32]))
    }

    #[test]
    fn the_key_exchange_agrees_with_that_of_ring() {
        let (ours, theirs) = (loan(1).0.start().unwrap(), X25519.start().unwrap());
        let (our_share, their_share) = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        let ours = ours.complete(&their_share).unwrap();
        assert_eq!(ours.secret_bytes(), theirs.complete(&our_share).unwrap().secret_bytes());
    }

    #[test]
    fn a_share_of_small_order_or_of_another_length_is_refused() {
        for share in [&[0; 32][..], &[9; 31], &[]] {
            assert!(loan(1).0.start().unwrap().complete(share).is_err());
        }
    }

    #[test]
    fn a_source_that_was_lent_before_begins_anew() {
        let first = |seed| loan(seed).0.draw::<32>();
        let before = first(1);
        assert_ne!(first(2), before);
        assert_eq!(first(1), before);
    }
}
