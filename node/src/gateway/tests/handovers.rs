//! Handovers: what is told of those that were, and what becomes of one that is handed in.

use super::*;
use crate::testing::certify;
use bitcraps_actors::ports::Event;
use bitcraps_casino::{Block, Committee, Handover, Terms};
use bitcraps_types::{Digest, Value, WallTime};

const STRANGER: bitcraps_types::PublicKey = bitcraps_types::PublicKey([77; 32]);

fn handover(rig: &Rig, number: u64) -> Handover {
    let to = Committee::of_genesis(&rig.house.genesis);
    Handover { terms: Terms { number, not_before: 1, to }, approvals: vec![] }
}

fn post(rig: &Rig, body: &str) -> Answer {
    answer(rig.agent.post(rig.url("/v1/handovers")).content_type("application/json").send(body.as_bytes()))
}

fn form(handover: &Handover) -> String {
    format!(r#"{{ "borsh": "{}" }}"#, crate::hex::encode(&borsh::to_vec(handover).unwrap()))
}

#[test]
fn a_handover_is_handed_on_and_what_the_node_says_of_it_is_told() {
    let rig = rig(config());
    let taken = post(&rig, &form(&handover(&rig, 1)));
    assert_eq!((taken.status, taken.json()["proposer"].as_u64()), (202, Some(0)));
    assert_eq!(post(&rig, &form(&handover(&rig, 2))).problem(422), "the next is 1");
    let whole = form(&handover(&rig, 1));
    for broken in ["{}", "", r#"{ "borsh": "0g" }"#, &whole.replace("\" }", "00\" }")] {
        post(&rig, broken).problem(400);
    }
}

#[test]
fn who_proposes_no_blocks_takes_no_handover() {
    let rig = rig_before(House::new(1), STRANGER, config());
    assert!(post(&rig, &form(&handover(&rig, 1))).problem(403).contains("no validator"));
}

#[test]
fn the_blocks_that_handed_over_are_told_and_the_validators_are_those_since() {
    let rig = rig(config());
    assert_eq!(rig.get("/v1/handovers").json()["handovers"].as_array().map(Vec::len), Some(0));
    let mut to = handover(&rig, 1);
    let stays = to.terms.to.validators[0].power;
    to.terms.to.validators[0].power = 0;
    to.terms.to.validators.push(bitcraps_casino::GenesisValidator { key: STRANGER, power: stays + 4 });
    let mut block = Block::decode(&block_of_archive(1).unwrap()).unwrap();
    (block.height, block.handover) = (1, Some(Box::new(to)));
    let value = Value::new(block.encode());
    let certificate = certify(&rig.house.chain, 1, value.digest(), 3);
    rig.house.tell(&Event::Applied {
        height: 1,
        block: &block,
        value: &value,
        certificate: &certificate,
        dice: None,
        digest: value.digest(),
        root: Digest::ZERO,
        ledger: rig.house.casino.bank().ledger(),
        reports: &[],
        refusals: &[],
    });
    let told = rig.get("/v1/handovers").json();
    assert_eq!(told["handovers"][0]["raw"], crate::hex::encode(value.bytes()));
    assert_eq!(
        (&told["handovers"][0]["handover"], told["handovers"].as_array().map(Vec::len)),
        (&1.into(), Some(1))
    );
    let validators = rig.get("/v1/validators").json();
    let before: u64 = rig.house.genesis.powers().iter().sum();
    assert_eq!(validators["total_power"].as_u64(), Some(before + 4));
    let decided = Decided { value, certificate, dice: None };
    rig.house.tell(&Event::Restored {
        height: 1,
        digest: Digest::ZERO,
        time: WallTime(1),
        casino: &rig.house.casino,
        handovers: &[decided.clone(), decided],
    });
    assert_eq!(rig.get("/v1/handovers").json()["handovers"].as_array().map(Vec::len), Some(2));
}
