//! `diff`: what two runs have in common, and where they part.
//!
//! Both are run again. The hashes of their traces tell the first block of events that differs; the block is run once
//! more in words. What led to the first event that differs is followed back: a frame to where it was sent, everything
//! else to what happened to its node before.

use super::replay::{self, Past};
use super::say::say;
use super::trace::{self, Told};
use super::{elsewhere, exit};
use crate::scenario;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// So many events before the block that differs are looked through for causes.
const BEFORE: u64 = 16_384;
/// So many causes are told.
const CAUSES: usize = 12;
/// So many differences of the scenarios are told.
const ASKED: usize = 24;

/// One of the two runs: its folder and, if it is another, the program that can run it.
type Side<'a> = (&'a Path, Option<&'a Path>);

/// Compares them; 0: the same trace.
pub(super) fn diff(a: Side<'_>, b: Side<'_>) -> u8 {
    let pasts = (replay::read(a.0), replay::read(b.0));
    let (past_a, past_b) = match pasts {
        (Ok(past_a), Ok(past_b)) => (past_a, past_b),
        (Err(code), _) | (_, Err(code)) => return code,
    };
    if [past_a.world, past_b.world].into_iter().any(elsewhere::is_place_of) {
        return elsewhere::go();
    }
    match compare((a, &past_a), (b, &past_b)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            exit::IO
        }
    }
}

fn compare(a: (Side<'_>, &Past), b: (Side<'_>, &Past)) -> Result<u8, String> {
    let asked = asked_differently(a.1, b.1);
    for (name, (side, past)) in [("A", a), ("B", b)] {
        let engine = past.scenario.consensus.engine;
        let (place, world) = (side.0.display(), past.world.name());
        say(format_args!("{name}  {place}: {}, seed {}, {world}, {engine}", past.scenario.name, past.seed));
    }
    for line in asked.iter().take(ASKED) {
        say(format_args!("   {line}"));
    }
    if asked.len() > ASKED {
        say(format_args!("   and {} more", asked.len() - ASKED));
    }
    let (told_a, told_b) = (summary(a)?, summary(b)?);
    for (name, past, told) in [("A", a.1, &told_a), ("B", b.1, &told_b)] {
        if past.trace_hash != told.hash {
            say(format_args!(
                "   {name} gives another trace now than when it was recorded: the program changed"
            ));
        }
    }
    let Some(block) = told_a.first_difference(&told_b) else {
        say(format_args!("the same trace {}, {} events", told_a.hash, told_a.events));
        return Ok(exit::PASS);
    };
    let window = block.start.saturating_sub(BEFORE)..block.end;
    let (lines_a, lines_b) = (events(a, window.clone())?, events(b, window)?);
    say_events(&lines_a, &lines_b);
    say_heights(&told_a, &told_b);
    say(format_args!("A came to: {}", told_a.outcome));
    say(format_args!("B came to: {}", told_b.outcome));
    let one_program = a.0.1 == b.0.1;
    Ok(if asked.is_empty() && one_program { exit::NONDETERMINISTIC } else { exit::VIOLATED })
}

/// What the scenarios, seeds and worlds say differently.
fn asked_differently(a: &Past, b: &Past) -> Vec<String> {
    let (left, right) = (scenario::leaves(&a.scenario), scenario::leaves(&b.scenario));
    let mut lines = Vec::new();
    let mut pair = |what: &str, left: &str, right: &str| {
        if left != right {
            lines.push(format!("{what}: {left} → {right}"));
        }
    };
    pair("--seed", &a.seed.to_string(), &b.seed.to_string());
    pair("--on", a.world.name(), b.world.name());
    let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let nothing = "(nothing)".to_owned();
    for key in keys.into_iter().filter(|key| !matches!(key.as_str(), "seed" | "seeds" | "name" | "claim")) {
        pair(key, left.get(key).unwrap_or(&nothing), right.get(key).unwrap_or(&nothing));
    }
    lines
}

fn summary((side, past): (Side<'_>, &Past)) -> Result<Told, String> {
    let told = match side.1 {
        Some(program) => trace::again_by(program, side.0, None)?.0,
        None => trace::again(past, None).map(|(told, _)| told),
    };
    told.ok_or_else(|| {
        format!(
            "{}: a run in the {} world does not repeat, or can't be made there",
            side.0.display(),
            past.world.name()
        )
    })
}

fn events((side, past): (Side<'_>, &Past), window: Range<u64>) -> Result<Vec<String>, String> {
    Ok(match side.1 {
        Some(program) => trace::again_by(program, side.0, Some(window))?.1,
        None => trace::again(past, Some(window)).map(|(_, lines)| lines).unwrap_or_default(),
    })
}

fn say_events(a: &[String], b: &[String]) {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let ended = "(the run had ended)".to_owned();
    let (first_a, first_b) = (a.get(same).unwrap_or(&ended), b.get(same).unwrap_or(&ended));
    say("first event that differs:");
    say(format_args!("   A  {first_a}"));
    say(format_args!("   B  {first_b}"));
    let (causes_a, causes_b) = (causes(a, same), causes(b, same));
    let told = match causes_a == causes_b {
        true => vec![("both", causes_a)],
        false => vec![("A", causes_a), ("B", causes_b)],
    };
    for (name, causes) in told.into_iter().filter(|(_, causes)| !causes.is_empty()) {
        say(format_args!("what led to it in {name}, the latest first:"));
        causes.iter().for_each(|line| say(format_args!("   {}", without_bytes(line))));
    }
}

/// A line without its bytes, if it says in words what they are.
fn without_bytes(line: &str) -> String {
    let parts =
        line.rsplit_once(" (").and_then(|(front, words)| Some((front.split_once(" bytes ")?.0, words)));
    parts.map_or(line.to_owned(), |(front, words)| format!("{front} bytes ({words}"))
}

/// What led to the event at this place: its causes, the latest first.
fn causes(lines: &[String], at: usize) -> Vec<String> {
    let events: Vec<Option<Happened>> = lines.iter().take(at + 1).map(|line| Happened::read(line)).collect();
    let mut causes = Vec::new();
    let mut effect = at;
    while causes.len() < CAUSES {
        let Some(Some(event)) = events.get(effect) else { break };
        let is_cause = |other: &Happened| match event.sent {
            Some(sent) => {
                other.is_sending && (other.node, other.peer, other.at) == (event.peer, event.node, sent)
            }
            None => other.node == event.node && !other.is_output,
        };
        let cause = (0..effect).rev().find(|&before| events[before].as_ref().is_some_and(is_cause));
        let Some(cause) = cause else { break };
        causes.push(lines[cause].clone());
        effect = cause;
    }
    causes
}

/// What a node does, as the trace names it.
const OUTPUTS: [&str; 10] = [
    "Sent",
    "Copied",
    "Lost",
    "Refused",
    "Held",
    "Appended",
    "SyncAsked",
    "ReadAsked",
    "ReplaceAsked",
    "Note",
];

/// A line of a trace, as far as causes need it.
struct Happened {
    at: u64,
    node: u16,
    peer: u16,
    is_sending: bool,
    /// Done by the node, and so the cause of nothing at it.
    is_output: bool,
    /// When what arrives here was sent.
    sent: Option<u64>,
}

impl Happened {
    /// `#17 0.040000000s n2 n1 Delivered 20000000 …`: number, time, node, another node, what, its word.
    fn read(line: &str) -> Option<Happened> {
        let mut words = line.split(' ').skip(1);
        let (seconds, nanos) = words.next()?.strip_suffix('s')?.split_once('.')?;
        let at = seconds.parse::<u64>().ok()? * 1_000_000_000 + nanos.parse::<u64>().ok()?;
        let number = |word: &str| word.strip_prefix('n').and_then(|number| number.parse().ok());
        let node = number(words.next()?)?;
        let mut kind = words.next()?;
        let peer = number(kind);
        if peer.is_some() {
            kind = words.next()?;
        }
        let word = words.next().and_then(|word| word.parse().ok());
        Some(Happened {
            at,
            node,
            peer: peer.unwrap_or(node),
            is_sending: matches!(kind, "Sent" | "Held"),
            is_output: OUTPUTS.contains(&kind),
            sent: word.filter(|_| matches!(kind, "Delivered" | "Undelivered")),
        })
    }
}

/// The first height that was decided at another time or in another round.
fn say_heights(a: &Told, b: &Told) {
    let other: BTreeMap<u64, (u32, u64)> =
        b.heights.iter().map(|&(height, round, at)| (height, (round, at))).collect();
    let differs = |&&(height, round, at): &&(u64, u32, u64)| other.get(&height) != Some(&(round, at));
    match a.heights.iter().find(differs) {
        Some(&(height, round, at)) => {
            let seconds = |at: u64| at as f64 / 1e9;
            let there = match other.get(&height) {
                Some(&(round, at)) => format!("in round {round} at {:.3} s", seconds(at)),
                None => "not at all".to_owned(),
            };
            let here = seconds(at);
            say(format_args!(
                "first height that differs: {height}, in A in round {round} at {here:.3} s, in B {there}"
            ));
        }
        None if a.heights.len() < b.heights.len() => {
            say(format_args!("A decides the same heights up to {}, B goes on", a.heights.len()));
        }
        None => say("the heights are decided at the same times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_followed_back_through_the_frame_that_it_delivers_to_what_its_sender_did() {
        let lines: Vec<String> = [
            "#0 0.000000001s n1 Started 1",
            "#1 0.000000002s n2 Started 1",
            "#2 0.000000005s n1 AlarmRang 5",
            "#3 0.000000005s n1 n2 Sent 9 3 bytes 010203 (prevote h1 by 1)",
            "#4 0.000000005s n1 n3 Sent 8 3 bytes 010203 (prevote h1 by 1)",
            "#5 0.000000006s n2 DiskDone 0",
            "#6 0.000000009s n2 n1 Delivered 5",
            "#7 0.000000009s n2 Note 0 9 bytes 00 (decides h1: 00)",
        ]
        .map(str::to_owned)
        .to_vec();
        let numbers = |at| -> Vec<String> {
            causes(&lines, at).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
        };
        assert_eq!(numbers(7), ["#6", "#3", "#2", "#0"]);
        assert_eq!(numbers(5), ["#1"]);
        assert!(numbers(0).is_empty());
    }
}
