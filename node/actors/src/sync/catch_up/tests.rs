use super::*;
use crate::wire::{Decided, List};
use bitcraps_consensus::{Certificate, Validator};
use bitcraps_types::Value;

fn peer(n: u8) -> PublicKey {
    PublicKey([n; 32])
}

fn at(millis: u64) -> Time {
    Time(millis * 1_000_000)
}

fn limits() -> SyncLimits {
    SyncLimits { batch: 10, timeout: Duration::from_secs(2), state_sync_gap: 100, ..SyncLimits::default() }
}

fn asked(next: Next) -> (PublicKey, SyncMessage) {
    match next {
        Next::Ask(peer, message, _) => (peer, message),
        other => panic!("{other:?} where a question was due"),
    }
}

fn blocks(from: Height, count: u32) -> SyncMessage {
    SyncMessage::GetBlocks { from, count }
}

fn manifest(chunks: &[Bytes]) -> Box<Manifest> {
    let value = Value::new(vec![1]);
    let certificate = Certificate { height: 2, round: 0, digest: value.digest(), signatures: vec![] };
    let chunks = List::first(chunks.iter().map(|chunk| chunk_digest(chunk)).collect());
    let next = Decided { value: value.clone(), certificate, dice: None };
    Box::new(Manifest { last: value, next, handovers: List::first(vec![]), chunks })
}

#[test]
fn a_short_lag_is_given_time_and_a_long_one_is_not() {
    let mut near = CatchUp::new(limits());
    near.claim(at(0), 5, peer(1), 6, false);
    assert_eq!(near.next(at(0), 5), Next::Wait(at(1000)));
    near.advanced(at(500), 6);
    assert_eq!(near.next(at(1000), 6), Next::Rest);

    let mut lasting = CatchUp::new(limits());
    lasting.claim(at(0), 5, peer(1), 6, false);
    assert_eq!(asked(lasting.next(at(1000), 5)), (peer(1), blocks(6, 10)));

    let mut far = CatchUp::new(limits());
    far.claim(at(0), 5, peer(1), 50, false);
    assert_eq!(asked(far.next(at(0), 5)), (peer(1), blocks(6, 10)));
}

#[test]
fn below_what_is_certainly_decided_nobody_who_is_ahead_is_given_time() {
    let mut sync = CatchUp::new(limits());
    sync.claim(at(0), 5, peer(1), 6, false);
    sync.is_decided(7);
    assert_eq!(asked(sync.next(at(0), 5)), (peer(1), blocks(6, 10)));
    let mut reached = CatchUp::new(limits());
    reached.is_decided(5);
    reached.claim(at(0), 5, peer(1), 6, false);
    assert_eq!(reached.next(at(0), 5), Next::Wait(at(1000)));
}

#[test]
fn what_the_engine_saw_signed_is_asked_for_at_once() {
    let mut sync = CatchUp::new(limits());
    sync.claim(at(5000), 5, peer(1), 6, true);
    assert_eq!(asked(sync.next(at(5000), 5)), (peer(1), blocks(6, 10)));
}

#[test]
fn one_question_at_a_time_and_after_a_timeout_fewer_blocks_from_another_peer() {
    let mut sync = CatchUp::new(limits());
    sync.claim(at(0), 0, peer(1), 60, false);
    sync.claim(at(0), 0, peer(2), 50, false);
    assert_eq!(asked(sync.next(at(0), 0)), (peer(1), blocks(1, 10)));
    assert_eq!(sync.next(at(1999), 0), Next::Wait(at(2000)));
    assert_eq!(asked(sync.next(at(2000), 0)), (peer(2), blocks(1, 5)));
    sync.blocks_came(at(2100), &peer(2), 5);
    assert_eq!(
        asked(sync.next(at(2100), 5)),
        (peer(2), blocks(6, 10)),
        "the first is left alone for a while"
    );
}

#[test]
fn a_liar_is_left_alone_and_its_answer_to_another_question_closes_none() {
    let mut sync = CatchUp::new(limits());
    sync.claim(at(0), 0, peer(1), 60, false);
    sync.claim(at(0), 0, peer(2), 50, false);
    sync.next(at(0), 0);
    sync.lied(at(10), &peer(1));
    assert_eq!(asked(sync.next(at(10), 0)).0, peer(2));
    sync.blocks_came(at(20), &peer(1), 3);
    assert_eq!(sync.next(at(20), 0), Next::Wait(at(2010)), "peer 2 still owes its answer");
}

#[test]
fn a_peer_that_is_gone_is_asked_nothing() {
    let mut sync = CatchUp::new(limits());
    sync.claim(at(0), 0, peer(1), 60, false);
    sync.next(at(0), 0);
    sync.gone(&peer(1));
    assert_eq!(sync.next(at(0), 0), Next::Rest);
}

#[test]
fn a_height_is_believed_when_more_than_a_third_of_the_power_claims_it() {
    let powers = [(1, 3), (2, 2), (3, 1), (4, 1)];
    let validators = powers.map(|(n, power)| Validator { key: peer(n), power }).to_vec();
    let validators = ValidatorSet::new(validators).unwrap();
    let mut sync = CatchUp::new(limits());
    assert_eq!(sync.believed(&validators), 0);
    sync.claim(at(0), 0, peer(2), Height::MAX, false);
    sync.claim(at(0), 0, peer(9), Height::MAX, false);
    assert_eq!(sync.believed(&validators), 0, "2 of 7, and a stranger");
    sync.claim(at(0), 0, peer(3), 50, false);
    assert_eq!(sync.believed(&validators), 50, "3 of 7");
    sync.claim(at(0), 0, peer(1), 60, false);
    assert_eq!(sync.believed(&validators), 60, "5 of 7");
    sync.gone(&peer(2));
    assert_eq!(sync.believed(&validators), 60, "3 of 7");
    sync.gone(&peer(1));
    assert_eq!(sync.believed(&validators), 0);
}

#[test]
fn a_snapshot_is_asked_for_when_the_gap_is_wide_or_the_blocks_are_gone() {
    let mut wide = CatchUp::new(limits());
    wide.claim(at(0), 0, peer(1), 101, false);
    assert_eq!(asked(wide.next(at(0), 0)).1, SyncMessage::GetSnapshot { handovers: 0 });

    let mut cut = CatchUp::new(limits());
    cut.claim(at(0), 0, peer(1), 60, false);
    cut.next(at(0), 0);
    cut.blocks_came(at(10), &peer(1), 0);
    assert_eq!(asked(cut.next(at(10), 0)).1, SyncMessage::GetSnapshot { handovers: 0 });
    cut.manifest_came(at(20), &peer(1), None);
    assert_eq!(cut.next(at(20), 0), Next::Wait(at(3020)), "it has neither: left alone");
}

#[test]
fn a_snapshot_comes_chunk_by_chunk() {
    let chunks = [Bytes::from_static(b"one"), Bytes::from_static(b"two")];
    let mut sync = CatchUp::new(limits());
    sync.claim(at(0), 0, peer(1), 500, false);
    sync.next(at(0), 0);
    sync.manifest_came(at(1), &peer(1), Some((400, manifest(&chunks))));
    for (index, chunk) in (0u32..).zip(&chunks) {
        assert_eq!(asked(sync.next(at(2), 0)).1, SyncMessage::GetChunk { height: 400, index });
        let whole = sync.chunk_came(at(3), &peer(1), 400, index, chunk.clone()).unwrap();
        assert_eq!(whole.map(|whole| whole.chunks), (index == 1).then(|| chunks.to_vec()));
    }
}

#[test]
fn a_false_chunk_ends_the_download_and_a_withdrawn_snapshot_begins_anew() {
    let chunks = [Bytes::from_static(b"one")];
    let begin = || {
        let mut sync = CatchUp::new(limits());
        sync.claim(at(0), 0, peer(1), 500, false);
        sync.next(at(0), 0);
        sync.manifest_came(at(1), &peer(1), Some((400, manifest(&chunks))));
        sync.next(at(2), 0);
        sync
    };
    let mut lied_to = begin();
    assert!(lied_to.chunk_came(at(3), &peer(1), 400, 0, Bytes::from_static(b"two")).is_err());
    assert_eq!(lied_to.next(at(3), 0), Next::Wait(at(3003)));

    let mut withdrawn = begin();
    assert!(withdrawn.chunk_came(at(3), &peer(1), 400, 0, Bytes::new()).unwrap().is_none());
    assert_eq!(asked(withdrawn.next(at(3), 0)).1, SyncMessage::GetSnapshot { handovers: 0 });
}

/// Peers with every kind of vice and one honest one: the node gets there in bounded time.
#[test]
fn one_honest_peer_among_liars_is_enough() {
    let mut sync = CatchUp::new(limits());
    let (honest, height) = (peer(9), 90);
    let (mut now, mut ours) = (at(0), 0);
    (1..=4).for_each(|n| sync.claim(now, ours, peer(n), 100, false));
    sync.claim(now, ours, honest, height, false);
    while ours < height {
        assert!(now < at(60_000), "stuck at {ours}");
        match sync.next(now, ours) {
            Next::Ask(asked, SyncMessage::GetBlocks { from, count }, _) if asked == honest => {
                assert_eq!(from, ours + 1);
                ours = height.min(ours + u64::from(count));
                sync.advanced(now, ours);
                sync.blocks_came(now, &honest, u64::from(count));
            }
            Next::Ask(asked, ..) if asked == peer(1) => sync.lied(now, &asked),
            Next::Ask(asked, SyncMessage::GetBlocks { .. }, _) if asked == peer(2) => {
                sync.blocks_came(now, &asked, 0);
            }
            Next::Ask(asked, SyncMessage::GetSnapshot { handovers: 0 }, _) if asked == peer(2) => {
                sync.manifest_came(now, &asked, None);
            }
            Next::Ask(_, _, until) | Next::Wait(until) => now = until,
            Next::Rest => panic!("at rest at {ours}"),
        }
    }
}

/// As many silent liars as n = 13 allows, each with a higher claim than anyone honest has.
#[test]
fn liars_who_claim_most_and_answer_nothing_do_not_keep_the_honest_from_being_asked() {
    let mut sync = CatchUp::new(limits());
    let (honest, height) = (peer(9), 90);
    let (mut now, mut ours) = (at(0), 0);
    (1..=4).for_each(|n| sync.claim(now, ours, peer(n), Height::MAX, false));
    sync.claim(now, ours, honest, height, false);
    while ours < height {
        assert!(now < at(30_000), "stuck at {ours}");
        match sync.next(now, ours) {
            Next::Ask(asked, SyncMessage::GetBlocks { count, .. }, _) if asked == honest => {
                ours = height.min(ours + u64::from(count));
                sync.advanced(now, ours);
                sync.blocks_came(now, &honest, u64::from(count));
            }
            Next::Ask(_, _, until) | Next::Wait(until) => now = until,
            Next::Rest => panic!("at rest at {ours}"),
        }
    }
}

#[test]
fn a_peer_whose_blocks_bring_nothing_new_is_soon_left_alone() {
    let mut sync = CatchUp::new(limits());
    sync.claim(at(0), 0, peer(1), 60, false);
    sync.claim(at(0), 0, peer(2), 50, false);
    for _ in 0..2 {
        assert_eq!(asked(sync.next(at(0), 0)).0, peer(1));
        sync.blocks_came(at(0), &peer(1), 0);
        sync.manifest_came(at(0), &peer(1), None);
    }
    assert_eq!(asked(sync.next(at(0), 0)).0, peer(2));
}
