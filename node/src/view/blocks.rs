//! The recent blocks, as they were decided.

use super::Head;
use bitcraps_actors::files::Decided;
use bitcraps_types::Height;
use std::collections::VecDeque;
use std::sync::Arc;

/// A block with its proof.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockView {
    /// Its height, digest and time, and the state root after it.
    pub head: Head,
    /// The block as it was decided, and its proof.
    pub decided: Decided,
}

/// The blocks up to the last, without a gap.
#[derive(Default)]
pub(super) struct Blocks(VecDeque<Arc<BlockView>>);

impl Blocks {
    /// So many are kept; older ones are the archive's.
    const KEPT: usize = 128;

    pub(super) fn push(&mut self, block: Arc<BlockView>) {
        if self.0.back().is_some_and(|last| last.head.height + 1 != block.head.height) {
            self.0.clear();
        }
        if self.0.len() == Self::KEPT {
            self.0.pop_front();
        }
        self.0.push_back(block);
    }

    pub(super) fn get(&self, height: Height) -> Option<Arc<BlockView>> {
        let first = self.0.front()?.head.height;
        self.0.get(usize::try_from(height.checked_sub(first)?).ok()?).cloned()
    }
}
