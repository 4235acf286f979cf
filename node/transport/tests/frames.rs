//! The contract of the frame layer: what arrives whole is delivered once and unchanged; nothing else is delivered.

use bitcraps_transport::{
    Arrived, Assembler, FrameError, Framer, HEADER_BYTES, MAX_MESSAGE, MIN_MTU, Outbox,
};
use bitcraps_types::Time;
use bytes::Bytes;
use proptest::prelude::*;
use std::time::Duration;

fn frames_of(framer: &mut Framer, payload: &[u8], mtu: usize) -> Vec<Bytes> {
    let payload = &Bytes::copy_from_slice(payload);
    let mut frames = Vec::new();
    assert!(framer.frames(payload, mtu, |frame| {
        frames.push(frame);
        true
    }));
    frames
}

/// The payload that a frame completes, if it does.
fn payload_of(arrived: Result<Arrived, FrameError>) -> Option<Bytes> {
    match arrived {
        Ok(Arrived::Payload(payload)) => Some(payload),
        _ => None,
    }
}

/// Deals `items` in an order that `keys` decides.
fn shuffled<T>(items: Vec<T>, keys: &[u64]) -> Vec<T> {
    let mut keyed: Vec<(u64, T)> = items
        .into_iter()
        .enumerate()
        .map(|(i, item)| (keys[i % keys.len()].wrapping_mul(i as u64 + 1), item))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

proptest! {
    #[test]
    fn payloads_survive_reordering_and_repetition_exactly_once(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 1..8),
        mtu in MIN_MTU..300,
        keys in prop::collection::vec(any::<u64>(), 1..50),
    ) {
        let mut framer = Framer::new();
        let mut frames: Vec<Bytes> = payloads.iter().flat_map(|payload| frames_of(&mut framer, payload, mtu)).collect();
        prop_assert!(frames.iter().all(|frame| frame.len() <= mtu));
        frames.extend(frames.clone());
        let mut assembler = Assembler::new();
        let mut delivered: Vec<Vec<u8>> = shuffled(frames, &keys)
            .iter()
            .filter_map(|frame| payload_of(assembler.accept(Time::ZERO, frame.clone())))
            .map(|payload| payload.to_vec())
            .collect();
        let mut expected = payloads;
        delivered.sort();
        expected.sort();
        prop_assert_eq!(delivered, expected);
    }

    /// Whatever subset of a payload's frames is lost, asking brings back the rest, as long as one came through and
    /// the answers do.
    #[test]
    fn what_was_lost_of_a_payload_is_asked_for_and_comes_again(
        length in 100usize..20_000,
        lost in any::<u64>(),
        mtu in MIN_MTU..600,
    ) {
        let payload = Bytes::from((0..length).map(|i| i as u8).collect::<Vec<_>>());
        let mut framer = Framer::new();
        let frames = frames_of(&mut framer, &payload, mtu);
        prop_assume!(frames.len() > 1);
        let mut assembler = Assembler::new();
        let mut now = Time::ZERO;
        let mut delivered = Vec::new();
        let arrives = |i: usize| i == 0 || (lost >> (i % 64)) & 1 == 0;
        for (_, frame) in frames.iter().enumerate().filter(|(i, _)| arrives(*i)) {
            delivered.extend(payload_of(assembler.accept(now, frame.clone())));
        }
        let mut asks = 0;
        while let Some(at) = assembler.ask_at() {
            now = at;
            asks += 1;
            for request in assembler.ask(now) {
                prop_assert!(request.len() <= MIN_MTU);
                let Ok(Arrived::Missing(missing)) = Assembler::new().accept(now, request.clone()) else {
                    return Err(TestCaseError::fail("a request is no request"));
                };
                framer.again(&missing, |frame| {
                    delivered.extend(payload_of(assembler.accept(now, frame.clone())));
                    true
                });
            }
            prop_assert!(asks < 1000);
        }
        prop_assert_eq!(delivered, vec![payload]);
    }

    #[test]
    fn one_flipped_bit_is_found(payload in prop::collection::vec(any::<u8>(), 0..200), bit in any::<usize>()) {
        let frame = frames_of(&mut Framer::new(), &payload, 1200).remove(0);
        let mut damaged = frame.to_vec();
        let bit = bit % (8 * damaged.len());
        damaged[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(Assembler::new().accept(Time::ZERO, Bytes::from(damaged)), Err(FrameError::Damaged));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Assembler::new().accept(Time::ZERO, Bytes::from(bytes));
    }

    /// A peer can compute checksums: the header itself is hostile.
    #[test]
    fn hostile_headers_never_deliver_more_than_they_brought(
        headers in prop::collection::vec((1u64..40, 0u16..6, 0u16..6, 0usize..40), 1..60),
    ) {
        let mut assembler = Assembler::new();
        let mut brought = 0;
        for (number, index, count, length) in headers {
            brought += length;
            let frame = Bytes::from(hostile(number, index, count, length));
            if let Some(payload) = payload_of(assembler.accept(Time::ZERO, frame.clone())) {
                prop_assert!(payload.len() <= brought);
            }
        }
    }
}

/// The body of the shortest fragment before the last: that of the narrowest link.
const SHORTEST: usize = MIN_MTU - HEADER_BYTES;

fn hostile(number: u64, index: u16, count: u16, length: usize) -> Vec<u8> {
    let mut frame = vec![0; 4];
    frame.extend(number.to_le_bytes());
    frame.extend(index.to_le_bytes());
    frame.extend(count.to_le_bytes());
    frame.extend(vec![7; length]);
    let checksum = crc32fast::hash(&frame[4..]);
    frame[..4].copy_from_slice(&checksum.to_le_bytes());
    frame
}

#[test]
fn a_frame_older_than_the_window_counts_as_seen() {
    let mut assembler = Assembler::new();
    assert!(assembler.accept(Time::ZERO, hostile(10_000, 0, 1, 1).into()).is_ok());
    assert_eq!(assembler.accept(Time::ZERO, hostile(1, 0, 1, 1).into()), Err(FrameError::Duplicate));
    assert!(assembler.accept(Time::ZERO, hostile(9_999, 0, 1, 1).into()).is_ok());
}

#[test]
fn a_fragment_asked_for_arrives_though_more_frames_than_the_window_holds_came_after_it() {
    let payload = Bytes::from(vec![3; 48 * 6000]);
    let mut framer = Framer::new();
    let frames = frames_of(&mut framer, &payload, MIN_MTU);
    assert_eq!(frames.len(), 6000);
    let mut assembler = Assembler::new();
    for frame in &frames[1..] {
        assert_eq!(assembler.accept(Time::ZERO, frame.clone()), Ok(Arrived::Part));
    }
    let at = assembler.ask_at().unwrap();
    let Ok(Arrived::Missing(missing)) = Assembler::new().accept(at, assembler.ask(at).remove(0)) else {
        panic!("no request")
    };
    let mut delivered = None;
    framer.again(&missing, |frame| {
        delivered = payload_of(assembler.accept(at, frame.clone()));
        assert_eq!(assembler.accept(at, frame), Err(FrameError::Duplicate), "and once");
        true
    });
    assert_eq!(delivered, Some(payload));
}

#[test]
fn a_payload_over_a_slow_link_is_not_given_up_while_it_comes() {
    let mut framer = Framer::new();
    let frames = frames_of(&mut framer, &[5; 48 * 100], MIN_MTU);
    let mut assembler = Assembler::new();
    let mut now = Time::ZERO;
    let mut delivered = None;
    for frame in frames {
        now = now + Duration::from_secs(1);
        delivered = payload_of(assembler.accept(now, frame));
    }
    assert!(delivered.is_some());
}

/// An index costs its sender nothing, so it must cost the receiver no room. What is held shows in the debug output.
#[test]
fn a_fragment_with_a_high_index_takes_no_more_room_than_one_with_a_low_index() {
    let held = |index: u16| {
        let mut assembler = Assembler::new();
        let frame = Bytes::from(hostile(70_000, index, u16::MAX, SHORTEST));
        assert_eq!(assembler.accept(Time::ZERO, frame), Ok(Arrived::Part));
        format!("{assembler:?}").len()
    };
    assert!(held(u16::MAX - 1) < held(0) + 1000);
}

/// Else a payload of 6 MiB could be millions of fragments, each of which costs more than its bytes.
#[test]
fn a_fragment_before_the_last_is_as_long_as_on_the_narrowest_link() {
    let mut assembler = Assembler::new();
    let mut accept =
        |index, length| assembler.accept(Time::ZERO, hostile(10 + u64::from(index), index, 3, length).into());
    assert_eq!(accept(0, SHORTEST - 1), Err(FrameError::Malformed));
    assert_eq!(accept(1, 0), Err(FrameError::Malformed));
    assert_eq!([accept(0, SHORTEST), accept(2, 0)], [Ok(Arrived::Part), Ok(Arrived::Part)]);
    assert!(payload_of(accept(1, SHORTEST)).is_some());
}

#[test]
fn a_request_for_fragments_has_one_encoding() {
    let request = |index| {
        let mut frame = hostile(7, index, 0, 2);
        frame[16..].copy_from_slice(&[1, 0]);
        let checksum = crc32fast::hash(&frame[4..]).to_le_bytes();
        frame[..4].copy_from_slice(&checksum);
        Assembler::new().accept(Time::ZERO, frame.into())
    };
    assert!(matches!(request(0), Ok(Arrived::Missing(_))));
    assert_eq!(request(1), Err(FrameError::Malformed));
}

#[test]
fn the_largest_payload_passes_and_a_larger_one_is_refused_at_the_source() {
    let mut framer = Framer::new();
    let frames = frames_of(&mut framer, &vec![1; MAX_MESSAGE], 1200);
    let mut assembler = Assembler::new();
    let delivered: Vec<Bytes> =
        frames.iter().filter_map(|frame| payload_of(assembler.accept(Time::ZERO, frame.clone()))).collect();
    assert_eq!(delivered.iter().map(Bytes::len).collect::<Vec<_>>(), [MAX_MESSAGE]);
    assert!(!framer.frames(&vec![1; MAX_MESSAGE + 1].into(), 1200, |_| true));
}

#[test]
fn unfinished_payloads_are_forgotten_in_time_and_in_number() {
    let first = |number: u64| Bytes::from(hostile(2 * number + 1, 0, 2, SHORTEST));
    let second = |number: u64| Bytes::from(hostile(2 * number + 2, 1, 2, 8));
    let mut assembler = Assembler::new();
    assert_eq!(assembler.accept(Time::ZERO, first(0)), Ok(Arrived::Part));
    let late = Time::ZERO + Assembler::PATIENCE + Duration::from_secs(1);
    assert_eq!(assembler.accept(late, second(0)), Ok(Arrived::Part), "the first half is too old");

    let mut assembler = Assembler::new();
    for number in 0..=Assembler::MAX_PARTIAL as u64 {
        assert_eq!(assembler.accept(Time::ZERO, first(number)), Ok(Arrived::Part));
    }
    assert_eq!(assembler.accept(Time::ZERO, second(0)), Ok(Arrived::Part), "the oldest made room");
    assert!(payload_of(assembler.accept(Time::ZERO, second(2))).is_some());
}

#[test]
fn an_outbox_keeps_the_newest_within_its_bounds() {
    let mut outbox = Outbox::new(10, Duration::from_secs(5));
    assert!(!outbox.push(Time::ZERO, Bytes::from(vec![0; 11])));
    for n in 1..=3u8 {
        assert!(outbox.push(Time(u64::from(n) * 1_000_000_000), Bytes::from(vec![n; 4])));
    }
    let waiting: Vec<u8> = outbox.drain(Time(8_000_000_000)).map(|payload| payload[0]).collect();
    assert_eq!(waiting, [3], "the first made room, the second is too old");
    assert_eq!(outbox.drain(Time(8_000_000_000)).count(), 0);
    assert_eq!(HEADER_BYTES, 16);
}
