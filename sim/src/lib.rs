//! The testbed: scenarios in, verdicts out.
//!
//! ```text
//! scenario ──▶ run ──▶ lab (nodes, links, disks, clocks) ──▶ oracle ──▶ verdict, report
//!                └──▶ faults, liars ──────────┘
//! ```
//!
//! [`scenario`] reads the file. [`run`] builds the network, carries out the faults and gathers the record. [`lab`] is
//! the deterministic world in which the actors run unchanged, `wire` the same with real QUIC, `turmoil` a second opinion.
//! What makes validators lie is `bitcraps-adversary`, which a live daemon can have inside too. [`oracle`] judges,
//! independently of the code that it judges. [`hunt`] looks for the scenario that breaks it. `dice` measures what attackers get of
//! the dice. [`scheme`] gives signatures. `export` writes runs for other
//! people's tools. [`cli`] is what is typed.

pub mod cli;
pub mod conformance;
mod dice;
mod export;
pub mod hunt;
pub mod lab;
pub mod oracle;
pub mod run;
pub mod scenario;
pub mod schedules;
pub mod scheme;
#[cfg(feature = "turmoil")]
mod turmoil;
mod wire;
