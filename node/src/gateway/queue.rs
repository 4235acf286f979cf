//! The ways of what clients hand in from the gateway to the node's thread: bounded.

use super::service::{BlobsHandedIn, HandoverHandedIn};
use bitcraps_actors::committee::CommitteeError;
use bitcraps_actors::node::NodeHandle;
use bitcraps_casino::SignedCommand;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// How many commands wait for the node's thread; more are told to come again.
const WAITING: usize = 4096;
/// How many of them the node takes in at once. Its peers' messages wait as long as that takes: some milliseconds.
const AT_ONCE: usize = 256;
/// How many lists of blobs wait. Each may be as long as a block.
const BLOBS_WAITING: usize = 16;
/// How many handovers wait.
const HANDOVERS_WAITING: usize = 4;

/// A queue: the end for [`Node::submit`](super::Node::submit), and that for [`hand_on`].
pub fn queue() -> (Sender<SignedCommand>, Receiver<SignedCommand>) {
    mpsc::channel(WAITING)
}

/// A queue: the end for [`Node::blobs`](super::Node::blobs), and that for [`hand_on_blobs`].
pub fn blob_queue() -> (Sender<BlobsHandedIn>, Receiver<BlobsHandedIn>) {
    mpsc::channel(BLOBS_WAITING)
}

/// A queue: the end for [`Node::handovers`](super::Node::handovers), and that for [`hand_on_handovers`].
pub fn handover_queue() -> (Sender<HandoverHandedIn>, Receiver<HandoverHandedIn>) {
    mpsc::channel(HANDOVERS_WAITING)
}

/// Hands the node the commands that the gateway has checked, for as long as there is a gateway. Runs on the node's thread.
pub async fn hand_on(mut checked: Receiver<SignedCommand>, node: NodeHandle) {
    let mut commands = Vec::new();
    while checked.recv_many(&mut commands, AT_ONCE).await > 0 {
        node.submit_verified(std::mem::take(&mut commands));
    }
}

/// The same for blobs, and tells how many it took.
pub async fn hand_on_blobs(mut handed_in: Receiver<BlobsHandedIn>, node: NodeHandle) {
    while let Some((blobs, tell)) = handed_in.recv().await {
        // The client may have gone meanwhile.
        node.submit_blobs(blobs, Box::new(|taken| _ = tell.send(taken)));
    }
}

/// The same for handovers, and tells whether they may happen.
pub async fn hand_on_handovers(mut handed_in: Receiver<HandoverHandedIn>, node: NodeHandle) {
    while let Some((handover, tell)) = handed_in.recv().await {
        let told =
            |verdict: Result<(), CommitteeError>| _ = tell.send(verdict.map_err(|error| error.to_string()));
        node.hand_over(handover, Box::new(told));
    }
}
