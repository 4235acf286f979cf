//! Frames: what goes over a link, whatever the link.
//!
//! A payload becomes one frame or several ([`Framer`]); frames may be lost, repeated, reordered or damaged; what
//! arrives whole becomes the payload again, once ([`Assembler`]). A payload for a peer who is away waits, within
//! bounds ([`Outbox`]). Who the peer is and what the payload means is left to others.

mod assembler;
mod frame;
mod framer;
mod outbox;

pub use assembler::{Assembler, FrameError};
pub use frame::{HEADER_BYTES, MAX_MESSAGE, MIN_MTU, fragment};
pub use framer::Framer;
pub use outbox::Outbox;
