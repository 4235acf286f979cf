//! What makes a node misbehave, and the machine under it fail: lies ([`puppet`]), wrong clocks and broken disks
//! ([`machine`]).
//!
//! It is used in two places. The testbed's simulated worlds use the parts as they are. A daemon that is built with the
//! feature `byzantine` has all of them behind its ports, in a [`Saboteur`], and does with them what a testbed in another
//! process orders ([`orders`]). A production build has nothing of this.

pub mod machine;
pub mod orders;
pub mod puppet;
mod saboteur;

pub use saboteur::{Line, Saboteur};
