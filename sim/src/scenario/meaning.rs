//! What a scenario means as a whole: nodes, regions and faults that exist, groups that don't overlap, times
//! that come, and no more liars than the protocol bears. Runs on the decoded scenario even when the file has
//! other mistakes, and says nothing about values that were already found wrong.

mod faults;
mod liars;
mod work;

use super::check::suggest;
use super::decode::fault_ids;
use super::expect::Eventually;
use super::findings::Findings;
use super::link::Recorded;
use super::model::{Scenario, Stake};
use super::units::Span;
use super::yaml::{Node, Place, shorten};
use std::collections::BTreeMap;

/// Ids that a reader would take for something else.
const RESERVED: [&str; 7] = ["heal", "gst", "start", "end", "all", "none", "default"];

/// Everything the checks look at.
struct Context<'a, 'b> {
    root: &'a Node,
    scenario: &'a Scenario,
    findings: &'a mut Findings<'b>,
}

impl Context<'_, '_> {
    /// Where the value at a path stands; if it was left out, where what contains it does.
    fn place(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(node) = self.root.at(path) {
                return node.place;
            }
            match path.rsplit_once('.') {
                Some((parent, _)) => path = parent,
                None => return self.root.place,
            }
        }
    }

    /// Where a key stands.
    fn key_place(&self, path: &str, key: &str) -> Place {
        let entries = self.root.at(path).map_or(&[][..], Node::entries);
        entries.iter().find(|entry| entry.key == key).map_or(self.place(path), |entry| entry.key_place)
    }

    fn error(&mut self, path: &str, message: String, help: impl Into<Option<String>>) {
        let place = self.place(path);
        self.findings.contradiction(place, message, help);
    }

    fn warning(&mut self, path: &str, message: String, help: impl Into<Option<String>>) {
        let place = self.place(path);
        self.findings.warning(place, message, help);
    }

    /// Whether anything at, above or below this path is already known to be wrong.
    fn is_bad(&self, path: &str) -> bool {
        self.findings.is_bad(path)
    }

    /// Reports each of `nodes` that does not exist; they stand at `path` and are its items.
    fn check_nodes(&mut self, nodes: &[u16], path: &str) {
        let count = self.scenario.validators.count;
        if self.is_bad("validators.count") {
            return;
        }
        for (index, node) in nodes.iter().enumerate() {
            if *node >= count {
                self.no_such_node(*node, &format!("{path}.{index}"));
            }
        }
    }

    fn no_such_node(&mut self, node: u16, path: &str) {
        let count = self.scenario.validators.count;
        let message = format!("there is no validator {node}");
        self.error(
            path,
            message,
            format!("`validators.count` is {count}: from 0 to {}", count.saturating_sub(1)),
        );
    }

    /// Reports a region that does not exist.
    fn check_region(&mut self, name: &str, path: &str) {
        let regions = &self.scenario.validators.regions;
        if regions.contains_key(name) || self.is_bad("validators.regions") {
            return;
        }
        let help = self.known_regions(name);
        self.error(path, format!("unknown region `{name}`"), help);
    }

    fn known_regions(&self, name: &str) -> String {
        let known = || self.scenario.validators.regions.keys().map(String::as_str);
        suggest(name, known()).unwrap_or_else(|| match known().collect::<Vec<_>>().join("`, `") {
            all if all.is_empty() => "`validators.regions` names none".into(),
            all => format!("`validators.regions` names `{all}`"),
        })
    }

    /// Reports a fault id that does not exist.
    fn check_fault_id(&mut self, id: &str, path: &str) {
        let ids = fault_ids(self.root);
        if ids.iter().any(|known| known == id) {
            return;
        }
        let help = suggest(id, ids.iter().map(String::as_str)).unwrap_or_else(|| match ids.join("`, `") {
            all if all.is_empty() => "the file has no faults".into(),
            all => format!("the faults are `{}`", super::yaml::shorten(&all)),
        });
        self.error(path, format!("unknown fault `{id}`"), help);
    }
}

/// Checks the whole.
pub(super) fn check(findings: &mut Findings<'_>, root: &Node, scenario: &Scenario) {
    let mut context = Context { root, scenario, findings };
    times(&mut context);
    validators(&mut context);
    handovers(&mut context);
    links(&mut context);
    work::check(&mut context);
    bug(&mut context);
    expectations(&mut context);
    faults::check(&mut context);
    liars::check(&mut context);
    sweep(&mut context);
}

fn times(context: &mut Context<'_, '_>) {
    let scenario = context.scenario;
    if let Some(gst) = scenario.gst
        && gst > scenario.duration
        && !context.is_bad("duration")
    {
        let message = format!("gst ({gst}) is after the end of the run ({})", scenario.duration);
        context.error("gst", message, "a run that never stabilises has no `gst`".to_string());
    }
}

fn validators(context: &mut Context<'_, '_>) {
    let validators = &context.scenario.validators;
    if let Stake::Weights(weights) = &validators.stake
        && weights.len() != usize::from(validators.count)
        && !context.is_bad("validators.count")
    {
        let message = format!("{} weights for {} validators", weights.len(), validators.count);
        context.error("validators.stake", message, None);
    }
    let mut home: BTreeMap<u16, &str> = BTreeMap::new();
    for (name, nodes) in &validators.regions {
        let path = format!("validators.regions.{name}");
        if context.is_bad(&path) {
            continue;
        }
        context.check_nodes(nodes, &path);
        for (index, node) in nodes.iter().enumerate() {
            if let Some(other) = home.insert(*node, name) {
                let message = format!("validator {node} is in two regions, `{other}` and `{name}`");
                context.error(&format!("{path}.{index}"), message, None);
            }
        }
    }
}

fn handovers(context: &mut Context<'_, '_>) {
    let scenario = context.scenario;
    let validators = &scenario.validators;
    if validators.standby >= validators.count && !context.is_bad("validators.count") {
        let message = format!("all {} nodes stand by: nobody decides", validators.count);
        context.error("validators.standby", message, None);
    }
    let mut before = Span::ZERO;
    for (index, plan) in scenario.handovers.iter().enumerate() {
        let path = format!("handovers.{index}");
        context.check_nodes(&plan.to, &format!("{path}.to"));
        if plan.at < before {
            let message = format!("a handover at {} after one at {before}", plan.at);
            context.error(&format!("{path}.at"), message, "they happen in the order of the file".to_string());
        }
        if plan.at > scenario.duration && !context.is_bad("duration") {
            let message = format!("it is after the end of the run ({})", scenario.duration);
            context.error(&format!("{path}.at"), message, None);
        }
        before = plan.at;
    }
}

fn links(context: &mut Context<'_, '_>) {
    for (key, text) in recorded(context) {
        let path = format!("links.recorded.{key}");
        let count = context.scenario.validators.count;
        let node =
            Recorded::pair(&key).and_then(|(from, to)| [from, to].into_iter().find(|node| *node >= count));
        if let Some(node) = node.filter(|_| !context.is_bad("validators.count")) {
            context.no_such_node(node, &path);
        }
        if let Err(word) = Recorded::packets(&text) {
            let message = format!("`{}` is no number of milliseconds and not `x`", shorten(word));
            context.error(&path, message, None);
        }
    }
    latency(context, "links.default.latency");
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (one, other, _) in &context.scenario.links.pairs {
        let key = format!("{one}-{other}");
        let place = context.key_place("links", &key);
        if !context.is_bad("validators.regions") {
            for name in [one, other] {
                if !context.scenario.validators.regions.contains_key(name) {
                    let help = context.known_regions(name);
                    context.findings.contradiction(place, format!("unknown region `{name}`"), help);
                }
            }
        }
        if seen.contains(&(other, one)) && one != other {
            let message = format!("`{key}` and `{other}-{one}` are the same pair");
            context.findings.contradiction(place, message, None);
        }
        seen.push((one, other));
        latency(context, &format!("links.{key}.latency"));
    }
}

fn recorded(context: &Context<'_, '_>) -> Vec<(String, String)> {
    let entries = context.root.at("links.recorded").map_or(&[][..], Node::entries);
    entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned()))).collect()
}

/// Checks that a distribution's second number fits its first.
fn latency(context: &mut Context<'_, '_>, path: &str) {
    let read = |key: &str| -> Option<Span> { Span::parse(context.root.at(path)?.get(key)?.text()?).ok() };
    let wrong = match (read("median"), read("p99"), read("mean"), read("jitter"), read("min"), read("max")) {
        (Some(median), Some(p99), ..) if p99 < median => Some(("p99", "`p99` is below `median`")),
        (_, _, Some(mean), Some(jitter), ..) if jitter > mean => {
            Some(("jitter", "`jitter` is above `mean`: the latency would be negative"))
        }
        (_, _, _, _, Some(min), Some(max)) if max < min => Some(("max", "`max` is below `min`")),
        _ => None,
    };
    if let Some((key, message)) = wrong {
        context.error(&format!("{path}.{key}"), message.into(), None);
    }
}

fn bug(context: &mut Context<'_, '_>) {
    let consensus = &context.scenario.consensus;
    let Some(bug) = consensus.bug.filter(|bug| bug.protocol() != consensus.engine) else { return };
    if !context.is_bad("consensus.engine") {
        let message = format!("`{}` is a bug of {}, not of {}", bug.name(), bug.protocol(), consensus.engine);
        context.error("consensus.bug", message, format!("engine: {}", bug.protocol().name()));
    }
}

fn expectations(context: &mut Context<'_, '_>) {
    let scenario = context.scenario;
    if context.is_bad("expect.eventually") {
        return;
    }
    let one = context.root.at("expect.eventually").is_some_and(|node| node.items().is_empty());
    for (index, eventually) in scenario.expect.eventually.iter().enumerate() {
        let Eventually::Height { within, after, .. } = eventually;
        let path = match one {
            true => "expect.eventually.height".to_string(),
            false => format!("expect.eventually.{index}.height"),
        };
        if let Some(id) = after {
            context.check_fault_id(id, &format!("{path}.after"));
        } else if *within > scenario.duration && !context.is_bad("duration") {
            let message = format!("within {within}, but the run ends after {}", scenario.duration);
            context.error(&format!("{path}.within"), message, None);
        }
    }
}

fn sweep(context: &mut Context<'_, '_>) {
    let scenario = context.scenario;
    let ids = fault_ids(context.root);
    for path in scenario.sweep.keys() {
        if !super::language::knows(path, &ids) {
            let place = context.key_place("sweep", path);
            let message = format!("no value has the path `{}`", super::yaml::shorten(path));
            context.findings.contradiction(place, message, None);
        }
    }
}
