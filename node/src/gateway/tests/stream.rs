//! The stream of events.

use super::*;
use crate::testing::*;
use bitcraps_tables::craps;
use std::net::TcpStream;
use tungstenite::{Message, WebSocket};

type Socket = WebSocket<TcpStream>;

fn open(rig: &Rig, query: &str) -> Result<Socket, String> {
    let stream = TcpStream::connect(rig.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let url = format!("ws://{}/v1/events?{query}", rig.address());
    tungstenite::client(url, stream).map(|(socket, _)| socket).map_err(|error| error.to_string())
}

fn next(socket: &mut Socket) -> api::Event {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(frame) => panic!("closed: {frame:?}"),
            _ => {}
        }
    }
}

fn kinds(events: &[api::Event]) -> Vec<&'static str> {
    let kind = |event: &api::Event| match event {
        api::Event::Block { .. } => "block",
        api::Event::Roll { .. } => "roll",
        api::Event::Bet { .. } => "bet",
        api::Event::Command { .. } => "command",
        api::Event::Restored { .. } => "restored",
    };
    events.iter().map(kind).collect()
}

#[test]
fn a_client_hears_all_that_a_block_did() {
    let mut rig = rig(config());
    let mut socket = open(&rig, "").unwrap();
    let placed = rig.house.sign(1, 1, bet(1, craps::Bet::Field, 10));
    rig.house.decide(vec![placed]);
    let events: Vec<api::Event> = (0..5).map(|_| next(&mut socket)).collect();
    assert_eq!(kinds(&events), ["block", "roll", "bet", "bet", "command"]);
    let api::Event::Block { height, root, commands, .. } = &events[0] else { unreachable!() };
    assert_eq!((*height, root.0, *commands), (1, rig.house.casino.root().0, 1));
    let api::Event::Bet { ended, stake, bet, .. } = &events[3] else { unreachable!() };
    assert!(ended.is_some() && *stake == 10 && bet.to_string() == "field");
    let api::Event::Command { account: whose, status } = &events[4] else { unreachable!() };
    assert_eq!((whose.unwrap().0, status.state.as_str()), (account(1).0.0, "settled"));
    rig.house.restore();
    assert_eq!(kinds(&[next(&mut socket)]), ["restored"]);
}

#[test]
fn a_client_hears_only_of_the_table_the_account_and_the_kinds_that_it_asked_for() {
    let mut rig = rig(config());
    let mut table = open(&rig, "table=1&kinds=roll,bet").unwrap();
    let mut mine = open(&rig, &format!("account={}&kinds=command", account(2).0)).unwrap();
    let commands = vec![
        rig.house.sign(1, 1, bet(0, craps::Bet::Field, 10)),
        rig.house.sign(2, 1, bet(1, craps::Bet::Field, 10)),
    ];
    rig.house.decide(commands);
    let events: Vec<api::Event> = (0..3).map(|_| next(&mut table)).collect();
    assert_eq!(kinds(&events), ["roll", "bet", "bet"]);
    assert!(matches!(events[0], api::Event::Roll { table: 1, .. }));
    assert!(
        matches!(next(&mut mine), api::Event::Command { account: Some(whose), .. } if whose.0 == account(2).0.0)
    );
    let more = rig.house.sign(2, 2, transfer(account(3), 1));
    rig.house.decide(vec![more]);
    let api::Event::Command { status, .. } = next(&mut mine) else { panic!("nothing else was asked for") };
    assert_eq!(status.id.0, more.id().0);
}

/// Blocks with so much to tell that the system's buffers fill up, until the client is given up.
fn flood(rig: &mut Rig) {
    let mut sequence = 0;
    let slow = "bitcraps_http_rejected_total{reason=\"slow_client\"} 1";
    for _ in 0..400 {
        let commands = (0..60).map(|_| {
            sequence += 1;
            rig.house.sign(1, sequence, transfer(account(2), 1))
        });
        let commands = commands.collect();
        rig.house.decide(commands);
        if rig.counted(slow) || rig.counted("bitcraps_websocket_clients 0") {
            return;
        }
    }
}

/// Fails when a slow client is waited for (memory without bound), or is dropped without a word.
#[test]
fn a_client_that_reads_too_slowly_is_cut_off_with_a_close_code() {
    let mut rig = rig(GatewayConfig { stall: Duration::from_secs(60), ..config() });
    let mut socket = open(&rig, "").unwrap();
    flood(&mut rig);
    let (mut read, mut code) = (0, None);
    while code.is_none() {
        match socket.read().unwrap() {
            Message::Close(frame) => code = Some(frame.unwrap().code),
            _ => read += 1,
        }
    }
    assert_eq!(code, Some(tungstenite::protocol::frame::coding::CloseCode::Policy));
    assert!(read < 400 * 61, "not everything was kept for it: {read}");
    assert!(rig.counted("bitcraps_http_rejected_total{reason=\"slow_client\"} 1"));
    eventually("its place is free", || rig.counted("bitcraps_websocket_clients 0"));
}

/// Fails when the gateway waits for ever for a client that reads nothing.
#[test]
fn a_client_that_reads_nothing_is_given_up_after_a_while() {
    let mut rig = rig(GatewayConfig { stall: Duration::from_millis(200), ..config() });
    let mut socket = open(&rig, "").unwrap();
    flood(&mut rig);
    // Either the writer gives it up or, at about the same time, the system cuts the connection.
    eventually("its place is free", || rig.counted("bitcraps_websocket_clients 0"));
    while !matches!(socket.read(), Err(_) | Ok(Message::Close(_))) {}
}

/// Fails when a node that stops leaves those who watch to find out by themselves.
#[test]
fn a_node_that_stops_tells_those_who_watch() {
    let mut rig = rig(config());
    let mut socket = open(&rig, "").unwrap();
    rig.house.decide(Vec::new());
    next(&mut socket);
    rig.health.drain();
    let frame = loop {
        if let Message::Close(frame) = socket.read().unwrap() {
            break frame.unwrap();
        }
    };
    assert_eq!(frame.code, tungstenite::protocol::frame::coding::CloseCode::Away);
    assert_eq!(frame.reason.as_str(), "stopping");
    eventually("its place is free", || rig.counted("bitcraps_websocket_clients 0"));
}

#[test]
fn only_so_many_watch_and_who_leaves_makes_room() {
    let rig = rig(GatewayConfig { max_websockets: 2, ..config() });
    let mut first = open(&rig, "").unwrap();
    let _second = open(&rig, "").unwrap();
    assert!(open(&rig, "").err().unwrap().contains("503"));
    first.close(None).unwrap();
    eventually("it left", || {
        rig.house.tell(&bitcraps_actors::ports::Event::CommandRefused(rig.house.chain, "x"));
        rig.counted("bitcraps_websocket_clients 1")
    });
    assert!(open(&rig, "").is_ok());
}

#[test]
fn a_client_that_talks_too_much_is_cut_off_and_others_go_on() {
    let mut rig = rig(config());
    let mut talker = open(&rig, "").unwrap();
    let mut other = open(&rig, "kinds=block").unwrap();
    talker.send(Message::Text("x".repeat(100_000).into())).unwrap();
    talker.send(Message::Ping(vec![7].into())).ok();
    rig.house.decide(Vec::new());
    assert_eq!(kinds(&[next(&mut other)]), ["block"]);
    while talker.read().is_ok() {
        rig.house.decide(Vec::new());
    }
}
