//! Byzantine participant that sends bytes that are no messages: noise, or a message that breaks off or goes on.
//!
//! Attacks totality (bytes from a peer must never panic, nor allocate without bound) and liveness, where a node
//! punishes the wrong peer for them.

use super::deed::{Deed, Here};
use bitcraps_actors::ports::{ConsensusMessage, Outgoing};
use bitcraps_consensus::Signed;
use bitcraps_types::ValidatorIndex;
use bytes::Bytes;
use rand::Rng;

/// The longest noise, in bytes: enough to be cut into several frames.
const LONGEST: u32 = 1024;

/// Sends, with equal probability: noise instead of the message, the message and noise, the start of the message
/// followed by noise.
pub(super) struct GarbageBytes;

impl Deed for GarbageBytes {
    fn tell(
        &mut self,
        here: &mut Here<'_>,
        _: ValidatorIndex,
        signed: Signed<ConsensusMessage>,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let mut bytes = match here.rng.next_u32() % 3 {
            0 => Vec::new(),
            1 => {
                out.push(Outgoing::Message(Box::new(signed)));
                Vec::new()
            }
            _ => {
                let mut prefix = borsh::to_vec(&signed).unwrap_or_default();
                let length = prefix.len().max(1) as u64;
                prefix.truncate((here.rng.next_u64() % length) as usize);
                prefix
            }
        };
        let start = bytes.len();
        bytes.resize(start + 1 + (here.rng.next_u32() % LONGEST) as usize, 0);
        here.rng.fill_bytes(&mut bytes[start..]);
        out.push(Outgoing::Raw(Bytes::from(bytes)));
        true
    }
}
