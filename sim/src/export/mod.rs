//! A run in the forms of other people's tools: each module is an onlooker that writes one of them while the run goes.
//!
//! What is written goes straight to its file; only OpenMetrics, whose order is by series and not by time, keeps numbers
//! in memory, and says how many. Nothing here runs anything: [`crate::run::look_on`] does.

#[cfg(feature = "turmoil")]
pub(crate) mod openmetrics;
pub(crate) mod pcapng;
pub(crate) mod perfetto;
mod protobuf;
pub(crate) mod shiviz;
#[cfg(test)]
mod tests;

use crate::run::{Onlooker, Outcome};
use bitcraps_types::Time;
use std::io::{self, Write};

/// An onlooker that writes.
pub(crate) trait Export: Onlooker {
    /// The run is over: writes what is left, and says in a few words what was written.
    ///
    /// # Errors
    /// The first thing that could not be written, now or earlier.
    fn finish(&mut self, outcome: &Outcome) -> io::Result<String>;
}

/// The stretch of a run that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Time,
    /// Not in it any more.
    pub(crate) to: Time,
}

impl Stretch {
    pub(crate) fn contains(&self, at: Time) -> bool {
        (self.from..self.to).contains(&at)
    }
}

/// Where an export goes. The first error is kept for the end: nobody can be told of it while a run goes.
struct Sink<W> {
    out: W,
    failed: Option<io::Error>,
    bytes: u64,
}

impl<W: Write> Sink<W> {
    fn new(out: W) -> Sink<W> {
        Sink { out, failed: None, bytes: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.bytes += bytes.len() as u64;
        self.failed = self.out.write_all(bytes).err();
    }

    fn finish(&mut self) -> io::Result<u64> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| self.bytes),
        }
    }
}
