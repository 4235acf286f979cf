//! A peer made by hand from quinn and rustls: it holds a good key, and does with it what no node does.

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, RecvStream, SendStream, ServerConfig,
    TransportConfig, VarInt,
};
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use std::net::SocketAddr;
use std::sync::Arc;

/// What a rogue says in its handshake.
pub(crate) struct Manners {
    pub(crate) seed: [u8; 32],
    /// The key that it shows, by its seed.
    pub(crate) claims: [u8; 32],
    pub(crate) alpn: Vec<Vec<u8>>,
    /// How many bytes of a stream it takes.
    pub(crate) window: u32,
    /// Whether it shows a key at all.
    pub(crate) shows_key: bool,
}

impl Manners {
    /// Those of a good node.
    pub(crate) fn of(seed: [u8; 32]) -> Manners {
        Manners { seed, claims: seed, alpn: vec![b"bitcraps/1".to_vec()], window: 1 << 20, shows_key: true }
    }
}

/// A connection whose handshake is done on this side.
pub(crate) async fn connect(
    to: SocketAddr,
    manners: &Manners,
) -> (Endpoint, Result<Connection, ConnectionError>) {
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let connection = endpoint.connect_with(config(manners), to, "rogue.invalid").unwrap().await;
    (endpoint, connection)
}

/// An endpoint that takes anybody.
pub(crate) fn server() -> Endpoint {
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(Arc::new(Credulous))
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(certified(&[1; 32], &[1; 32]))));
    tls.alpn_protocols = Manners::of([1; 32]).alpn;
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(VarInt::from_u32(2 << 20));
    let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
    config.transport_config(Arc::new(transport));
    Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// A connection that has greeted: to the node it is a link.
pub(crate) async fn link(
    to: SocketAddr,
    manners: &Manners,
) -> (Endpoint, Connection, SendStream, RecvStream) {
    let (endpoint, connection) = connect(to, manners).await;
    let connection = connection.unwrap();
    let mut sending = connection.open_uni().await.unwrap();
    sending.write_all(&(64u32 << 10).to_le_bytes()).await.unwrap();
    let receiving = connection.accept_uni().await.unwrap();
    (endpoint, connection, sending, receiving)
}

/// The application code with which the other side closed the connection.
pub(crate) async fn code(connection: &Connection) -> u64 {
    match connection.closed().await {
        ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
        other => panic!("closed otherwise: {other:?}"),
    }
}

/// The transport code with which the other side closed the connection.
pub(crate) fn transport_code(error: &ConnectionError) -> u64 {
    match error {
        ConnectionError::ConnectionClosed(close) => close.error_code.into(),
        other => panic!("closed otherwise: {other:?}"),
    }
}

fn config(manners: &Manners) -> ClientConfig {
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous));
    let mut tls = match manners.shows_key {
        true => builder.with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(
            certified(&manners.seed, &manners.claims),
        ))),
        false => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = manners.alpn.clone();
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(VarInt::from_u32(manners.window));
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    config.transport_config(Arc::new(transport));
    config
}

/// Shows the key of one seed and signs with that of another.
fn certified(signs: &[u8; 32], shows: &[u8; 32]) -> Arc<CertifiedKey> {
    let spki = signing_key(shows).public_key().unwrap().to_vec();
    Arc::new(CertifiedKey::new(vec![CertificateDer::from(spki)], signing_key(signs)))
}

fn signing_key(seed: &[u8; 32]) -> Arc<dyn SigningKey> {
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let pkcs8 = [&prefix[..], seed].concat();
    ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap()
}

/// Believes anybody.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Credulous {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
