//! `run`: the daemon. It starts the node and then waits for signals: TERM and INT stop it in order (the second one at
//! once), HUP takes what may change in the configuration.

use super::{Context, Failure, code};
use crate::config::{Config, SETTINGS};
use crate::logs::{self, Reload};
use crate::node::{Cause, Ended, Launch, Node};
use crate::panics;
use bitcraps_actors::ports::Clock;
use bitcraps_types::{Height, Time};
use clap::Args;
use rustix::process::{self, Pid, getppid, set_parent_process_death_signal};
use sd_notify::NotifyState;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often the daemon looks after itself.
const ROUND: Duration = Duration::from_secs(1);
/// How often the address book is written, if it changed.
const SAVE: Duration = Duration::from_secs(30);

/// `run`.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// Sign nothing at this height or below. For a key whose sign-state is lost, or a machine that was rolled back.
    #[arg(long, value_name = "HEIGHT")]
    sign_above: Option<Height>,
    /// Write every event of the node to this file, for a judge outside (the testbed's cluster world). It is not cut.
    #[arg(long, value_name = "FILE")]
    event_log: Option<PathBuf>,
    /// End, as if killed, when the process of this number ends, which must be the one that started this one: so a testbed
    /// that is killed leaves no node behind.
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    ends_with: Option<i32>,
    /// Take orders to misbehave on this Unix socket, from a testbed.
    #[cfg(feature = "byzantine")]
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Stop,
    Reload,
}

impl Run {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        // While an editor replaces the file there may be none, and a reload at that moment would take the defaults:
        // nobody denied.
        let context = &context.with_its_file();
        let config = context.config()?;
        if let Some(parent) = self.ends_with {
            end_with(parent)?;
        }
        let internal = |why: String| Failure::new(code::INTERNAL, why);
        let reload = logs::start(&config.log_level, &config.log_format).map_err(internal)?;
        panics::end_the_process();
        let signals = listen().map_err(|error| internal(format!("can't listen for signals: {error}")))?;
        let launch = Launch {
            sign_above: self.sign_above,
            event_log: self.event_log,
            #[cfg(feature = "byzantine")]
            control: self.control,
        };
        let node = Node::start(&context.home, &config, &launch)?;
        tracing::info!(
            version = crate::node::VERSION,
            home = %context.home.root().display(),
            p2p = %node.address,
            gateway = node.gateway_address().map(tracing::field::display),
            admin = node.admin_address().map(tracing::field::display),
            "the node runs"
        );
        notify(NotifyState::Ready);
        let outcome = serve(context, config, &node, &signals, &reload);
        notify(NotifyState::Stopping);
        tracing::info!("stopping");
        match (node.stop(), outcome) {
            (Ended::Halted { why, cause }, _) => {
                let code = match cause {
                    Cause::Disk => code::IO,
                    Cause::Files => code::DATA,
                    Cause::Bug => code::INTERNAL,
                };
                Err(Failure::new(code, why))
            }
            (Ended::Stopped, outcome) => {
                tracing::info!("stopped");
                outcome
            }
        }
    }
}

/// Has the system kill this process when the one that started it ends.
fn end_with(parent: i32) -> Result<(), Failure> {
    set_parent_process_death_signal(Some(process::Signal::KILL))
        .map_err(|error| Failure::new(code::INTERNAL, format!("the parent can't be watched: {error}")))?;
    // It may have ended before it was watched.
    if getppid().map(Pid::as_raw_pid) != Some(parent) {
        return Err(Failure::new(code::USAGE, format!("--ends-with {parent} did not start this process")));
    }
    Ok(())
}

/// Until the node is to stop, or has stopped.
fn serve(
    context: &Context,
    mut config: Config,
    node: &Node,
    signals: &Receiver<Signal>,
    reload: &Reload,
) -> Result<(), Failure> {
    let peers = config.p2p.peers.clone();
    let mut saved = Time::ZERO;
    loop {
        match signals.recv_timeout(ROUND) {
            Ok(Signal::Stop) => return Ok(()),
            Ok(Signal::Reload) => {
                config = reloaded(context, config, reload);
                node.deny(config.p2p.denied(&peers));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(code::INTERNAL, "the thread that listens for signals died"));
            }
        }
        if node.has_ended() {
            return Ok(());
        }
        if node.health.is_alive() {
            notify(NotifyState::Watchdog);
        }
        let now = node.clock.now();
        if now.since(saved) >= SAVE {
            saved = now;
            if let Err(error) = node.book.save(node.clock.wall()) {
                tracing::warn!(%error, "the address book can't be written");
            }
        }
    }
}

/// Takes what may change while the node runs, and says what may not.
fn reloaded(context: &Context, old: Config, reload: &Reload) -> Config {
    let new = match context.config() {
        Ok(new) => new,
        Err(failure) => {
            tracing::error!(why = failure.message, "the configuration is wrong: the one before stays");
            return old;
        }
    };
    let changed =
        SETTINGS.iter().filter(|setting| old.resolved.get(setting.key).0 != new.resolved.get(setting.key).0);
    tracing::info!("the configuration was read again");
    for setting in changed {
        if setting.reloads {
            tracing::info!(setting = setting.key, "reloaded");
        } else {
            tracing::warn!(setting = setting.key, "changed, but not reloaded: it needs a restart");
        }
    }
    if let Err(why) = reload.set(&new.log_level) {
        tracing::error!(why, "the log filter stays");
    }
    new
}

/// Tells the service manager, if there is one.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the service manager can't be told");
    }
}

/// Listens for signals on a thread of its own. The second one that stops ends the process at once.
fn listen() -> io::Result<Receiver<Signal>> {
    let (tell, told) = channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut kinds = Vec::new();
    {
        let _inside = runtime.enter();
        for (kind, means) in [
            (SignalKind::terminate(), Signal::Stop),
            (SignalKind::interrupt(), Signal::Stop),
            (SignalKind::hangup(), Signal::Reload),
        ] {
            kinds.push((signal(kind)?, means));
        }
    }
    std::thread::Builder::new().name("bitcraps-signals".into()).spawn(move || {
        let local = tokio::task::LocalSet::new();
        let stops = std::rc::Rc::new(std::cell::Cell::new(0));
        for (mut listener, means) in kinds {
            let (tell, stops): (Sender<Signal>, _) = (tell.clone(), stops.clone());
            local.spawn_local(async move {
                while listener.recv().await.is_some() {
                    if means == Signal::Stop && stops.replace(stops.get() + 1) > 0 {
                        tracing::warn!("the second signal: ending at once");
                        std::process::exit(i32::from(code::NO));
                    }
                    // The daemon is on its way out.
                    let _ = tell.send(means);
                }
            });
        }
        drop(tell);
        runtime.block_on(local);
    })?;
    Ok(told)
}
