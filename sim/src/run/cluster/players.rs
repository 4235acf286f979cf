//! Handing commands to the daemons' gateways, on a thread of its own: an answer may take its time, and the run does
//! not wait for it. What becomes of a command, the blocks tell.

use super::daemon::hex;
use bitcraps_casino::SignedCommand;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// How long a gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to the gateways.
pub(super) struct Post(Sender<(SocketAddr, String)>, Vec<SocketAddr>);

impl Post {
    /// # Panics
    /// If there can be no thread.
    pub(super) fn start(gateways: Vec<SocketAddr>) -> Post {
        let (sender, commands) = channel::<(SocketAddr, String)>();
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let agent = ureq::Agent::new_with_config(config.build());
        let work = move || {
            for (gateway, body) in commands {
                let request = agent
                    .post(format!("http://{gateway}/v1/commands"))
                    .header("content-type", "application/json");
                // A gateway that is down or full takes no command; the record counts what was not settled.
                let _ = request.send(&body);
            }
        };
        std::thread::Builder::new().name("players".into()).spawn(work).expect("a thread can be started");
        Post(sender, gateways)
    }

    pub(super) fn send(&self, node: u16, command: &SignedCommand) {
        let bytes = borsh::to_vec(command).expect("writing to memory does not fail");
        let body = serde_json::json!({ "borsh": hex(&bytes) }).to_string();
        // The thread ends only with this sender.
        let _ = self.0.send((self.1[usize::from(node)], body));
    }
}
