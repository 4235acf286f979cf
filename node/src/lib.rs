//! The production node: the actors of `bitcraps-actors` in a world of real clocks, files and QUIC links.

pub mod address_book;
pub mod archive;
pub mod config;
pub mod genesis_file;
pub mod hex;
pub mod home;
pub mod keys;
pub mod logs;
pub mod sign_state;
pub mod world;
