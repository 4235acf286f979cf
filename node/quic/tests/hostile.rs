//! Known peers that don't keep to the rules: each gets the documented code, and nothing panics or grows.

mod support;

use bitcraps_actors::ports::Links;
use bitcraps_quic::{CloseCode, DownReason, HandshakeFailure, QuicConfig, QuicEvent};
use bytes::Bytes;
use proptest::prelude::*;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use support::rogue::{self, Manners, transport_code};
use support::{Node, Socket, on_tokio, peer, quick, seed, until};

fn nowhere() -> SocketAddr {
    "127.0.0.1:1".parse().unwrap()
}

/// A node that knows the rogue, whose key is 2.
fn node(config: QuicConfig) -> Node {
    Node::start(1, Socket::any(), &[peer(2, nowhere())], config)
}

fn manners() -> Manners {
    Manners::of(seed(2))
}

#[test]
fn a_length_over_the_limit_closes_the_link() {
    on_tokio(async {
        let node = node(quick());
        let (_endpoint, connection, mut sending, _receiving) = rogue::link(node.at, &manners()).await;
        sending.write_all(&(64u32 << 10).to_le_bytes()).await.unwrap();
        sending.write_all(&vec![7; 64 << 10]).await.unwrap();
        sending.write_all(&((64u32 << 10) + 1).to_le_bytes()).await.unwrap();
        assert_eq!(rogue::code(&connection).await, CloseCode::FrameTooLong as u64);
        let link = node.up(1).await;
        assert_eq!(node.down(link).await, DownReason::Local(CloseCode::FrameTooLong));
        assert_eq!(node.frames(), [Bytes::from(vec![7; 64 << 10])]);
        assert_eq!(node.counters.closed.of(("us", "frame_too_long")), 1);
    });
}

#[test]
fn a_stream_that_is_ended_or_reset_or_refused_closes_the_link() {
    on_tokio(async {
        let node = node(quick());
        for (n, way) in ["ended", "reset", "refused"].into_iter().enumerate() {
            let (_endpoint, connection, mut sending, mut receiving) = rogue::link(node.at, &manners()).await;
            let link = node.up(n + 1).await;
            match way {
                "ended" => sending.finish().unwrap(),
                "reset" => sending.reset(9u32.into()).unwrap(),
                _ => {
                    receiving.stop(9u32.into()).unwrap();
                    // The refusal is noticed by whoever writes.
                    until("refused", || {
                        node.links.send(link, vec![0; 2000].into());
                        node.reason(link)
                    })
                    .await;
                }
            }
            assert_eq!(rogue::code(&connection).await, CloseCode::BadStream as u64, "{way}");
            assert_eq!(node.down(link).await, DownReason::Local(CloseCode::BadStream), "{way}");
        }
    });
}

#[test]
fn more_streams_than_one_can_not_be_opened() {
    on_tokio(async {
        let node = node(quick());
        let (_endpoint, connection, _sending, _receiving) = rogue::link(node.at, &manners()).await;
        let brief = std::time::Duration::from_millis(100);
        assert!(tokio::time::timeout(brief, connection.open_uni()).await.is_err());
        assert!(tokio::time::timeout(brief, connection.open_bi()).await.is_err());
    });
}

#[test]
fn a_stream_that_does_not_begin_with_a_greeting_makes_no_link() {
    on_tokio(async {
        let node = node(quick());
        for greeting in [&[][..], &[0, 0], &[0, 0, 0, 0], &1199u32.to_le_bytes()] {
            let (_endpoint, connection) = rogue::connect(node.at, &manners()).await;
            let connection = connection.unwrap();
            let mut sending = connection.open_uni().await.unwrap();
            sending.write_all(greeting).await.unwrap();
            sending.finish().unwrap();
            assert_eq!(rogue::code(&connection).await, CloseCode::BadGreeting as u64, "{greeting:?}");
        }
        until("counted", || (node.counters.inbound_failed.of("bad_greeting") == 4).then_some(())).await;
        assert!(node.ups().is_empty());
        let last = node.notes().pop();
        assert!(matches!(
            last,
            Some(QuicEvent::InboundFailed { why: HandshakeFailure::BadGreeting, by_peer: false, .. })
        ));
    });
}

#[test]
fn who_reads_nothing_is_refused_more_and_then_closed() {
    on_tokio(async {
        let config = QuicConfig { queue_bytes: 1 << 20, send_window: 256 << 10, ..quick() };
        let node = node(config.clone());
        let greedy = Manners { window: 100_000, ..manners() };
        let (_endpoint, connection, _sending, _receiving) = rogue::link(node.at, &greedy).await;
        let link = node.up(1).await;
        let mut taken = 0;
        until("refused", || {
            while node.links.send(link, vec![0; 10_000].into()) {
                taken += 10_000;
            }
            node.links.samples().iter().for_each(|sample| assert!(sample.queued <= 1 << 20));
            node.reason(link).map(drop)
        })
        .await;
        // The queue, one batch on its way, and what QUIC holds until it is confirmed or has given to the reader.
        let bound = config.queue_bytes + (64 << 10) + 10_000 + config.send_window as usize + 100_000;
        assert!((1 << 20..=bound).contains(&taken), "{taken} bytes were taken");
        assert!(node.counters.sends_refused.load(Relaxed) > 0);
        assert_eq!(node.down(link).await, DownReason::Local(CloseCode::Stalled));
        assert_eq!(rogue::code(&connection).await, CloseCode::Stalled as u64);
    });
}

#[test]
fn who_reads_slowly_but_steadily_is_not_closed() {
    on_tokio(async {
        let node = node(quick());
        let greedy = Manners { window: 20_000, ..manners() };
        let (_endpoint, _connection, _sending, mut receiving) = rogue::link(node.at, &greedy).await;
        let link = node.up(1).await;
        // One frame of 64 KiB, of which the reader takes a part now and then, longer than a stall may last.
        assert!(node.links.send(link, vec![0; 64 << 10].into()));
        let mut buffer = [0; 4000];
        let mut read = 0;
        while read < 4 + 4 + (64 << 10) {
            tokio::time::sleep(quick().stall_timeout / 8).await;
            read += receiving.read(&mut buffer).await.unwrap().unwrap();
        }
        assert_eq!(node.reason(link), None);
    });
}

#[test]
fn a_breach_of_quic_itself_is_counted_as_such() {
    on_tokio(async {
        let node = node(quick());
        let (endpoint, connection, _sending, _receiving) = rogue::link(node.at, &manners()).await;
        let link = node.up(1).await;
        connection.close(4711u32.into(), b"");
        assert_eq!(node.down(link).await, DownReason::RemoteUnknown(4711));
        assert_eq!(node.counters.closed.of(("peer", "unknown_code")), 1);
        drop(endpoint);
    });
}

#[test]
fn another_identity_of_the_rogue_is_a_stranger() {
    on_tokio(async {
        let node = node(quick());
        let (_endpoint, outcome) = rogue::connect(node.at, &Manners::of(seed(9))).await;
        // TLS 1.3 lets a client finish before its key is looked at.
        let error = match outcome {
            Ok(connection) => connection.closed().await,
            Err(error) => error,
        };
        assert_eq!(transport_code(&error), 0x130);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Whatever a known peer says on its stream or by datagram: the node stays, and others can reach it.
    #[test]
    fn no_bytes_of_a_peer_harm_the_node(
        greeting in prop::collection::vec(any::<u8>(), 0..8),
        garbage in prop::collection::vec(any::<u8>(), 0..3000),
        datagram in prop::collection::vec(any::<u8>(), 0..1000),
        polite in any::<bool>(),
    ) {
        on_tokio(async {
            let node = node(quick());
            let (_endpoint, connection) = rogue::connect(node.at, &manners()).await;
            let connection = connection.unwrap();
            let mut sending = connection.open_uni().await.unwrap();
            let greeting = if polite { (64u32 << 10).to_le_bytes().to_vec() } else { greeting };
            let _ = connection.send_datagram(datagram.into());
            let _ = sending.write_all(&greeting).await;
            let _ = sending.write_all(&garbage).await;
            let _ = sending.finish();
            connection.closed().await;
            let (_other, _connection, _sending, _receiving) = rogue::link(node.at, &manners()).await;
        });
    }
}
