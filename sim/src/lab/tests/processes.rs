//! Crashes, pauses, slow processors, clocks, and actors that misbehave.

use super::actors::{Do, Log, tell};
use super::*;

fn pair() -> (Lab, Log) {
    let (mut lab, log) = chatter_lab(2, |_, _| LinkModel::constant(Duration::from_millis(10)));
    lab.start(0);
    lab.start(1);
    lab.run_until(ms(1)).unwrap();
    tell(0, Do::Open(1));
    lab.run_until(ms(100)).unwrap();
    (lab, log)
}

fn ring(node: NodeIndex, milliseconds: u64) {
    tell(node, Do::Ring(Duration::from_millis(milliseconds)));
}

#[test]
fn a_crash_never_lets_stopped_act_on_the_world() {
    let (mut lab, log) = pair();
    let before = lab.counters();
    let events = lab.trace_summary().events;
    lab.crash(0, DiskFate::Keep);
    assert_eq!(log.words(0, "stopped"), ["stopped live=false"], "actix runs the hook");
    lab.run_until(ms(500)).unwrap();
    assert_eq!(lab.file(0, "last words"), b"");
    assert_eq!(lab.counters(), before);
    assert_eq!(lab.trace_summary().events, events + 1, "the crash and nothing else");
    assert_eq!(log.words(1, "heard"), [""; 0]);
    assert_eq!(lab.crash(0, DiskFate::Keep), None);
    assert!(!lab.is_up(0));
}

#[test]
fn nothing_of_an_earlier_life_reaches_the_next() {
    let (mut lab, log) = pair();
    ring(0, 50);
    tell(0, Do::Compute(Duration::from_millis(50)));
    tell(1, Do::Say(vec!["too late".to_owned()]));
    lab.run_until(ms(105)).unwrap();
    lab.crash(0, DiskFate::Keep);
    assert!(lab.restart(0));
    assert!(!lab.restart(0));
    lab.run_until(ms(1000)).unwrap();
    assert_eq!(log.words(0, "rang").len() + log.words(0, "computed").len() + log.words(0, "heard").len(), 0);
    assert!(log.words(0, "started")[1].starts_with("started 1 "));
}

#[test]
fn a_paused_node_does_nothing_and_takes_all_that_waited_when_it_goes_on() {
    let (mut lab, log) = pair();
    ring(1, 50);
    lab.run_until(ms(101)).unwrap();
    assert!(lab.pause(1));
    assert!(!lab.pause(1));
    tell(0, Do::Say(vec!["one".to_owned(), "two".to_owned()]));
    tell(1, Do::Say(vec!["from outside".to_owned()]));
    lab.run_until(ms(1000)).unwrap();
    assert_eq!(log.words(1, "heard").len() + log.words(1, "rang").len() + log.words(0, "heard").len(), 0);
    assert!(lab.resume(1));
    lab.run_until(ms(2000)).unwrap();
    let at = ms(1000);
    assert_eq!(log.of(1, "heard"), [(at, "heard one".to_owned()), (at, "heard two".to_owned())]);
    assert_eq!(log.of(1, "rang"), [(at, "rang".to_owned())]);
    assert_eq!(log.of(0, "heard"), [(ms(1010), "heard from outside".to_owned())]);
    assert_eq!(lab.touched(1).paused, 4, "two frames, an alarm, a wake-up");
}

#[test]
fn the_inbox_of_a_paused_node_is_bounded() {
    let (mut lab, log) = pair();
    lab.pause(1);
    tell(0, Do::Say((0..5000).map(|n| n.to_string()).collect()));
    lab.run_until(ms(1000)).unwrap();
    lab.resume(1);
    lab.run_until(ms(2000)).unwrap();
    assert_eq!(log.words(1, "heard").len(), 4096);
    assert_eq!(lab.touched(1).overflowed, 5000 - 4096);
    assert_eq!(lab.counters().lost, 5000 - 4096);
}

#[test]
fn a_slow_cpu_handles_events_one_after_the_other_and_computes_longer() {
    let (mut lab, log) = pair();
    // 101 × 10 µs − 10 µs: each event takes 1 ms.
    lab.slow_cpu(1, 101.0);
    tell(0, Do::Say(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    lab.run_until(ms(200)).unwrap();
    let times: Vec<Time> = log.of(1, "heard").into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [110, 111, 112].map(ms));
    tell(1, Do::Compute(Duration::from_millis(1)));
    tell(1, Do::Compute(Duration::from_millis(1)));
    lab.run_until(ms(1000)).unwrap();
    let times: Vec<Time> = log.of(1, "computed").into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [301, 402].map(ms));
    lab.slow_cpu(1, 1.0);
    tell(1, Do::Compute(Duration::from_millis(1)));
    lab.run_until(ms(2000)).unwrap();
    assert_eq!(log.of(1, "computed")[2].0, ms(1001));
}

#[test]
fn an_alarm_rings_once_at_its_time_and_the_last_set_counts() {
    let (mut lab, log) = pair();
    [300, 20, 50].into_iter().for_each(|after| ring(0, after));
    lab.run_until(ms(1000)).unwrap();
    assert_eq!(log.of(0, "rang"), [(ms(150), "rang".to_owned())]);
    ring(0, 0);
    lab.run_until(ms(1001)).unwrap();
    assert_eq!(log.of(0, "rang")[1].0, ms(1000));
}

#[test]
fn alarms_follow_a_drifting_clock_also_when_the_drift_changes_under_them() {
    let (mut lab, log) = pair();
    lab.drift_clock(0, 1_000_000);
    lab.drift_clock(1, -500_000);
    ring(0, 100);
    ring(1, 100);
    lab.run_until(ms(1000)).unwrap();
    assert_eq!((log.of(0, "rang")[0].0, log.of(1, "rang")[0].0), (ms(150), ms(300)));
    // Half of the way at the true rate, half at double rate.
    lab.drift_clock(0, 0);
    ring(0, 100);
    lab.run_until(ms(1050)).unwrap();
    lab.drift_clock(0, 1_000_000);
    lab.run_until(ms(2000)).unwrap();
    assert_eq!(log.of(0, "rang")[1].0, ms(1075));
    assert!(lab.touched(0).drifted >= 3);
}

#[test]
fn skew_and_jump_move_the_wall_clock_and_not_the_monotonic_one() {
    let clocks = Rc::new(RefCell::new(None));
    let sink = clocks.clone();
    let boot: Boot = Box::new(move |_, _, ports| {
        *sink.borrow_mut() = Some(ports.clock);
        Vec::new()
    });
    let mut lab = Lab::new(LabConfig::new(1, 1, boot));
    lab.start(0);
    lab.run_until(ms(5)).unwrap();
    let clock = clocks.borrow().clone().unwrap();
    let wall = || clock.wall().0 as i64 - WALL_AT_START as i64;
    assert_eq!((clock.now(), wall()), (ms(5), 5_000_000));
    lab.skew_clock(0, -2_000_000);
    assert_eq!((clock.now(), wall()), (ms(5), 3_000_000));
    lab.jump_clock(0, 7_000_000);
    assert_eq!((clock.now(), wall()), (ms(5), 10_000_000));
    lab.skew_clock(0, 0);
    assert_eq!(wall(), 12_000_000, "a jump outlasts the skew");
}

#[test]
fn an_actors_panic_is_a_finding_with_node_and_message() {
    let (mut lab, _log) = pair();
    lab.schedule(ms(300), |_| tell(1, Do::Panic));
    let finding = lab.run_until(ms(1000)).unwrap_err();
    let Finding::ActorPanicked { node: 1, message } = &finding else { panic!("{finding:?}") };
    assert!(message.starts_with("boom from a test at ") && message.contains("actors.rs:"), "{message}");
    assert_eq!(lab.now(), ms(300));
    assert_eq!(lab.run_until(ms(2000)), Err(finding));
}

#[test]
fn an_actor_that_sends_to_itself_for_ever_is_a_livelock() {
    let (mut lab, _log) = pair();
    tell(1, Do::Spin);
    assert_eq!(lab.run_until(ms(1000)), Err(Finding::Livelock { node: 1 }));
}

#[test]
fn a_task_that_wakes_itself_for_ever_is_a_livelock() {
    let boot: Boot = Box::new(|_, _, _| {
        let task = std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        });
        vec![Box::new(tokio::task::spawn_local(task))]
    });
    let mut config = LabConfig::new(1, 2, boot);
    config.livelock_limit = 50_000;
    let mut lab = Lab::new(config);
    lab.start(1);
    assert_eq!(lab.run_until(ms(1)), Err(Finding::Livelock { node: 1 }));
}

#[test]
fn a_node_that_halts_stops_at_once_and_the_supervisor_starts_it_again() {
    let (mut lab, log) = pair();
    tell(1, Do::Halt);
    tell(1, Do::Say(vec!["after the end".to_owned()]));
    lab.run_until(ms(1099)).unwrap();
    assert!(!lab.is_up(1));
    assert_eq!(log.words(0, "heard"), [""; 0]);
    assert_eq!(lab.take_halts(), [Halt { node: 1, at: ms(100), reason: "asked to".to_owned() }]);
    lab.run_until(ms(1100)).unwrap();
    assert!(lab.is_up(1));
    assert!(log.words(1, "started")[1].starts_with("started 1 "));
    assert_eq!(lab.take_halts(), []);
}

#[test]
fn the_attention_flag_brings_the_loop_back_after_the_event() {
    let (mut lab, _log) = pair();
    let attention = lab.attention();
    lab.schedule(ms(300), move |_| attention.raise());
    assert_eq!(lab.run_until(ms(1000)), Ok(Progress::Attention));
    assert_eq!(lab.now(), ms(300));
    ring(0, 2000);
    assert_eq!(lab.run_until(ms(1000)), Ok(Progress::Reached));
    assert_eq!(lab.run_until(ms(5000)), Ok(Progress::Idle));
    assert_eq!(lab.now(), ms(5000));
}
