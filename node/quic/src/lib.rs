//! The [`Links`](bitcraps_actors::ports::Links) port over QUIC.
//!
//! A link is one QUIC connection. Its TLS identities are the nodes' own Ed25519 keys (RFC 7250), so that an open link
//! has proved who is at the other end. A small frame travels as a datagram while there is room for one; whatever else
//! goes over one long-lived stream in each direction. Every queue is bounded, every refusal has a code, a counter and
//! an event.
//!
//! Nothing here knows the time, the network or a source of randomness but what its [`Environment`] gives it, so the
//! same links run under a daemon, on the testbed's own loop, and in another simulator. When to dial, when to give up
//! on a peer and what a frame means is left to the transport actor.
//!
//! ```text
//! QuicLinks ─ open ──▶ dial ──┐                     ┌─ writer ◀── queue ◀── send
//!           ─ listen ▶ accept ┴─ greeting ─▶ link ──┼─ stream reader ───▶ inbox
//!                      (doors)                      └─ datagram reader ─▶ inbox
//! ```

mod accept;
mod admission;
mod close;
mod config;
mod deframer;
mod dial;
mod doors;
mod environment;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod greeting;
mod identity;
mod link;
mod links;
mod observer;
mod queue;
mod timer;
mod tls;

pub use close::{CloseCode, DownReason};
pub use config::{ConfigError, QuicConfig};
pub use environment::{Environment, Resolve};
pub use failure::HandshakeFailure;
pub use identity::Identity;
pub use links::{BindError, QuicLinks};
pub use observer::{Counters, LinkSample, Observer, QuicEvent, Refused, Tally};
pub use tls::{ALPN, TlsError};
