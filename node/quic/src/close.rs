//! Why connections end: the codes that this node tells its peers, and the reasons that it tells its operator.

use quinn::{ConnectionError, VarInt};

/// The application error codes with which a connection is closed. Their numbers are part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseCode {
    /// The node closed the link; nothing is wrong with it.
    Done = 0,
    /// The node is going down.
    Shutdown = 1,
    /// The other side took nothing from the stream for too long while frames were waiting.
    Stalled = 2,
    /// A frame was announced or came that is longer than this side said it would take.
    FrameTooLong = 3,
    /// The one stream of that direction was ended, reset or refused.
    BadStream = 4,
    /// The stream did not begin with a greeting.
    BadGreeting = 5,
    /// The greeting did not come in time.
    HandshakeTimeout = 6,
    /// The same peer has newer links, and as many as it may have.
    Superseded = 7,
    /// There are as many inbound links as there may be.
    Full = 8,
    /// The peer was put on the deny list.
    Denied = 9,
}

impl CloseCode {
    /// All of them.
    pub const ALL: [CloseCode; 10] = [
        CloseCode::Done,
        CloseCode::Shutdown,
        CloseCode::Stalled,
        CloseCode::FrameTooLong,
        CloseCode::BadStream,
        CloseCode::BadGreeting,
        CloseCode::HandshakeTimeout,
        CloseCode::Superseded,
        CloseCode::Full,
        CloseCode::Denied,
    ];

    /// The code of that number.
    pub fn from_number(number: u64) -> Option<CloseCode> {
        Self::ALL.into_iter().find(|code| *code as u64 == number)
    }

    /// Its name in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            CloseCode::Done => "done",
            CloseCode::Shutdown => "shutdown",
            CloseCode::Stalled => "stalled",
            CloseCode::FrameTooLong => "frame_too_long",
            CloseCode::BadStream => "bad_stream",
            CloseCode::BadGreeting => "bad_greeting",
            CloseCode::HandshakeTimeout => "handshake_timeout",
            CloseCode::Superseded => "superseded",
            CloseCode::Full => "full",
            CloseCode::Denied => "denied",
        }
    }

    pub(crate) fn close(self, connection: &quinn::Connection) {
        connection.close(self.into(), self.label().as_bytes());
    }
}

impl From<CloseCode> for VarInt {
    fn from(code: CloseCode) -> VarInt {
        VarInt::from_u32(code as u32)
    }
}

/// Why a link went down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DownReason {
    /// This side closed it.
    Local(CloseCode),
    /// The other side closed it.
    Remote(CloseCode),
    /// The other side closed it with an application code that this version does not know.
    RemoteUnknown(u64),
    /// Nothing came for the idle timeout.
    TimedOut,
    /// The other side does not know the connection: it restarted.
    Reset,
    /// One side found the other in breach of QUIC or TLS; the transport error code tells how.
    Transport(u64),
}

impl DownReason {
    /// Of a connection that this side closed with `local`, if it did.
    pub(crate) fn of(error: &ConnectionError, local: Option<CloseCode>) -> DownReason {
        match error {
            ConnectionError::LocallyClosed => DownReason::Local(local.unwrap_or(CloseCode::Shutdown)),
            ConnectionError::ApplicationClosed(close) => {
                let number = close.error_code.into_inner();
                CloseCode::from_number(number).map_or(DownReason::RemoteUnknown(number), DownReason::Remote)
            }
            ConnectionError::ConnectionClosed(close) => DownReason::Transport(close.error_code.into()),
            ConnectionError::TransportError(error) => DownReason::Transport(error.code.into()),
            ConnectionError::TimedOut => DownReason::TimedOut,
            ConnectionError::Reset => DownReason::Reset,
            // Neither happens to a connection that was open.
            ConnectionError::VersionMismatch | ConnectionError::CidsExhausted => DownReason::Transport(0),
        }
    }

    /// Its name in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            DownReason::Local(code) | DownReason::Remote(code) => code.label(),
            DownReason::RemoteUnknown(_) => "unknown_code",
            DownReason::TimedOut => "timed_out",
            DownReason::Reset => "reset",
            DownReason::Transport(_) => "transport_error",
        }
    }

    /// Who ended it, in metrics and logs.
    pub fn by(self) -> &'static str {
        match self {
            DownReason::Local(_) => "us",
            DownReason::Remote(_) | DownReason::RemoteUnknown(_) => "peer",
            DownReason::TimedOut | DownReason::Reset | DownReason::Transport(_) => "transport",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_codes_are_those_of_protocol_version_1() {
        let numbers = CloseCode::ALL.map(|code| (code.label(), code as u64));
        let expected = [
            ("done", 0),
            ("shutdown", 1),
            ("stalled", 2),
            ("frame_too_long", 3),
            ("bad_stream", 4),
            ("bad_greeting", 5),
            ("handshake_timeout", 6),
            ("superseded", 7),
            ("full", 8),
            ("denied", 9),
        ];
        assert_eq!(numbers, expected);
        assert!(CloseCode::ALL.iter().all(|code| CloseCode::from_number(*code as u64) == Some(*code)));
        assert_eq!(CloseCode::from_number(10), None);
    }
}
