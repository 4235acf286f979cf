//! The frame layer under bytes that a stranger chose: a body for `fuzz/`.

use crate::frame::{HEADER_BYTES, Header, MAX_MESSAGE, MIN_MTU, Missing};
use crate::{Arrived, Assembler, Framer};
use bitcraps_types::Time;
use bytes::Bytes;
use std::time::Duration;

/// Frames into an [`Assembler`], and what it asks for into a [`Framer`] that sent something.
///
/// The bytes are steps: how (1 byte), a length (1 byte), and so many bytes of a frame. The lowest bit of how says that
/// the checksum is made to fit; the rest is time that passes. Held: what a header decodes to encodes to the same bytes;
/// the assembler's count of what it holds is right and within its bounds; no payload is longer than what came; what is
/// asked for fits every link.
pub fn frames(bytes: &[u8]) {
    let mut assembler = Assembler::new();
    let mut framer = Framer::new();
    framer.frames(&Bytes::from(vec![7; 1000]), MIN_MTU, |_| true);
    let (mut now, mut came, mut given) = (Time::ZERO, 0, 0);
    let mut rest = bytes;
    while let [how, length, tail @ ..] = rest {
        let (frame, after) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = after;
        now = now + Duration::from_millis(u64::from(how >> 1) * 20);
        let mut frame = frame.to_vec();
        if how & 1 == 1 && frame.len() >= HEADER_BYTES {
            let checksum = crc32fast::hash(&frame[4..]).to_le_bytes();
            frame[..4].copy_from_slice(&checksum);
        }
        if let Some(header) = Header::decode(&frame) {
            assert_eq!(header.encode(&frame[HEADER_BYTES..]), frame);
        }
        came += frame.len();
        match assembler.accept(now, frame.clone().into()) {
            Ok(Arrived::Payload(payload)) => given += payload.len(),
            Ok(Arrived::Missing(missing)) => {
                assert_eq!(missing.encode(), frame);
                let mut sent = 0;
                framer.again(&missing, |_| {
                    sent += 1;
                    true
                });
                assert!(sent <= Missing::MOST);
            }
            Ok(Arrived::Part) | Err(_) => {}
        }
        assert!(given <= came, "{given} bytes out of {came}");
        check(&assembler);
        let asked = assembler.ask(now);
        assert!(asked.len() <= Assembler::MAX_PARTIAL);
        for frame in asked {
            assert!(frame.len() <= MIN_MTU);
            let arrived = Assembler::new().accept(now, frame);
            assert!(matches!(arrived, Ok(Arrived::Missing(_))), "{arrived:?}");
        }
        assert!(assembler.ask_at().is_none_or(|at| at > now));
    }
}

fn check(assembler: &Assembler) {
    let (payloads, bytes, fragments) = assembler.holds();
    assert!(payloads <= Assembler::MAX_PARTIAL && bytes <= MAX_MESSAGE);
    assert!(fragments <= Assembler::MAX_PARTIAL + MAX_MESSAGE / (MIN_MTU - HEADER_BYTES));
}

/// Three payloads, one of them in pieces, out of order, one piece missing; and a request for pieces.
pub fn frames_seeds() -> Vec<Vec<u8>> {
    let mut framer = Framer::new();
    let mut frames = Vec::new();
    for length in [10, 200, 0] {
        framer.frames(&Bytes::from(vec![length as u8; length]), MIN_MTU, |frame| {
            frames.push(frame);
            true
        });
    }
    frames.push(Missing { first: 1, indices: vec![0, 2, 3] }.encode().into());
    let step = |how: u8, frame: &Bytes| [&[how, frame.len() as u8][..], frame].concat();
    let ordered = frames.iter().flat_map(|frame| step(1, frame)).collect();
    let mixed = frames.iter().rev().skip(3).flat_map(|frame| step(9, frame)).collect();
    vec![ordered, mixed, step(255, &frames[0])]
}
