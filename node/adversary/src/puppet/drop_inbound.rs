//! Byzantine participant that does not hear some kinds of messages, and answers as one to whom they never came.
//!
//! Attacks liveness: it asks for what it was sent, gives rounds up that went well, and stands for the validator whom a
//! broken link cuts off in one direction.

use super::Kind;
use super::deed::Deed;
use std::collections::BTreeSet;

/// See the module.
pub(super) struct DropInbound {
    pub(super) kinds: BTreeSet<Kind>,
}

impl Deed for DropInbound {
    fn ignores(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}
