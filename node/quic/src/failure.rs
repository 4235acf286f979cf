//! Why a connection never became a link.

use crate::close::CloseCode;
use quinn::{ConnectionError, TransportErrorCode};
use rustls::AlertDescription;

/// Why a handshake failed. The same names serve both sides: which one found the fault is told beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HandshakeFailure {
    /// The address dialed is no known peer's.
    UnknownAddress,
    /// The name has no address.
    Unresolved,
    /// The dialing node's key is no known peer's. Alert `unknown_ca`.
    UnknownKey,
    /// The dialing node's key is on the deny list. Alert `access_denied`.
    DeniedKey,
    /// Whoever answered has another key than the one dialed. Alert `bad_certificate`.
    WrongKey,
    /// The other side shows no raw Ed25519 key, or has no cryptography in common. Alerts `handshake_failure`,
    /// `unsupported_certificate` and `certificate_required`.
    Incompatible,
    /// No protocol version in common. Alert `no_application_protocol`, or no QUIC version in common.
    WrongProtocol,
    /// A signature in the handshake was wrong. Alert `decrypt_error`.
    BadSignature,
    /// The stream did not begin with a greeting.
    BadGreeting,
    /// The accepting side has no room.
    Full,
    /// No answer in time.
    TimedOut,
    /// The node is going down.
    Shutdown,
    /// Anything else.
    Other,
}

impl HandshakeFailure {
    /// What a connection's error says.
    pub(crate) fn of(error: &ConnectionError) -> HandshakeFailure {
        match error {
            ConnectionError::TransportError(error) => Self::of_code(error.code),
            ConnectionError::ConnectionClosed(close) => Self::of_code(close.error_code),
            ConnectionError::ApplicationClosed(close) => Self::of_close(close.error_code.into_inner()),
            ConnectionError::VersionMismatch => HandshakeFailure::WrongProtocol,
            ConnectionError::TimedOut => HandshakeFailure::TimedOut,
            ConnectionError::LocallyClosed => HandshakeFailure::Shutdown,
            ConnectionError::Reset | ConnectionError::CidsExhausted => HandshakeFailure::Other,
        }
    }

    fn of_code(code: TransportErrorCode) -> HandshakeFailure {
        if code == TransportErrorCode::CONNECTION_REFUSED {
            return HandshakeFailure::Full;
        }
        let alert = u64::from(code).checked_sub(0x100).and_then(|alert| u8::try_from(alert).ok());
        match alert.map(AlertDescription::from) {
            Some(AlertDescription::UnknownCA) => HandshakeFailure::UnknownKey,
            Some(AlertDescription::AccessDenied) => HandshakeFailure::DeniedKey,
            Some(AlertDescription::BadCertificate) => HandshakeFailure::WrongKey,
            Some(
                AlertDescription::HandshakeFailure
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRequired,
            ) => HandshakeFailure::Incompatible,
            Some(AlertDescription::NoApplicationProtocol) => HandshakeFailure::WrongProtocol,
            Some(AlertDescription::DecryptError) => HandshakeFailure::BadSignature,
            _ => HandshakeFailure::Other,
        }
    }

    fn of_close(number: u64) -> HandshakeFailure {
        match CloseCode::from_number(number) {
            Some(CloseCode::Full) => HandshakeFailure::Full,
            Some(CloseCode::HandshakeTimeout) => HandshakeFailure::TimedOut,
            Some(CloseCode::BadGreeting) => HandshakeFailure::BadGreeting,
            Some(CloseCode::Denied) => HandshakeFailure::DeniedKey,
            Some(CloseCode::Shutdown | CloseCode::Done) => HandshakeFailure::Shutdown,
            _ => HandshakeFailure::Other,
        }
    }

    /// Its name in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            HandshakeFailure::UnknownAddress => "unknown_address",
            HandshakeFailure::Unresolved => "unresolved",
            HandshakeFailure::UnknownKey => "unknown_key",
            HandshakeFailure::DeniedKey => "denied_key",
            HandshakeFailure::WrongKey => "wrong_key",
            HandshakeFailure::Incompatible => "incompatible",
            HandshakeFailure::WrongProtocol => "wrong_protocol",
            HandshakeFailure::BadSignature => "bad_signature",
            HandshakeFailure::BadGreeting => "bad_greeting",
            HandshakeFailure::Full => "full",
            HandshakeFailure::TimedOut => "timed_out",
            HandshakeFailure::Shutdown => "shutdown",
            HandshakeFailure::Other => "other",
        }
    }
}
