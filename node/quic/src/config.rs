//! The bounds and times of links.

use quinn::congestion::CubicConfig;
use quinn::{IdleTimeout, TransportConfig, VarInt};
use std::sync::Arc;
use std::time::Duration;

/// The bounds and times of links. The defaults suit a few dozen validators on a wide-area network;
/// `docs/quic.md` says what they add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuicConfig {
    /// The longest frame that this node takes, in bytes. Two nodes use the smaller of their limits as a link's MTU.
    pub max_frame: u32,
    /// What may wait for one link's stream, in bytes, with [`QuicConfig::FRAME_COST`] for each frame.
    pub queue_bytes: usize,
    /// A link whose stream takes nothing for so long, while something waits, is closed.
    pub stall_timeout: Duration,
    /// How long a connection may take to become a link, the search for its address included.
    pub handshake_timeout: Duration,
    /// How often something is sent on a quiet link.
    pub keep_alive: Duration,
    /// A link on which nothing came for so long is down.
    pub idle_timeout: Duration,
    /// How many links other nodes may have opened.
    pub max_inbound: usize,
    /// How many links one peer may have, whoever opened them. One more closes the oldest: a restarted peer is back
    /// before its old link is known to be dead.
    pub max_links_per_peer: usize,
    /// How many inbound handshakes may be under way.
    pub max_handshakes: usize,
    /// How many of them from one source: an IPv4 address or an IPv6 /64.
    pub max_handshakes_per_source: usize,
    /// From so many on, a source must first show that it receives what is sent to it (QUIC's Retry).
    pub retry_above: usize,
    /// How many bytes a peer may send on the stream before this node reads them.
    pub stream_window: u32,
    /// The same for the whole connection.
    pub connection_window: u32,
    /// How many bytes of the stream are kept until the peer confirms them.
    pub send_window: u32,
    /// Datagrams that wait to be sent on one link, in bytes. Few: behind them frames go over the stream instead.
    pub datagrams_out: usize,
    /// Datagrams that wait to be read on one link, in bytes. More push out the oldest.
    pub datagrams_in: usize,
}

impl Default for QuicConfig {
    fn default() -> Self {
        QuicConfig {
            max_frame: 64 << 10,
            queue_bytes: 8 << 20,
            stall_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(5),
            max_inbound: 128,
            max_links_per_peer: 2,
            max_handshakes: 128,
            max_handshakes_per_source: 32,
            retry_above: 32,
            stream_window: 2 << 20,
            connection_window: 2 << 20,
            send_window: 2 << 20,
            datagrams_out: 64 << 10,
            datagrams_in: 1 << 20,
        }
    }
}

/// A configuration that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}: {remedy}")]
pub struct ConfigError {
    /// The field.
    pub field: &'static str,
    /// What it is.
    pub value: String,
    /// What it may be.
    pub remedy: &'static str,
}

/// What goes out before the first confirmation, in bytes: a small block in one flight. Links are rarely busy long enough
/// for the window to grow, and their peers are known, so the customary 15 kB would cost each block several round trips.
const INITIAL_WINDOW: u64 = 256 << 10;

impl QuicConfig {
    /// The smallest [`QuicConfig::max_frame`]: what every QUIC path carries in one packet.
    pub const MIN_FRAME: u32 = 1200;
    /// The largest.
    pub const MAX_FRAME: u32 = 1 << 20;
    /// What keeping a frame in a queue costs besides its bytes, so that empty frames don't fill the memory.
    pub const FRAME_COST: usize = 64;

    /// Finds what can't work.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fail = |field, value: &dyn std::fmt::Debug, remedy| {
            Err(ConfigError { field, value: format!("{value:?}"), remedy })
        };
        if !(Self::MIN_FRAME..=Self::MAX_FRAME).contains(&self.max_frame) {
            return fail("max_frame", &self.max_frame, "take 1200 to 1048576 bytes");
        }
        if self.queue_bytes < self.max_frame as usize + Self::FRAME_COST {
            return fail("queue_bytes", &self.queue_bytes, "take at least the longest frame and 64 bytes");
        }
        if self.stream_window < self.max_frame || self.connection_window < self.max_frame {
            let smaller = self.stream_window.min(self.connection_window);
            return fail("stream_window or connection_window", &smaller, "take at least the longest frame");
        }
        if self.send_window < self.max_frame {
            return fail("send_window", &self.send_window, "take at least the longest frame");
        }
        if self.keep_alive.is_zero() || self.keep_alive * 2 > self.idle_timeout {
            return fail(
                "keep_alive",
                &self.keep_alive,
                "take more than zero and at most half the idle timeout",
            );
        }
        if IdleTimeout::try_from(self.idle_timeout).is_err() {
            return fail("idle_timeout", &self.idle_timeout, "take less than 2^62 milliseconds");
        }
        let least = [
            ("max_inbound", self.max_inbound),
            ("max_links_per_peer", self.max_links_per_peer),
            ("max_handshakes", self.max_handshakes),
            ("max_handshakes_per_source", self.max_handshakes_per_source),
        ];
        match least.into_iter().find(|(_, value)| *value == 0) {
            Some((field, value)) => fail(field, &value, "take at least 1"),
            None => Ok(()),
        }
    }

    /// What quinn is told. One stream each way carries all; no other can be opened.
    pub(crate) fn transport(&self) -> TransportConfig {
        let mut congestion = CubicConfig::default();
        congestion.initial_window(INITIAL_WINDOW);
        let mut transport = TransportConfig::default();
        transport
            .congestion_controller_factory(Arc::new(congestion))
            .max_concurrent_uni_streams(VarInt::from_u32(1))
            .max_concurrent_bidi_streams(VarInt::from_u32(0))
            .stream_receive_window(VarInt::from_u32(self.stream_window))
            .receive_window(VarInt::from_u32(self.connection_window))
            .send_window(u64::from(self.send_window))
            .datagram_send_buffer_size(self.datagrams_out)
            .datagram_receive_buffer_size(Some(self.datagrams_in))
            .keep_alive_interval(Some(self.keep_alive))
            .max_idle_timeout(IdleTimeout::try_from(self.idle_timeout).ok());
        transport
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_work_and_each_nonsense_is_named() {
        assert_eq!(QuicConfig::default().check(), Ok(()));
        let named = |change: &dyn Fn(&mut QuicConfig)| {
            let mut config = QuicConfig::default();
            change(&mut config);
            config.check().unwrap_err().field
        };
        assert_eq!(named(&|config| config.max_frame = 1199), "max_frame");
        assert_eq!(named(&|config| config.max_frame = u32::MAX), "max_frame");
        assert_eq!(named(&|config| config.queue_bytes = 64 << 10), "queue_bytes");
        assert_eq!(named(&|config| config.send_window = 1), "send_window");
        assert_eq!(named(&|config| config.stream_window = 1), "stream_window or connection_window");
        assert_eq!(named(&|config| config.keep_alive = Duration::from_secs(3)), "keep_alive");
        assert_eq!(named(&|config| config.idle_timeout = Duration::MAX), "idle_timeout");
        assert_eq!(named(&|config| config.max_inbound = 0), "max_inbound");
    }
}
