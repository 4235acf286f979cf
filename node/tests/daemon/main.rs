//! The daemon from outside: its command line, and real processes on loopback.

mod cli;
mod crash_cycles;
mod network;
mod support;
