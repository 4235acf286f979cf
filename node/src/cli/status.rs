//! `status`, `peers`, `version`: what is, in words or as JSON.

use super::{Context, Failure, remote, say, say_json};
use crate::address_book;
use crate::world::disk;
use clap::Args;
use serde_json::{Value, json};

/// `status`.
#[derive(Args, Debug)]
pub(super) struct Status {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// `peers`.
#[derive(Args, Debug)]
pub(super) struct Peers {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// `version`.
#[derive(Args, Debug)]
pub(super) struct Version {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        let status = remote::status(context)?;
        if self.json {
            return say_json(&status);
        }
        let Value::Object(fields) = status else { return say_json(&status) };
        let width = fields.keys().map(String::len).max().unwrap_or(0);
        fields.iter().filter(|(_, value)| !value.is_null()).try_for_each(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            say(format!("{:width$}  {value}", name.replace('_', " ")))
        })
    }
}

impl Peers {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        remote::status(context)?;
        let answer = remote::json(&remote::get(context, "/peers")?)?;
        let connected: Vec<&str> = answer["peers"]
            .as_array()
            .map(|peers| peers.iter().filter_map(|peer| peer["key"].as_str()).collect())
            .unwrap_or_default();
        let book = address_book::parse(&disk::read(&context.home.address_book()).unwrap_or_default());
        let rows: Vec<Value> = context
            .config()?
            .p2p
            .peers
            .iter()
            .map(|peer| {
                let key = crate::hex::encode(&peer.key.0);
                let last_seen = book.get(&key).and_then(|entry| entry.last_seen_ms);
                let here = connected.contains(&key.as_str());
                json!({ "key": key, "address": peer.address.0, "connected": here, "last_seen_ms": last_seen })
            })
            .collect();
        if self.json {
            return say_json(&json!({ "peers": rows }));
        }
        for row in rows {
            let here = if row["connected"] == true { "connected" } else { "away" };
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            say(format!("{}  {:21}  {here}", text("key"), text("address")))?;
        }
        Ok(())
    }
}

impl Version {
    pub(super) fn perform(self) -> Result<(), Failure> {
        let (version, home) = (crate::node::VERSION, crate::home::VERSION);
        let (protocol, features) = (bitcraps_actors::PROTOCOL_VERSION, crate::node::FEATURES);
        if self.json {
            return say_json(&json!({
                "version": version,
                "protocol": protocol,
                "home": home,
                "features": features,
            }));
        }
        let features = if features.is_empty() {
            String::new()
        } else {
            format!("; not for production: built with {}", features.join(", "))
        };
        say(format!("bitcraps-node {version} (protocol {protocol}, layout of the home {home}{features})"))
    }
}
