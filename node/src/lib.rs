//! The production node: the actors of `bitcraps-actors` in a world of real clocks, files and QUIC links.

pub mod client;
pub mod gateway;
pub mod metrics;
pub mod view;

#[cfg(test)]
mod testing;
