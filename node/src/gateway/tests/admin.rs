//! What the operator's listener answers.

use super::*;
use crate::testing::*;
use bitcraps_actors::ports::Event;
use bitcraps_types::Sign;

fn failing(rig: &Rig) -> Vec<String> {
    let ready = rig.admin("/ready");
    let json = ready.json();
    let checks = json["checks"].as_array().unwrap();
    let failing = checks.iter().filter(|check| check["ok"] == false);
    let failing: Vec<String> = failing.map(|check| check["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ready.status, if failing.is_empty() { 200 } else { 503 });
    assert_eq!(json["ready"], failing.is_empty());
    failing
}

#[test]
fn a_node_is_ready_when_it_is_synced_connected_and_sound() {
    let rig = rig(config());
    assert_eq!(failing(&rig), ["quorum"]);
    rig.house.tell(&Event::PeerUp(key(102).public_key()));
    rig.house.tell(&Event::PeerUp(stranger()));
    assert_eq!(failing(&rig), ["quorum"], "two of four validators, and a stranger");
    rig.house.tell(&Event::PeerUp(key(103).public_key()));
    assert_eq!(failing(&rig), [""; 0]);
    rig.house.tell(&Event::SyncStarted { from: 0, to: 1 });
    assert_eq!(failing(&rig), ["synced"]);
    rig.house.tell(&Event::SyncEnded { height: 1 });
    assert_eq!(failing(&rig), [""; 0]);
    rig.house.tell(&Event::PeerDown(key(103).public_key()));
    assert_eq!(failing(&rig), ["quorum"]);
    rig.health.disk_failed();
    rig.health.drain();
    assert_eq!(failing(&rig), ["quorum", "disk", "accepting"]);
}

#[test]
fn a_node_whose_loop_hangs_is_dead_and_trouble_with_others_does_not_make_it_so() {
    let rig = rig(config());
    rig.health.disk_failed();
    rig.pass(Health::SILENCE * 100);
    assert_eq!(rig.admin("/health").status, 200, "to restore the state takes as long as it takes");
    rig.health.restored();
    rig.pass(Health::SILENCE - Duration::from_nanos(1));
    assert_eq!(rig.admin("/health").status, 200);
    rig.pass(Duration::from_nanos(1));
    let dead = rig.admin("/health");
    assert_eq!((dead.status, dead.json()["ticked_ms_ago"].as_u64()), (503, Some(5000)));
    assert!(failing(&rig).contains(&"loop".to_owned()));
    rig.health.tick();
    assert_eq!(rig.admin("/health").status, 200);
}

#[test]
fn the_operator_sees_metrics_status_peers_and_version() {
    let mut rig = rig(config());
    rig.house.decide(Vec::new());
    rig.house.tell(&Event::PeerUp(key(104).public_key()));
    let metrics = rig.admin("/metrics");
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    assert!(String::from_utf8(metrics.body).unwrap().contains("\nbitcraps_height 1\n"));
    let status = rig.admin("/status").json();
    assert_eq!(status["height"], 1);
    assert_eq!(status["validator"], 0);
    assert_eq!(status["chain_id"], rig.house.chain.to_string());
    assert_eq!(status["root"], rig.house.casino.root().to_string());
    let peers = rig.admin("/peers").json();
    assert_eq!(peers["peers"][0]["validator"], 3);
    assert_eq!(rig.admin("/version").json()["version"], "1.2.3");
    rig.admin("/v1/chain").problem(404);
    for (_, path) in ADMIN_ROUTES {
        assert_ne!(rig.admin(path).status, 404, "{path}");
        let address = rig.gateway.as_ref().unwrap().admin_address();
        answer(rig.agent.post(format!("http://{address}{path}")).send_empty()).problem(405);
    }
}
