//! Search over the consensus engines' cores, without actors: a run takes about a millisecond.
//!
//! A [`Schedule`] is everything that varies between two runs, as data; [`run`] is a pure function of it, and its
//! [`Outcome`] says which properties did not hold. On these two stand the strategies: [`twins`] enumerates partitions
//! with duplicated validators, [`byzzfuzz`] draws small changes of Byzantine messages, [`explore`] goes through all
//! interleavings up to a depth, and [`shrink`] makes a failing schedule small. What they search in is an engine with
//! its host's duties and nothing more; whole nodes with links, disks and clocks are the lab's.

pub mod byzzfuzz;
pub mod contradictions;
mod ddmin;
mod exhibit;
pub mod explore;
mod judge;
mod mutation;
mod name;
mod network;
mod packet;
mod panics;
mod plan;
mod replay;
mod replica;
mod run;
mod schedule;
mod scheme;
pub mod shrink;
#[cfg(test)]
mod tests;
pub mod twins;

pub use ddmin::ddmin;
pub use judge::{Property, Violation};
pub use name::{Moment, Name, Partition};
pub use network::Impact;
pub use replay::Action;
pub use run::{Outcome, run, run_recorded};
pub use schedule::{Change, Crash, Mutation, RoundPlan, Schedule, Split};
pub use scheme::HOP;
