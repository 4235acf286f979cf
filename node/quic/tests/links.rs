//! Links between good nodes: frames, ends, and beginnings anew.

mod support;

use bitcraps_actors::ports::{LinkEvent, Links};
use bitcraps_quic::{CloseCode, DownReason, QuicConfig};
use bytes::Bytes;
use proptest::prelude::*;
use std::sync::atomic::Ordering::Relaxed;
use support::{Node, Socket, address, key, linked, on_tokio, peer, quick, two, until};

fn frame(seed: usize, len: usize) -> Bytes {
    (0..len).map(|i| u8::try_from((i * 31 + seed) % 251).unwrap()).collect::<Vec<u8>>().into()
}

/// Sends frames of these lengths both ways, each after the last has arrived, so that the order is known.
async fn exchange(lengths: &[usize]) {
    let (a, mine, b, theirs) = linked(&quick()).await;
    for (i, &length) in lengths.iter().enumerate() {
        assert!(a.links.send(mine, frame(i, length)));
        assert!(b.links.send(theirs, frame(i + 1, length)));
        until("frames", || (a.frames().len() > i && b.frames().len() > i).then_some(())).await;
        assert!(b.frames()[i] == frame(i, length) && a.frames()[i] == frame(i + 1, length));
    }
}

#[test]
fn frames_at_the_edges_of_datagrams_and_of_the_mtu_arrive_intact_both_ways() {
    on_tokio(exchange(&[0, 1, 1100, 1161, 1162, 1163, 1414, 1415, 1500, 65_535, 65_536]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn frames_of_any_length_arrive_intact_both_ways(
        lengths in prop::collection::vec(0usize..=64 << 10, 1..12),
    ) {
        on_tokio(exchange(&lengths));
    }
}

#[test]
fn both_sides_learn_the_key_the_address_and_the_smaller_mtu() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let peers = [peer(1, a.at), peer(2, b.at)];
        let a = Node::start(1, a, &peers, QuicConfig { max_frame: 5000, ..quick() });
        let b = Node::start(2, b, &peers, quick());
        a.links.open(&address(b.at));
        let (mine, theirs) = (a.up(1).await, b.up(1).await);
        let dialed = Some(address(b.at));
        let up = LinkEvent::Up { link: mine, dialed, identity: Some(key(2)), mtu: 5000 };
        assert_eq!(a.events(), [up]);
        let up = LinkEvent::Up { link: theirs, dialed: None, identity: Some(key(1)), mtu: 5000 };
        assert_eq!(b.events(), [up]);
        assert!(!b.links.send(theirs, frame(0, 5001)));
        assert_eq!(b.counters.sends_refused.load(Relaxed), 1);
    });
}

#[test]
fn small_frames_go_as_datagrams_and_large_ones_over_the_stream() {
    on_tokio(async {
        let (a, mine, b, _) = linked(&quick()).await;
        (0..3).for_each(|i| assert!(a.links.send(mine, frame(i, 200))));
        assert!(a.links.send(mine, frame(3, 5000)));
        until("frames", || (b.frames().len() == 4).then_some(())).await;
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
        assert_eq!((count(&a.counters.datagrams_out), count(&a.counters.datagram_bytes_out)), (3, 600));
        assert_eq!((count(&b.counters.datagrams_in), count(&b.counters.datagram_bytes_in)), (3, 600));
        assert_eq!((count(&a.counters.stream_frames_out), count(&a.counters.stream_bytes_out)), (1, 5000));
        assert_eq!((count(&b.counters.stream_frames_in), count(&b.counters.stream_bytes_in)), (1, 5000));
    });
}

/// Without the stream, what has no room among the datagrams would be lost or refused.
#[test]
fn small_frames_for_which_no_datagram_has_room_go_over_the_stream() {
    on_tokio(async {
        let (a, mine, b, _) = linked(&QuicConfig { datagrams_out: 4096, ..quick() }).await;
        for i in 0..1000 {
            assert!(a.links.send(mine, frame(i, 1000)));
        }
        assert!(a.counters.datagrams_out.load(Relaxed) <= 4);
        until("frames", || (b.frames().len() == 1000).then_some(())).await;
    });
}

#[test]
fn the_side_that_closes_is_not_told_and_the_other_is() {
    on_tokio(async {
        let (a, mine, b, theirs) = linked(&quick()).await;
        a.links.close(mine);
        assert_eq!(b.down(theirs).await, DownReason::Remote(CloseCode::Done));
        assert_eq!(a.reason(mine), Some(DownReason::Local(CloseCode::Done)));
        assert!(!a.events().contains(&LinkEvent::Down { link: mine }));
        assert!(!a.links.send(mine, frame(0, 1)) && !b.links.send(theirs, frame(0, 1)));
        a.links.close(mine);
        assert_eq!(a.counters.closed.of(("us", "done")), 1);
    });
}

#[test]
fn a_peer_that_dies_without_a_word_is_down_within_the_idle_timeout() {
    on_tokio(async {
        let (a, mine, b, _) = linked(&quick()).await;
        b.dead.store(true, Relaxed);
        let down = tokio::time::timeout(quick().idle_timeout * 3, a.down(mine)).await;
        assert_eq!(down.unwrap(), DownReason::TimedOut);
    });
}

#[test]
fn a_quiet_link_is_kept_alive() {
    on_tokio(async {
        let (a, mine, b, theirs) = linked(&quick()).await;
        let quiet = until("idle time passed", {
            let mut ticks = 0;
            move || {
                ticks += 1;
                (ticks > 1500).then_some(())
            }
        });
        quiet.await;
        assert_eq!((a.reason(mine), b.reason(theirs)), (None, None));
        assert!(a.links.send(mine, frame(0, 10)));
        until("frame", || b.frames().first().cloned()).await;
    });
}

#[test]
fn a_node_that_goes_down_says_so_and_can_be_reached_again_at_the_same_address() {
    on_tokio(async {
        let (a, mine, b, _) = linked(&quick()).await;
        let (at, closed) = (b.at, b.links.closed());
        drop(b);
        assert_eq!(a.down(mine).await, DownReason::Remote(CloseCode::Shutdown));
        closed.await;
        a.links.open(&address(at));
        a.open_failed(&address(at)).await;
        let socket = until("the port is free", || {
            let free = std::net::UdpSocket::bind(at).is_ok();
            free.then(|| Socket::on(at))
        });
        let b = Node::start(2, socket.await, &[peer(1, a.at)], quick());
        a.links.open(&address(at));
        let again = a.up(2).await;
        assert!(a.links.send(again, frame(0, 10)));
        until("frame", || b.frames().first().cloned()).await;
    });
}

#[test]
fn both_sides_may_dial_at_once_and_have_two_links() {
    on_tokio(async {
        let (a, b) = two(&quick());
        a.links.open(&address(b.at));
        b.links.open(&address(a.at));
        for node in [&a, &b] {
            let (first, second) = (node.up(1).await, node.up(2).await);
            assert!(first != second);
            assert!(node.links.send(first, frame(1, 10)) && node.links.send(second, frame(2, 10)));
        }
        for node in [&a, &b] {
            until("frames", || (node.frames().len() == 2).then_some(())).await;
        }
    });
}

#[test]
fn two_dials_to_one_address_at_a_time_are_one() {
    on_tokio(async {
        let (a, b) = two(&quick());
        a.links.open(&address(b.at));
        a.links.open(&address(b.at));
        a.up(1).await;
        a.links.open(&address(b.at));
        a.up(2).await;
        until("links", || (b.ups().len() == 2).then_some(())).await;
        assert_eq!(a.counters.opened_outbound.load(Relaxed), 2);
    });
}

#[test]
fn of_too_many_links_of_one_peer_the_oldest_goes() {
    on_tokio(async {
        let (a, b) = two(&quick());
        for n in 1..=3 {
            a.links.open(&address(b.at));
            a.up(n).await;
            b.up(n).await;
        }
        let oldest = b.ups()[0];
        assert!(a.links.samples().len() <= 2 || b.links.samples().len() <= 2);
        b.down(oldest).await;
        assert_eq!(b.links.samples().len(), 2);
    });
}

#[test]
fn a_sample_tells_of_the_path() {
    on_tokio(async {
        let (a, mine, b, _) = linked(&quick()).await;
        assert!(a.links.send(mine, frame(0, 60_000)));
        until("frame", || b.frames().first().cloned()).await;
        let samples = a.links.samples();
        assert_eq!((samples.len(), samples[0].peer, samples[0].link), (1, key(2), mine));
        assert!(samples[0].sent_packets > 40 && !samples[0].rtt.is_zero() && samples[0].path_mtu >= 1200);
    });
}
