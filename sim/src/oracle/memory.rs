//! Property `bounded_memory`: whatever others send, no buffer of an honest node outgrows the bound that the design promises
//! for it: per peer where it is the peer's, in total where all share it.
//!
//! The bounds are written down here a second time, from the docs and the defaults of the configuration. Nodes tell a size
//! whenever it is larger than ever before. Bounds that hold within one core (votes per author and round, the anti-replay
//! window) are the cores' own tests' business. Of the bugs that LOKI (NDSS 2023) found in blockchain nodes with
//! malicious messages most were of memory.

use super::finding::Finding;
use bitcraps_actors::ports::Buffer;
use bitcraps_types::Time;

#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) finding: Finding,
}

/// The most that a buffer may hold.
fn bound(buffer: Buffer) -> usize {
    match buffer {
        Buffer::LinkEvents => 8192,
        Buffer::Strangers => 256,
        Buffer::Fragments => 6 << 20,
        Buffer::Outbox => 1 << 20,
        Buffer::LaterHeights => 8,
        Buffer::Accusations => 1024,
    }
}

/// What the mempool may hold: commands, their bytes, blobs, their bytes.
const MEMPOOL: [usize; 4] = [50_000, 16 << 20, 65_536, 32 << 20];

impl Memory {
    /// Where the world does not tell what nodes hold nothing is judged.
    pub(super) fn new(tells_all: bool) -> Memory {
        let mut finding = Finding::new("bounded_memory");
        if !tells_all {
            finding.does_not_apply("in this world nobody tells what is held");
        }
        Memory { finding }
    }

    /// A buffer is fuller than ever.
    pub(super) fn held(&mut self, at: Time, node: u16, buffer: Buffer, size: usize) {
        self.finding.judged();
        let bound = bound(buffer);
        if size > bound {
            let detail = format!("node {node} holds {size} in {buffer:?}, at most {bound} are promised");
            self.finding.violated(at, detail);
        }
    }

    /// This waits in the mempool: commands, their bytes, blobs, their bytes.
    pub(super) fn waiting(&mut self, at: Time, node: u16, sizes: [usize; 4]) {
        self.finding.judged();
        if let Some(which) = (0..4).find(|&which| sizes[which] > MEMPOOL[which]) {
            let what = ["commands", "bytes of commands", "blobs", "bytes of blobs"][which];
            let (size, bound) = (sizes[which], MEMPOOL[which]);
            let detail =
                format!("node {node} holds {size} {what} in its mempool, at most {bound} are promised");
            self.finding.violated(at, detail);
        }
    }
}
