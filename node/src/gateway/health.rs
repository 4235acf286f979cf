//! How the node is: alive, ready, or on its way out. Written by the node, read by the admin listener.

use super::service::Service;
use bitcraps_consensus::ValidatorSet;
use bitcraps_types::{PublicKey, Time};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// The process's monotonic clock, readable on any thread.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// See the module. Cheap to share.
pub struct Health {
    clock: Clock,
    ticked: AtomicU64,
    restored: AtomicBool,
    disk_failed: AtomicBool,
    draining: watch::Sender<bool>,
}

/// One of the things that a node must be to be ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// Which.
    pub(super) name: &'static str,
    /// Whether it is.
    pub(super) ok: bool,
    /// In words.
    pub(super) detail: String,
}

impl Health {
    /// A node whose loop has not ticked for so long is not alive.
    pub const SILENCE: Duration = Duration::from_secs(5);

    /// Of a node that starts now.
    pub fn new(clock: Clock) -> Health {
        let ticked = AtomicU64::new(clock().0);
        let no = || AtomicBool::new(false);
        Health { clock, ticked, restored: no(), disk_failed: no(), draining: watch::Sender::new(false) }
    }

    /// The node's loop came round.
    pub fn tick(&self) {
        self.ticked.store((self.clock)().0, Ordering::Relaxed);
    }

    /// The node has its state; until then its loop may be silent, since it applies blocks again for as long as it takes.
    pub fn restored(&self) {
        self.tick();
        self.restored.store(true, Ordering::Relaxed);
    }

    /// Whether it came so far.
    pub fn has_restored(&self) -> bool {
        self.restored.load(Ordering::Relaxed)
    }

    /// A disk operation failed; the node is about to stop.
    pub fn disk_failed(&self) {
        self.disk_failed.store(true, Ordering::Relaxed);
    }

    /// The node is stopping: no new commands, and balancers should send clients elsewhere.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Whether it is.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Is done when it is.
    pub(super) fn draining(&self) -> impl Future<Output = ()> + use<> {
        let mut draining = self.draining.subscribe();
        async move { _ = draining.wait_for(|it_is| *it_is).await }
    }

    /// How long ago the node's loop came round.
    pub fn silence(&self) -> Duration {
        (self.clock)().since(Time(self.ticked.load(Ordering::Relaxed)))
    }

    /// Whether the node's loop runs. A node that restores its state counts as alive: who ended it for its silence would
    /// have it begin anew, and never come further.
    pub fn is_alive(&self) -> bool {
        !self.restored.load(Ordering::Relaxed) || self.silence() < Self::SILENCE
    }

    /// The time on the process's clock.
    pub fn now(&self) -> Time {
        (self.clock)()
    }
}

/// All that a node must be to be ready.
pub(super) fn checks(service: &Service) -> Vec<Check> {
    let (view, health) = (&service.view, &service.health);
    let network = view.network();
    let check = |name, ok, detail: String| Check { name, ok, detail };
    let height = view.head().map_or(0, |head| head.height);
    let (power, total) =
        connected_power(service.me, &service.validators(), |key| network.peers.contains(key));
    let synced = match network.behind {
        _ if !network.started => (false, "restoring the state".to_owned()),
        Some(to) => (false, format!("at height {height}, catching up with {to}")),
        None => (true, format!("at height {height}")),
    };
    let quorum = service.validators().is_quorum(power);
    let disk = !health.disk_failed.load(Ordering::Relaxed);
    let alive = health.is_alive();
    vec![
        check("loop", alive, format!("ticked {} ms ago", health.silence().as_millis())),
        check("synced", synced.0, synced.1),
        check("quorum", quorum, format!("{power} of {total} voting power within reach")),
        check("disk", disk, if disk { "no write failed" } else { "a write failed" }.to_owned()),
        check(
            "accepting",
            !health.is_draining(),
            if health.is_draining() { "stopping" } else { "not stopping" }.to_owned(),
        ),
    ]
}

/// The voting power that is here or connected, of all.
fn connected_power(
    me: PublicKey,
    validators: &ValidatorSet,
    connected: impl Fn(&PublicKey) -> bool,
) -> (u64, u64) {
    let here = validators.iter().filter(|(_, validator)| validator.key == me || connected(&validator.key));
    (here.map(|(_, validator)| validator.power).sum(), validators.total_power())
}
