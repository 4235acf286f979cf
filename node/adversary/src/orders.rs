//! What a testbed says to a daemon that misbehaves for it, and what it hears: borsh in datagrams on Unix sockets.
//!
//! The daemon takes each [`Order`] on its own socket. Whenever its counts have grown, it sends [`Done`] to the last who
//! ordered. Those that lie together send each other [`Order::Told`].

use crate::machine::DiskOp;
use crate::puppet::{Lie, Said};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// No order or count is longer, in bytes.
pub const MAX_BYTES: usize = 64 << 10;

/// What is to be done from now on.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Order {
    /// Lie on behalf of this fault.
    Lie {
        /// Its name.
        fault: String,
        /// What to do.
        lie: Lie,
        /// The chance that a message is lied in.
        chance: f64,
        /// The sockets of the other daemons that lie on behalf of it.
        accomplices: Vec<String>,
    },
    /// Lie no more on behalf of this fault.
    Stop {
        /// Its name.
        fault: String,
    },
    /// An accomplice has said this.
    Told {
        /// On behalf of this fault.
        fault: String,
        /// What.
        said: Said,
    },
    /// How far the wall clock is off, in nanoseconds.
    Skew(i64),
    /// Moves the wall clock, once, in nanoseconds.
    Jump(i64),
    /// How much too fast the clocks run, in parts per million.
    Drift(i32),
    /// The chance that an operation of the disk fails.
    DiskErrors(DiskOp, f64),
    /// How many bytes more the disk takes; `None` is no limit.
    DiskRoom(Option<u64>),
    /// How long operations of the disk wait, in nanoseconds: each draws one of these. Of none: not at all.
    DiskWaits(Vec<u64>),
}

/// What was done since the process started. Counts only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Done {
    /// By fault: messages in which was lied on its behalf, each recipient counted.
    pub lies: BTreeMap<String, u64>,
    /// Readings of the wall clock while it was skewed.
    pub skewed: u64,
    /// Readings of clocks, and alarms, while they drifted.
    pub drifted: u64,
    /// Operations of the disk that failed by a fault.
    pub disk_errors: u64,
    /// Those that were refused because the disk was full.
    pub disk_full: u64,
    /// Those that waited.
    pub disk_slowed: u64,
}

impl Done {
    /// Adds what another process did.
    pub fn add(&mut self, other: &Done) {
        for (fault, count) in &other.lies {
            *self.lies.entry(fault.clone()).or_default() += count;
        }
        self.skewed += other.skewed;
        self.drifted += other.drifted;
        self.disk_errors += other.disk_errors;
        self.disk_full += other.disk_full;
        self.disk_slowed += other.disk_slowed;
    }
}
