//! Scenarios on turmoil, and the gateway behind its TCP.

use super::*;
use crate::run::{Depth, Examined, examine};
use crate::scenario::{self, World};
use crate::wire::tests::shortened;
use ::turmoil::net::TcpStream;
use bitcraps_node::client::http;
use bitcraps_reports::{PropertyKind, Verdict};
use std::cell::RefCell;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn passes(scenario: &Scenario, depth: Depth) -> Examined {
    let examined = examine(scenario, World::Turmoil, 5, depth, "");
    assert_eq!(examined.divergence, None);
    let record = &examined.outcome.record;
    let bad: Vec<_> = record.properties.iter().filter(|property| property.holds != Some(true)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!((record.verdict, &*record.manifest.crypto), (Verdict::Pass, "real"));
    examined
}

#[test]
fn an_undisturbed_run_has_one_trace_and_its_bets_come_over_tcp() {
    let set = [
        ("duration", "4 s"),
        ("validators.count", "4"),
        ("workload.players", "5"),
        ("workload.bets", "20/s"),
        ("expect.eventually.0.height.at_least", "5"),
        ("expect.eventually.0.height.within", "4 s"),
    ];
    let examined = passes(&shortened("happy-path.yaml", &set), Depth::Twice);
    let record = &examined.outcome.record;
    assert!(record.commands.len() > 40, "{} commands were settled", record.commands.len());
    let gateways = record.notes.iter().find(|note| note.starts_with("gateways: "));
    let gateways = gateways.expect("what went over TCP is told");
    assert!(gateways.ends_with("over TCP, 0 of them without success"), "{gateways}");
}

#[test]
fn a_partition_heals() {
    let set = [
        ("duration", "14 s"),
        ("validators.count", "4"),
        ("validators.regions", "{ eu: [0, 1], us: [2, 3] }"),
        ("workload.bets", "10/s"),
        ("gst", "10 s"),
        ("faults.split.at", "2 s"),
        ("faults.split.for", "7 s"),
        ("faults.split.inject.partition.groups", "[[0, 1], [2, 3]]"),
        ("expect.eventually.0.height.at_least", "10"),
    ];
    passes(&shortened("partition-heals.yaml", &set), Depth::Once);
}

#[test]
fn a_rolling_restart_has_one_trace() {
    let text = "version: 1\nname: rolling\nclaim: x\nduration: 11 s\ngst: 8 s\nvalidators: { count: 4 }\n\
        links: { default: { latency: { median: 25 ms, p99: 70 ms } } }\n\
        workload: { tables: 2, players: 8, bets: 10/s }\nfaults:\n\
        - { id: a, at: 2 s, on: 0, inject: { crash: { restart_after: 1 s, disk: keep } } }\n\
        - { id: b, at: 4 s, on: 1, inject: { crash: { restart_after: 1 s, disk: torn_write } } }\n\
        - { id: c, at: 6 s, on: 2, inject: { crash: { restart_after: 1 s, disk: lost_unsynced } } }\n\
        expect: { eventually: [{ height: { at_least: 15, within: 11 s } }] }\n";
    let scenario =
        scenario::parse("(test)", text).unwrap_or_else(|mistakes| panic!("{}", mistakes[0])).scenario;
    passes(&scenario, Depth::Twice);
}

#[test]
fn what_turmoil_does_not_make_is_named() {
    let examined = examine(&shortened("long-sleep.yaml", &[]), World::Turmoil, 1, Depth::Once, "");
    let properties = &examined.outcome.record.properties;
    assert!(properties.iter().all(|property| property.kind == PropertyKind::Unsupported));
    assert_eq!(properties[0].detail, "the turmoil world does not make `pause`");
    assert_eq!(examined.outcome.record.verdict, Verdict::Inconclusive);
}

/// An answer as it came: its head, and its body.
async fn ask(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<(String, String)> {
    stream.write_all(request).await?;
    let (mut received, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut chunk).await?;
        received.extend_from_slice(&chunk[..read]);
        if let Some((_, body)) = http::whole(&received)? {
            let body = received.split_off(body);
            return Ok((String::from_utf8(received).unwrap(), String::from_utf8(body).unwrap()));
        }
        assert!(read > 0, "{received:?}");
    }
}

/// Sends requests to node 0 of a running network, over one connection.
fn answers(requests: Vec<Vec<u8>>) -> Vec<(String, String)> {
    let text = "version: 1\nname: tcp\nclaim: x\nduration: 10 s\nvalidators: { count: 4 }\n";
    let scenario = scenario::parse("(test)", text).unwrap().scenario;
    let plan = Plan::new(World::Turmoil);
    let network = Rc::new(Network::new(&scenario, World::Turmoil, 1));
    let shared = Rc::new(Shared::new(&scenario, &network, &plan, 1, false, Rc::default()));
    let mut world = InTurmoil::new(&scenario, 1, &plan, &network, &shared, None);
    (0..4).for_each(|node| world.restart(node));
    world.run_until(Time(500_000_000)).unwrap();
    let (answers, gateway): (Rc<RefCell<Vec<_>>>, SocketAddr) = (Rc::default(), world.turmoil.gateway(0));
    let heard = answers.clone();
    world.turmoil.guest(async move {
        let mut stream = TcpStream::connect(gateway).await?;
        for request in requests {
            let answer = ask(&mut stream, &request).await?;
            heard.borrow_mut().push(answer);
        }
        Ok(())
    });
    world.run_until(Time(1_000_000_000)).unwrap();
    answers.take()
}

#[test]
fn the_daemons_gateway_answers_over_turmoils_tcp() {
    let delete = b"DELETE /v1/chain HTTP/1.1\r\nhost: x\r\n\r\n".to_vec();
    let long = vec![b' '; GATEWAY_BODY + 1];
    let answers = answers(vec![
        http::get("x", "/v1/chain"),
        http::post("x", "/v1/commands", "application/json", b"{ no command"),
        http::get("x", "/v1/nothing"),
        delete,
        http::post("x", "/v1/commands", "application/json", &long),
    ]);
    assert_eq!(answers.len(), 5, "{answers:?}");
    let (head, body) = &answers[0];
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && body.contains("\"tcp\""), "{head}{body}");
    for ((head, body), status) in answers[1..].iter().zip([400, 404, 405, 413]) {
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(head.contains("content-type: application/problem+json\r\n"), "{head}");
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], status, "{problem}");
    }
    assert!(answers[3].0.contains("allow: GET\r\n"), "{}", answers[3].0);
}

/// The daemon's own limit, in bytes.
const GATEWAY_BODY: usize = 128 << 10;
