//! Standard output. A reader that has seen enough (`| head -1`) is nothing to talk about; a full disk is told once and
//! becomes the exit code.

use super::exit;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a line.
pub(super) fn say(line: impl Display) {
    say_all(format_args!("{line}\n"));
}

/// Prints a text that brings its own ends of lines.
pub(super) fn say_all(text: impl Display) {
    if LOST.load(Ordering::Relaxed) {
        return;
    }
    let mut out = io::stdout().lock();
    check(write!(out, "{text}").and_then(|()| out.flush()));
}

/// Takes note of whether something printed arrived.
pub(super) fn check(printed: io::Result<()>) {
    let Err(error) = printed else { return };
    if error.kind() != io::ErrorKind::BrokenPipe && !LOST.swap(true, Ordering::Relaxed) {
        eprintln!("error: standard output: {error}");
    }
}

/// The exit code of a command that ended with `code`, if what it printed arrived.
pub(super) fn code_after(code: u8) -> u8 {
    if code == exit::PASS && LOST.load(Ordering::Relaxed) { exit::IO } else { code }
}
