//! The other ports of a whole node: tokio's clock, files in memory, seeded streams, a log of what was decided.

use bitcraps_actors::ports::{
    Alarm, Clock, Compute, DiceKeys, Disk, DiskError, Done, Entropy, Event, Links, Ports, Probe,
};
use bitcraps_beacon::Shares;
use bitcraps_casino::Committee;
use bitcraps_types::ed25519::{Ed25519, Ed25519Verifier};
use bitcraps_types::{Digest, Height, ThresholdKey, Time, WallTime};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::Instant;

/// What one node decided and applied, by height: the block's digest and the state root after it.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) decided: BTreeMap<Height, Digest>,
    pub(crate) roots: BTreeMap<Height, Digest>,
}

/// The ports of a node of that seed over those links.
pub(crate) fn ports(
    seed: [u8; 32],
    dice: Rc<dyn ThresholdKey>,
    links: Rc<dyn Links>,
    log: Rc<RefCell<Log>>,
) -> Ports {
    Ports {
        clock: Rc::new(TokioClock { start: Instant::now() }),
        entropy: Rc::new(Streams(seed)),
        links,
        disk: Rc::new(Memory::default()),
        compute: Rc::new(Inline),
        signer: Rc::new(Ed25519::from_seed(seed)),
        verifier: Rc::new(Ed25519Verifier),
        dice: Rc::new(OneKey(dice)),
        probe: Rc::new(Recorder(log)),
        halt: Rc::new(|why| panic!("a node stopped: {why}")),
        adversary: None,
    }
}

/// That of the one committee that there is.
struct OneKey(Rc<dyn ThresholdKey>);

impl DiceKeys for OneKey {
    fn key(&self, _: &Committee, _: &Shares) -> Option<Rc<dyn ThresholdKey>> {
        Some(self.0.clone())
    }
}

struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    fn now(&self) -> Time {
        Time::ZERO + self.start.elapsed()
    }

    fn wall(&self) -> WallTime {
        WallTime(1_700_000_000_000_000_000 + self.now().0)
    }

    fn alarm(&self, ring: Box<dyn Fn()>) -> Box<dyn Alarm> {
        Box::new(TokioAlarm { start: self.start, ring: ring.into(), waiting: RefCell::default() })
    }
}

struct TokioAlarm {
    start: Instant,
    ring: Rc<dyn Fn()>,
    waiting: RefCell<Option<JoinHandle<()>>>,
}

impl Alarm for TokioAlarm {
    fn set(&self, at: Option<Time>) {
        let waiting = at.map(|at| {
            let (ring, at) = (self.ring.clone(), self.start + Duration::from_nanos(at.0));
            spawn_local(async move {
                tokio::time::sleep_until(at).await;
                ring();
            })
        });
        if let Some(before) = self.waiting.replace(waiting) {
            before.abort();
        }
    }
}

impl Drop for TokioAlarm {
    fn drop(&mut self) {
        self.set(None);
    }
}

struct Streams([u8; 32]);

impl Entropy for Streams {
    fn stream(&self, actor: &str, purpose: &str) -> ChaCha8Rng {
        let name = [&self.0[..], actor.as_bytes(), b"/", purpose.as_bytes()].concat();
        ChaCha8Rng::from_seed(Digest::of("test", &name).0)
    }
}

#[derive(Default)]
struct Memory(RefCell<BTreeMap<String, Vec<u8>>>);

fn soon(then: impl FnOnce() + 'static) {
    spawn_local(async { then() });
}

impl Disk for Memory {
    fn append(&self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.0.borrow_mut().entry(file.into()).or_default().extend(bytes);
        Ok(())
    }

    fn sync(&self, _: &str, done: Done<()>) {
        soon(move || done(Ok(())));
    }

    fn read(&self, file: &str, done: Done<Vec<u8>>) {
        let bytes = self.0.borrow().get(file).cloned().unwrap_or_default();
        soon(move || done(Ok(bytes)));
    }

    fn replace(&self, file: &str, bytes: Vec<u8>, done: Done<()>) {
        self.0.borrow_mut().insert(file.into(), bytes);
        soon(move || done(Ok(())));
    }
}

struct Inline;

impl Compute for Inline {
    fn run(&self, _: Duration, then: Box<dyn FnOnce()>) {
        soon(then);
    }

    fn verify_cost(&self) -> Duration {
        Duration::ZERO
    }
}

struct Recorder(Rc<RefCell<Log>>);

impl Probe for Recorder {
    fn event(&self, event: Event<'_>) {
        let mut log = self.0.borrow_mut();
        match event {
            Event::Decided { height, value, .. } => drop(log.decided.insert(height, value.digest())),
            Event::Applied { height, root, .. } => drop(log.roots.insert(height, root)),
            _ => {}
        }
    }
}
