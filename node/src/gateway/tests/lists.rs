//! Lists of commands.

use super::*;
use crate::gateway::Rate;
use crate::gateway::api::Submissions;
use crate::testing::*;

fn commands(rig: &Rig, count: u64) -> Vec<SignedCommand> {
    (1..=count).map(|sequence| rig.house.sign(1, sequence, transfer(account(2), 1))).collect()
}

fn body(commands: &[SignedCommand]) -> Vec<u8> {
    let borsh = |signed: &SignedCommand| crate::hex::encode(&borsh::to_vec(signed).unwrap());
    let one = |signed| api::Submission::Borsh { borsh: borsh(signed) };
    serde_json::to_vec(&Submissions::List(commands.iter().map(one).collect())).unwrap()
}

#[test]
fn a_list_reaches_the_node_in_its_order_without_those_that_are_forged() {
    let mut rig = rig(config());
    let mut list = commands(&rig, 4);
    list[1].signature = list[0].signature;
    let answer = rig.post(&body(&list));
    assert_eq!(answer.status, 202);
    let answer = answer.json();
    for (at, (signed, state)) in list.iter().zip(["pending", "turned_away", "pending", "pending"]).enumerate()
    {
        assert_eq!(answer[at]["id"], signed.id().to_string());
        assert_eq!(answer[at]["state"], state);
    }
    assert_eq!(answer[1]["reason"], "its signature is wrong");
    assert_eq!(rig.view().command(&list[1].id()), None);
    for signed in [list[0], list[2], list[3]] {
        assert_eq!(rig.submitted.try_recv(), Ok(signed));
    }
    assert!(rig.submitted.try_recv().is_err());
}

#[test]
fn a_list_may_mix_both_forms() {
    let mut rig = rig(config());
    let list = commands(&rig, 2);
    let borsh = crate::hex::encode(&borsh::to_vec(&list[0]).unwrap());
    let mixed = serde_json::json!([{ "borsh": borsh }, api::CommandForm::from(&list[1])]);
    assert_eq!(rig.post(mixed.to_string().as_bytes()).status, 202);
    assert_eq!([rig.submitted.try_recv(), rig.submitted.try_recv()], [Ok(list[0]), Ok(list[1])]);
}

#[test]
fn a_list_that_is_none_is_400_and_nothing_of_it_is_handed_on() {
    let mut rig = rig(config());
    let some = commands(&rig, 2);
    let detail = rig.post(&body(&vec![some[0]; Submissions::MOST + 1])).problem(400);
    assert!(detail.contains("257") && detail.contains("256"), "{detail}");
    let text = String::from_utf8(body(&some)).unwrap();
    let damaged = format!("{}0\"}}]", text.strip_suffix("\"}]").unwrap());
    let detail = rig.post(damaged.as_bytes()).problem(400);
    assert!(detail.contains("command 1"), "{detail}");
    rig.post(b"[[]]").problem(400);
    assert!(rig.submitted.try_recv().is_err());
}

#[test]
fn a_list_for_which_there_is_no_room_is_refused_as_a_whole() {
    let mut rig = rig(config());
    let list = commands(&rig, 9);
    assert_eq!(rig.post(&body(&list[..4])).status, 202);
    rig.post(&body(&list[4..])).problem(503);
    assert_eq!(rig.view().command(&list[4].id()), None);
    assert_eq!(rig.post(&body(&list[4..8])).status, 202, "what was refused takes no room");
    rig.submitted.close();
    rig.post(&body(&list[8..])).problem(503);
}

#[test]
fn a_list_counts_as_so_many_requests() {
    let rig = rig(GatewayConfig { rate: Some(Rate { per_second: 1, burst: 5 }), ..config() });
    let list = commands(&rig, 6);
    assert_eq!(rig.post(&body(&list[..4])).status, 202);
    rig.post(&body(&list[4..])).problem(429);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.post(&body(&list[4..])).status, 202);
}
