//! TLS for links: version 1.3, raw Ed25519 keys on both sides, no names, no resumption.
//!
//! A resumed session would not present its key again, so neither tickets nor 0-RTT are given: each connection proves
//! both keys anew, and a key that was denied meanwhile stays out.

use crate::admission::{Admission, Standing};
use crate::environment::Environment;
use crate::identity::{Identity, key_of};
use bitcraps_types::PublicKey;
use quinn::crypto::rustls::{NoInitialCipherSuite, QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};
use std::sync::Arc;

/// The protocol that is agreed on in the handshake. A node that speaks no version in common gets the alert
/// `no_application_protocol`.
pub const ALPN: &[u8] = b"bitcraps/1";

/// QUIC asks for a server's name; keys are what is checked, and no name is sent.
pub(crate) const NO_NAME: &str = "bitcraps.invalid";

/// Why no TLS configuration could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The provider has no TLS 1.3.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
    /// The provider lacks the suite that protects the first packets.
    #[error("the crypto provider lacks TLS13_AES_128_GCM_SHA256, which QUIC's first packets need")]
    NoInitialCipherSuite(#[from] NoInitialCipherSuite),
}

/// The configuration for accepting connections from known peers.
pub(crate) fn server(
    environment: &Environment,
    identity: &Identity,
    admission: Arc<Admission>,
) -> Result<QuicServerConfig, TlsError> {
    let verifier = RawKeys { provider: environment.provider.clone(), rule: Rule::Known(admission) };
    let mut config = rustls::ServerConfig::builder_with_details(
        environment.provider.clone(),
        environment.tls_time.clone(),
    )
    .with_protocol_versions(&[&rustls::version::TLS13])?
    .with_client_cert_verifier(Arc::new(verifier))
    .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(identity.certified())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config.try_into()?)
}

/// The configuration for dialing the holder of `pin`.
pub(crate) fn client(
    environment: &Environment,
    identity: &Identity,
    pin: PublicKey,
) -> Result<QuicClientConfig, TlsError> {
    let verifier = RawKeys { provider: environment.provider.clone(), rule: Rule::Pinned(pin) };
    let mut config = rustls::ClientConfig::builder_with_details(
        environment.provider.clone(),
        environment.tls_time.clone(),
    )
    .with_protocol_versions(&[&rustls::version::TLS13])?
    .dangerous()
    .with_custom_certificate_verifier(Arc::new(verifier))
    .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(identity.certified())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    Ok(config.try_into()?)
}

/// The key that the other side of a connection has proved.
pub(crate) fn proved_key(connection: &quinn::Connection) -> Option<PublicKey> {
    let identity = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    match &identity[..] {
        [spki] => key_of(spki),
        _ => None,
    }
}

/// Which keys are good.
#[derive(Debug)]
enum Rule {
    Known(Arc<Admission>),
    Pinned(PublicKey),
}

/// Takes one raw Ed25519 key that satisfies the rule, and a signature by it.
#[derive(Debug)]
struct RawKeys {
    provider: Arc<CryptoProvider>,
    rule: Rule,
}

impl RawKeys {
    /// The errors become the alerts that `docs/quic.md` lists.
    fn check(
        &self,
        spki: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<(), rustls::Error> {
        let key = key_of(spki).filter(|_| intermediates.is_empty());
        let key = key.ok_or(CertificateError::InvalidPurpose)?;
        match &self.rule {
            Rule::Pinned(pin) if *pin == key => Ok(()),
            Rule::Pinned(_) => Err(CertificateError::NotValidForName.into()),
            Rule::Known(admission) => match admission.standing(&key) {
                Standing::Known => Ok(()),
                Standing::Unknown => Err(CertificateError::UnknownIssuer.into()),
                Standing::Denied => Err(CertificateError::ApplicationVerificationFailure.into()),
            },
        }
    }
}

/// What is the same of both sides' verifiers: signatures are TLS 1.3's, by raw Ed25519 keys.
macro_rules! signatures_by_raw_keys {
    () => {
        /// TLS 1.2 is never negotiated, so this is never reached.
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Err(rustls::PeerIncompatible::Tls12NotOffered.into())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            spki: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            let spki = SubjectPublicKeyInfoDer::from(spki.as_ref());
            verify_tls13_signature_with_raw_key(message, &spki, signature, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }

        fn requires_raw_public_keys(&self) -> bool {
            true
        }
    };
}

impl ServerCertVerifier for RawKeys {
    signatures_by_raw_keys!();

    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check(end_entity, intermediates).map(|()| ServerCertVerified::assertion())
    }
}

impl ClientCertVerifier for RawKeys {
    signatures_by_raw_keys!();

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.check(end_entity, intermediates).map(|()| ClientCertVerified::assertion())
    }
}
