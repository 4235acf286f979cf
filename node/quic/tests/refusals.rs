//! Who is turned away, how, and that both sides know why.

mod support;

use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::{Address, Links};
use bitcraps_quic::{CloseCode, DownReason, HandshakeFailure, QuicConfig, QuicEvent, Refused};
use quinn::ConnectionError;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;
use support::rogue::{self, Manners, connect, transport_code};
use support::{Node, Socket, address, key, linked, on_tokio, peer, quick, seed, until};

/// What a node's dial came to: why it failed, and whether the other side said so.
async fn dial_failure(node: &Node, to: &Address) -> (HandshakeFailure, bool) {
    node.links.open(to);
    node.open_failed(to).await;
    let last = node.notes().into_iter().rev().find_map(|note| match note {
        QuicEvent::DialFailed { address, why, by_peer } if address == *to => Some((why, by_peer)),
        _ => None,
    });
    last.unwrap()
}

async fn inbound_failure(node: &Node) -> (HandshakeFailure, bool) {
    until("inbound failure", || {
        node.notes().into_iter().find_map(|note| match note {
            QuicEvent::InboundFailed { why, by_peer, .. } => Some((why, by_peer)),
            _ => None,
        })
    })
    .await
}

#[test]
fn whoever_answers_with_another_key_than_the_one_dialed_is_refused_and_told() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let b = Node::start(2, b, &[peer(1, a.at)], quick());
        let a = Node::start(1, a, &[PeerAddress { key: key(3), address: address(b.at) }], quick());
        assert_eq!(dial_failure(&a, &address(b.at)).await, (HandshakeFailure::WrongKey, false));
        assert_eq!(inbound_failure(&b).await, (HandshakeFailure::WrongKey, true));
        assert!(a.ups().is_empty() && b.ups().is_empty());
        assert_eq!(a.counters.dials_failed.of("wrong_key"), 1);
        assert_eq!(b.counters.inbound_failed.of("wrong_key"), 1);
    });
}

#[test]
fn a_stranger_is_refused_and_its_dial_fails() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let b = Node::start(2, b, &[], quick());
        let a = Node::start(1, a, &[peer(2, b.at)], quick());
        assert_eq!(dial_failure(&a, &address(b.at)).await, (HandshakeFailure::UnknownKey, true));
        assert_eq!(inbound_failure(&b).await, (HandshakeFailure::UnknownKey, false));
        assert!(a.ups().is_empty() && b.ups().is_empty());
    });
}

#[test]
fn a_denied_peer_is_refused_both_ways_until_it_is_pardoned() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let peers = [peer(1, a.at), peer(2, b.at)];
        let a = Node::start(1, a, &peers, quick());
        let b = Node::start_denying(2, b, &peers, BTreeSet::from([key(1)]), quick());
        assert_eq!(dial_failure(&a, &address(b.at)).await, (HandshakeFailure::DeniedKey, true));
        assert_eq!(inbound_failure(&b).await, (HandshakeFailure::DeniedKey, false));
        assert_eq!(dial_failure(&b, &address(a.at)).await, (HandshakeFailure::DeniedKey, false));
        b.links.pardon(&key(1));
        a.links.open(&address(b.at));
        a.up(1).await;
        let link = b.up(1).await;
        b.links.deny(key(1));
        assert_eq!(b.down(link).await, DownReason::Local(CloseCode::Denied));
        assert_eq!(a.down(a.ups()[0]).await, DownReason::Remote(CloseCode::Denied));
    });
}

#[test]
fn another_protocol_version_or_none_is_answered_with_the_alert_for_it() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let b = Node::start(2, b, &[peer(1, a.at)], quick());
        for alpn in [vec![b"bitcraps/2".to_vec()], vec![]] {
            let (_endpoint, outcome) = connect(b.at, &Manners { alpn, ..Manners::of(seed(1)) }).await;
            assert_eq!(transport_code(&outcome.unwrap_err()), 0x178);
            assert_eq!(inbound_failure(&b).await, (HandshakeFailure::WrongProtocol, false));
        }
        until("both counted", || (b.counters.inbound_failed.of("wrong_protocol") == 2).then_some(())).await;
    });
}

#[test]
fn who_shows_a_known_key_without_holding_it_is_refused() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let b = Node::start(2, b, &[peer(1, a.at)], quick());
        let manners = Manners { claims: seed(1), ..Manners::of(seed(9)) };
        let (_endpoint, outcome) = connect(b.at, &manners).await;
        let error = match outcome {
            Ok(connection) => connection.closed().await,
            Err(error) => error,
        };
        assert_eq!(transport_code(&error), 0x133);
        assert_eq!(inbound_failure(&b).await, (HandshakeFailure::BadSignature, false));
        assert!(b.ups().is_empty());
    });
}

#[test]
fn who_shows_no_key_is_refused() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let b = Node::start(2, b, &[peer(1, a.at)], quick());
        let manners = Manners { shows_key: false, ..Manners::of(seed(1)) };
        let (_endpoint, outcome) = connect(b.at, &manners).await;
        let error = match outcome {
            Ok(connection) => connection.closed().await,
            Err(error) => error,
        };
        transport_code(&error);
        assert_eq!(inbound_failure(&b).await, (HandshakeFailure::Incompatible, false));
    });
}

#[test]
fn an_address_of_no_peer_is_not_dialed_and_a_name_that_nobody_has_fails() {
    on_tokio(async {
        let nowhere = Address("no-such-host.invalid:1".into());
        let peers = [PeerAddress { key: key(2), address: nowhere.clone() }];
        let a = Node::start(1, Socket::any(), &peers, quick());
        let stranger = Address("127.0.0.1:1".into());
        assert_eq!(dial_failure(&a, &stranger).await, (HandshakeFailure::UnknownAddress, false));
        assert_eq!(dial_failure(&a, &nowhere).await, (HandshakeFailure::Unresolved, false));
    });
}

#[test]
fn a_name_is_resolved() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::any());
        let b = Node::start(2, b, &[peer(1, a.at)], quick());
        let name = Address(format!("localhost:{}", b.at.port()));
        let a = Node::start(1, a, &[PeerAddress { key: key(2), address: name.clone() }], quick());
        a.links.open(&name);
        a.up(1).await;
    });
}

#[test]
fn an_address_where_nobody_listens_fails_in_time() {
    on_tokio(async {
        let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let a = Node::start(1, Socket::any(), &[peer(2, free)], quick());
        assert_eq!(dial_failure(&a, &address(free)).await, (HandshakeFailure::TimedOut, false));
    });
}

#[test]
fn no_more_inbound_links_than_the_limit_and_a_place_that_gets_free_is_given_again() {
    on_tokio(async {
        let sockets: Vec<Socket> = (0..3).map(|_| Socket::any()).collect();
        let ats: Vec<_> = sockets.iter().map(|socket| socket.at).collect();
        let peers = [peer(1, ats[0]), peer(2, ats[1]), peer(3, ats[2])];
        let mut sockets = sockets.into_iter();
        let mut start = |n, config| Node::start(n, sockets.next().unwrap(), &peers, config);
        let server = start(1, QuicConfig { max_inbound: 1, ..quick() });
        let (b, c) = (start(2, quick()), start(3, quick()));
        b.links.open(&address(server.at));
        let link = b.up(1).await;
        server.up(1).await;
        assert_eq!(dial_failure(&c, &address(server.at)).await, (HandshakeFailure::Full, true));
        assert_eq!(server.counters.refused.of(Refused::Full.label()), 1);
        b.links.close(link);
        server.down(server.ups()[0]).await;
        c.links.open(&address(server.at));
        c.up(1).await;
    });
}

#[test]
fn of_two_peers_that_come_at_once_for_the_last_place_one_gets_it() {
    on_tokio(async {
        let sockets: Vec<Socket> = (0..3).map(|_| Socket::any()).collect();
        let peers: Vec<_> = (1..=3).zip(&sockets).map(|(n, socket)| peer(n, socket.at)).collect();
        let mut sockets = sockets.into_iter();
        let mut start = |n, config| Node::start(n, sockets.next().unwrap(), &peers, config);
        let server = start(1, QuicConfig { max_inbound: 1, ..quick() });
        let (b, c) = (start(2, quick()), start(3, quick()));
        b.links.open(&address(server.at));
        c.links.open(&address(server.at));
        let dials = |node: &Node| (node.ups().len(), node.counters.dials_failed.of("full"));
        until("both answered", || {
            let mut answers = [dials(&b), dials(&c)];
            answers.sort_unstable();
            (answers == [(0, 1), (1, 0)]).then_some(())
        })
        .await;
        assert_eq!(server.links.samples().len(), 1);
    });
}

#[test]
fn half_open_connections_take_no_more_than_their_source_may_have_and_end_in_time() {
    on_tokio(async {
        let a = Socket::any();
        let config = QuicConfig { max_handshakes_per_source: 2, ..quick() };
        let server = Node::start(1, a, &[peer(2, "127.0.0.1:1".parse().unwrap())], config);
        let manners = Manners::of(seed(2));
        // They shake hands and then don't greet.
        let (_first, one) = connect(server.at, &manners).await;
        let (_second, two) = connect(server.at, &manners).await;
        let (_third, three) = connect(server.at, &manners).await;
        assert_eq!(transport_code(&three.unwrap_err()), 0x2);
        assert_eq!(server.counters.refused.of(Refused::Source.label()), 1);
        for connection in [one.unwrap(), two.unwrap()] {
            assert_eq!(rogue::code(&connection).await, CloseCode::HandshakeTimeout as u64);
        }
        until("both counted", || (server.counters.inbound_failed.of("timed_out") == 2).then_some(())).await;
        rogue::link(server.at, &manners).await;
        server.up(1).await;
    });
}

/// Fails when whoever begins handshakes and then says nothing keeps a peer out.
#[test]
fn half_open_connections_that_take_all_places_make_room_for_a_peer_from_elsewhere() {
    on_tokio(async {
        let (a, b) = (Socket::any(), Socket::on("127.0.0.2:0".parse().unwrap()));
        let peers = [peer(1, a.at), peer(2, "127.0.0.1:1".parse().unwrap()), peer(3, b.at)];
        let server = Node::start(1, a, &peers, QuicConfig { max_handshakes: 2, ..quick() });
        let manners = Manners::of(seed(2));
        let (_first, one) = connect(server.at, &manners).await;
        let (_second, two) = connect(server.at, &manners).await;
        let node = Node::start(3, b, &peers, quick());
        node.links.open(&address(server.at));
        node.up(1).await;
        assert_eq!(server.counters.refused.of(Refused::Handshakes.label()), 1);
        assert!(matches!(one.unwrap().closed().await, ConnectionError::ApplicationClosed(_)));
        assert_eq!(rogue::code(&two.unwrap()).await, CloseCode::HandshakeTimeout as u64);
    });
}

#[test]
fn under_load_a_source_must_show_that_it_receives_and_is_then_let_in() {
    on_tokio(async {
        let (a, mine, b, _) = linked(&QuicConfig { retry_above: 0, ..quick() }).await;
        assert_eq!(b.counters.retries.load(Relaxed), 1);
        assert!(a.links.send(mine, bytes::Bytes::from_static(b"hello")));
        until("frame", || b.frames().first().cloned()).await;
    });
}
