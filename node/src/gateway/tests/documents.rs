//! What is written about the gateway is what it does.

use super::*;
use crate::testing::*;
use std::collections::BTreeSet;
use std::path::Path;

fn document() -> Json {
    serde_json::from_str(super::document()).unwrap()
}

#[test]
fn the_openapi_document_has_each_route_and_no_other() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut documented = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let routes = ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(documented, routes.collect());
}

#[test]
fn each_schema_that_the_document_refers_to_is_in_it() {
    fn references<'a>(json: &'a Json, found: &mut Vec<&'a str>) {
        match json {
            Json::Object(members) => {
                found.extend(members.get("$ref").and_then(Json::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Json::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn the_document_is_served() {
    let rig = rig(config());
    assert_eq!(rig.get("/openapi.json").json(), document());
}

/// Runs each `curl` of the page against a gateway: the ones that read must succeed.
#[test]
fn the_examples_of_the_documentation_work() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gateway.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut rig = rig(config());
    rig.house.tell(&bitcraps_actors::ports::Event::PeerUp(bitcraps_types::Sign::public_key(&key(102))));
    rig.house.tell(&bitcraps_actors::ports::Event::PeerUp(bitcraps_types::Sign::public_key(&key(103))));
    let paid = rig.house.sign(1, 1, transfer(account(2), 5));
    rig.house.decide(vec![paid]);
    let encoded = crate::hex::encode(&borsh::to_vec(&rig.house.sign(1, 2, transfer(account(2), 5))).unwrap());
    let two_blobs = b"\x02\0\0\0\x05\0\0\0hello\x05\0\0\0world";
    assert!(page.contains(r"printf '\002\0\0\0\005\0\0\0hello\005\0\0\0world' >two.blobs"));
    let mut ran = 0;
    for line in page.lines().filter(|line| line.starts_with("curl ")) {
        let line = line
            .replace("$ACCOUNT", &account(1).0.to_string())
            .replace("$ID", &paid.id().to_string())
            .replace("$BORSH", &encoded);
        let (admin, at) = match (line.find("$GATEWAY/"), line.find("$ADMIN/")) {
            (Some(at), None) => (false, at + "$GATEWAY".len()),
            (None, Some(at)) => (true, at + "$ADMIN".len()),
            _ => panic!("{line}: neither $GATEWAY nor $ADMIN"),
        };
        let path: String = line[at..].chars().take_while(|c| !"'\" ".contains(*c)).collect();
        let answer = match line.split_once(" -d ") {
            // As a shell reads it: quotes only hold together.
            Some((_, body)) => rig.post(body.replace('\'', "").as_bytes()),
            None if line.ends_with("--data-binary @two.blobs") => rig.post_blobs(two_blobs),
            None if admin => rig.admin(&path),
            None => rig.get(&path),
        };
        assert!((200..300).contains(&answer.status), "{line}: {answer:?}");
        ran += 1;
    }
    assert!(ran >= 10, "{ran} examples");
    for (method, path) in ROUTES.iter().chain(ADMIN_ROUTES) {
        assert!(
            page.contains(&format!("`{method} {path}`")),
            "docs/gateway.md does not list {method} {path}"
        );
    }
}
