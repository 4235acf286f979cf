//! What clocks, random numbers and costly work promise; and that the dead are dead.

use super::{NodePorts, Probe, Stage};
use bitcraps_actors::ports::{Alarm, LinkEvent};
use bitcraps_types::Time;
use bytes::Bytes;
use rand::Rng;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// An alarm on a node, and when it rang.
#[derive(Clone, Default)]
struct Ringing {
    alarm: Rc<RefCell<Option<Box<dyn Alarm>>>>,
    rang: Rc<RefCell<Vec<Time>>>,
}

impl Ringing {
    fn new(stage: &mut Stage<'_>, probe: &Rc<Probe>) -> Ringing {
        let this = Ringing::default();
        let made = this.clone();
        probe.act(move |ports| {
            let (clock, rang) = (ports.clock.clone(), made.rang);
            let alarm = ports.clock.alarm(Box::new(move || rang.borrow_mut().push(clock.now())));
            *made.alarm.borrow_mut() = Some(alarm);
        });
        stage.until("the alarm is made", || this.alarm.borrow().is_some());
        this
    }

    /// Sets it so far from now, to each of these, on the node; the times that it was set to.
    fn set(&self, stage: &mut Stage<'_>, probe: &Rc<Probe>, all: &[Option<Duration>]) -> Vec<Option<Time>> {
        let set: Rc<RefCell<Vec<Option<Time>>>> = Rc::default();
        let (alarm, sets, all) = (self.alarm.clone(), set.clone(), all.to_vec());
        let count = all.len();
        probe.act(move |ports| {
            for after in all {
                let at = after.map(|after| ports.clock.now() + after);
                alarm.borrow().as_ref().expect("it is there").set(at);
                sets.borrow_mut().push(at);
            }
        });
        stage.until("it is set", || set.borrow().len() == count);
        set.take()
    }

    fn rang(&self) -> Vec<Time> {
        self.rang.borrow().clone()
    }
}

pub(super) fn the_clock_never_goes_back(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    let times: Rc<RefCell<Vec<Time>>> = Rc::default();
    for _ in 0..50 {
        let times = times.clone();
        probe.act(move |ports| (0..10).for_each(|_| times.borrow_mut().push(ports.clock.now())));
        stage.world.pass(MS);
    }
    stage.until("all are read", || times.borrow().len() == 500);
    let times = times.borrow();
    assert!(times.is_sorted() && times[499] > times[0], "{times:?}");
}

pub(super) fn an_alarm_rings_once_and_never_before_its_time(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    let ringing = Ringing::new(stage, &probe);
    for rings in 1..=5 {
        // 1 ms, 4 ms, 7 ms, …
        let at = ringing.set(stage, &probe, &[Some(MS * (3 * rings - 2))])[0];
        stage.until("it rings", || ringing.rang().len() >= rings as usize);
        stage.world.pass(MS * 20);
        assert_eq!(ringing.rang().len(), rings as usize);
        assert!(ringing.rang().last().copied() >= at, "before its time");
    }
    stage.quiet();
    assert_eq!(ringing.rang().len(), 5);
}

pub(super) fn an_alarm_in_the_past_rings_at_once_and_may_be_set_again_when_it_rings(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    let alarm: Rc<RefCell<Option<Box<dyn Alarm>>>> = Rc::default();
    let left = Rc::new(Cell::new(5));
    // So that there is a past.
    stage.world.pass(MS);
    let (sets, counts) = (alarm.clone(), left.clone());
    probe.act(move |ports| {
        let again = sets.clone();
        let ring = move || {
            counts.set(counts.get() - 1);
            if counts.get() > 0 {
                again.borrow().as_ref().expect("it is there").set(Some(Time::ZERO));
            }
        };
        let made = ports.clock.alarm(Box::new(ring));
        made.set(Some(Time::ZERO));
        *sets.borrow_mut() = Some(made);
    });
    stage.until("it rang five times", || left.get() == 0);
    let alarm = alarm.take();
    stage.quiet();
    assert_eq!(left.get(), 0);
    drop(alarm);
}

pub(super) fn the_last_setting_of_an_alarm_counts_and_a_drop_cancels_it(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    let [sooner, later, cancelled, dropped] = [(); 4].map(|()| Ringing::new(stage, &probe));
    let (soon, late, far) = (Some(MS * 40), Some(MS * 90), Some(Duration::from_secs(1000)));
    let put_off = later.set(stage, &probe, &[soon, late])[1];
    sooner.set(stage, &probe, &[far]);
    stage.world.pass(MS);
    sooner.set(stage, &probe, &[soon]);
    cancelled.set(stage, &probe, &[soon, None]);
    dropped.set(stage, &probe, &[soon]);
    let dies = dropped.alarm.clone();
    probe.act(move |_| drop(dies.take()));
    stage.until("two ring", || sooner.rang().len() + later.rang().len() >= 2);
    stage.quiet();
    let rang = [&sooner, &later, &cancelled, &dropped].map(|ringing| ringing.rang().len());
    assert_eq!(rang, [1, 1, 0, 0], "sooner, later, cancelled, dropped");
    assert!(Some(later.rang()[0]) >= put_off);
}

/// The first number of streams with these names.
fn draw(stage: &mut Stage<'_>, probe: &Rc<Probe>, names: &[(&'static str, &'static str)]) -> Vec<u64> {
    let drawn: Rc<RefCell<Vec<u64>>> = Rc::default();
    let (names, draws) = (names.to_vec(), drawn.clone());
    let count = names.len();
    probe.act(move |ports| {
        let first = |(actor, purpose): (&str, &str)| ports.entropy.stream(actor, purpose).next_u64();
        draws.borrow_mut().extend(names.into_iter().map(first));
    });
    stage.until("they are drawn", || drawn.borrow().len() == count);
    drawn.take()
}

pub(super) fn a_stream_of_random_numbers_has_its_own_name_and_begins_anew_when_it_is_asked_for_again(
    stage: &mut Stage<'_>,
) {
    let probe = stage.start(0);
    let names = [("ab", "c"), ("a", "bc"), ("abc", ""), ("ab", "d"), ("", "abc")];
    let mut numbers = draw(stage, &probe, &names);
    assert_eq!(draw(stage, &probe, &names), numbers);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), names.len());
}

const NAME: [(&str, &str); 1] = [("actor", "purpose")];

pub(super) fn each_node_and_each_incarnation_has_its_own_random_numbers(stage: &mut Stage<'_>) {
    let [a, b] = stage.two();
    let mut numbers = [draw(stage, &a, &NAME), draw(stage, &b, &NAME)].concat();
    stage.crash(0);
    let again = stage.start(0);
    numbers.extend(draw(stage, &again, &NAME));
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
}

pub(super) fn one_seed_gives_the_same_random_numbers_again(stage: &mut Stage<'_>) {
    let mut other = stage.again();
    let [here, there] = [stage, &mut other].map(|stage| {
        let probe = stage.start(0);
        draw(stage, &probe, &NAME)
    });
    assert_eq!(here == there, other.traits().seeded);
}

pub(super) fn costly_work_is_answered_once_each_in_the_order_of_the_calls(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    let tells = probe.clone();
    probe.act(move |ports| {
        for (number, cost) in [3, 0, 2, 0, 1].into_iter().enumerate() {
            let (tells, asked) = (tells.clone(), std::thread::current().id());
            let then = move || {
                assert_eq!(std::thread::current().id(), asked, "on another thread");
                tells.note(number.to_string());
            };
            ports.compute.run(MS * cost, Box::new(then));
        }
    });
    stage.until("all are answered", || probe.notes().len() >= 5);
    stage.quiet();
    assert_eq!(probe.notes(), ["0", "1", "2", "3", "4"]);
}

pub(super) fn costly_work_takes_its_cost(stage: &mut Stage<'_>) {
    let charges = stage.traits().charges;
    let probe = stage.start(0);
    let took: Rc<Cell<Option<Duration>>> = Rc::default();
    let tells = took.clone();
    probe.act(move |ports| {
        let (clock, began) = (ports.clock.clone(), ports.clock.now());
        ports.compute.run(MS * 20, Box::new(|| ()));
        ports.compute.run(MS * 10, Box::new(move || tells.set(Some(clock.now().since(began)))));
    });
    stage.until("it is done", || took.get().is_some());
    // A world may be late by the time that a node takes to wake up.
    let charged = took.get().is_some_and(|took| (MS * 30..MS * 31).contains(&took));
    assert!(!charges || charged, "{took:?}");
}

pub(super) fn a_dead_incarnation_hears_nothing_and_does_nothing(stage: &mut Stage<'_>) {
    if !stage.traits().fences {
        return;
    }
    let nodes = stage.two();
    let links = stage.link(&nodes);
    let [dies, other] = &nodes;
    let (words, link) = (dies.clone(), links[0]);
    let tell = dies.clone();
    dies.at_the_end(move |ports: &NodePorts| {
        words.note("the end");
        ports.links.send(link, Bytes::from_static(b"alas"));
        ports.links.close(link);
        let _ = ports.disk.append("last words", b"alas");
        let (synced, read, replaced, done) = (tell.clone(), tell.clone(), tell.clone(), tell.clone());
        ports.disk.sync("last words", Box::new(move |_| synced.note("synced")));
        ports.disk.read("last words", Box::new(move |_| read.note("read")));
        ports.disk.replace("will", b"all to him".to_vec(), Box::new(move |_| replaced.note("replaced")));
        ports.compute.run(Duration::ZERO, Box::new(move || done.note("computed")));
        ports.clock.alarm(Box::new(move || tell.note("rang"))).set(Some(Time::ZERO));
    });
    let heard = dies.events();
    stage.crash(0);
    stage.world.pass(MS * 200);
    assert!(
        other.events().iter().all(|event| matches!(event, LinkEvent::Up { .. })),
        "what the dead said was heard: {:?}",
        other.events()
    );
    let reborn = stage.start(0);
    stage.quiet();
    assert_eq!(dies.notes(), ["the end"]);
    assert_eq!(dies.events(), heard);
    let files: Rc<RefCell<Vec<Vec<u8>>>> = Rc::default();
    let reads = files.clone();
    reborn.act(move |ports| {
        for file in ["last words", "will"] {
            let reads = reads.clone();
            ports
                .disk
                .read(file, Box::new(move |read| reads.borrow_mut().push(read.expect("it can be read"))));
        }
    });
    stage.until("both are read", || files.borrow().len() == 2);
    assert!(files.borrow().iter().all(Vec::is_empty), "the dead wrote");
}
