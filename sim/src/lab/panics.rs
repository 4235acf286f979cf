//! Panics in actors. tokio's LocalSet swallows them and the actor is silently gone, so a hook notes each one that
//! happens while a world polls on this thread; the run then ends with a finding.
//!
//! The hook is installed once per process. Outside a lab's poll it calls the hook that was there before.

use std::cell::{Cell, RefCell};
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

thread_local! {
    static POLLING: Cell<bool> = const { Cell::new(false) };
    static NOTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs the hook, the first time it is called in this process.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| if POLLING.get() { note(info) } else { before(info) }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    let place =
        info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    NOTED.with_borrow_mut(|noted| {
        noted.get_or_insert(message + &place);
    });
}

/// Runs `poll`, silencing panics that are caught inside it.
pub(crate) fn watch<T>(poll: impl FnOnce() -> T) -> T {
    /// Ends the watch even if `poll` itself unwinds.
    struct Watch(bool);
    impl Drop for Watch {
        fn drop(&mut self) {
            POLLING.set(self.0);
        }
    }
    let _watch = Watch(POLLING.replace(true));
    poll()
}

/// The first panic since the last call, as message and place.
pub(crate) fn take() -> Option<String> {
    NOTED.with_borrow_mut(Option::take)
}
