//! Which consensus protocol a network runs.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// A consensus protocol. The engines are in `bitcraps-consensus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Protocol {
    /// Castro, Liskov: *Practical Byzantine Fault Tolerance* (OSDI 1999).
    Pbft,
    /// Buchman, Kwon, Milosevic: *The latest gossip on BFT consensus* (arXiv:1807.04938).
    Tendermint,
    /// HotStuff with two chains: Gelashvili et al., *Jolteon and Ditto* (arXiv:2106.10362).
    HotStuff,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 3] = [Protocol::Pbft, Protocol::Tendermint, Protocol::HotStuff];

    /// The name in scenarios and in the genesis.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Pbft => "pbft",
            Protocol::Tendermint => "tendermint",
            Protocol::HotStuff => "hotstuff",
        }
    }

    /// The protocol of this name.
    pub fn named(name: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|protocol| protocol.name() == name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
