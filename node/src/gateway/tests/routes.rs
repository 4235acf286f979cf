//! What each resource answers when all is well.

use super::*;
use crate::testing::*;
use bitcraps_casino::Block;
use bitcraps_consensus::{Certificate, Validator, ValidatorSet};
use bitcraps_tables::craps;
use bitcraps_types::ed25519::Ed25519Verifier;
use bitcraps_types::{Digest, Sign, Value};

#[test]
fn the_chain_names_its_genesis_and_its_end() {
    let mut rig = rig(config());
    rig.house.decide(Vec::new());
    let chain = rig.get("/v1/chain").json();
    assert_eq!(chain["height"], 1);
    assert_eq!(chain["name"], "house");
    assert_eq!(chain["root"], rig.house.casino.root().to_string());
    let genesis = crate::hex::decode(chain["genesis"].as_str().unwrap()).unwrap();
    let genesis: bitcraps_casino::Genesis = borsh::from_slice(&genesis).unwrap();
    assert_eq!(chain["chain_id"], genesis.chain_id().to_string());
}

#[test]
fn an_account_is_found_by_its_id_and_by_its_key() {
    let mut rig = rig(config());
    let placed = rig.house.sign(1, 3, bet(0, craps::Bet::DontPass, 10));
    rig.house.decide(vec![placed]);
    let by_id = rig.get(&format!("/v1/accounts/{}", account(1).0)).json();
    let by_key = rig.get(&format!("/v1/accounts/{}", crate::hex::encode(&key(1).public_key().0))).json();
    assert_eq!(by_id, by_key);
    let totals = *rig.house.casino.bank().ledger().account(&account(1)).unwrap();
    assert_eq!(by_id["balance"], totals.balance());
    assert_eq!(by_id["available"], totals.available());
    assert_eq!(by_id["reserved"], totals.reserved());
    assert_eq!(by_id["highest_sequence"], 3);
}

#[test]
fn a_table_shows_its_rules_its_bets_and_its_rolls() {
    let mut rig = rig(config());
    let placed = rig.house.sign(1, 1, bet(2, craps::Bet::Hardway(craps::Hard::Eight), 10));
    rig.house.decide(vec![placed]);
    let all = rig.get("/v1/tables").json();
    assert_eq!(all["tables"].as_array().unwrap().len(), 3);
    let table = rig.get("/v1/tables/2").json();
    assert_eq!(table["rules"]["odds.four_ten"], 3);
    let seen = rig.house.casino.table(bitcraps_types::TableId(2)).unwrap();
    assert_eq!(table["bets"].as_array().unwrap().len(), seen.open_bets().count());
    let roll = &table["rolls"][0];
    assert_eq!(roll["height"], 1);
    assert_eq!(roll["total"], roll["dice"][0].as_u64().unwrap() + roll["dice"][1].as_u64().unwrap());
    assert_eq!(table["phase"], if table["point"].is_null() { "come_out" } else { "point" });
    if let Some(bet) = table["bets"].get(0) {
        assert_eq!((&bet["bet"], &bet["stake"]), (&"hardway:8".into(), &10.into()));
    }
}

#[test]
fn a_roll_names_the_account_that_threw() {
    let mut rig = rig(config());
    let placed = rig.house.sign(1, 1, bet(2, craps::Bet::Small, 10));
    rig.house.decide(vec![placed]);
    assert!(rig.get("/v1/tables/2").json()["rolls"][0].get("shooter").is_none(), "nobody is on the line");
    let placed = rig.house.sign(1, 2, bet(1, craps::Bet::Pass, 10));
    rig.house.decide(vec![placed]);
    let table = rig.get("/v1/tables/1").json();
    assert_eq!(table["rolls"][0]["shooter"], crate::hex::encode(&account(1).0.0));
    assert_eq!(table["shooter"], table["rolls"][0]["shooter"]);
}

/// The bytes alone prove the block: nothing that the gateway says of them is believed.
#[test]
fn anyone_can_check_a_block_by_its_raw_bytes() {
    let mut rig = rig(config());
    let paid = rig.house.sign(1, 1, transfer(account(9), 5));
    rig.house.decide(vec![paid]);
    for path in ["/v1/blocks/latest", "/v1/blocks/1"] {
        let block = rig.get(path).json();
        let bytes = |json: &Json| crate::hex::decode(json.as_str().unwrap()).unwrap();
        let value = Value::new(bytes(&block["raw"]));
        let certificate: Certificate = borsh::from_slice(&bytes(&block["certificate"]["raw"])).unwrap();
        assert_eq!(certificate.digest, value.digest());
        let validators = rig.house.genesis.validators.iter();
        let validators = validators.map(|validator| Validator { key: validator.key, power: validator.power });
        let validators = ValidatorSet::new(validators.collect()).unwrap();
        certificate.verify(&validators, &rig.house.chain, &Ed25519Verifier).unwrap();
        assert_eq!(Block::decode(value.bytes()).unwrap().commands, [paid]);
        assert_eq!(block["digest"], value.digest().to_string());
        assert_eq!(block["commands"][0]["id"], paid.id().to_string());
        assert_eq!(block["commands"][0]["command"]["action"]["transfer"]["amount"], 5);
        assert_eq!(block["certificate"]["signatures"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn a_block_that_the_view_no_longer_has_comes_from_the_archive() {
    let mut rig = rig(config());
    (0..140).for_each(|_| drop(rig.house.decide(Vec::new())));
    assert_eq!(rig.get("/v1/blocks/1").json()["proposer"], 3);
    assert_eq!(rig.get("/v1/blocks/140").json()["proposer"], 0);
    rig.get("/v1/blocks/2").problem(404);
    rig.get("/v1/blocks/141").problem(404);
    rig.get("/v1/blocks/0").problem(404);
}

#[test]
fn validators_are_listed_with_their_offences() {
    let rig = rig(config());
    let offence = bitcraps_types::ValidatorIndex(2);
    rig.house.tell(&bitcraps_actors::ports::Event::OffenceRecorded { offender: offence, height: 7 });
    let validators = rig.get("/v1/validators").json();
    assert_eq!(validators["total_power"], 4);
    let offences: Vec<_> =
        (0..4).map(|i| validators["validators"][i]["offences"].as_u64().unwrap()).collect();
    assert_eq!(offences, [0, 0, 1, 0]);
    let key = crate::hex::encode(&rig.house.genesis.validators[1].key.0);
    assert_eq!(validators["validators"][1]["key"], key);
}

#[test]
fn a_command_in_either_form_reaches_the_node_with_the_same_id() {
    let mut rig = rig(config());
    let actions = [
        transfer(account(2), u64::MAX),
        bet(1, craps::Bet::Place(craps::Number::Nine), 5),
        bet(1, craps::Bet::Odds { base: 7 }, 5),
        take_down(2, 1, 9),
    ];
    for (sequence, action) in (1..).zip(actions) {
        let signed = rig.house.sign(1, sequence, action);
        let encoded = crate::hex::encode(&borsh::to_vec(&signed).unwrap());
        let borsh = serde_json::to_vec(&api::Submission::Borsh { borsh: encoded }).unwrap();
        for answer in [rig.submit(&signed), rig.post(&borsh)] {
            assert_eq!(answer.status, 202);
            assert_eq!(answer.json()["id"], signed.id().to_string());
            assert_eq!(answer.json()["state"], "pending");
            assert_eq!(rig.submitted.try_recv().unwrap(), signed);
        }
    }
}

#[test]
fn a_command_is_followed_to_its_block() {
    let mut rig = rig(config());
    let signed = rig.house.sign(1, 1, bet(0, craps::Bet::Field, 10));
    let path = format!("/v1/commands/{}", signed.id());
    rig.get(&path).problem(404);
    rig.submit(&signed);
    assert_eq!(rig.get(&path).json()["state"], "pending");
    let reports = rig.house.decide(vec![signed]);
    let status = rig.get(&path).json();
    assert_eq!((&status["state"], &status["height"]), (&"settled".into(), &1.into()));
    let ended = &status["effect"]["placed"]["ended"];
    assert_eq!(ended["height"], 1);
    let won = matches!(reports[0].settlements[0].outcome, bitcraps_tables::Outcome::Won { .. });
    assert_eq!(ended["outcome"], if won { "won" } else { "lost" });
    let poor = rig.house.sign(1, 2, transfer(account(2), u64::MAX));
    rig.house.decide(vec![poor]);
    let status = rig.get(&format!("/v1/commands/{}", poor.id())).json();
    assert_eq!(status["state"], "refused");
    assert!(status["reason"].as_str().unwrap().contains("available"));
}

/// Fails by its deadline when the waiter is not woken: the wait asked for is longer.
#[test]
fn who_waits_for_a_command_is_answered_as_soon_as_it_is_settled_or_turned_away() {
    let mut rig = rig(config());
    let signed = rig.house.sign(1, 1, transfer(account(2), 5));
    let turned_away = rig.house.sign(1, 2, transfer(account(2), 5));
    rig.submit(&signed);
    rig.submit(&turned_away);
    #[expect(clippy::disallowed_methods, reason = "two clients wait at a time")]
    let wait = |id: Digest| {
        let (agent, url) = (rig.agent.clone(), rig.url(&format!("/v1/commands/{id}?wait=25s")));
        std::thread::spawn(move || answer(agent.get(url).call()))
    };
    #[expect(clippy::disallowed_methods, reason = "the deadline is in real time")]
    let began = Instant::now();
    let (settled, refused) = (wait(signed.id()), wait(turned_away.id()));
    let full = bitcraps_actors::ports::turned_away::FULL;
    rig.house.tell(&bitcraps_actors::ports::Event::CommandRefused(turned_away.id(), full));
    rig.house.decide(vec![signed]);
    assert_eq!(settled.join().unwrap().json()["state"], "settled");
    let refused = refused.join().unwrap().json();
    assert_eq!((&refused["state"], &refused["reason"]), (&"turned_away".into(), &full.into()));
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn who_waits_in_vain_is_told_what_is_known() {
    let rig = rig(GatewayConfig { max_wait: Duration::from_millis(50), ..config() });
    let signed = rig.house.sign(1, 1, transfer(account(2), 5));
    rig.submit(&signed);
    for wait in ["0s", "20ms", "1000s"] {
        let status = rig.get(&format!("/v1/commands/{}?wait={wait}", signed.id())).json();
        assert_eq!(status["state"], "pending", "{wait}");
    }
    rig.get(&format!("/v1/commands/{}?wait=1ms", Digest::ZERO)).problem(404);
}

#[test]
fn a_trace_is_passed_on() {
    let rig = rig(config());
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced =
        |value: &str| answer(rig.agent.get(rig.url("/v1/chain")).header("traceparent", value).call());
    assert_eq!(traced(trace).header("traceparent"), trace);
    assert_eq!(traced("nonsense").header("traceparent"), "");
}

#[test]
fn requests_are_counted_by_their_route() {
    let rig = rig(config());
    rig.get("/v1/tables/0");
    rig.get("/v1/tables/77");
    rig.get("/elsewhere");
    assert!(rig.counted("bitcraps_http_requests_total{route=\"/v1/tables/{id}\",status=\"200\"} 1"));
    assert!(rig.counted("bitcraps_http_requests_total{route=\"/v1/tables/{id}\",status=\"404\"} 1"));
    assert!(rig.counted("bitcraps_http_requests_total{route=\"none\",status=\"404\"} 1"));
}

/// Fails when a client is told of a command that was done long ago that it never came.
#[test]
fn a_command_that_only_the_archive_knows_is_told_with_its_block() {
    let rig = rig(config());
    let id = ARCHIVED.to_string();
    let known = rig.get(&format!("/v1/commands/{id}?wait=10ms"));
    let expected = serde_json::json!({ "id": id, "state": "archived", "height": 7 });
    assert_eq!((known.status, known.json()), (200, expected));
    rig.get(&format!("/v1/commands/{}", Digest::ZERO)).problem(404);
}

#[test]
fn a_gateway_stops_when_it_is_told_to() {
    let mut rig = rig(config());
    let address = rig.address();
    rig.get("/v1/chain");
    rig.gateway.take().unwrap().stop();
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_it() {
    let first = rig(config());
    let taken = first.address();
    let house = House::new(1);
    let node = Node {
        view: house.view.clone(),
        genesis: house.genesis.clone(),
        me: stranger(),
        submit: mpsc::channel(1).0,
        blobs: mpsc::channel(1).0,
        handovers: mpsc::channel(1).0,
        health: first.health.clone(),
        metrics: house.metrics.clone(),
        archive: Arc::new(|_| None),
        command_index: Arc::new(|_| None),
        version: "",
    };
    let error = start(node, GatewayConfig { listen: taken, ..config() }).err().unwrap();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}
