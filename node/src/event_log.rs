//! The file of a node's events, for a judge outside its process. What is in it is
//! [`bitcraps_actors::event_log`]'s business.
//!
//! Each event is one write to the system, before what it tells of leaves the node: a process that is killed has logged
//! every vote that it sent.

use bitcraps_actors::event_log::Logged;
use bitcraps_actors::ports::Event;
use bitcraps_types::WallTime;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The open file.
pub struct EventLog {
    file: File,
    failed: AtomicBool,
}

impl EventLog {
    /// Creates the file; an older one is replaced.
    pub fn create(path: &Path) -> io::Result<EventLog> {
        Ok(EventLog { file: File::create(path)?, failed: AtomicBool::new(false) })
    }

    /// Adds an event. After an error nothing more is written, so that what a reader sees has no gap.
    pub(crate) fn write(&self, event: &Event<'_>, at: WallTime) {
        let Some(logged) = Logged::of(event) else { return };
        if self.failed.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = (&self.file).write_all(&logged.record(at)) {
            self.failed.store(true, Ordering::Relaxed);
            tracing::error!(%error, "the event log ends here");
        }
    }
}
