//! Tests of the lab, with small actors over the ports.

mod actors;
mod determinism;
mod faults;
mod processes;
mod storage;

use super::*;
use actors::{Chatter, Journal, Log};

/// Milliseconds of virtual time.
fn ms(milliseconds: u64) -> Time {
    Time(milliseconds * 1_000_000)
}

/// A lab of chatters with these links, and what they saw.
fn chatter_lab(nodes: NodeIndex, links: impl Fn(NodeIndex, NodeIndex) -> LinkModel + 'static) -> (Lab, Log) {
    let log = Log::default();
    let seen = log.clone();
    let boot: Boot = Box::new(move |node, incarnation, ports| {
        vec![Box::new(Chatter::start_at(node, incarnation, ports, seen.clone())) as Box<dyn Any>]
    });
    let mut config = LabConfig::new(1, nodes, boot);
    config.links = Box::new(links);
    config.livelock_limit = 50_000;
    (Lab::new(config), log)
}

/// A lab of one journal-keeping node.
fn journal_lab(seed: u64) -> (Lab, Log) {
    let log = Log::default();
    let seen = log.clone();
    let boot: Boot = Box::new(move |_, incarnation, ports| {
        vec![Box::new(Journal::start_with(incarnation, ports, seen.clone())) as Box<dyn Any>]
    });
    (Lab::new(LabConfig::new(seed, 1, boot)), log)
}
