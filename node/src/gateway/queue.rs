//! The way of commands from the gateway to the node's thread: bounded.

use bitcraps_actors::node::NodeHandle;
use bitcraps_casino::SignedCommand;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// How many commands wait for the node's thread; more are told to come again.
const WAITING: usize = 4096;
/// How many of them the node takes in at once. Its peers' messages wait as long as that takes: some milliseconds.
const AT_ONCE: usize = 256;

/// A queue: the end for [`Node::submit`](super::Node::submit), and that for [`hand_on`].
pub fn queue() -> (Sender<SignedCommand>, Receiver<SignedCommand>) {
    mpsc::channel(WAITING)
}

/// Hands the node what the gateway has checked, for as long as there is a gateway. Runs on the node's thread.
pub async fn hand_on(mut checked: Receiver<SignedCommand>, node: NodeHandle) {
    let mut commands = Vec::new();
    while checked.recv_many(&mut commands, AT_ONCE).await > 0 {
        node.submit_verified(std::mem::take(&mut commands));
    }
}
