//! Byzantine participant that sends nothing, though it receives and follows everything.
//!
//! Attacks liveness: a silent proposer costs a timeout, and more than a third of the power silent stops the chain.

use bitcraps_actors::ports::Outgoing;

/// Lets nothing out.
pub(super) fn rewrite(_sent: Outgoing) -> bool {
    true
}
