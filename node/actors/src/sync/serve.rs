//! What this node gives to peers who are behind. A peer is given as many bytes per second as it may send.

use super::{Help, Sync};
use crate::peer::limiter::Limiter;
use crate::ports::Refusal;
use crate::transport::{Class, Penalty, Send, To};
use crate::wire::{Chunk, Decided, List, MAX_BLOCKS, SyncMessage, Wire};
use actix::Handler;
use bitcraps_types::{Height, PublicKey};
use std::time::Duration;

/// The most bytes of blocks in one answer.
const ANSWER_BYTES: usize = 4 << 20;
/// How many blocks a validator is sent unasked when the engine sees that it is behind.
const HELP_BLOCKS: usize = 4;
/// How often the same validator is helped.
const HELP_EVERY: Duration = Duration::from_millis(250);

impl Sync {
    fn answer(&mut self, peer: PublicKey, message: SyncMessage) {
        if !self.give(peer, message) {
            self.transport.do_send(Penalty { peer, why: Refusal::RateLimited });
        }
    }

    /// Sends, unless the peer had its share.
    fn give(&mut self, peer: PublicKey, message: SyncMessage) -> bool {
        let now = self.now();
        #[cfg(feature = "byzantine")]
        let message = match self.adversary() {
            Some(adversary) => match adversary.outgoing_sync(&peer, message) {
                Some(instead) => instead,
                None => return true,
            },
            None => message,
        };
        let payload = Wire::Sync(message).encode();
        let limits = &self.config.limits;
        let limiter = self.served.entry(peer).or_insert_with(|| Limiter::new(now, limits));
        let admitted = limiter.admit(now, payload.len());
        if admitted {
            self.transport.do_send(Send { to: To::One(peer), payload, class: Class::Now });
        }
        admitted
    }

    pub(super) fn serve_blocks(&mut self, peer: PublicKey, from: Height, count: u32) {
        let count = usize::try_from(count).unwrap_or(MAX_BLOCKS).min(MAX_BLOCKS);
        let blocks = self.blocks(from, count);
        self.answer(peer, SyncMessage::Blocks(List::first(blocks)));
    }

    /// Blocks from a height on, at most so many. The last may be one whose dice are out: who has not decided it needs it to
    /// help throw them.
    fn blocks(&self, from: Height, count: usize) -> Vec<Decided> {
        let mut blocks = self.store.range(from, count, ANSWER_BYTES);
        let next = blocks.last().map_or(from, |last| last.certificate.height + 1);
        if let Some(rolling) = self.rolling.as_ref().filter(|rolling| rolling.block.height == next)
            && blocks.len() < count
        {
            blocks.push(Decided::clone(&rolling.decided));
        }
        blocks
    }

    pub(super) fn serve_snapshot(&mut self, peer: PublicKey, handovers: u64) {
        let described = self.snapshot.as_ref().and_then(|snapshot| {
            let next = self.store.get(snapshot.height() + 1)?;
            Some(Box::new(snapshot.manifest(next, handovers)))
        });
        self.answer(peer, SyncMessage::Snapshot(described));
    }

    pub(super) fn serve_chunk(&mut self, peer: PublicKey, height: Height, index: u32) {
        let snapshot = self.snapshot.as_ref().filter(|snapshot| snapshot.height() == height);
        let bytes = snapshot.and_then(|snapshot| snapshot.chunk(index)).unwrap_or_default();
        self.answer(peer, SyncMessage::Chunk { height, index, bytes: Chunk::first(bytes) });
    }
}

impl Handler<Help> for Sync {
    type Result = ();

    fn handle(&mut self, Help { peer, height }: Help, _: &mut Self::Context) {
        let now = self.now();
        if self.helped.get(&peer).is_some_and(|last| now.since(*last) < HELP_EVERY) {
            return;
        }
        let blocks = self.blocks(height, HELP_BLOCKS);
        if !blocks.is_empty() {
            self.helped.insert(peer, now);
            // It did not ask, so it is not to blame if this is too much.
            self.give(peer, SyncMessage::Blocks(List::first(blocks)));
        }
    }
}
