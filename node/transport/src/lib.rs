//! Frames: what goes over a link, whatever the link.
//!
//! A payload becomes one frame or several ([`Framer`]); frames may be lost, repeated, reordered or damaged; what
//! arrives whole becomes the payload again, once ([`Assembler`]). Of a payload in several frames, those that were lost
//! are asked for again; a payload in one frame is not missed. A payload for a peer who is away waits, within
//! bounds ([`Outbox`]). Who the peer is and what the payload means is left to others.

mod assembler;
mod frame;
mod framer;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod outbox;

pub use assembler::{Arrived, Assembler, FrameError};
pub use frame::{HEADER_BYTES, MAX_MESSAGE, MIN_MTU, Missing, fragment};
pub use framer::Framer;
pub use outbox::Outbox;
