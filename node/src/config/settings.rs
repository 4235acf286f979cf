//! Every setting: its name, what it may be, its default, what it is for. The reader, `config show`, the table in
//! `docs/operating.md` and "did you mean" all come from here.

use super::units;
use bitcraps_types::PublicKey;
use std::net::SocketAddr;
use std::time::Duration;

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// `section.name`.
    pub key: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// As it would stand in the file.
    pub default: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Whether SIGHUP makes a running node take a new value.
    pub reloads: bool,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A filter of log lines.
    Filter,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A socket address to listen at.
    Listen,
    /// Peers, each `key@host:port`.
    Peers,
    /// Public keys.
    Keys,
    /// A duration between two.
    Duration(Duration, Duration),
    /// A size between two.
    Bytes(u64, u64),
    /// A whole number between two.
    Count(u64, u64),
    /// A number between two.
    Factor(f64, f64),
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A word or a filter.
    Text(String),
    /// Where to listen.
    Listen(SocketAddr),
    /// Peers: key and `host:port`.
    Peers(Vec<(PublicKey, String)>),
    /// Keys.
    Keys(Vec<PublicKey>),
    /// A duration.
    Duration(Duration),
    /// A size.
    Bytes(u64),
    /// A number.
    Count(u64),
    /// A factor.
    Factor(f64),
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    Text(String),
    Integer(String),
    Float(String),
    List(Vec<String>),
    /// Of a type that no setting has.
    Other(&'static str),
}

const fn setting(key: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Setting {
    Setting { key, kind, default, help, reloads: false }
}

const fn reloads(setting: Setting) -> Setting {
    Setting { reloads: true, ..setting }
}

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const ANY: u64 = i64::MAX as u64;
const KIB: u64 = 1 << 10;
const GIB: u64 = 1 << 30;

/// All settings, by section.
pub const SETTINGS: &[Setting] = &[
    reloads(setting(
        "node.log_level",
        Kind::Filter,
        "info",
        "What is logged: a level, or a filter such as `info,bitcraps_quic=debug`",
    )),
    setting(
        "node.log_format",
        Kind::Choice(&["auto", "text", "json"]),
        "auto",
        "How: `auto` is text on a terminal and JSON elsewhere",
    ),
    setting("p2p.listen", Kind::Listen, "0.0.0.0:7000", "Where other nodes reach this one, over UDP"),
    setting(
        "p2p.peers",
        Kind::Peers,
        "[]",
        "The other nodes, each `key@host:port`; who is not listed is refused",
    ),
    setting(
        "p2p.max_inbound",
        Kind::Count(1, 100_000),
        "128",
        "The most links that others opened, at a time",
    ),
    reloads(setting("p2p.allow", Kind::Keys, "[]", "If not empty, only these of the peers may connect")),
    reloads(setting("p2p.deny", Kind::Keys, "[]", "Peers that may not connect")),
    setting("consensus.propose", Kind::Duration(MS, HOUR), "1 s", "How long a proposal may take in round 0"),
    setting("consensus.prevote", Kind::Duration(MS, HOUR), "500 ms", "How long to wait for more prevotes"),
    setting(
        "consensus.precommit",
        Kind::Duration(MS, HOUR),
        "500 ms",
        "How long to wait for more precommits",
    ),
    setting("consensus.growth", Kind::Factor(1.0, 10.0), "1.5", "The factor of each further round"),
    setting(
        "consensus.rebroadcast",
        Kind::Duration(MS, HOUR),
        "1500 ms",
        "How long without progress until the last word is repeated",
    ),
    setting(
        "consensus.interval",
        Kind::Duration(Duration::ZERO, HOUR),
        "250 ms",
        "The least time between two blocks; the same on all validators",
    ),
    setting(
        "consensus.max_clock_drift",
        Kind::Duration(MS, HOUR),
        "500 ms",
        "A proposal further ahead of our clock is not accepted",
    ),
    setting(
        "consensus.max_block_bytes",
        Kind::Bytes(4 * KIB, MAX_BLOCK),
        "1 MiB",
        "The longest block; the same on all validators",
    ),
    setting(
        "consensus.snapshot_every",
        Kind::Count(1, 1_000),
        "100",
        "How often a snapshot of the state is made, in blocks",
    ),
    setting("limits.frames_per_second", Kind::Count(1, ANY), "20000", "What a peer may send, in frames"),
    setting("limits.bytes_per_second", Kind::Bytes(KIB, ANY), "32 MiB", "What a peer may send, in bytes"),
    setting(
        "limits.burst",
        Kind::Duration(MS, HOUR),
        "2 s",
        "How much time's worth of that a peer may send at once",
    ),
    setting(
        "limits.handshake_timeout",
        Kind::Duration(MS, HOUR),
        "5 s",
        "How long a peer has to prove who it is",
    ),
    setting(
        "limits.max_unproven",
        Kind::Count(1, 100_000),
        "256",
        "How many links may wait for that at a time",
    ),
    setting(
        "limits.silence",
        Kind::Duration(S, HOUR),
        "12 s",
        "A link on which nothing came for so long is closed and dialed again",
    ),
    setting("limits.outbox_bytes", Kind::Bytes(KIB, GIB), "1 MiB", "What waits for a peer who is away"),
    setting("limits.outbox_age", Kind::Duration(S, HOUR), "1 min", "How long it waits"),
    setting("mempool.commands", Kind::Count(1, 10_000_000), "50000", "How many commands wait at most"),
    setting("mempool.bytes", Kind::Bytes(KIB, 16 * GIB), "16 MiB", "How many bytes of them"),
    setting("mempool.per_account", Kind::Count(1, 64), "64", "How many of one account"),
    setting(
        "mempool.blobs",
        Kind::Count(0, 10_000_000),
        "65536",
        "How many blobs of this node's clients wait at most",
    ),
    setting("mempool.blob_bytes", Kind::Bytes(0, 16 * GIB), "32 MiB", "How many bytes of them"),
    setting("sync.batch", Kind::Count(1, MAX_BATCH), "32", "How many blocks are asked for at a time"),
    setting("sync.timeout", Kind::Duration(MS, HOUR), "2 s", "How long a peer has to answer"),
    setting(
        "sync.state_sync_gap",
        Kind::Count(1, ANY),
        "1000",
        "A node further behind takes over a snapshot instead of blocks",
    ),
    setting(
        "sync.status",
        Kind::Duration(MS, HOUR),
        "1 s",
        "How often a node tells its height when it changed",
    ),
    setting("sync.keepalive", Kind::Duration(MS, HOUR), "4 s", "How often it does when not"),
    setting(
        "gateway.listen",
        Kind::Listen,
        "127.0.0.1:8080",
        "Where players and their programs reach this node, over HTTP",
    ),
    setting("gateway.workers", Kind::Count(1, 256), "2", "Threads that serve players"),
    setting("gateway.max_body", Kind::Bytes(KIB, 16 << 20), "128 KiB", "The longest request body"),
    setting(
        "gateway.max_connections",
        Kind::Count(1, 1_000_000),
        "4096",
        "The most connections of one thread",
    ),
    setting(
        "gateway.max_connections_per_address",
        Kind::Count(0, 1_000_000),
        "64",
        "The most connections of one address, all threads together; 0: any number, as behind a proxy",
    ),
    setting(
        "gateway.max_websockets",
        Kind::Count(1, 1_000_000),
        "1024",
        "The most players who watch the stream of events",
    ),
    setting(
        "gateway.requests_per_second",
        Kind::Count(0, 1_000_000),
        "200",
        "What one address may ask, over time; 0: any number",
    ),
    setting(
        "gateway.burst",
        Kind::Count(1, 1_000_000),
        "400",
        "How many requests of one address may come at once",
    ),
    setting(
        "gateway.timeout",
        Kind::Duration(MS, HOUR),
        "10 s",
        "How long a request may take to come, and an answer to be made",
    ),
    setting(
        "gateway.keep_alive",
        Kind::Duration(MS, HOUR),
        "30 s",
        "How long a connection may wait for its next request",
    ),
    setting(
        "gateway.stall",
        Kind::Duration(MS, HOUR),
        "10 s",
        "How long what is sent to a client may wait; then it must take 64 KiB per second, or is cut off",
    ),
    setting(
        "gateway.max_wait",
        Kind::Duration(MS, HOUR),
        "30 s",
        "The longest that a client may wait for a command",
    ),
    setting(
        "admin.listen",
        Kind::Listen,
        "127.0.0.1:9090",
        "Where its operator does: /status, /peers, /metrics, /health, /ready",
    ),
];

const MAX_BLOCK: u64 = bitcraps_actors::config::NodeConfig::MAX_BLOCK_BYTES as u64;
const MAX_BATCH: u64 = bitcraps_actors::wire::MAX_BLOCKS as u64;

impl Setting {
    /// The default.
    pub fn default_value(&self) -> Value {
        let raw = if self.default == "[]" { Raw::List(vec![]) } else { Raw::Text(self.default.into()) };
        self.kind.parse(&raw, true).expect("a default is valid")
    }

    /// Its section and its name in it.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.key.split_once('.').expect("a key has two parts")
    }
}

impl Kind {
    /// Reads a value. Where all is text (the environment, flags), numbers and lists are text too.
    pub(super) fn parse(&self, raw: &Raw, all_text: bool) -> Result<Value, String> {
        match (self, raw) {
            (Kind::Filter, Raw::Text(text)) => {
                crate::logs::check_filter(text)?;
                Ok(Value::Text(text.clone()))
            }
            (Kind::Choice(words), Raw::Text(text)) if words.contains(&text.as_str()) => {
                Ok(Value::Text(text.clone()))
            }
            (Kind::Listen, Raw::Text(text)) => match text.parse() {
                Ok(address) => Ok(Value::Listen(address)),
                Err(_) => Err(self.expected()),
            },
            (Kind::Duration(least, most), Raw::Text(text)) => {
                let value = units::duration(text)?;
                let (low, high) = (units::show_duration(*least), units::show_duration(*most));
                in_range(&value, least, most, &low, &high).map(|()| Value::Duration(value))
            }
            (Kind::Bytes(least, most), Raw::Text(text)) => {
                let value = units::bytes(text)?;
                let (low, high) = (units::show_bytes(*least), units::show_bytes(*most));
                in_range(&value, least, most, &low, &high).map(|()| Value::Bytes(value))
            }
            (Kind::Count(least, most), Raw::Integer(text)) => count(text, *least, *most),
            (Kind::Count(least, most), Raw::Text(text)) if all_text => count(text, *least, *most),
            (Kind::Factor(least, most), Raw::Float(text) | Raw::Integer(text)) => factor(text, *least, *most),
            (Kind::Factor(least, most), Raw::Text(text)) if all_text => factor(text, *least, *most),
            (Kind::Peers | Kind::Keys, Raw::Text(text)) if all_text => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                self.parse(&Raw::List(items.map(str::to_owned).collect()), all_text)
            }
            (Kind::Peers, Raw::List(items)) => {
                let peers: Vec<_> = items.iter().map(|item| peer(item)).collect::<Result<_, _>>()?;
                all_differ(&peers).map(|()| Value::Peers(peers))
            }
            (Kind::Keys, Raw::List(items)) => {
                items.iter().map(|item| key(item)).collect::<Result<_, _>>().map(Value::Keys)
            }
            _ => Err(self.expected()),
        }
    }

    /// What should stand there.
    pub fn expected(&self) -> String {
        match self {
            Kind::Filter => "expected a level (error, warn, info, debug, trace) or a filter, as text".into(),
            Kind::Choice(words) => format!("expected one of {}", words.join(", ")),
            Kind::Listen => "expected an address and a port such as \"127.0.0.1:8080\"".into(),
            Kind::Peers => "expected a list of \"key@host:port\"".into(),
            Kind::Keys => "expected a list of keys, each 64 hexadecimal digits".into(),
            Kind::Duration(..) => "expected a duration with its unit, as text, such as \"500 ms\"".into(),
            Kind::Bytes(..) => "expected a size with its unit, as text, such as \"64 KiB\"".into(),
            Kind::Count(..) => "expected a whole number".into(),
            Kind::Factor(..) => "expected a number".into(),
        }
    }
}

impl Value {
    /// As it stands in a file.
    pub fn to_toml(&self) -> String {
        let list = |items: Vec<String>| {
            format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
        };
        match self {
            Value::Text(text) => quoted(text),
            Value::Listen(address) => quoted(&address.to_string()),
            Value::Peers(peers) => list(
                peers
                    .iter()
                    .map(|(key, address)| format!("{}@{address}", crate::hex::encode(&key.0)))
                    .collect(),
            ),
            Value::Keys(keys) => list(keys.iter().map(|key| crate::hex::encode(&key.0)).collect()),
            Value::Duration(duration) => quoted(&units::show_duration(*duration)),
            Value::Bytes(bytes) => quoted(&units::show_bytes(*bytes)),
            Value::Count(count) => count.to_string(),
            Value::Factor(factor) => format!("{factor:?}"),
        }
    }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() => quoted += &format!("\\u{:04X}", u32::from(character)),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

fn in_range<T: PartialOrd>(value: &T, least: &T, most: &T, low: &str, high: &str) -> Result<(), String> {
    if value < least || value > most { Err(format!("it must be between {low} and {high}")) } else { Ok(()) }
}

fn count(text: &str, least: u64, most: u64) -> Result<Value, String> {
    let value = text.replace('_', "").parse().map_err(|_| "expected a whole number".to_owned())?;
    in_range(&value, &least, &most, &least.to_string(), &most.to_string()).map(|()| Value::Count(value))
}

fn factor(text: &str, least: f64, most: f64) -> Result<Value, String> {
    let value: f64 = text.replace('_', "").parse().map_err(|_| "expected a number".to_owned())?;
    if !value.is_finite() {
        return Err("expected a number".into());
    }
    in_range(&value, &least, &most, &least.to_string(), &most.to_string()).map(|()| Value::Factor(value))
}

fn host_and_port(text: &str) -> Option<()> {
    let (host, port) = text.rsplit_once(':')?;
    let plain = !host.is_empty() && !host.contains([' ', '@', '/']);
    (plain && port.parse::<u16>().is_ok_and(|port| port != 0)).then_some(())
}

/// Whoever dials an address expects one key there.
fn all_differ(peers: &[(PublicKey, String)]) -> Result<(), String> {
    for (at, (key, address)) in peers.iter().enumerate() {
        if peers[..at].iter().any(|(other, _)| other == key) {
            return Err(format!("the key {} stands twice", crate::hex::encode(&key.0)));
        }
        if peers[..at].iter().any(|(_, other)| other == address) {
            return Err(format!("two peers have the address {address}"));
        }
    }
    Ok(())
}

fn key(text: &str) -> Result<PublicKey, String> {
    crate::hex::decode_exactly(text)
        .map(PublicKey)
        .map_err(|_| format!("`{text}` is no key: a key is 64 hexadecimal digits"))
}

fn peer(text: &str) -> Result<(PublicKey, String), String> {
    let (name, address) =
        text.split_once('@').ok_or_else(|| format!("`{text}` is not of the form key@host:port"))?;
    host_and_port(address).ok_or_else(|| format!("`{address}` is not of the form host:port"))?;
    Ok((key(name)?, address.into()))
}
