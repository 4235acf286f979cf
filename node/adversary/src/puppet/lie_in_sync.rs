//! Byzantine participant that lies to those who catch up: of the height that it has reached, in the blocks, snapshots
//! and chunks that it gives, each false in one way.
//!
//! Attacks agreement and state, where a node takes a block or a state because it came from a peer and not because it is
//! proven; and liveness, where one that is behind asks the liar for ever.

use super::deed::{Deed, Here};
use super::variant;
use bitcraps_actors::wire::{Chunk, Decided, List, Manifest, SyncMessage};
use bitcraps_casino::{Blobs, Block};
use bitcraps_consensus::Certificate;
use bitcraps_consensus::commit_bytes;
use bitcraps_types::{Digest, Height, ThresholdSignature, Value, WallTime};
use bytes::Bytes;
use rand::Rng;

/// See the module.
#[derive(Default)]
pub(super) struct LieInSync {
    /// From where on it was asked last.
    asked: Height,
}

impl Deed for LieInSync {
    fn say_sync(&mut self, here: &mut Here<'_>, message: &SyncMessage) -> Option<SyncMessage> {
        let way = here.rng.next_u32();
        Some(match message {
            SyncMessage::Status { height } => {
                let far = [5, 50, 5_000, u64::MAX / 2];
                SyncMessage::Status { height: height.saturating_add(far[way as usize % far.len()]) }
            }
            SyncMessage::Blocks(blocks) => {
                let mut blocks = blocks.as_slice().to_vec();
                if blocks.is_empty() {
                    blocks.push(self.made_up(here));
                }
                spoil(way, &mut blocks);
                SyncMessage::Blocks(List::first(blocks))
            }
            SyncMessage::Snapshot(Some(manifest)) => {
                SyncMessage::Snapshot(Some(Box::new(spoiled(way, manifest))))
            }
            SyncMessage::Chunk { height, index, bytes } => {
                let mut bytes = bytes.bytes().to_vec();
                match bytes.len() {
                    0 => bytes = vec![0; 1 + way as usize % 1000],
                    length => bytes[way as usize % length] ^= 1,
                }
                SyncMessage::Chunk { height: *height, index: *index, bytes: Chunk::first(Bytes::from(bytes)) }
            }
            SyncMessage::Snapshot(None)
            | SyncMessage::GetBlocks { .. }
            | SyncMessage::GetSnapshot { .. }
            | SyncMessage::GetChunk { .. } => message.clone(),
        })
    }

    fn hear_sync(&mut self, message: &SyncMessage) {
        if let SyncMessage::GetBlocks { from, .. } = message {
            self.asked = *from;
        }
    }
}

impl LieInSync {
    /// A block that nobody decided, "decided" by the liar alone.
    fn made_up(&self, here: &Here<'_>) -> Decided {
        let height = self.asked;
        let block = Block {
            height,
            parent: Digest::ZERO,
            proposer: here.identity.me,
            time: WallTime(height),
            state_root: Digest::ZERO,
            rolls: false,
            attendance: None,
            handover: None,
            commands: Vec::new(),
            offences: Vec::new(),
            blobs: Blobs::default(),
        };
        let value = Value::new(block.encode());
        let (round, digest) = (0, value.digest());
        let signature =
            here.identity.signer.sign(&commit_bytes(&here.identity.chain, height, round, &digest));
        let signatures = vec![(here.identity.me, signature)];
        Decided { value, certificate: Certificate { height, round, digest, signatures }, dice: None }
    }
}

/// Spoils the first of some blocks, in the way that `way` says.
fn spoil(way: u32, blocks: &mut Vec<Decided>) {
    let Some(Decided { value, certificate, dice }) = blocks.first_mut() else { return };
    match way % 8 {
        0 => *value = variant::of(value).unwrap_or_else(|| Value::new("no block")),
        1 => {
            // As if the quorum had signed the other block.
            *value = variant::of(value).unwrap_or_else(|| Value::new("no block"));
            certificate.digest = value.digest();
        }
        2 => certificate.signatures.truncate(certificate.signatures.len() / 2),
        3 => {
            if let Some((_, signature)) = certificate.signatures.first_mut() {
                signature.0[0] ^= 1;
            }
            let again = certificate.signatures.clone();
            certificate.signatures.extend(again);
        }
        4 => certificate.height = certificate.height.saturating_add(1),
        5 => *dice = None,
        6 => dice.get_or_insert(ThresholdSignature([7; 96])).0[0] ^= 1,
        _ => {
            // A gap: the first is missing.
            blocks.remove(0);
        }
    }
}

fn spoiled(way: u32, truth: &Manifest) -> Manifest {
    let mut manifest = truth.clone();
    match way % 4 {
        0 => manifest.last = variant::of(&manifest.last).unwrap_or_else(|| Value::new("no block")),
        1 => {
            let value = &mut manifest.next.value;
            *value = variant::of(value).unwrap_or_else(|| Value::new("no block"));
        }
        2 => {
            let mut chunks = manifest.chunks.into_inner();
            chunks.iter_mut().for_each(|digest| digest.0[0] ^= 1);
            manifest.chunks = List::first(chunks);
        }
        _ => manifest.next.certificate.signatures.truncate(1),
    }
    manifest
}
