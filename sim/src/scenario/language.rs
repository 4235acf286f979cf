//! Version 1 of the scenario language, as data: the whole file, the network and the work, the expectations.
//! Faults stand in `language/faults.rs`, those that make validators lie in `language/lies.rs`, what cheats the casino in
//! `language/cheats.rs`, what players do in `language/work.rs`.

mod cheats;
mod faults;
mod lies;
mod work;

pub(super) use cheats::APPLICATION;
pub(super) use faults::{CLOCK, DISK, INJECT, LATER, META, NETWORK, PROCESS};
pub(super) use lies::BYZANTINE;

use super::expect::{Property, Sometimes};
use super::grammar::{Choose, Field, List, Need, Object, Pattern, Rest, Shape, Unit};
use super::link::Recorded;
use bitcraps_consensus::museum::Bug;
use bitcraps_tables::flaw::Flaw;
use bitcraps_types::Protocol;

/// The most validators.
pub(super) const MAX_VALIDATORS: u64 = 1_024;

const fn must(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { key, shape, need: Need::Must, doc }
}

const fn may(key: &'static str, shape: Shape, default: &'static str, doc: &'static str) -> Field {
    Field { key, shape, need: Need::Default(default), doc }
}

const fn object(name: &'static str, fields: &'static [&'static [Field]]) -> Object {
    Object { name, fields, choose: Choose::Free, rest: None, later: &[] }
}

const SPAN: Shape = Shape::Unit(Unit::Span);
const POSITIVE: Shape = Shape::Unit(Unit::Positive);
const TIMEOUT: Shape = Shape::Unit(Unit::Timeout);
const PERCENT: Shape = Shape::Unit(Unit::Percent);
const RATE: Shape = Shape::Unit(Unit::Rate);
const ID: Shape = Shape::Text(Pattern::Id);
const NODE: Shape = Shape::Int(0, MAX_VALIDATORS - 1);
const COUNTER: Shape = Shape::Int(1, u32::MAX as u64);

const fn nodes(min: usize) -> List {
    List { item: NODE, min, max: MAX_VALIDATORS as usize, unique: true }
}
static NODES: List = nodes(1);

/// Whether a dotted path such as `faults.split.for` leads to a value of the language. A fault may be named by
/// its id or its index.
pub(super) fn knows(path: &str, fault_ids: &[String]) -> bool {
    let mut steps = path.split('.').peekable();
    let Some(first) = steps.next() else { return false };
    let Some(field) = SCENARIO.field(first) else { return false };
    let mut shape = &field.shape;
    let mut in_faults = first == "faults";
    for step in steps {
        let Some(inner) = child(shape, step, in_faults.then_some(fault_ids)) else { return false };
        shape = inner;
        in_faults = false;
    }
    true
}

/// What stands behind one more step.
fn child(shape: &'static Shape, step: &str, ids: Option<&[String]>) -> Option<&'static Shape> {
    match shape {
        Shape::Object(object) => match (object.field(step), object.rest) {
            (Some(field), _) => Some(&field.shape),
            (None, Some(rest)) if (rest.matches)(step) => Some(&rest.shape),
            _ => None,
        },
        Shape::List(list) => {
            let by_index = step.parse().is_ok_and(|index: usize| ids.is_none_or(|ids| index < ids.len()));
            let by_id = ids.is_some_and(|ids| ids.iter().any(|id| id == step));
            (by_index || by_id).then_some(&list.item)
        }
        Shape::Either(shapes) => shapes.iter().find_map(|shape| child(shape, step, ids)),
        _ => None,
    }
}

/// The names of all values of a type, in the order of its `ALL`.
macro_rules! names {
    ($kind:ident) => {{
        static NAMES: [&str; $kind::ALL.len()] = {
            let mut names = [""; $kind::ALL.len()];
            let mut index = 0;
            while index < names.len() {
                names[index] = $kind::ALL[index].name();
                index += 1;
            }
            names
        };
        &NAMES
    }};
}

/// What stands at the root of a file.
pub(super) static FILE: Shape = Shape::Object(&SCENARIO);

/// The whole file.
pub(super) static SCENARIO: Object = Object {
    name: "scenario",
    fields: &[&[
        must("version", Shape::Int(1, 1), "The version of the language: 1."),
        must("name", Shape::Text(Pattern::Name), "Names the run's folder."),
        must("claim", Shape::Text(Pattern::Free), "What the run shows if it passes, in a sentence."),
        may("seed", Shape::Int(0, u64::MAX - 1), "1", "The one seed to run."),
        may(
            "seeds",
            Shape::Either(&[Shape::Int(0, u64::MAX - 1), Shape::Unit(Unit::Seeds)]),
            "1",
            "The seeds to run: one, or a range such as `0..1000`, without its end.",
        ),
        must("duration", POSITIVE, "Virtual time of a run."),
        may(
            "gst",
            POSITIVE,
            "none",
            "Global stabilisation time: from here every fault not marked `survives_gst` is healed.",
        ),
        may("crypto", Shape::Word(&["mock", "real"]), "mock", "Whose signatures: cheap tags or Ed25519."),
        must("validators", Shape::Object(&VALIDATORS), "Who decides."),
        may("consensus", Shape::Object(&CONSENSUS), "{}", "How they decide."),
        may("dice", Shape::Word(names!(Flaw)), "fair", "A flaw that is put into the dice (docs/dice.md)."),
        may("links", Shape::Object(&LINKS), "{}", "What lies between them."),
        may(
            "handovers",
            Shape::List(&List { item: Shape::Object(&HANDOVER), min: 0, max: 100, unique: false }),
            "[]",
            "How who decides changes.",
        ),
        may("workload", Shape::Object(&work::WORKLOAD), "{}", "What the players do."),
        may(
            "policy",
            Shape::Object(&work::POLICY),
            "{}",
            "What the house risks and what it takes (docs/treasury.md).",
        ),
        may(
            "faults",
            Shape::List(&List { item: Shape::Object(&faults::FAULT), min: 0, max: 1_000, unique: false }),
            "[]",
            "What goes wrong.",
        ),
        may("expect", Shape::Object(&EXPECT), "{}", "What must hold."),
        may(
            "sweep",
            Shape::Object(&SWEEP),
            "{}",
            "Values to try, by dotted path: a list, or labels with a value each. `bitcraps-sim sweep` runs every point.",
        ),
    ]],
    choose: Choose::AtMostOneForm(&[&["seed"], &["seeds"]]),
    rest: Some(&Rest {
        key: "a key that begins with `x-`, ignored, for anchors",
        pattern: "^x-",
        matches: |key| key.starts_with("x-"),
        shape: Shape::Any,
    }),
    later: &[],
};

static VALIDATORS: Object = object(
    "validators",
    &[&[
        must("count", Shape::Int(1, MAX_VALIDATORS), "How many, numbered from 0."),
        may(
            "standby",
            Shape::Int(0, MAX_VALIDATORS),
            "0",
            "The last so many of them decide nothing at the start: they follow until a handover gives them power.",
        ),
        may(
            "stake",
            Shape::Either(&[
                Shape::Word(&["equal"]),
                Shape::List(&List {
                    item: Shape::Int(1, 1 << 40),
                    min: 1,
                    max: MAX_VALIDATORS as usize,
                    unique: false,
                }),
            ]),
            "equal",
            "How much each vote weighs: `equal`, or one number per validator.",
        ),
        may("regions", Shape::Object(&REGIONS), "{}", "Which nodes are where."),
    ]],
);

static HANDOVER: Object = object(
    "handover",
    &[&[
        must("at", SPAN, "From when on the validators try."),
        must("to", Shape::List(&NODES), "Who decides afterwards. All who must consent do."),
    ]],
);

static REGIONS: Object = Object {
    name: "regions",
    fields: &[],
    choose: Choose::Free,
    rest: Some(&Rest {
        key: "the name of a region",
        pattern: "^(?!default$)[A-Za-z][A-Za-z0-9_]{0,31}$",
        matches: |key| key != "default" && Pattern::Region.matches(key),
        shape: Shape::List(&NODES),
    }),
    later: &[],
};

static CONSENSUS: Object = object(
    "consensus",
    &[&[
        may("engine", Shape::Word(names!(Protocol)), "tendermint", "The protocol."),
        may(
            "bug",
            Shape::Word(names!(Bug)),
            "none",
            "A published bug that is put into the engine (docs/museum.md).",
        ),
        may("timeouts", Shape::Object(&TIMEOUTS), "{}", "Its patience."),
        may("interval", SPAN, "0 s", "The least time between two blocks."),
    ]],
);

static TIMEOUTS: Object = object(
    "timeouts",
    &[&[
        may("propose", TIMEOUT, "500 ms", "For a proposal, in round 0."),
        may("prevote", TIMEOUT, "250 ms", "For more prevotes after a quorum of any, in round 0."),
        may("precommit", TIMEOUT, "250 ms", "For more precommits after a quorum of any, in round 0."),
        may("growth", Shape::Num(1.0, 10.0), "1.5", "Each timeout of round r is its base × growth^r."),
        may("rebroadcast", TIMEOUT, "1 s", "Without progress, until a node repeats what it last said."),
    ]],
);

static LINKS: Object = Object {
    name: "links",
    fields: &[&[
        may("default", Shape::Object(&LINK), "{}", "Between nodes that no pair of regions names."),
        may(
            "recorded",
            Shape::Object(&RECORDED),
            "{}",
            "What the links drew in an earlier run, in milliseconds, packet by packet; `x` is lost. Past its end they draw.",
        ),
    ]],
    choose: Choose::Free,
    rest: Some(&Rest {
        key: "a pair of regions such as `eu-us`",
        pattern: "^[A-Za-z][A-Za-z0-9_]{0,31}-[A-Za-z][A-Za-z0-9_]{0,31}$",
        matches: |key| {
            key.split_once('-').is_some_and(|(a, b)| Pattern::Region.matches(a) && Pattern::Region.matches(b))
        },
        shape: Shape::Object(&LINK),
    }),
    later: &[],
};

static RECORDED: Object = Object {
    name: "recorded",
    fields: &[],
    choose: Choose::Free,
    rest: Some(&Rest {
        key: "an ordered pair of nodes such as `0-1`",
        pattern: "^[0-9]{1,4}-[0-9]{1,4}$",
        matches: |key| Recorded::pair(key).is_some() && key.len() <= 9 && !key.contains('+'),
        shape: Shape::Text(Pattern::Free),
    }),
    later: &[],
};

static LINK: Object = Object {
    name: "link",
    fields: &[&[
        may("latency", LATENCY, "10 ms", "From the last bit sent to the last bit received."),
        may("loss", PERCENT, "0 %", "Frames lost, each on its own."),
        may("duplicate", PERCENT, "0 %", "Frames delivered twice."),
        may("reorder", PERCENT, "0 %", "Frames held back so that later ones overtake."),
        may("corrupt", PERCENT, "0 %", "Frames with a flipped bit."),
        may("bandwidth", Shape::Unit(Unit::Bandwidth), "unlimited", "What the link carries."),
        may("queue", Shape::Unit(Unit::Size), "unlimited", "What waits before frames are dropped."),
    ]],
    choose: Choose::Free,
    rest: None,
    later: &[("kind", "the radio model of Bluetooth LE")],
};

/// A delay: constant, or a distribution.
const LATENCY: Shape = Shape::Either(&[SPAN, Shape::Object(&DISTRIBUTION)]);

static DISTRIBUTION: Object = Object {
    name: "latency",
    fields: &[&[
        may("median", POSITIVE, "", "Lognormal: half are below."),
        may("p99", POSITIVE, "", "Lognormal: 99 of 100 are below."),
        may("mean", SPAN, "", "Uniform around this mean."),
        may("jitter", SPAN, "", "The most a uniform delay is off its mean, each way."),
        may("min", SPAN, "", "Uniform: the least."),
        may("max", SPAN, "", "Uniform: the most."),
        may("exponential", Shape::Object(&EXPONENTIAL), "", "Exponential."),
        may("normal", Shape::Object(&NORMAL), "", "Normal, cut at zero."),
    ]],
    choose: Choose::OneForm(&[
        &["median", "p99"],
        &["mean", "jitter"],
        &["min", "max"],
        &["exponential"],
        &["normal"],
    ]),
    rest: None,
    later: &[],
};

static EXPONENTIAL: Object = object("exponential", &[&[must("mean", SPAN, "The mean.")]]);

static NORMAL: Object = object(
    "normal",
    &[&[
        must("mean", SPAN, "The mean, before the cut at zero."),
        must("stddev", SPAN, "The standard deviation, before the cut at zero."),
    ]],
);

/// The properties that the oracles judge.
const PROPERTIES: Shape = Shape::Word(names!(Property));

static EXPECT: Object = object(
    "expect",
    &[&[
        may(
            "always",
            Shape::List(&List { item: PROPERTIES, min: 0, max: 100, unique: true }),
            "all of them",
            "Properties that hold at every moment.",
        ),
        may(
            "eventually",
            Shape::Either(&[
                Shape::Object(&EVENTUALLY),
                Shape::List(&List { item: Shape::Object(&EVENTUALLY), min: 0, max: 100, unique: false }),
            ]),
            "[]",
            "What comes in time; one or a list.",
        ),
        may(
            "sometimes",
            Shape::List(&List { item: Shape::Word(names!(Sometimes)), min: 0, max: 100, unique: true }),
            "[]",
            "What must be reached at least once in all seeds together.",
        ),
        may("slo", Shape::Object(&SLO), "{}", "How fast."),
        may(
            "violation",
            PROPERTIES,
            "none",
            "The run passes only if this is violated; a fork, only if the culprits are named too. With a `bug` nothing else is asked.",
        ),
    ]],
);

static EVENTUALLY: Object = Object {
    name: "eventually",
    fields: &[&[may("height", Shape::Object(&HEIGHT), "", "Every honest node that is up decided a height.")]],
    choose: Choose::OneKey,
    rest: None,
    later: &[],
};

static HEIGHT: Object = object(
    "height",
    &[&[
        must("at_least", COUNTER, "This height or a higher one."),
        must("within", POSITIVE, "In this time."),
        may("after", ID, "the start of the run", "Counted from the end of the fault with this id."),
    ]],
);

static SLO: Object = object(
    "slo",
    &[&[
        may("commit_latency_p50", POSITIVE, "none", "From proposal to decision, median, at most."),
        may("commit_latency_p99", POSITIVE, "none", "From proposal to decision, 99th percentile, at most."),
        may("recovery", POSITIVE, "none", "From the end of a fault to the next decided block, at most."),
        may("blocks_per_second", RATE, "none", "At least, over the whole run."),
        may("hangover", Shape::Object(&HANGOVER), "none", "How soon after a disturbance all is as before."),
    ]],
);

static HANGOVER: Object = object(
    "hangover",
    &[&[
        must(
            "latency",
            Shape::Num(1.0, 1000.0),
            "The median latency of commands is then at most so many times that before.",
        ),
        must(
            "within",
            Shape::Num(0.0, 1000.0),
            "After so many times its length; what was submitted until its end is then decided.",
        ),
    ]],
);

static LABELLED: Object = Object {
    name: "labelled",
    fields: &[],
    choose: Choose::Free,
    rest: Some(&Rest {
        key: "a label",
        pattern: r"^[A-Za-z0-9][A-Za-z0-9 ._%-]{0,63}$",
        matches: |key| {
            key.len() <= 64
                && key.starts_with(|c: char| c.is_ascii_alphanumeric())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || " ._%-".contains(c))
        },
        shape: Shape::Any,
    }),
    later: &[],
};

static SWEEP: Object = Object {
    name: "sweep",
    fields: &[],
    choose: Choose::Free,
    rest: Some(&Rest {
        key: "a dotted path such as `validators.count`",
        pattern: r"^[A-Za-z][A-Za-z0-9_.-]*$",
        matches: |key| {
            key.starts_with(|c: char| c.is_ascii_alphabetic())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        },
        shape: Shape::Either(&[
            Shape::List(&List { item: Shape::Any, min: 1, max: 1_000, unique: false }),
            Shape::Object(&LABELLED),
        ]),
    }),
    later: &[],
};
