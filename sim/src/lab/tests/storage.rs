//! What survives on a disk.

use super::actors::{Do, Log, write};
use super::*;
use bitcraps_types::Digest;
use std::collections::BTreeMap;

fn started(seed: u64) -> (Lab, Log) {
    let (mut lab, log) = journal_lab(seed);
    lab.start(0);
    lab.run_until(ms(1)).unwrap();
    (lab, log)
}

fn step(lab: &mut Lab, message: Do) {
    write(message);
    let next = lab.now() + Duration::from_micros(1);
    lab.run_until(next).unwrap();
}

fn settle(lab: &mut Lab) {
    let next = lab.now() + Duration::from_millis(10);
    lab.run_until(next).unwrap();
}

#[test]
fn a_crash_loses_what_was_not_synced_and_only_that() {
    let (mut lab, log) = started(1);
    step(&mut lab, Do::Append("synced ".to_owned()));
    step(&mut lab, Do::Sync);
    settle(&mut lab);
    assert_eq!(log.of(0, "done"), [(ms(1) + Duration::from_micros(101), "done Ok(())".to_owned())]);
    step(&mut lab, Do::Append("unsynced".to_owned()));
    assert_eq!(lab.file(0, "journal"), b"synced unsynced");
    let report = lab.crash(0, DiskFate::LostUnsynced).unwrap();
    assert_eq!(report, CrashReport { lost_bytes: 8, kept_bytes: 0, garbled_bytes: 0 });
    lab.restart(0);
    settle(&mut lab);
    step(&mut lab, Do::Read);
    settle(&mut lab);
    assert_eq!(log.words(0, "read"), ["read Ok(\"synced \")"]);
}

#[test]
fn a_crash_between_a_sync_and_its_completion_leaves_nothing_durable() {
    let (mut lab, log) = started(1);
    step(&mut lab, Do::Append("text".to_owned()));
    step(&mut lab, Do::Sync);
    lab.crash(0, DiskFate::LostUnsynced);
    lab.restart(0);
    settle(&mut lab);
    assert_eq!(lab.file(0, "journal"), b"");
    assert_eq!(log.words(0, "done"), [""; 0]);
}

#[test]
fn a_sync_covers_only_what_was_appended_before_it() {
    let (mut lab, _log) = started(1);
    step(&mut lab, Do::Append("before ".to_owned()));
    step(&mut lab, Do::Sync);
    step(&mut lab, Do::Append("after".to_owned()));
    settle(&mut lab);
    lab.crash(0, DiskFate::LostUnsynced);
    assert_eq!(lab.file(0, "journal"), b"before ");
}

#[test]
fn a_torn_write_keeps_a_prefix_and_garbles_at_most_the_end_of_what_was_not_synced() {
    let (synced, unsynced) = ("s".repeat(700), "u".repeat(2000));
    let (mut lengths, mut garbled_runs) = (Vec::new(), 0);
    for seed in 0..60 {
        let (mut lab, _log) = started(seed);
        step(&mut lab, Do::Append(synced.clone()));
        step(&mut lab, Do::Sync);
        settle(&mut lab);
        step(&mut lab, Do::Append(unsynced.clone()));
        let report = lab.crash(0, DiskFate::TornWrite).unwrap();
        let left = lab.file(0, "journal");
        let kept = left.len() - synced.len();
        assert_eq!((report.kept_bytes, report.lost_bytes), (kept as u64, 2000 - kept as u64));
        assert!(report.garbled_bytes <= 512 && report.garbled_bytes <= kept as u64);
        let good = left.len() - report.garbled_bytes as usize;
        assert_eq!(left[..700], *synced.as_bytes());
        assert!(left[700..good].iter().all(|byte| *byte == b'u'));
        garbled_runs += usize::from(left[good..].iter().any(|byte| *byte != b'u'));
        lengths.push(kept);
    }
    lengths.sort_unstable();
    assert!(lengths[0] < 300 && lengths[59] > 1700, "{lengths:?}");
    assert!((10..50).contains(&garbled_runs), "{garbled_runs}");
}

#[test]
fn a_replace_leaves_the_old_or_the_new_file_and_the_new_one_once_it_is_done() {
    let mut outcomes = BTreeMap::new();
    for (seed, fate) in (0..40).flat_map(|seed| [(seed, DiskFate::LostUnsynced), (seed, DiskFate::TornWrite)])
    {
        let (mut lab, _log) = started(seed);
        step(&mut lab, Do::Replace("old".to_owned()));
        settle(&mut lab);
        step(&mut lab, Do::Replace("brand new".to_owned()));
        assert_eq!(lab.file(0, "journal"), b"brand new");
        lab.crash(0, fate);
        *outcomes.entry(String::from_utf8(lab.file(0, "journal")).unwrap()).or_insert(0) += 1;
    }
    assert_eq!(outcomes.keys().collect::<Vec<_>>(), ["brand new", "old"]);
    let (mut lab, _log) = started(1);
    step(&mut lab, Do::Replace("done".to_owned()));
    settle(&mut lab);
    lab.crash(0, DiskFate::LostUnsynced);
    assert_eq!(lab.file(0, "journal"), b"done");
}

#[test]
fn a_halt_keeps_the_disk_save_what_a_failed_sync_covered() {
    let (mut lab, log) = started(1);
    step(&mut lab, Do::Append("kept ".to_owned()));
    step(&mut lab, Do::Halt);
    assert_eq!(lab.file(0, "journal"), b"kept ");
    let restarted = lab.now() + Duration::from_secs(2);
    lab.run_until(restarted).unwrap();
    lab.disk_error(0, DiskOp::Sync, 1.0);
    step(&mut lab, Do::Append("lost".to_owned()));
    step(&mut lab, Do::Sync);
    settle(&mut lab);
    assert_eq!(log.words(0, "done"), ["done Err(Io(\"injected sync error\"))"]);
    step(&mut lab, Do::Halt);
    assert_eq!(lab.file(0, "journal"), b"kept ");
    assert_eq!(lab.touched(0).disk_errors, 1);
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let (mut lab, log) = started(1);
    lab.disk_full(0, 10);
    step(&mut lab, Do::Append("12345678".to_owned()));
    step(&mut lab, Do::Append("abc".to_owned()));
    step(&mut lab, Do::Replace("0123456789".to_owned()));
    step(&mut lab, Do::Replace("0123456789!".to_owned()));
    settle(&mut lab);
    assert_eq!(log.words(0, "append"), ["append: the disk is full"]);
    assert_eq!(log.words(0, "done"), ["done Ok(())", "done Err(Full)"]);
    assert_eq!(lab.file(0, "journal"), b"0123456789");
    assert_eq!(lab.touched(0).disk_full, 2);
    lab.clear_disk_faults(0);
    step(&mut lab, Do::Append("!".to_owned()));
    assert_eq!(lab.file(0, "journal"), b"0123456789!");
}

#[test]
fn a_slow_disk_takes_its_time_and_keeps_the_order_of_operations() {
    let (mut lab, log) = started(1);
    lab.disk_slow(0, Latency::Constant(Duration::from_millis(5)));
    step(&mut lab, Do::Sync);
    lab.clear_disk_faults(0);
    step(&mut lab, Do::Read);
    settle(&mut lab);
    let order: Vec<(Time, String)> =
        log.all().into_iter().skip(1).map(|(at, _, words)| (at, words)).collect();
    let at = ms(6) + Duration::from_micros(100);
    assert_eq!(order, [(at, "done Ok(())".to_owned()), (at, "read Ok(\"\")".to_owned())]);
    assert_eq!(lab.touched(0).disk_slowed, 1);
}

#[test]
fn what_is_written_is_part_of_the_trace() {
    let digest = |text: &str| -> Digest {
        let (mut lab, _log) = started(1);
        step(&mut lab, Do::Append(text.to_owned()));
        lab.trace_summary().digest
    };
    assert_eq!(digest("one"), digest("one"));
    assert_ne!(digest("one"), digest("two"));
}
