//! A panic is a bug, and a node must not go on with an actor gone: the runtime catches the panic of a task, and nobody
//! would notice. So the process ends, with a log line and its own exit code. What is durable is whole; the service manager
//! starts it again.
//!
//! The threads of the gateway are spared: a bug in the answer to a client must not take a validator down. There the
//! client's connection ends.

/// The exit code after a panic.
pub const EXIT_CODE: i32 = 70;

/// From now on a panic on a thread of the node ends the process.
pub fn end_the_process() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        before(info);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        tracing::error!(thread = name, place, "panic");
        if name == "main" || name.starts_with("bitcraps-") {
            std::process::exit(EXIT_CODE);
        }
    }));
}
