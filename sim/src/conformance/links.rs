//! What links promise.

use super::{Probe, Stage};
use bitcraps_actors::ports::{Address, LinkEvent, LinkId};
use bytes::Bytes;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

fn frame(seed: usize, length: usize) -> Bytes {
    let number = (seed as u64).to_le_bytes();
    (0..length).map(|i| if i < 8 { number[i] } else { (i * 31 + seed) as u8 }).collect::<Vec<u8>>().into()
}

/// The number that a frame of at least eight bytes was made of, if it is unchanged.
fn number(bytes: &Bytes) -> usize {
    let seed = u64::from_le_bytes(*bytes.first_chunk().expect("eight bytes")) as usize;
    assert_eq!(*bytes, frame(seed, bytes.len()), "a frame came changed");
    seed
}

fn send(probe: &Rc<Probe>, link: LinkId, frames: impl IntoIterator<Item = Bytes> + 'static) {
    let (notes, frames) = (probe.clone(), frames.into_iter());
    probe.act(move |ports| {
        for frame in frames {
            if !ports.links.send(link, frame) {
                notes.note("refused");
            }
        }
    });
}

pub(super) fn a_dial_brings_both_ends_up_and_only_the_dialer_has_the_address(stage: &mut Stage<'_>) {
    let nodes = stage.two();
    stage.link(&nodes);
    stage.quiet();
    let keys = stage.traits().identities;
    for (node, dialed, peer) in [(0, Some(stage.world.address(1)), 1), (1, None, 0)] {
        let (link, mtu) = (nodes[node].ups()[0], nodes[node].mtu(nodes[node].ups()[0]));
        let up = LinkEvent::Up { link, dialed, identity: keys.get(peer).copied(), mtu };
        assert_eq!(nodes[node].events(), [up], "at node {node}");
        assert_eq!(mtu, nodes[peer].mtu(nodes[peer].ups()[0]), "both ends have one MTU");
        assert!(mtu >= 1200);
    }
}

pub(super) fn a_dial_to_nobody_fails_once_and_brings_nothing_up(stage: &mut Stage<'_>) {
    let [a, b] = stage.two();
    let nowhere = [stage.world.address(2), Address("no such place".into())];
    for (dials, address) in nowhere.into_iter().enumerate() {
        let dialed = address.clone();
        a.act(move |ports| ports.links.open(&dialed));
        stage.until("the dial fails", || a.events().len() > dials);
        assert_eq!(a.events().last(), Some(&LinkEvent::OpenFailed { address }));
    }
    stage.quiet();
    assert_eq!((a.events().len(), b.events().len()), (2, 0));
}

pub(super) fn a_frame_of_any_length_up_to_the_mtu_comes_whole_and_unchanged(stage: &mut Stage<'_>) {
    let nodes = stage.two();
    let links = stage.link(&nodes);
    let mtu = nodes[0].mtu(links[0]);
    let lengths = [0, 1, 64, 1100, 1200, mtu / 2, mtu - 1, mtu];
    for (from, to) in [(0, 1), (1, 0)] {
        for (sent, &length) in lengths.iter().enumerate() {
            send(&nodes[from], links[from], [frame(sent, length)]);
            stage.until("the frame comes", || nodes[to].frames(links[to]).len() > sent);
            assert_eq!(nodes[to].frames(links[to])[sent], frame(sent, length), "{length} bytes");
        }
    }
    assert!(nodes[0].notes().is_empty() && nodes[1].notes().is_empty(), "none was refused");
}

pub(super) fn a_frame_longer_than_the_mtu_is_refused_and_the_link_goes_on(stage: &mut Stage<'_>) {
    let nodes = stage.two();
    let links = stage.link(&nodes);
    let longer = nodes[0].mtu(links[0]) + 1;
    send(&nodes[0], links[0], [frame(1, longer), frame(2, 100)]);
    stage.until("the other frame comes", || !nodes[1].frames(links[1]).is_empty());
    stage.quiet();
    assert_eq!(nodes[0].notes(), ["refused"]);
    assert_eq!(nodes[1].frames(links[1]), [frame(2, 100)]);
    assert_eq!((nodes[0].downs(links[0]), nodes[1].downs(links[1])), (0, 0));
}

pub(super) fn frames_come_at_most_once(stage: &mut Stage<'_>) {
    let nodes = stage.two();
    let links = stage.link(&nodes);
    stage.world.lose(0.1);
    for batch in 0..20 {
        send(&nodes[0], links[0], (0..10).map(move |n| frame(10 * batch + n, [40, 1100][n % 2])));
        stage.world.pass(Duration::from_millis(20));
    }
    stage.quiet();
    let numbers: Vec<usize> = nodes[1].frames(links[1]).iter().map(number).collect();
    let once: BTreeSet<usize> = numbers.iter().copied().collect();
    assert!(once.len() > 100 && once.last() < Some(&200), "{} came", once.len());
    assert_eq!(numbers.len(), once.len(), "some came twice");
    assert!(!stage.traits().in_order || numbers.is_sorted(), "out of order: {numbers:?}");
}

pub(super) fn frames_that_the_world_keeps_in_order_come_in_order(stage: &mut Stage<'_>) {
    let traits = stage.traits();
    let nodes = stage.two();
    let links = stage.link(&nodes);
    let Some(length) = traits.reliable_from.or(traits.in_order.then_some(8)) else { return };
    for batch in 0..10 {
        let frames = (0..20).map(move |n| frame(20 * batch + n, length.max(8) + (n * 37) % 100));
        send(&nodes[0], links[0], frames);
        stage.until("the frames come", || nodes[1].frames(links[1]).len() == 20 * (batch + 1));
    }
    let numbers: Vec<usize> = nodes[1].frames(links[1]).iter().map(number).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

pub(super) fn frames_that_the_world_keeps_come_all_through_loss(stage: &mut Stage<'_>) {
    let Some(length) = stage.traits().reliable_from else { return };
    let nodes = stage.two();
    let links = stage.link(&nodes);
    if !stage.world.lose(0.2) {
        return;
    }
    send(&nodes[0], links[0], (0..50).map(move |n| frame(n, length + n)));
    stage.until("all frames come", || nodes[1].frames(links[1]).len() == 50);
    assert!(nodes[1].frames(links[1]).iter().map(number).eq(0..50));
    assert!(nodes[0].notes().is_empty(), "none was refused");
}

pub(super) fn a_full_queue_refuses_at_once_and_takes_more_when_it_is_emptied(stage: &mut Stage<'_>) {
    let traits = stage.traits();
    let nodes = stage.two();
    let links = stage.link(&nodes);
    let length = traits.reliable_from.unwrap_or(1000).max(1000);
    let taken = Rc::new(Cell::new(0));
    let (counts, link) = (taken.clone(), links[0]);
    // In one go: nothing is carried away meanwhile.
    nodes[0].act(move |ports| {
        while counts.get() * length <= 2 * traits.queue_bytes
            && ports.links.send(link, frame(counts.get(), length))
        {
            counts.set(counts.get() + 1);
        }
    });
    stage.until("the queue is filled", || nodes[0].done() >= 2);
    let taken = taken.get();
    assert!(
        taken > 10 && taken * length <= traits.queue_bytes,
        "{taken} frames of {length} bytes were taken"
    );
    stage.until("what was taken comes", || nodes[1].frames(links[1]).len() == taken);
    send(&nodes[0], links[0], [frame(taken, length)]);
    stage.until("one more comes", || nodes[1].frames(links[1]).len() == taken + 1);
    assert!(nodes[1].frames(links[1]).iter().map(number).eq(0..=taken));
    assert!(nodes[0].notes().is_empty(), "it was not refused");
}

pub(super) fn a_close_is_told_to_the_other_end_once_and_nothing_comes_after_it(stage: &mut Stage<'_>) {
    let nodes = stage.two();
    // Once by the side that dialed, once by the other.
    for (closes, other) in [(0, 1), (1, 0)] {
        let links = stage.link(&nodes);
        send(&nodes[other], links[other], (0..5).map(|n| frame(n, 50)));
        let link = links[closes];
        nodes[closes].act(move |ports| ports.links.close(link));
        stage.until("the other end is told", || nodes[other].downs(links[other]) > 0);
        for (probe, link) in nodes.iter().zip(links) {
            let before = probe.notes().len();
            send(probe, link, [frame(9, 50)]);
            stage.until("it is refused", || probe.notes().len() > before);
            probe.act(move |ports| ports.links.close(link));
        }
        stage.quiet();
        assert_eq!(nodes[other].downs(links[other]), 1);
        assert_eq!(nodes[closes].downs(links[closes]), 0, "who closes knows");
        let last = nodes[other].events().iter().rposition(|event| match event {
            LinkEvent::Up { link, .. } | LinkEvent::Frame { link, .. } => *link == links[other],
            _ => false,
        });
        let down =
            nodes[other].events().iter().position(|event| *event == LinkEvent::Down { link: links[other] });
        assert!(last < down, "a link that is down told something");
    }
}

pub(super) fn no_link_has_the_name_of_an_earlier_one(stage: &mut Stage<'_>) {
    let nodes = stage.two();
    for _ in 0..4 {
        let links = stage.link(&nodes);
        let link = links[0];
        nodes[0].act(move |ports| ports.links.close(link));
        stage.until("the other end is told", || nodes[1].downs(links[1]) > 0);
    }
    for node in nodes {
        let names: BTreeSet<LinkId> = node.ups().into_iter().collect();
        assert_eq!((names.len(), node.ups().len()), (4, 4));
    }
}

pub(super) fn the_links_of_a_dead_peer_go_down_and_it_can_be_reached_again(stage: &mut Stage<'_>) {
    let nodes = stage.two();
    let links = stage.link(&nodes);
    stage.crash(1);
    stage.quiet();
    assert!(nodes[1].events().iter().all(|event| matches!(event, LinkEvent::Up { .. })));
    let again = [nodes[0].clone(), stage.start(1)];
    for round in 0.. {
        assert!(round < 1000, "the link to the dead outlives it");
        if nodes[0].downs(links[0]) > 0 {
            break;
        }
        send(&nodes[0], links[0], [frame(round, 100)]);
        stage.world.pass(Duration::from_millis(20));
    }
    let new = stage.link(&again);
    assert!(new[0] != links[0]);
    send(&again[1], new[1], [frame(7, 100)]);
    stage.until("a frame comes", || !again[0].frames(new[0]).is_empty());
    assert_eq!(nodes[0].downs(links[0]), 1);
    assert!(again[1].frames(new[1]).is_empty(), "what was for the dead came to the reborn");
}
