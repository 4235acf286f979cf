//! Writes whose failure stops the node. After a failed write nothing is known of what is durable, so there is nothing
//! to go on from.

use crate::ports::{DiskError, Done, Ports};

/// Stops the node.
pub(crate) fn halt(ports: &Ports, file: &str, error: &DiskError) {
    (ports.halt)(&format!("the file `{file}`: {error}"));
}

/// What to call when a write is done that nobody waits for.
pub(crate) fn or_halt(ports: &Ports, file: &'static str) -> Done<()> {
    let ports = ports.clone();
    Box::new(move |outcome| {
        if let Err(error) = outcome {
            halt(&ports, file, &error);
        }
    })
}
