//! Values as they are typed.

use crate::scenario::{Percent, Span};
use bitcraps_types::Protocol;
use std::time::Duration;

/// What is kept of each run stays in memory until the sum is printed.
pub(super) const MOST_SEEDS: u64 = 1_000_000;

pub(super) fn seed(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is not a number, such as 42 or 0x2a"))
}

pub(super) fn events(text: &str) -> Result<(u64, u64), String> {
    let range = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    range.filter(|(from, to)| from < to).ok_or_else(|| format!("`{text}` is not a range, such as 0..1000"))
}

pub(super) fn chance(text: &str) -> Result<f64, String> {
    let chance = text.parse().ok().filter(|chance: &f64| *chance > 0.0 && *chance < 1.0);
    chance.ok_or_else(|| format!("`{text}` is no number between 0 and 1, such as 0.05"))
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    Percent::parse(text).map(Percent::fraction).map_err(|error| format!("{error}, such as 5%"))
}

/// Validators, or `none`.
#[derive(Clone)]
pub(super) struct Silent(pub(super) Vec<u16>);

pub(super) fn silent(text: &str) -> Result<Silent, String> {
    if text == "none" {
        return Ok(Silent(Vec::new()));
    }
    let all: Result<Vec<u16>, _> = text.split(',').map(str::parse).collect();
    all.map(Silent).map_err(|_| format!("`{text}` is not a list of validators such as 0,3, and not `none`"))
}

pub(super) fn engine(text: &str) -> Result<Protocol, String> {
    Protocol::named(text).ok_or_else(|| format!("no engine `{text}`: pbft, tendermint or hotstuff"))
}

/// `10m` as well as what the scenario language takes.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let minutes = text.strip_suffix('m').map(|number| format!("{number} min"));
    let span = Span::parse(minutes.as_deref().unwrap_or(text));
    span.map(Span::duration).map_err(|error| format!("{error}, such as 30s or 10m"))
}

pub(super) fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (from, to) =
        text.split_once("..").ok_or_else(|| format!("`{text}` is not a range, such as 0..1000"))?;
    let (from, to) = (seed(from)?, seed(to)?);
    match to.checked_sub(from) {
        None | Some(0) => Err(format!("`{text}` is empty: the end is not included")),
        Some(1..=MOST_SEEDS) => Ok((from, to)),
        Some(count) => Err(format!("{count} seeds in one call; at most {MOST_SEEDS}")),
    }
}

pub(super) fn override_(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE, such as validators.count=10")),
    }
}
