//! Whom a node that is behind asks for what. Pure: the actor sends the questions, checks the answers' proofs and
//! calls back.
//!
//! One question is open at a time. A peer that does not answer in time, has nothing to give or lies is left alone
//! for a while, and another is asked. A node that is far behind, or whose peers no longer have the blocks that it
//! lacks, takes over a snapshot: a manifest, then its chunks one by one.

use crate::config::SyncLimits;
use crate::wire::{CHUNK_BYTES, Manifest, SyncMessage};
use bitcraps_consensus::ValidatorSet;
use bitcraps_types::{Digest, Height, PublicKey, Time};
use bytes::Bytes;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// A node's way to the height of the others.
#[derive(Clone, Debug)]
pub(crate) struct CatchUp {
    limits: SyncLimits,
    /// How many blocks to ask for: fewer after an answer that did not come in time, as over a slow link.
    batch: u32,
    /// The engine saw it signed that this height is decided.
    certain: Height,
    handovers: u64,
    peers: BTreeMap<PublicKey, Claim>,
    open: Option<Question>,
    download: Option<Download>,
}

/// What a peer says it has.
#[derive(Clone, Debug, Default)]
struct Claim {
    height: Height,
    /// When it claimed to be ahead of us first, since our height last changed.
    since: Option<Time>,
    /// Not asked before.
    left_alone_until: Time,
    /// How often it was of no help since it last was.
    failures: u32,
    /// It has no block at this height any more, so a snapshot must come first.
    lacks_block: Option<Height>,
}

#[derive(Clone, Debug)]
struct Question {
    peer: PublicKey,
    asked: SyncMessage,
    until: Time,
}

#[derive(Clone, Debug)]
struct Download {
    peer: PublicKey,
    manifest: Box<Manifest>,
    height: Height,
    chunks: Vec<Bytes>,
}

/// A snapshot, whole, each chunk as the manifest says. Whether the state root is right is not yet checked.
#[derive(Clone, Debug)]
pub(crate) struct Downloaded {
    pub(crate) peer: PublicKey,
    pub(crate) manifest: Box<Manifest>,
    pub(crate) chunks: Vec<Bytes>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Send this to that peer, then call again at the time given.
    Ask(PublicKey, SyncMessage, Time),
    /// Nothing before this time.
    Wait(Time),
    /// Nothing before something happens.
    Rest,
}

impl Claim {
    fn fail(&mut self, now: Time) {
        self.failures = self.failures.saturating_add(1);
        self.left_alone_until = now + CatchUp::LEFT_ALONE;
    }
}

impl CatchUp {
    /// A lag of one or two blocks is normal; only when it lasts this long is it one.
    const PATIENCE: Duration = Duration::from_secs(1);
    /// A lag of so many blocks is one at once.
    const FAR: Height = 8;
    /// How long a peer that was of no help is left alone.
    const LEFT_ALONE: Duration = Duration::from_secs(3);

    pub(crate) fn new(limits: SyncLimits) -> CatchUp {
        CatchUp {
            batch: limits.batch,
            certain: 0,
            handovers: 0,
            limits,
            peers: BTreeMap::new(),
            open: None,
            download: None,
        }
    }

    /// A peer says that it is at `height`. `sure`: the engine saw its signature on a message of a later height.
    pub(crate) fn claim(&mut self, now: Time, ours: Height, peer: PublicKey, height: Height, sure: bool) {
        let claim = self.peers.entry(peer).or_default();
        claim.height = if sure { claim.height.max(height) } else { height };
        if claim.height > ours {
            let since = claim.since.get_or_insert(now);
            if sure {
                *since = now - Self::PATIENCE;
            }
        }
    }

    /// The engine saw it signed that `height` is decided, whoever said so: below it no peer that claims to be ahead is
    /// given time.
    pub(crate) fn is_decided(&mut self, height: Height) {
        self.certain = self.certain.max(height);
    }

    /// A peer is gone. How often it failed is kept, or it would come back as one that never did.
    pub(crate) fn gone(&mut self, peer: &PublicKey) {
        if let Some(claim) = self.peers.get_mut(peer) {
            claim.height = 0;
            claim.since = None;
        }
        self.abandon(peer);
    }

    /// Our height changed: the patience with all who are ahead starts anew, and an answered question is closed.
    pub(crate) fn advanced(&mut self, now: Time, ours: Height) {
        for claim in self.peers.values_mut() {
            claim.since = (claim.height > ours).then_some(now);
        }
        if self.download.as_ref().is_some_and(|download| download.height <= ours) {
            self.download = None;
            self.open = None;
        }
    }

    /// A peer answered with blocks, all good, of which this node lacked `gained`. None: it has none to give.
    pub(crate) fn blocks_came(&mut self, now: Time, peer: &PublicKey, gained: Height) {
        let answered = self.answered(peer, |asked| matches!(asked, SyncMessage::GetBlocks { .. }));
        let Some(SyncMessage::GetBlocks { from, .. }) = answered else { return };
        let Some(claim) = self.peers.get_mut(peer) else { return };
        if gained > 0 {
            claim.lacks_block = None;
            claim.failures = 0;
            self.batch = self.batch.saturating_mul(2).min(self.limits.batch);
            // More of them, at once.
            claim.since = Some(now - Self::PATIENCE);
        } else if claim.lacks_block == Some(from) {
            claim.fail(now);
        } else {
            claim.lacks_block = Some(from);
        }
    }

    /// A peer answered with a manifest whose proofs are good (`Ok`), or has no snapshot that helps.
    pub(crate) fn manifest_came(
        &mut self,
        now: Time,
        peer: &PublicKey,
        manifest: Option<(Height, Box<Manifest>)>,
    ) {
        if self.answered(peer, |asked| matches!(asked, SyncMessage::GetSnapshot { .. })).is_none() {
            return;
        }
        match manifest {
            Some((height, manifest)) => {
                self.download = Some(Download { peer: *peer, manifest, height, chunks: Vec::new() });
            }
            None => self.leave_alone(now, peer),
        }
    }

    /// A peer answered with a chunk. The whole snapshot, if it was the last. `Err`: the peer lied.
    pub(crate) fn chunk_came(
        &mut self,
        now: Time,
        peer: &PublicKey,
        height: Height,
        index: u32,
        bytes: Bytes,
    ) -> Result<Option<Downloaded>, ()> {
        let this = SyncMessage::GetChunk { height, index };
        if self.answered(peer, |asked| *asked == this).is_none() {
            return Ok(None);
        }
        let Some(download) = &mut self.download else { return Ok(None) };
        let expected = download.manifest.chunks.as_slice().get(download.chunks.len());
        if bytes.is_empty() {
            // Its snapshot is a newer one now.
            self.download = None;
            return Ok(None);
        }
        if expected != Some(&chunk_digest(&bytes)) || bytes.len() > CHUNK_BYTES {
            self.lied(now, peer);
            return Err(());
        }
        download.chunks.push(bytes);
        if download.chunks.len() < download.manifest.chunks.as_slice().len() {
            return Ok(None);
        }
        if let Some(claim) = self.peers.get_mut(peer) {
            claim.failures = 0;
        }
        let whole = self.download.take();
        Ok(whole.map(|Download { peer, manifest, chunks, .. }| Downloaded { peer, manifest, chunks }))
    }

    /// A peer's answer was false.
    pub(crate) fn lied(&mut self, now: Time, peer: &PublicKey) {
        self.leave_alone(now, peer);
    }

    /// This node knows so many handovers now: a snapshot comes with the others.
    pub(crate) fn knows(&mut self, handovers: u64) {
        self.handovers = handovers;
    }

    /// What to do now that this node is at height `ours`.
    pub(crate) fn next(&mut self, now: Time, ours: Height) -> Next {
        if let Some(open) = &self.open {
            if now < open.until {
                return Next::Wait(open.until);
            }
            let silent = open.peer;
            self.batch = (self.batch / 2).max(1);
            self.leave_alone(now, &silent);
        }
        if let Some(download) = &self.download {
            let index = u32::try_from(download.chunks.len()).unwrap_or(u32::MAX);
            let (peer, height) = (download.peer, download.height);
            return self.ask(now, peer, SyncMessage::GetChunk { height, index });
        }
        let ahead = || self.peers.iter().filter(|(_, claim)| claim.height > ours);
        let ready_at = |claim: &Claim| {
            let patient_until = match claim.since {
                Some(_) if claim.height - ours >= Self::FAR || ours < self.certain => Time::ZERO,
                Some(since) => since + Self::PATIENCE,
                None => now,
            };
            patient_until.max(claim.left_alone_until)
        };
        // The best of those who may be asked now: who failed least often, then who claims most, then the first by key.
        // By the claim alone, a few liars who claim much and answer nothing would be asked in turns for ever.
        let best = ahead()
            .filter(|(_, claim)| ready_at(claim) <= now)
            .min_by_key(|(key, claim)| (claim.failures, Reverse(claim.height), **key));
        let Some((&peer, claim)) = best else {
            return ahead().map(|(_, claim)| ready_at(claim)).min().map_or(Next::Rest, Next::Wait);
        };
        let from = ours + 1;
        let asked = if claim.lacks_block == Some(from) || claim.height - ours > self.limits.state_sync_gap {
            SyncMessage::GetSnapshot { handovers: self.handovers }
        } else {
            SyncMessage::GetBlocks { from, count: self.batch }
        };
        self.ask(now, peer, asked)
    }

    /// Whether a question is open.
    pub(crate) fn asks(&self) -> bool {
        self.open.is_some()
    }

    /// The highest height that more than a third of the power claims to have reached, so that a correct validator does.
    /// What fewer claim may be a lie: it is looked into, but nobody is told that this node is behind it.
    pub(crate) fn believed(&self, validators: &ValidatorSet) -> Height {
        let mut claims: Vec<(Height, u64)> = validators
            .iter()
            .filter_map(|(_, validator)| Some((self.peers.get(&validator.key)?.height, validator.power)))
            .collect();
        claims.sort_unstable_by_key(|(height, _)| Reverse(*height));
        let mut power = 0;
        let reached = claims.into_iter().find(|(_, more)| {
            power += more;
            validators.is_weak_quorum(power)
        });
        reached.map_or(0, |(height, _)| height)
    }

    fn ask(&mut self, now: Time, peer: PublicKey, asked: SyncMessage) -> Next {
        let until = now + self.limits.timeout;
        self.open = Some(Question { peer, asked: asked.clone(), until });
        Next::Ask(peer, asked, until)
    }

    /// Closes the open question if this peer was asked it.
    fn answered(&mut self, peer: &PublicKey, it: impl Fn(&SyncMessage) -> bool) -> Option<SyncMessage> {
        self.open.take_if(|open| open.peer == *peer && it(&open.asked)).map(|question| question.asked)
    }

    fn leave_alone(&mut self, now: Time, peer: &PublicKey) {
        if let Some(claim) = self.peers.get_mut(peer) {
            claim.fail(now);
        }
        self.abandon(peer);
    }

    fn abandon(&mut self, peer: &PublicKey) {
        self.open.take_if(|open| open.peer == *peer);
        self.download.take_if(|download| download.peer == *peer);
    }
}

/// What a manifest names a chunk by.
pub(crate) fn chunk_digest(bytes: &[u8]) -> Digest {
    Digest::of("snapshot/chunk", bytes)
}

#[cfg(test)]
mod tests;
