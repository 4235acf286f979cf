//! The operator's configuration: TOML, in layers (defaults < file < environment < flags), each value with its origin.
//!
//! What there is to set is in [`settings`]; how the layers are read in [`layers`]. Here it gets types.

mod layers;
mod problem;
mod settings;
pub(crate) mod units;

pub use layers::{ENVIRONMENT, Origin, Resolved, Sources, variable_of};
pub use problem::{Place, Problem};
pub use settings::{Kind, SETTINGS, Setting, Value};

use crate::gateway::{GatewayConfig, Rate};
use bitcraps_actors::config::{MempoolLimits, NodeConfig, PeerAddress, PeerLimits, SyncLimits, Timeouts};
use bitcraps_actors::ports::Address;
use bitcraps_casino::Genesis;
use bitcraps_types::PublicKey;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// All that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

/// The configuration of a node.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where each value came from.
    pub resolved: Resolved,
    /// What is logged.
    pub log_level: String,
    /// How.
    pub log_format: String,
    /// Links.
    pub p2p: P2p,
    /// The gateway, the operator's listener included.
    pub gateway: GatewayConfig,
}

/// Links.
#[derive(Clone, Debug)]
pub struct P2p {
    /// Where others reach this node.
    pub listen: SocketAddr,
    /// The others.
    pub peers: Vec<PeerAddress>,
    /// The most links that others opened.
    pub max_inbound: usize,
    /// If not empty, only these.
    pub allow: Vec<PublicKey>,
    /// Not these.
    pub deny: Vec<PublicKey>,
}

impl P2p {
    /// Who may not connect: those denied, and those of `peers` that are not allowed if some are. `peers` are those of
    /// the running node: who was taken off the list since is to stay away no less.
    pub fn denied(&self, peers: &[PeerAddress]) -> BTreeSet<PublicKey> {
        let not_allowed = |key: &PublicKey| !self.allow.is_empty() && !self.allow.contains(key);
        let peers = peers.iter().map(|peer| peer.key).filter(not_allowed);
        self.deny.iter().copied().chain(peers).collect()
    }
}

impl Config {
    /// Reads a configuration.
    pub fn read(sources: &Sources) -> Result<Config, ConfigError> {
        let resolved = Resolved::read(sources)?;
        let p2p = P2p {
            listen: resolved.listen("p2p.listen"),
            peers: resolved.peers("p2p.peers"),
            max_inbound: resolved.count("p2p.max_inbound"),
            allow: resolved.keys("p2p.allow"),
            deny: resolved.keys("p2p.deny"),
        };
        Ok(Config {
            log_level: resolved.text("node.log_level"),
            log_format: resolved.text("node.log_format"),
            p2p,
            gateway: gateway(&resolved),
            resolved,
        })
    }

    /// What the actors are told.
    pub fn node(&self, genesis: Arc<Genesis>, sign_above: u64) -> NodeConfig {
        let r = &self.resolved;
        NodeConfig {
            timeouts: Timeouts {
                propose: r.duration("consensus.propose"),
                prevote: r.duration("consensus.prevote"),
                precommit: r.duration("consensus.precommit"),
                growth: r.factor("consensus.growth"),
                rebroadcast: r.duration("consensus.rebroadcast"),
            },
            interval: r.duration("consensus.interval"),
            max_clock_drift: r.duration("consensus.max_clock_drift"),
            max_block_bytes: r.bytes("consensus.max_block_bytes") as usize,
            limits: PeerLimits {
                frames_per_second: r.count("limits.frames_per_second") as u64,
                bytes_per_second: r.bytes("limits.bytes_per_second"),
                burst: r.duration("limits.burst"),
                handshake_timeout: r.duration("limits.handshake_timeout"),
                max_unproven: r.count("limits.max_unproven"),
                silence: r.duration("limits.silence"),
                outbox_bytes: r.bytes("limits.outbox_bytes") as usize,
                outbox_age: r.duration("limits.outbox_age"),
            },
            snapshot_every: r.count("consensus.snapshot_every") as u64,
            sync: SyncLimits {
                batch: r.count("sync.batch") as u32,
                timeout: r.duration("sync.timeout"),
                state_sync_gap: r.count("sync.state_sync_gap") as u64,
                status: r.duration("sync.status"),
                keepalive: r.duration("sync.keepalive"),
            },
            mempool: MempoolLimits {
                commands: r.count("mempool.commands"),
                bytes: r.bytes("mempool.bytes") as usize,
                per_account: r.count("mempool.per_account"),
                blobs: r.count("mempool.blobs"),
                blob_bytes: r.bytes("mempool.blob_bytes") as usize,
            },
            sign_above,
            ..NodeConfig::new(genesis, self.p2p.peers.clone())
        }
    }
}

fn gateway(r: &Resolved) -> GatewayConfig {
    let per_second = r.count("gateway.requests_per_second") as u32;
    let burst = r.count("gateway.burst") as u32;
    GatewayConfig {
        listen: r.listen("gateway.listen"),
        admin: r.listen("admin.listen"),
        workers: r.count("gateway.workers"),
        max_body: r.bytes("gateway.max_body") as usize,
        max_connections: r.count("gateway.max_connections"),
        max_connections_per_address: Some(r.count("gateway.max_connections_per_address"))
            .filter(|most| *most > 0),
        max_websockets: r.count("gateway.max_websockets"),
        rate: (per_second > 0).then_some(Rate { per_second, burst }),
        timeout: r.duration("gateway.timeout"),
        keep_alive: r.duration("gateway.keep_alive"),
        stall: r.duration("gateway.stall"),
        max_wait: r.duration("gateway.max_wait"),
    }
}

/// Values by the type that their setting's kind gives them.
macro_rules! typed {
    ($($name:ident: $variant:ident -> $type:ty = $convert:expr;)*) => {
        impl Resolved {
            $(fn $name(&self, key: &str) -> $type {
                match self.get(key) {
                    (Value::$variant(value), _) => $convert(value),
                    (other, _) => unreachable!("`{key}` is {other:?}"),
                }
            })*
        }
    };
}

typed! {
    text: Text -> String = |text: &String| text.clone();
    listen: Listen -> SocketAddr = |address: &SocketAddr| *address;
    keys: Keys -> Vec<PublicKey> = |keys: &Vec<PublicKey>| keys.clone();
    peers: Peers -> Vec<PeerAddress> = |peers: &Vec<(PublicKey, String)>| {
        peers.iter().map(|(key, address)| PeerAddress { key: *key, address: Address(address.clone()) }).collect()
    };
    duration: Duration -> Duration = |duration: &Duration| *duration;
    bytes: Bytes -> u64 = |bytes: &u64| *bytes;
    count: Count -> usize = |count: &u64| usize::try_from(*count).unwrap_or(usize::MAX);
    factor: Factor -> f64 = |factor: &f64| *factor;
}

#[cfg(test)]
mod tests;
