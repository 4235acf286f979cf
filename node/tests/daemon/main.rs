//! The daemon from outside: its command line, and real processes on loopback.

mod cli;
mod crash_cycles;
mod network;
#[cfg(not(feature = "byzantine"))]
mod production;
mod support;
