//! The scheduler under small actors: what it shuffles, what it shows of libc, and what it does to a node.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "some actors here do what none may")]

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use bitcraps_actors::ports::Alarm;
use bitcraps_madsim::lend;
use bitcraps_sim::lab::{DiskFate, Finding, Lab, LabConfig, NodeIndex, Schedule, TraceSummary, WorldPorts};
use bitcraps_types::Time;
use std::any::Any;
use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

const FILE: &str = "words";
const TICK: Duration = Duration::from_millis(10);

/// Writes a word to its node's disk at every tick.
struct Writer {
    ports: WorldPorts,
    word: Rc<dyn Fn() -> Vec<u8>>,
    alarm: Option<Box<dyn Alarm>>,
}

thread_local! {
    /// How many writers there are.
    static WRITERS: Cell<usize> = const { Cell::new(0) };
}

impl Drop for Writer {
    fn drop(&mut self) {
        WRITERS.set(WRITERS.get() - 1);
    }
}

struct Tick;

impl Message for Tick {
    type Result = ();
}

impl Actor for Writer {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let me = context.address();
        self.alarm = Some(self.ports.clock.alarm(Box::new(move || me.do_send(Tick))));
        self.set_alarm();
    }
}

impl Writer {
    fn start_with(ports: WorldPorts, word: Rc<dyn Fn() -> Vec<u8>>) -> Addr<Writer> {
        WRITERS.set(WRITERS.get() + 1);
        Writer { ports, word, alarm: None }.start()
    }

    fn set_alarm(&self) {
        let tick = u64::try_from(TICK.as_nanos()).unwrap();
        let next = (self.ports.clock.now().0 / tick + 1) * tick;
        self.alarm.iter().for_each(|alarm| alarm.set(Some(Time(next))));
    }
}

impl Handler<Tick> for Writer {
    type Result = ();

    fn handle(&mut self, _: Tick, _: &mut Self::Context) {
        let word = (self.word)();
        self.ports.disk.append(FILE, &word).expect("nothing is wrong with the disk");
        self.set_alarm();
    }
}

/// Does `work` with a lab of two nodes, on which `count` writers each write what `word` gives for the writer.
fn with_lab<T: Send>(
    (seed, unseen): (u64, u64),
    count: u8,
    word: impl Fn(u8) -> Vec<u8> + Send + Sync + Copy + 'static,
    work: impl FnOnce(&mut Lab) -> T + Send,
) -> T {
    let run = || {
        let boot = move |_: NodeIndex, _: u32, ports: WorldPorts| -> Vec<Box<dyn Any>> {
            let writer = |number| Writer::start_with(ports.clone(), Rc::new(move || word(number)));
            (0..count).map(|number| Box::new(writer(number)) as Box<dyn Any>).collect()
        };
        let mut config = LabConfig::new(seed, 2, Box::new(boot));
        config.scheduler = Some(lend(Schedule { seed, unseen, nodes: 2 }));
        let mut lab = Lab::new(config);
        lab.start(0);
        lab.start(1);
        let result = work(&mut lab);
        drop(lab);
        assert_eq!(WRITERS.get(), 0, "nothing outlives its lab");
        result
    };
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap()
}

fn at(milliseconds: u64) -> Time {
    Time(milliseconds * 1_000_000)
}

fn trace(seeds: (u64, u64), word: impl Fn(u8) -> Vec<u8> + Send + Sync + Copy + 'static) -> TraceSummary {
    with_lab(seeds, 3, word, |lab| {
        lab.run_until(at(500)).unwrap();
        lab.trace_summary()
    })
}

/// Whether the two runs of a pair differ.
fn is_caught(word: impl Fn(u8) -> Vec<u8> + Send + Sync + Copy + 'static) -> bool {
    let pair = [trace((7, 0), word), trace((7, 1), word)];
    assert_eq!(trace((7, 0), word), pair[0], "what libc says is the seed's, so that a finding comes again");
    pair[0].first_difference(&pair[1]).is_some()
}

#[test]
fn the_runs_of_a_pair_are_the_same_where_nobody_asks_libc() {
    assert!(!is_caught(|writer| vec![writer]));
    assert_ne!(trace((7, 0), |writer| vec![writer]), trace((8, 0), |writer| vec![writer]));
}

#[test]
fn an_actor_that_asks_for_the_date_is_caught() {
    assert!(is_caught(|_| {
        let date = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        date.as_secs().to_le_bytes().to_vec()
    }));
}

#[test]
fn an_actor_that_measures_time_is_caught() {
    thread_local! {
        static BEGAN: Instant = Instant::now();
    }
    assert!(is_caught(|_| BEGAN.with(|began| vec![u8::from(began.elapsed() > 20 * TICK)])));
}

#[test]
fn an_actor_that_goes_by_the_order_of_a_hash_map_is_caught() {
    assert!(is_caught(|_| (0..20).map(|key| (key, ())).collect::<HashMap<u8, ()>>().into_keys().collect()));
    assert!(is_caught(|_| RandomState::new().hash_one(0).to_le_bytes().to_vec()));
}

#[test]
fn an_actor_that_asks_for_random_bytes_is_caught() {
    assert!(is_caught(|_| {
        let mut bytes = vec![0; 4];
        getrandom::fill(&mut bytes).unwrap();
        bytes
    }));
}

#[test]
fn actors_of_one_node_that_are_ready_at_once_run_in_the_order_of_the_seed() {
    let order = |seed| {
        with_lab(
            (seed, 0),
            8,
            |writer| vec![writer],
            |lab| {
                lab.run_until(at(15)).unwrap();
                lab.file(0, FILE)
            },
        )
    };
    let orders: BTreeSet<Vec<u8>> = (0..10).map(order).collect();
    assert!(orders.len() > 5, "{orders:?}");
    for order in orders {
        let mut all = order.clone();
        all.sort_unstable();
        assert_eq!(all, (0..8).collect::<Vec<u8>>(), "each of them ran once");
    }
}

#[test]
fn a_paused_node_does_nothing_and_goes_on_where_it_was() {
    with_lab(
        (1, 0),
        1,
        |_| vec![1],
        |lab| {
            lab.run_until(at(105)).unwrap();
            assert!(lab.pause(0));
            lab.run_until(at(505)).unwrap();
            assert_eq!((lab.file(0, FILE).len(), lab.file(1, FILE).len()), (10, 50));
            assert!(lab.resume(0));
            lab.run_until(at(1005)).unwrap();
            assert_eq!((lab.file(0, FILE).len(), lab.file(1, FILE).len()), (61, 100), "one tick was waiting");
        },
    );
}

#[test]
fn a_pause_stops_even_the_tasks_that_were_ready() {
    let written = |seed| {
        with_lab(
            (seed, 0),
            8,
            |writer| vec![writer],
            |lab| {
                lab.run_until(at(95)).unwrap();
                lab.schedule(at(100), |lab| assert!(lab.pause(0)));
                lab.run_until(at(500)).unwrap();
                let paused = lab.file(0, FILE).len();
                assert!(lab.resume(0));
                lab.run_until(at(501)).unwrap();
                // Who was in time had its next tick waiting.
                assert_eq!(lab.file(0, FILE).len(), 10 * 8 + paused - 9 * 8, "resumed, each writes once");
                paused
            },
        )
    };
    let written: BTreeSet<usize> = (0..10).map(written).collect();
    assert!(written.iter().any(|&written| written < 10 * 8), "{written:?}");
    assert!(written.iter().all(|&written| (9 * 8..=10 * 8).contains(&written)), "{written:?}");
}

#[test]
fn a_node_that_crashes_loses_what_it_did_not_sync_and_starts_again() {
    with_lab(
        (1, 0),
        2,
        |_| vec![1],
        |lab| {
            lab.run_until(at(105)).unwrap();
            assert_eq!(lab.crash(0, DiskFate::LostUnsynced).map(|report| report.lost_bytes), Some(20));
            lab.run_until(at(205)).unwrap();
            assert_eq!(WRITERS.get(), 2, "those of the other node");
            assert!(!lab.is_up(0) && lab.file(0, FILE).is_empty());
            assert!(lab.restart(0));
            lab.run_until(at(305)).unwrap();
            assert_eq!((lab.file(0, FILE).len(), lab.file(1, FILE).len()), (20, 60));
        },
    );
}

#[test]
fn a_panic_of_an_actor_is_a_finding_at_its_node() {
    let word = |writer| {
        assert!(writer < 1, "the second writer gives up");
        vec![writer]
    };
    let found = with_lab((1, 0), 2, word, |lab| lab.run_until(at(500)));
    let Err(Finding::ActorPanicked { message, .. }) = found else { panic!("{found:?}") };
    assert!(message.starts_with("the second writer gives up at "), "{message}");
}

#[test]
fn the_labs_own_loop_is_there_too_in_this_program() {
    let boot = |_: NodeIndex, _: u32, ports: WorldPorts| -> Vec<Box<dyn Any>> {
        vec![Box::new(Writer::start_with(ports, Rc::new(|| vec![1])))]
    };
    let mut lab = Lab::new(LabConfig::new(1, 1, Box::new(boot)));
    lab.start(0);
    lab.run_until(at(105)).unwrap();
    assert_eq!(lab.file(0, FILE).len(), 10);
}
