//! Each way in which a request can be wrong.

use super::*;
use crate::gateway::Rate;
use crate::testing::*;
use bitcraps_types::Digest;

fn request(rig: &Rig, method: &str, path: &str) -> Answer {
    let request = ureq::http::Request::builder().method(method).uri(rig.url(path)).body(()).unwrap();
    answer(rig.agent.run(request))
}

#[test]
fn what_is_not_there_is_404_and_what_is_not_done_so_405() {
    let rig = rig(config());
    for path in ["/", "/v1", "/v1/", "/v2/chain", "/v1/tables/0/", "/metrics", "/health", "/v1/%ff"] {
        rig.get(path).problem(404);
    }
    for (method, path) in ROUTES {
        let methods: Vec<&str> =
            ROUTES.iter().filter(|(_, other)| other == path).map(|(of, _)| *of).collect();
        let wrong = if methods.contains(&"GET") { "DELETE" } else { "GET" };
        assert!(methods.contains(method));
        let path = path.replace("{id}", "0").replace("{height}", "1");
        let refused = request(&rig, wrong, &path);
        refused.problem(405);
        assert_eq!(refused.header("allow"), methods.join(", "));
    }
}

#[test]
fn every_route_of_the_list_is_served() {
    let rig = rig(config());
    let id = Digest::ZERO.to_string();
    for (method, path) in ROUTES {
        let path = path.replace("commands/{id}", &format!("commands/{id}"));
        let path = path.replace("accounts/{id}", &format!("accounts/{id}"));
        let path = path.replace("{id}", "0").replace("{height}", "latest");
        let answer = match *method {
            "GET" => rig.get(&path),
            _ => answer(rig.agent.post(rig.url(&path)).send(b"{}")),
        };
        let nothing = String::from_utf8_lossy(&answer.body).contains("there is nothing at");
        assert!(answer.status != 405 && !nothing, "{method} {path}: {answer:?}");
    }
}

#[test]
fn what_names_nothing_is_400_and_says_what_is_wrong() {
    let rig = rig(config());
    let id = Digest::ZERO.to_string();
    for (path, word) in [
        ("/v1/commands/12", "64"),
        (&*format!("/v1/commands/{}", "g".repeat(64)), "digit"),
        (&format!("/v1/commands/{id}?wait=5"), "wait"),
        (&format!("/v1/commands/{id}?wait=-1s"), "wait"),
        (&format!("/v1/commands/{id}?wait=99999999999999999999s"), "wait"),
        (&format!("/v1/commands/{id}?weight=5s"), "query"),
        ("/v1/accounts/me", "64"),
        ("/v1/tables/one", "`one`"),
        ("/v1/tables/4294967296", "number"),
        ("/v1/blocks/last", "latest"),
        ("/v1/blocks/-1", "`-1`"),
        ("/v1/events?table=x", "query"),
        ("/v1/events?kinds=dice", "kinds"),
        ("/v1/events?account=12", "query"),
        ("/v1/events", "WebSocket"),
    ] {
        let detail = rig.get(path).problem(400);
        assert!(detail.contains(word), "{path}: {detail}");
    }
    rig.get(&format!("/v1/accounts/{id}")).problem(404);
    rig.get("/v1/tables/9").problem(404);
}

#[test]
fn a_body_that_is_no_command_is_400() {
    let rig = rig(config());
    let signed = rig.house.sign(1, 1, transfer(account(2), 5));
    let good = serde_json::to_value(api::CommandForm::from(&signed)).unwrap();
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut json = good.clone();
        change(&mut json);
        json.to_string()
    };
    let bodies = [
        String::new(),
        "{".into(),
        "{}".into(),
        "null".into(),
        "[]".into(),
        "7".into(),
        "\"text\"".into(),
        "[".repeat(10_000),
        r#"{"borsh":7}"#.into(),
        r#"{"borsh":"xy"}"#.into(),
        r#"{"borsh":"00"}"#.into(),
        format!(r#"{{"borsh":"{}00"}}"#, crate::hex::encode(&borsh::to_vec(&signed).unwrap())),
        changed(&|json| json["sequence"] = (-1).into()),
        changed(&|json| json["sequence"] = 1.5.into()),
        changed(&|json| json["key"] = "00".into()),
        changed(&|json| json["extra"] = 1.into()),
        changed(&|json| json["borsh"] = "00".into()),
        changed(&|json| json["action"] = "transfer".into()),
        changed(&|json| json["action"]["transfer"]["amount"] = "5".into()),
        changed(&|json| json["action"] = serde_json::json!({"bet": {"table": 0, "bet": "pass", "stake": 1}})),
        changed(&|json| drop(json.as_object_mut().unwrap().remove("signature"))),
    ];
    for body in bodies {
        let answer = rig.post(body.as_bytes());
        answer.problem(400);
    }
    rig.post(&[0xff, 0xfe]).problem(400);
}

#[test]
fn a_body_of_another_kind_is_415_and_a_long_one_413() {
    let mut rig = rig(GatewayConfig { max_body: 1000, ..config() });
    let signed = rig.house.sign(1, 1, transfer(account(2), 5));
    let body = serde_json::to_vec(&api::CommandForm::from(&signed)).unwrap();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        rig.post_as(media_type, &body).problem(415);
    }
    assert!(rig.submitted.try_recv().is_err());
    assert_eq!(rig.post_as("Application/JSON; charset=utf-8", &body).status, 202);
    let detail = rig.post(&[b' '; 1001]).problem(413);
    assert!(detail.contains("1000"), "{detail}");
    assert!(rig.counted("bitcraps_http_rejected_total{reason=\"too_large\"} 1"));
}

#[test]
fn a_forged_command_is_422_and_the_node_never_hears_of_it() {
    let mut rig = rig(config());
    let mut signed = rig.house.sign(1, 1, transfer(account(2), 5));
    signed.command.sequence = 2;
    rig.submit(&signed).problem(422);
    assert!(rig.submitted.try_recv().is_err());
    assert_eq!(rig.view().command(&signed.id()), None);
    (0..20).for_each(|_| drop(rig.submit(&signed).problem(422)));
}

#[test]
fn a_full_queue_is_503_with_a_time_to_come_again_and_what_was_refused_may_come_again() {
    let mut rig = rig(config());
    let commands: Vec<_> =
        (1..=9).map(|sequence| rig.house.sign(1, sequence, transfer(account(2), 1))).collect();
    for signed in &commands[..8] {
        assert_eq!(rig.submit(signed).status, 202);
    }
    let full = rig.submit(&commands[8]);
    full.problem(503);
    assert_eq!(full.header("retry-after"), "1");
    assert_eq!(rig.view().command(&commands[8].id()), None);
    assert!(rig.counted("bitcraps_http_rejected_total{reason=\"queue_full\"} 1"));
    rig.submitted.try_recv().unwrap();
    assert_eq!(rig.submit(&commands[8]).status, 202);
}

#[test]
fn a_node_that_stops_takes_no_commands_but_still_answers() {
    let mut rig = rig(config());
    rig.health.drain();
    let signed = rig.house.sign(1, 1, transfer(account(2), 1));
    let refused = rig.submit(&signed);
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "10");
    assert_eq!(rig.get("/v1/chain").status, 200);
    rig.submitted.close();
}

#[test]
fn a_node_that_is_gone_is_503() {
    let mut rig = rig(config());
    rig.submitted.close();
    let signed = rig.house.sign(1, 1, transfer(account(2), 1));
    rig.submit(&signed).problem(503);
}

#[test]
fn an_address_that_asks_too_often_is_429_until_its_time_comes() {
    let rig = rig(GatewayConfig { rate: Some(Rate { per_second: 1, burst: 3 }), ..config() });
    (0..3).for_each(|_| assert_eq!(rig.get("/v1/chain").status, 200));
    let refused = rig.get("/v1/chain");
    refused.problem(429);
    assert_eq!(refused.header("retry-after"), "1");
    rig.pass(Duration::from_millis(999));
    rig.get("/nowhere").problem(429);
    rig.pass(Duration::from_millis(1));
    assert_eq!(rig.get("/v1/chain").status, 200);
    assert!(rig.counted("bitcraps_http_rejected_total{reason=\"rate\"} 2"));
}
