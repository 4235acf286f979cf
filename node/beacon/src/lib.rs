//! Dice that nobody can bias.
//!
//! Bets close by being ordered in a block. Only when that block is final does a validator say its part of a threshold
//! signature over it; from the signature follow the dice. Before a block is final nobody can know its dice, because
//! validators of less than a third of the power can't make the signature. Once it is final nobody can change them,
//! because the signature is unique; and nobody can prevent them, because any two thirds can make it.
//!
//! Two schemes that are often used instead, and are broken: dice from the block's digest, which its proposer grinds; and
//! a threshold signature inside the votes, which a leader who equivocates sees before the round is over.
//!
//! Here are the cores: who holds which [`Shares`], the [`Collector`] of partial signatures, the [`bls`] scheme, and the
//! [`ceremony`] in which the validators of a new network make their key. The actor is in `bitcraps-actors`; how a
//! signature becomes dice, in `bitcraps-casino`.

pub mod bls;
pub mod ceremony;
mod collector;
mod shares;

pub use collector::{Collected, Collector, Partials, message};
pub use shares::{Shares, SharesError};
