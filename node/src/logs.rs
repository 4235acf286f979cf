//! Log lines: how they look, what is let through, and what the node's events say.

use bitcraps_actors::ports::{Event, Refusal};
use std::io::IsTerminal;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// Lets another filter in while the node runs.
pub struct Reload(Handle<EnvFilter, Registry>);

/// Whether a text is a filter.
pub(crate) fn check_filter(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("expected a level or a filter".into());
    }
    // A word alone that is no level would be taken for the name of a target, at all levels.
    let level = |word: &str| word.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    if let Some(word) = text.split(',').find(|part| !part.contains(['=', ':', '[']) && !level(part)) {
        return Err(format!("`{word}` is no level: error, warn, info, debug, trace or off"));
    }
    EnvFilter::builder().parse(text).map(|_| ()).map_err(|error| error.to_string())
}

/// Begins to log to standard error. `format` is `text`, `json`, or `auto`: text for a terminal. To be called once.
pub fn start(filter: &str, format: &str) -> Result<Reload, String> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| error.to_string())?;
    let (filter, handle) = reload::Layer::new(filter);
    let terminal = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        "json" => lines.json().flatten_event(true).boxed(),
        "auto" if !terminal => lines.json().flatten_event(true).boxed(),
        _ => lines.with_ansi(terminal).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    subscriber.try_init().map_err(|error| error.to_string())?;
    Ok(Reload(handle))
}

impl Reload {
    /// Lets another filter in.
    pub fn set(&self, filter: &str) -> Result<(), String> {
        let filter = EnvFilter::builder().parse(filter).map_err(|error| error.to_string())?;
        self.0.reload(filter).map_err(|error| error.to_string())
    }
}

/// The log line of an event. What a peer can cause at will is told at the level `debug` only: it must not fill a disk.
/// It is counted in any case.
pub fn event(event: &Event<'_>) {
    match *event {
        Event::Started { height, journal } => {
            tracing::info!(height, journal, "started: the state is restored");
        }
        Event::Round { height, round, proposer, after_failure: true } => {
            tracing::info!(height, round, proposer = proposer.0, "another round");
        }
        Event::Round { height, round, proposer, .. } => {
            tracing::debug!(height, round, proposer = proposer.0, "round");
        }
        Event::Proposed { height, round, ref digest } => tracing::debug!(height, round, %digest, "proposed"),
        Event::Locked { height, round, ref digest } => tracing::debug!(height, round, %digest, "locked"),
        Event::Decided { height, certificate, synced, .. } => {
            tracing::debug!(height, round = certificate.round, synced, block = %certificate.digest, "decided");
        }
        Event::Applied { height, block, ref root, .. }
            if !block.commands.is_empty() || !block.blobs.is_empty() =>
        {
            let (commands, blobs) = (block.commands.len(), block.blobs.len());
            tracing::info!(height, commands, blobs, %root, "applied");
        }
        Event::Applied { height, ref root, .. } => tracing::debug!(height, commands = 0, %root, "applied"),
        Event::StateSynced { height, ref root } => {
            tracing::info!(height, %root, "took over a state from a peer: older blocks are missing here");
        }
        Event::Accused(evidence) => tracing::warn!(?evidence, "misbehaviour is proved"),
        Event::OffenceRecorded { offender, height } => {
            tracing::warn!(offender = offender.0, height, "misbehaviour is recorded in the state");
        }
        Event::BadDice(validator) => {
            tracing::warn!(validator = validator.0, "its part of a dice signature is wrong");
        }
        Event::PeerUp(ref key) => tracing::info!(peer = %crate::hex::encode(&key.0), "peer is here"),
        Event::PeerDown(ref key) => tracing::info!(peer = %crate::hex::encode(&key.0), "peer is gone"),
        Event::Refused { peer: Some(ref key), why: why @ Refusal::Banned } => {
            tracing::warn!(peer = %crate::hex::encode(&key.0), ?why, "a peer is turned away for a while");
        }
        Event::Refused { ref peer, why } => {
            let peer = peer.map(|key| crate::hex::encode(&key.0));
            tracing::debug!(peer, ?why, "turned away");
        }
        Event::SyncStarted { from, to } => tracing::info!(height = from, to, "behind: asking for blocks"),
        Event::SyncEnded { height } => tracing::info!(height, "level with the others"),
        Event::CommandAccepted(ref id) => tracing::debug!(command = %id, "taken in"),
        Event::CommandRefused(ref id, why) => tracing::debug!(command = %id, why, "turned away"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::check_filter;

    #[test]
    fn a_filter_is_levels_and_targets_with_levels() {
        for good in ["info", "off", "info,bitcraps_quic=debug", "warn,a::b=trace"] {
            assert_eq!(check_filter(good), Ok(()), "{good}");
        }
        for bad in ["", "loud", "info,chatty", "info,a=loud"] {
            assert!(check_filter(bad).is_err(), "{bad}");
        }
    }
}
