//! Handing in blobs.

use super::*;
use crate::gateway::Rate;
use bitcraps_casino::Genesis;

fn list(blobs: &[&[u8]]) -> Vec<u8> {
    borsh::to_vec(&Blobs::of(blobs).unwrap()).unwrap()
}

/// A gateway whose network or node is another.
fn changed(change: impl FnOnce(&mut Genesis, &mut bitcraps_types::PublicKey)) -> Rig {
    let mut house = House::new(3);
    let mut genesis = (*house.genesis).clone();
    let mut me = genesis.validators[0].key;
    change(&mut genesis, &mut me);
    house.genesis = Arc::new(genesis);
    rig_before(house, me, config())
}

#[test]
fn blobs_reach_the_node_in_their_order_and_the_answer_says_how_many_were_taken() {
    let rig = rig(config());
    let answer = rig.post_blobs(&list(&[b"one", b"two", b"three"]));
    assert_eq!((answer.status, answer.json()), (202, serde_json::json!({ "taken": 3, "proposer": 0 })));
    assert_eq!(rig.post_blobs(&list(&[b"four"])).status, 202);
    assert_eq!(*rig.blobs.lock().unwrap(), [&b"one"[..], b"two", b"three", b"four"]);
}

#[test]
fn what_the_node_has_no_room_for_is_told_and_none_at_all_is_503() {
    let rig = rig(config());
    let seven = list(&[&b"x"[..]; 7]);
    assert_eq!(rig.post_blobs(&seven).json()["taken"], 7);
    assert_eq!(rig.post_blobs(&seven).json()["taken"], 1, "the rig has room for eight");
    let full = rig.post_blobs(&seven);
    full.problem(503);
    assert_eq!(full.header("retry-after"), "1");
    assert!(rig.counted("bitcraps_http_rejected_total{reason=\"queue_full\"} 1"));
}

#[test]
fn a_network_without_blobs_and_a_node_that_proposes_nothing_are_403() {
    let without = changed(|genesis, _| genesis.blob_bytes = 0);
    assert!(without.post_blobs(&list(&[b"x"])).problem(403).contains("genesis"));
    let follower = changed(|_, me| *me = crate::testing::stranger());
    assert!(follower.post_blobs(&list(&[b"x"])).problem(403).contains("validator"));
    assert!(without.blobs.lock().unwrap().is_empty() && follower.blobs.lock().unwrap().is_empty());
}

/// Fails when a node that takes no blobs waits for a body all the same.
#[test]
fn a_body_is_not_waited_for_where_there_are_no_blobs() {
    let without = changed(|genesis, _| genesis.blob_bytes = 0);
    let mut stream = std::net::TcpStream::connect(without.address()).unwrap();
    let head = "POST /v1/blobs HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n\
                content-length: 1000000\r\n\r\n";
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    std::io::Read::read_exact(&mut stream, &mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 403");
}

#[test]
fn a_body_that_is_no_list_of_blobs_is_refused_and_nothing_of_it_is_handed_on() {
    let rig = rig(config());
    let good = list(&[b"one", b"two"]);
    let cut = &good[..good.len() - 1];
    let long = [&good[..], b"x"].concat();
    for bad in
        [b"", cut, &long, &list(&[]), b"{}", &[255; 64], &borsh::to_vec(&vec![Vec::<u8>::new()]).unwrap()]
    {
        rig.post_blobs(bad).problem(400);
    }
    let most = rig.house.genesis.blob_bytes as usize;
    rig.post_blobs(&list(&[b"one", &vec![0; most + 1]])).problem(413);
    rig.post_blobs(&vec![0; (1 << 20) + 1]).problem(413);
    assert!(rig.counted("bitcraps_http_rejected_total{reason=\"too_large\"} 1"));
    answer(rig.agent.post(rig.url("/v1/blobs")).content_type("application/json").send(&good)).problem(415);
    assert!(rig.blobs.lock().unwrap().is_empty());
    assert_eq!(rig.post_blobs(&list(&[&vec![0; most]])).status, 202);
}

/// Fails when the limit of bodies of commands holds for blobs too.
#[test]
fn a_list_may_be_as_long_as_a_block() {
    let rig = rig(config());
    let blob = vec![7; 4096];
    let long = list(&vec![&blob[..]; 250]);
    assert!(long.len() > config().max_body);
    assert_eq!(rig.post_blobs(&long).json()["taken"], 8);
}

#[test]
fn a_long_list_counts_as_many_requests() {
    let rig = rig(GatewayConfig { rate: Some(Rate { per_second: 1, burst: 5 }), ..config() });
    let twelve_kib = list(&[&[0; 4000], &[0; 4000], &[0; 4000]]);
    assert_eq!(rig.post_blobs(&twelve_kib).status, 202);
    rig.post_blobs(&twelve_kib).problem(429);
    assert_eq!(rig.blobs.lock().unwrap().len(), 3);
}

#[test]
fn a_node_that_stops_or_is_gone_takes_no_blobs() {
    let stopping = rig(config());
    stopping.health.drain();
    stopping.post_blobs(&list(&[b"x"])).problem(503);
    let gone = rig(config());
    gone.gone.store(true, Ordering::SeqCst);
    let refused = gone.post_blobs(&list(&[b"x"]));
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "10");
}

#[test]
fn a_block_and_its_event_tell_how_many_blobs_it_has() {
    let mut rig = rig(config());
    let mut news = rig.house.view.subscribe();
    rig.house.decide_with(Vec::new(), Blobs::of([&b"abc"[..], b"de"]).unwrap());
    let block = rig.get("/v1/blocks/latest").json();
    assert_eq!((&block["blobs"], &block["blob_bytes"]), (&2.into(), &5.into()));
    let Ok(crate::view::News::Block(block)) = news.try_recv() else { panic!("a block was decided") };
    let api::Event::Block { proposer, blobs, blob_bytes, .. } = api::Event::block(&block) else { panic!() };
    assert_eq!((proposer, blobs, blob_bytes), (0, 2, 5));
}
