//! `config check` and `config show`.

use super::{Context, Failure, code, say, say_json};
use crate::config::{Config, SETTINGS};
use clap::{Args, Subcommand};
use serde_json::json;

/// `config`.
#[derive(Args, Debug)]
pub(super) struct ConfigVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Read the configuration and tell all that is wrong with it.
    Check {
        /// Fail on what is merely doubtful too.
        #[arg(long)]
        deny_warnings: bool,
    },
    /// Show every setting with its value, as a file.
    Show {
        /// And where each value came from.
        #[arg(long)]
        origin: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// As the table of `docs/operating.md`.
        #[arg(long, conflicts_with_all = ["origin", "json"])]
        table: bool,
    },
}

impl ConfigVerb {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::Check { deny_warnings } => {
                let warnings = doubts(&context.config()?);
                warnings.iter().try_for_each(|warning| say(format!("warning: {warning}")))?;
                if deny_warnings && !warnings.is_empty() {
                    return Err(Failure::new(code::CONFIG, "there are warnings"));
                }
                say("the configuration is good")
            }
            Action::Show { table: true, .. } => say(table().trim_end()),
            Action::Show { origin, json: false, .. } => {
                say(context.config()?.resolved.to_toml(origin).trim_end())
            }
            Action::Show { .. } => {
                let resolved = context.config()?.resolved;
                let all = SETTINGS.iter().map(|setting| {
                    let (value, origin) = resolved.get(setting.key);
                    (setting.key, json!({ "value": value.to_toml(), "origin": origin.to_string() }))
                });
                say_json(&json!(all.collect::<std::collections::BTreeMap<_, _>>()))
            }
        }
    }
}

/// What is allowed and yet hardly meant.
pub(super) fn doubts(config: &Config) -> Vec<String> {
    let mut doubts = Vec::new();
    if config.p2p.peers.is_empty() {
        doubts.push("p2p.peers is empty: this node talks to nobody".to_owned());
    }
    if !config.gateway.admin.ip().is_loopback() {
        let address = config.gateway.admin;
        doubts.push(format!("admin.listen is {address}: whoever reaches it sees the node's insides; keep it on loopback or behind a firewall"));
    }
    for key in config.p2p.allow.iter().chain(&config.p2p.deny) {
        if !config.p2p.peers.iter().any(|peer| peer.key == *key) {
            let key = crate::hex::encode(&key.0);
            doubts.push(format!(
                "p2p.allow or p2p.deny names {key}, which is none of p2p.peers: it has no effect"
            ));
        }
    }
    doubts
}

/// All settings as a Markdown table.
pub(super) fn table() -> String {
    let mut text = String::from("| setting | default | what it is for |\n|---|---|---|\n");
    for setting in SETTINGS {
        let reload = if setting.reloads { " (SIGHUP reloads it)" } else { "" };
        text += &format!(
            "| `{}` | `{}` | {}{reload} |\n",
            setting.key,
            setting.default_value().to_toml(),
            setting.help
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_has_the_table_of_settings() {
        let document = include_str!("../../../docs/operating.md");
        assert!(
            document.contains(&super::table()),
            "put the output of `bitcraps-node config show --table` into docs/operating.md"
        );
    }
}
