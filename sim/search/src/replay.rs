//! One event of a run in words, so that a run can be told, saved and repeated: `0 > 2 prevote 1/0` is a delivery,
//! `2 rings propose 1/0` a timeout, `2 restarts` the end of a crash.
//!
//! A place is written as height/round. Of two messages that read the same, the one that was sent first is meant.

use crate::name::{Name, as_text};
use bitcraps_consensus::{Timer, TimerKind};
use bitcraps_types::{Height, Round};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A message arrives.
    Deliver {
        /// From this replica.
        from: Name,
        /// At this one.
        to: Name,
        /// Its kind; `ask` and `block` are the host's own.
        kind: String,
        /// The height it speaks of.
        height: Height,
        /// The round (or view) it speaks of.
        round: Round,
    },
    /// A timer rings.
    Ring {
        /// Whose.
        replica: Name,
        /// Which.
        timer: Timer,
    },
    /// A replica falls now. (A crash at a moment inside a step is in the plan.)
    Fall {
        /// Who.
        replica: Name,
    },
    /// A replica that fell comes back.
    Restart {
        /// Who.
        replica: Name,
    },
}

impl Action {
    /// Those whom it names.
    pub(crate) fn replicas(&self) -> Vec<Name> {
        match self {
            Action::Deliver { from, to, .. } => vec![*from, *to],
            Action::Ring { replica, .. } | Action::Fall { replica } | Action::Restart { replica } => {
                vec![*replica]
            }
        }
    }
}

const TIMERS: [(TimerKind, &str); 4] = [
    (TimerKind::Propose, "propose"),
    (TimerKind::Prevote, "prevote"),
    (TimerKind::Precommit, "precommit"),
    (TimerKind::Rebroadcast, "rebroadcast"),
];

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Deliver { from, to, kind, height, round } => {
                write!(f, "{from} > {to} {kind} {height}/{round}")
            }
            Action::Ring { replica, timer: Timer { kind, height, round } } => {
                let name = TIMERS.iter().find(|(other, _)| other == kind).map_or("", |(_, name)| name);
                write!(f, "{replica} rings {name} {height}/{round}")
            }
            Action::Fall { replica } => write!(f, "{replica} falls"),
            Action::Restart { replica } => write!(f, "{replica} restarts"),
        }
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Action, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        parse(&words)?.ok_or_else(|| {
            format!(
                "no event {text:?}: expected as `0 > 2 prevote 1/0`, `2 rings propose 1/0`, `2 falls` or `2 restarts`"
            )
        })
    }
}

fn parse(words: &[&str]) -> Result<Option<Action>, String> {
    Ok(match words {
        [from, ">", to, kind, at] => spot(at).and_then(|(height, round)| {
            let (from, to) = (from.parse().ok()?, to.parse().ok()?);
            Some(Action::Deliver { from, to, kind: (*kind).into(), height, round })
        }),
        [replica, "rings", name, at] => spot(at).and_then(|(height, round)| {
            let (kind, _) = *TIMERS.iter().find(|(_, other)| other == name)?;
            Some(Action::Ring { replica: replica.parse().ok()?, timer: Timer { kind, height, round } })
        }),
        [replica, "falls"] => Some(Action::Fall { replica: replica.parse()? }),
        [replica, "restarts"] => Some(Action::Restart { replica: replica.parse()? }),
        _ => None,
    })
}

fn spot(text: &str) -> Option<(Height, Round)> {
    let (height, round) = text.split_once('/')?;
    Some((height.parse().ok()?, round.parse().ok()?))
}

as_text!(Action);
