//! The daemon from outside: its command line, and real processes on loopback.

mod cli;
mod network;
mod support;
