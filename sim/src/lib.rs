//! The testbed: scenarios in, verdicts out.
//!
//! ```text
//! scenario ──▶ run ──▶ lab (nodes, links, disks, clocks) ──▶ oracle ──▶ verdict, report
//!                └──▶ faults, adversary ──────┘
//! ```
//!
//! [`scenario`] reads the file. [`run`] builds the network, carries out the faults and gathers the record. [`lab`] is
//! the deterministic world in which the actors run unchanged, `wire` the same with real QUIC. [`adversary`] makes validators lie. [`oracle`] judges,
//! independently of the code that it judges. [`scheme`] gives signatures. [`cli`] is what is typed.

pub mod adversary;
pub mod cli;
pub mod conformance;
pub mod lab;
pub mod oracle;
pub mod run;
pub mod scenario;
pub mod scheme;
mod wire;
