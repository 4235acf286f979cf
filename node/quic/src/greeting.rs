//! From a connection to a link: each side opens its stream and greets.
//!
//! A greeting is 4 bytes, little endian: the longest frame that its sender takes. Only when the other side's greeting
//! is there is the link up. A dialing node learns so that it was accepted, which TLS 1.3 does not tell it: its side of
//! the handshake is over before the other side has seen its key.

use crate::close::CloseCode;
use crate::config::QuicConfig;
use crate::failure::HandshakeFailure;
use crate::timer::{TimedOut, Timer};
use crate::tls::proved_key;
use bitcraps_types::PublicKey;
use quinn::{Connection, ConnectionError, ReadExactError, RecvStream, SendStream, WriteError};
use std::time::Duration;

/// A connection that is ready to be a link.
pub(crate) struct Greeted {
    pub(crate) connection: Connection,
    /// The key that the other side proved.
    pub(crate) peer: PublicKey,
    /// The longest frame that both sides take.
    pub(crate) mtu: usize,
    pub(crate) sending: SendStream,
    pub(crate) receiving: RecvStream,
}

/// Why there is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) why: HandshakeFailure,
    pub(crate) by_peer: bool,
}

impl From<HandshakeFailure> for Failed {
    fn from(why: HandshakeFailure) -> Failed {
        Failed { why, by_peer: false }
    }
}

impl From<ConnectionError> for Failed {
    fn from(error: ConnectionError) -> Failed {
        let by_peer =
            matches!(error, ConnectionError::ConnectionClosed(_) | ConnectionError::ApplicationClosed(_));
        Failed { why: HandshakeFailure::of(&error), by_peer }
    }
}

/// Greets on a connection, within `time`. One that fails is closed with the code that says why.
pub(crate) async fn greet(
    connection: Connection,
    config: &QuicConfig,
    timer: &mut Timer,
    time: Duration,
) -> Result<Greeted, Failed> {
    let outcome = timer.limit(time, exchange(&connection, config)).await;
    let failed = match outcome {
        Ok(Ok((peer, mtu, sending, receiving))) => {
            return Ok(Greeted { connection, peer, mtu, sending, receiving });
        }
        Ok(Err(failed)) => failed,
        Err(TimedOut) => HandshakeFailure::TimedOut.into(),
    };
    match failed.why {
        HandshakeFailure::TimedOut => CloseCode::HandshakeTimeout.close(&connection),
        _ => CloseCode::BadGreeting.close(&connection),
    }
    Err(failed)
}

async fn exchange(
    connection: &Connection,
    config: &QuicConfig,
) -> Result<(PublicKey, usize, SendStream, RecvStream), Failed> {
    let peer = proved_key(connection).ok_or(HandshakeFailure::Incompatible)?;
    let mut sending = connection.open_uni().await?;
    sending.write_all(&config.max_frame.to_le_bytes()).await.map_err(|error| match error {
        WriteError::ConnectionLost(error) => error.into(),
        _ => Failed::from(HandshakeFailure::BadGreeting),
    })?;
    let mut receiving = connection.accept_uni().await?;
    let mut greeting = [0; 4];
    receiving.read_exact(&mut greeting).await.map_err(|error| match error {
        ReadExactError::ReadError(quinn::ReadError::ConnectionLost(error)) => error.into(),
        _ => Failed::from(HandshakeFailure::BadGreeting),
    })?;
    let theirs = u32::from_le_bytes(greeting);
    if theirs < QuicConfig::MIN_FRAME {
        return Err(HandshakeFailure::BadGreeting.into());
    }
    Ok((peer, theirs.min(config.max_frame) as usize, sending, receiving))
}
