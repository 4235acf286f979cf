//! What files promise.

use super::{Probe, Stage};
use bitcraps_actors::ports::Disk;
use std::rc::Rc;
use std::time::Duration;

/// Does something with the disk of a node.
fn with(probe: &Rc<Probe>, action: impl FnOnce(&dyn Disk) + 'static) {
    probe.act(move |ports| action(&*ports.disk));
}

fn append(probe: &Rc<Probe>, file: &'static str, bytes: &'static [u8]) {
    with(probe, move |disk| disk.append(file, bytes).expect("there is room"));
}

/// Has a file synced, and waits until it is told.
fn sync(stage: &mut Stage<'_>, probe: &Rc<Probe>, file: &'static str) {
    let (before, tells) = (probe.notes().len(), probe.clone());
    with(probe, move |disk| disk.sync(file, Box::new(move |done| tells.note(format!("sync {done:?}")))));
    stage.until("the sync is told", || probe.notes().len() > before);
    assert_eq!(probe.notes()[before], "sync Ok(())");
}

/// What a file holds.
fn content(stage: &mut Stage<'_>, probe: &Rc<Probe>, file: &'static str) -> Vec<u8> {
    let read = Rc::new(std::cell::RefCell::new(None));
    let tells = read.clone();
    with(probe, move |disk| disk.read(file, Box::new(move |done| *tells.borrow_mut() = Some(done))));
    stage.until("the read is told", || read.borrow().is_some());
    read.take().expect("it was told").expect("the disk is good")
}

pub(super) fn a_file_that_does_not_exist_is_empty(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    assert_eq!(content(stage, &probe, "nothing"), b"");
    sync(stage, &probe, "nothing");
    assert_eq!(content(stage, &probe, "nothing"), b"");
}

pub(super) fn what_is_appended_is_read_in_the_order_of_the_calls(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    append(&probe, "a", b"one ");
    append(&probe, "b", b"other");
    append(&probe, "a", b"two ");
    assert_eq!(content(stage, &probe, "a"), b"one two ", "also before it is synced");
    sync(stage, &probe, "a");
    append(&probe, "a", b"three");
    assert_eq!(content(stage, &probe, "a"), b"one two three");
    assert_eq!(content(stage, &probe, "b"), b"other");
}

pub(super) fn a_replacement_takes_the_place_of_all_before_it_and_what_follows_is_added_to_it(
    stage: &mut Stage<'_>,
) {
    let probe = stage.start(0);
    append(&probe, "a", b"old");
    sync(stage, &probe, "a");
    with(&probe, |disk| {
        disk.append("a", b" unsynced").expect("there is room");
        disk.replace("a", b"new".to_vec(), Box::new(|_| ()));
        disk.append("a", b" and more").expect("there is room");
    });
    assert_eq!(content(stage, &probe, "a"), b"new and more");
    sync(stage, &probe, "a");
    assert_eq!(content(stage, &probe, "a"), b"new and more");
}

pub(super) fn operations_on_a_file_are_told_once_each_in_the_order_of_the_calls(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    let tells = probe.clone();
    with(&probe, move |disk| {
        for number in 0..5 {
            let (first, second, third) = (tells.clone(), tells.clone(), tells.clone());
            disk.append("a", b"x").expect("there is room");
            disk.sync("a", Box::new(move |done| first.note(format!("{number} {done:?}"))));
            disk.read(
                "a",
                Box::new(move |done| second.note(format!("{number} {:?}", done.map(|bytes| bytes.len())))),
            );
            let bytes = vec![b'y'; 10 * number];
            disk.replace("a", bytes, Box::new(move |done| third.note(format!("{number} {done:?}"))));
        }
    });
    stage.until("all are told", || probe.notes().len() >= 15);
    stage.quiet();
    let expected = (0..5usize).flat_map(|number| {
        let length = 1 + 10 * number.saturating_sub(1);
        [format!("{number} Ok(())"), format!("{number} Ok({length})"), format!("{number} Ok(())")]
    });
    assert_eq!(probe.notes(), expected.collect::<Vec<_>>());
}

pub(super) fn what_was_synced_survives_a_crash_with_nothing_in_its_midst(stage: &mut Stage<'_>) {
    let mut whole: Vec<u8> = Vec::new();
    let mut lost = 0;
    for round in 0..12u8 {
        let probe = stage.start(0);
        let found = content(stage, &probe, "a");
        assert!(
            found.starts_with(&whole),
            "round {round}: {} bytes, durable were {}",
            found.len(),
            whole.len()
        );
        assert!(found.len() <= whole.len() + 3000, "bytes came from nowhere");
        lost += usize::from(round > 0 && found.len() < whole.len() + 3000);
        let more = vec![round; 700];
        whole = [found, more.clone()].concat();
        with(&probe, move |disk| disk.append("a", &more).expect("there is room"));
        sync(stage, &probe, "a");
        with(&probe, |disk| (0..3).for_each(|_| disk.append("a", &[0xee; 1000]).expect("there is room")));
        stage.world.pass(Duration::ZERO);
        stage.crash(0);
    }
    assert!(lost > 0, "a crash here takes nothing: the world is too kind");
}

pub(super) fn a_sync_covers_what_was_appended_before_it_alone(stage: &mut Stage<'_>) {
    let probe = stage.start(0);
    let tells = probe.clone();
    with(&probe, move |disk| {
        disk.append("a", b"before").expect("there is room");
        disk.append("b", b"another file").expect("there is room");
        disk.sync("a", Box::new(move |done| tells.note(format!("{done:?}"))));
        disk.append("a", b" and after").expect("there is room");
    });
    stage.until("the sync is told", || !probe.notes().is_empty());
    assert_eq!(probe.notes(), ["Ok(())"]);
    stage.crash(0);
    let probe = stage.start(0);
    let found = content(stage, &probe, "a");
    assert!(found.starts_with(b"before") && found.len() <= b"before and after".len(), "{found:?}");
}

pub(super) fn a_replacement_is_the_old_file_or_the_new_one_and_once_told_the_new_one(stage: &mut Stage<'_>) {
    let (old, new) = (vec![1; 5000], vec![2; 3000]);
    for wait in [false, false, false, true] {
        let probe = stage.start(0);
        for (bytes, wait) in [(old.clone(), true), (new.clone(), wait)] {
            let (before, tells) = (probe.notes().len(), probe.clone());
            with(&probe, move |disk| {
                disk.replace("a", bytes, Box::new(move |done| tells.note(format!("{done:?}"))));
            });
            match wait {
                true => stage.until("the replacement is told", || probe.notes().len() > before),
                false => stage.world.pass(Duration::ZERO),
            }
        }
        let told = probe.notes().len();
        assert!(probe.notes().iter().all(|note| note == "Ok(())"));
        stage.crash(0);
        let probe = stage.start(0);
        let found = content(stage, &probe, "a");
        assert!(found == new || (found == old && told == 1), "{} bytes, {told} told", found.len());
        stage.crash(0);
    }
}
