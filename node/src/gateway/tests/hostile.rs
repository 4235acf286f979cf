//! Bytes that mean harm.

use super::*;
use crate::testing::*;
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::TcpStream;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Fails when any body makes a handler fail or die.
    #[test]
    fn no_body_and_no_path_makes_the_gateway_fail(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 10),
        texts in prop::collection::vec(any_json(), 10),
        paths in prop::collection::vec("[a-z0-9%?=&/.:-]{0,40}", 10),
    ) {
        let mut rig = rig(config());
        for body in bodies.iter().map(Vec::as_slice).chain(texts.iter().map(String::as_bytes)) {
            let answer = rig.post(body);
            prop_assert!(answer.status == 400 || answer.status == 422, "{answer:?}");
        }
        for path in paths {
            if let Ok(url) = rig.url(&format!("/v1/{path}")).parse::<ureq::http::Uri>() {
                let answer = answer(rig.agent.get(url).call());
                prop_assert!(answer.status < 500, "{path}: {answer:?}");
            }
        }
        prop_assert!(rig.submitted.try_recv().is_err());
        prop_assert_eq!(rig.get("/v1/chain").status, 200);
    }
}

/// Close to a command, but not signed.
fn any_json() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("\"pass_line\"".to_owned()),
        Just("null".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        "[0-9a-f]{64}".prop_map(|hex| format!("\"{hex}\"")),
        "[0-9a-f]{128}".prop_map(|hex| format!("\"{hex}\"")),
    ];
    const ACTIONS: &[&str] = &["transfer", "bet", "take_down", "steal"];
    (prop::sample::select(ACTIONS), prop::collection::vec(word, 6)).prop_map(|(action, words)| {
        let [key, sequence, to, amount, table, signature] = &words[..] else { unreachable!() };
        format!(
            r#"{{"key":{key},"sequence":{sequence},"action":{{"{action}":{{"to":{to},"amount":{amount},"table":{table},
            "bet":{to},"stake":{amount}}}}},"signature":{signature}}}"#
        )
    })
}

/// What comes back until the other side closes, which it must within the deadline.
fn until_closed(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&text).into_owned(),
    }
}

#[test]
fn bytes_that_are_no_http_are_answered_with_400_and_the_connection_is_closed() {
    let rig = rig(config());
    for bytes in [&b"\0\x01\x02\r\n\r\n"[..], b"GET  HTTP/9\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(rig.address()).unwrap();
        stream.write_all(bytes).unwrap();
        assert!(until_closed(&mut stream).starts_with("HTTP/1.1 400"));
    }
}

/// Fails when a client that says nothing, or half a request, is waited for as long as it likes.
#[test]
fn half_a_request_is_not_waited_for() {
    let rig = rig(GatewayConfig { timeout: Duration::from_millis(300), ..config() });
    let mut stream = TcpStream::connect(rig.address()).unwrap();
    stream.write_all(b"GET /v1/chain HTTP/1.1\r\nhost: x\r\n").unwrap();
    assert!(until_closed(&mut stream).starts_with("HTTP/1.1 408"));
}

/// Asks for much and takes a little now and then, as no connection is given up on which anything moves.
#[test]
fn a_client_that_takes_its_answers_too_slowly_is_cut_off() {
    let mut rig = rig(GatewayConfig { stall: Duration::from_millis(300), ..config() });
    rig.house.decide_with(Vec::new(), Blobs::of([&[7; 4000][..]]).unwrap());
    let mut stream = TcpStream::connect(rig.address()).unwrap();
    socket2::SockRef::from(&stream).set_recv_buffer_size(4 << 10).unwrap();
    // Some ten kilobytes each.
    stream.write_all(&b"GET /v1/blocks/latest HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2000)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    eventually("it is cut off", || {
        let _ = stream.read(&mut [0; 512]);
        rig.counted("bitcraps_http_rejected_total{reason=\"slow_client\"} 1")
    });
}

/// Fails when one address can have all connections.
#[test]
fn one_address_has_so_many_connections_and_no_more() {
    let rig = rig(GatewayConfig { max_connections_per_address: Some(2), ..config() });
    let ask = |stream: &mut TcpStream| {
        let mut start = [0; 12];
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"GET /v1/chain HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        stream.read_exact(&mut start).is_ok() && &start == b"HTTP/1.1 200"
    };
    let connect = || TcpStream::connect(rig.address()).unwrap();
    let (mut first, mut second) = (connect(), connect());
    assert!(ask(&mut first) && ask(&mut second));
    assert_eq!(until_closed(&mut connect()), "");
    assert!(rig.counted("bitcraps_http_rejected_total{reason=\"connections\"} 1"));
    drop(first);
    eventually("its place is free", || ask(&mut connect()));
}

/// Fails when a body is taken in before its length is looked at.
#[test]
fn a_body_that_says_it_is_long_is_refused_before_it_comes() {
    let rig = rig(config());
    let mut stream = TcpStream::connect(rig.address()).unwrap();
    let head = "POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[test]
fn commands_of_players_still_come_through_among_forgeries() {
    let mut rig = rig(config());
    let good = rig.house.sign(1, 1, transfer(account(2), 5));
    let mut forged = good;
    forged.signature.0[5] ^= 1;
    for _ in 0..50 {
        rig.submit(&forged).problem(422);
    }
    assert_eq!(rig.submit(&good).status, 202);
    assert_eq!(rig.submitted.try_recv().unwrap(), good);
}
