//! Bounded memory.

use super::*;
use bitcraps_actors::ports::Buffer;

#[test]
fn a_buffer_may_be_as_full_as_is_promised_and_not_fuller() {
    let bounds = [
        (Buffer::LinkEvents, 8192),
        (Buffer::Strangers, 256),
        (Buffer::Fragments, 6 << 20),
        (Buffer::Outbox, 1 << 20),
        (Buffer::LaterHeights, 8),
        (Buffer::Accusations, 1024),
    ];
    for (buffer, bound) in bounds {
        let mut world = World::new();
        world.see(0, Event::Held { buffer, size: bound });
        world.see(3, Event::Held { buffer, size: bound + 1 });
        world.assert_holds("bounded_memory");
        world.see(1, Event::Held { buffer, size: bound + 1 });
        world.assert_violated("bounded_memory", &format!("node 1 holds {} in {buffer:?}", bound + 1));
    }
}

#[test]
fn the_mempool_is_bounded_in_commands_blobs_and_bytes() {
    let full = [50_000, 16 << 20, 65_536, 32 << 20];
    let see = |world: &mut World, [commands, bytes, blobs, blob_bytes]: [usize; 4]| {
        world.see(1, Event::Waiting { commands, bytes, blobs, blob_bytes });
    };
    let mut world = World::new();
    see(&mut world, full);
    world.assert_holds("bounded_memory");
    for which in 0..4 {
        let mut world = World::new();
        let mut sizes = full;
        sizes[which] += 1;
        see(&mut world, sizes);
        world.assert_violated("bounded_memory", &format!("node 1 holds {}", sizes[which]));
    }
}

/// The oracle has its own; that they are those of the configuration is the promise.
#[test]
fn the_bounds_are_those_of_the_configuration() {
    use bitcraps_actors::config::{MempoolLimits, PeerLimits};
    let (peer, mempool) = (PeerLimits::default(), MempoolLimits::default());
    assert_eq!((peer.max_unproven, peer.outbox_bytes), (256, 1 << 20));
    let MempoolLimits { commands, bytes, blobs, blob_bytes, .. } = mempool;
    assert_eq!([commands, bytes, blobs, blob_bytes], [50_000, 16 << 20, 65_536, 32 << 20]);
}

#[test]
fn a_world_that_does_not_tell_what_is_held_is_not_judged() {
    let mut world = World::with(|setup| setup.tells_all = false);
    let result = world.result("bounded_memory");
    assert_eq!(result.holds, Some(true), "{result:?}");
    assert!(result.detail.contains("nobody tells"), "{result:?}");
}
