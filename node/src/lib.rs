//! The production node: the actors of `bitcraps-actors` in a world of real clocks, files and QUIC links.

pub mod address_book;
pub mod archive;
pub mod backup;
#[cfg(feature = "byzantine")]
mod byzantine;
pub mod cli;
pub mod client;
pub mod config;
pub mod dice;
pub mod event_log;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod gateway;
pub mod genesis_file;
pub mod hex;
pub mod home;
pub mod keys;
pub mod logs;
pub mod metrics;
pub mod node;
pub mod open_files;
pub mod panics;
pub mod rules;
pub mod sign_state;
pub mod view;
pub mod world;

#[cfg(any(test, feature = "fuzzing"))]
mod testing;
