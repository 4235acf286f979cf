//! Reading a daemon's event log while it grows.

use bitcraps_actors::event_log::Logged;
use bitcraps_types::{Time, WallTime};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// An event of a node, at the run's time.
pub(super) struct Told {
    pub(super) at: Time,
    pub(super) node: u16,
    pub(super) event: Logged,
}

/// One log.
pub(super) struct Reader {
    path: PathBuf,
    file: Option<File>,
    unread: Vec<u8>,
}

impl Reader {
    /// The file need not exist yet.
    pub(super) fn new(path: PathBuf) -> Reader {
        Reader { path, file: None, unread: Vec::new() }
    }

    /// What was added since the last call.
    ///
    /// # Panics
    /// If it is no event log: then this testbed and the daemon are of different versions.
    pub(super) fn read(&mut self) -> Vec<(WallTime, Logged)> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        if let Some(file) = &mut self.file {
            file.read_to_end(&mut self.unread).expect("a file that was opened can be read");
        }
        let mut events = Vec::new();
        let mut rest = &self.unread[..];
        while let Some(event) = Logged::take(&mut rest).unwrap_or_else(|error| {
            panic!("{}: {error}: are the testbed and the daemon of one version?", self.path.display())
        }) {
            events.push(event);
        }
        let read = self.unread.len() - rest.len();
        self.unread.drain(..read);
        events
    }
}
