//! The `workload` and the `policy` of a checked tree.

use super::{Node, get, int, percent, rate, span};
use crate::scenario::units::{Percent, Rate, Span};
use crate::scenario::workload::{Arrivals, FeesTo, Game, House, Style, Visits, Workload};
use std::collections::BTreeMap;

pub(super) fn workload(node: Option<&Node>) -> Workload {
    let games = match get(node, "games") {
        None => BTreeMap::from([(Game::Craps, Percent::ALL)]),
        games => percent(get(games, "craps")).map(|share| (Game::Craps, share)).into_iter().collect(),
    };
    Workload {
        tables: int(get(node, "tables")).unwrap_or(4),
        players: int(get(node, "players")).unwrap_or(16),
        bets: rate(get(node, "bets")).unwrap_or(Rate::from_per_second(10.0)),
        arrivals: arrivals(get(node, "arrivals")),
        strategies: strategies(get(node, "strategies")),
        visits: visits(get(node, "visits")),
        until: span(get(node, "until")),
        buy_in: int(get(node, "buy_in")).unwrap_or(100_000),
        bank: int(get(node, "bank")).unwrap_or(1_000_000_000),
        games,
    }
}

fn arrivals(node: Option<&Node>) -> Arrivals {
    if node.and_then(Node::text) == Some("fixed") {
        return Arrivals::Fixed;
    }
    let read = |form: &str, key: &str| span(get(get(node, form), key));
    if let (Some(on), Some(off)) = (read("bursts", "on"), read("bursts", "off")) {
        return Arrivals::Bursts { on, off };
    }
    read("closed", "think").map_or(Arrivals::Poisson, |think| Arrivals::Closed { think })
}

fn strategies(node: Option<&Node>) -> BTreeMap<Style, Percent> {
    if node.is_none() {
        return BTreeMap::from([(Style::Any, Percent::ALL)]);
    }
    let share = |style: Style| Some((style, percent(get(node, style.name()))?));
    Style::ALL.into_iter().filter_map(share).collect()
}

fn visits(node: Option<&Node>) -> Option<Visits> {
    let mean = |key: &str| span(get(node, key));
    node.map(|_| Visits {
        stay: mean("stay").unwrap_or(Span::from_secs(60)),
        away: mean("away").unwrap_or(Span::from_secs(60)),
    })
}

pub(super) fn policy(node: Option<&Node>) -> House {
    let usual = House::default();
    House {
        reserve: percent(get(node, "reserve")).unwrap_or(usual.reserve),
        table_loss: int(get(node, "table_loss")),
        total_loss: int(get(node, "total_loss")),
        kelly: percent(get(node, "kelly")),
        fee: int(get(node, "fee")).unwrap_or(usual.fee),
        fees_to: match get(node, "fees_to").and_then(Node::text) {
            Some("nobody") => FeesTo::Nobody,
            _ => usual.fees_to,
        },
        reward: int(get(node, "reward")),
        slash: percent(get(node, "slash")).unwrap_or(usual.slash),
    }
}
