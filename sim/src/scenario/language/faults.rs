//! The part of the language that says what goes wrong: triggers, selectors, ends, and every fault by family.

use super::super::grammar::{Choose, Field, List, Object, Pattern, Shape, Unit};
use super::cheats::APPLICATION;
use super::lies::BYZANTINE;
use super::{COUNTER, ID, LATENCY, NODE, NODES, PERCENT, POSITIVE, SPAN, may, must, object};
use crate::scenario::Family;

/// One entry of `faults`.
pub(super) static FAULT: Object = Object {
    name: "fault",
    fields: &[&[
        may("id", ID, "fault-1, fault-2, …", "Its name in the trace, in `after` and in `expect`."),
        may("at", SPAN, "", "Starts once, at this time."),
        may(
            "every",
            Shape::Unit(Unit::Jittered),
            "",
            "Starts again and again, the first time after one period; a period is at least 1 ms.",
        ),
        may("random", Shape::Object(&RANDOM), "", "Starts at random moments."),
        may("when", Shape::Object(&CONDITION), "", "Starts when something happens."),
        may("after", ID, "", "Starts when the fault with this id has ended."),
        may("probability", Shape::Unit(Unit::PositivePercent), "100 %", "The chance that it takes effect."),
        may("on", SELECTOR, "all", "Whom it strikes."),
        may(
            "between",
            Shape::List(&List { item: SELECTOR, min: 2, max: 2, unique: false }),
            "none",
            "Only links between the first and the second.",
        ),
        must(
            "inject",
            Shape::Either(&[
                Shape::Word(&[
                    "partition",
                    "isolate",
                    "clog",
                    "crash",
                    "pause",
                    "silent",
                    "amnesia",
                    "force_nil",
                    "invalid_signature",
                    "garbage_bytes",
                    "invalid_value",
                    "wrong_epoch",
                    "outdated",
                    "future",
                    "conflicting_certificate",
                    "late",
                    "rushing",
                    "lie_in_sync",
                    "mutate",
                    "collude",
                    "invalid_bet",
                    "replayed_bet",
                    "treasury_overdraw",
                    "double_spend",
                    "stalled_turn",
                    "false_payout",
                    "withheld_randomness",
                    "biased_randomness",
                    "heal",
                ]),
                Shape::Object(&INJECT),
            ]),
            "What it does.",
        ),
        may("for", POSITIVE, "until GST or the end of the run", "Ends so long after it started."),
        may(
            "until",
            Shape::Either(&[Shape::Word(&["heal"]), Shape::Object(&UNTIL)]),
            "none",
            "Ends when something happens.",
        ),
        may(
            "times",
            COUNTER,
            "no limit (1 for `when`)",
            "Starts so many times at most; a lie also ends after so many messages in all, and what players do after so many commands.",
        ),
        may("survives_gst", Shape::Bool, "false", "GST does not heal it."),
    ]],
    choose: Choose::OneForm(&[&["at"], &["every"], &["random"], &["when"], &["after"]]),
    rest: None,
    later: &[],
};

static RANDOM: Object = object(
    "random",
    &[&[
        must("rate", Shape::Unit(Unit::PositiveRate), "How often it starts while it is not on."),
        may("min_up", SPAN, "0 s", "The least time between its end and its next start."),
        may("min_down", SPAN, "0 s", "The least time that it stays on."),
    ]],
);

static CONDITION: Object = Object {
    name: "condition",
    fields: &[&[
        may("height", COUNTER, "", "A node decided this height."),
        may("round", COUNTER, "", "A node entered this round of any height."),
        may("message", Shape::Object(&MESSAGE), "", "A message was sent, or a node began to catch up."),
        may("state", Shape::Object(&STATE), "", "A node came into a state."),
        may("view_change", Shape::Object(&VIEW_CHANGE), "", "So many rounds failed."),
    ]],
    choose: Choose::OneKey,
    rest: None,
    later: &[],
};

/// A kind of message, under any engine.
pub(super) const KIND: Shape =
    Shape::Word(&["proposal", "prevote", "precommit", "view_change", "proof", "sync", "dice"]);

static MESSAGE: Object = object(
    "message",
    &[&[
        must(
            "kind",
            KIND,
            "Which kind, under any engine: a proposal (PBFT's PRE-PREPARE and NEW-VIEW too), a first vote (PBFT's \
             PREPARE), a vote that commits (COMMIT), what gives a round up (PBFT's VIEW-CHANGE, HotStuff's timeout), \
             `proof`: what passes a proof on (PBFT's CHECKPOINT, Tendermint's polka, HotStuff's sync-info). `sync`: a \
             node began to catch up; for a lie: all of block sync.",
        ),
        may("nth", COUNTER, "1", "Which one of that kind in the run, counted over all nodes together."),
    ]],
);

static STATE: Object = object(
    "state",
    &[&[
        must("node", NODE, "Which node."),
        must("is", Shape::Word(&["down", "syncing", "locked", "leader"]), "Which state."),
    ]],
);

static VIEW_CHANGE: Object =
    object("view_change", &[&[must("count", COUNTER, "How many since the start of the run.")]]);

static UNTIL: Object = object("until", &[&[must("height", COUNTER, "A node decided this height.")]]);

/// Whom.
const SELECTOR: Shape = Shape::Either(&[
    NODE,
    Shape::List(&NODES),
    Shape::Word(&[
        "one",
        "all",
        "minority_third",
        "majority",
        "leader",
        "next_leader",
        "not_leader",
        "random",
        "halves",
        "ring",
        "bridge",
        "majorities_ring",
    ]),
    Shape::Object(&CHOSEN),
]);

static CHOSEN: Object = Object {
    name: "selector",
    fields: &[&[
        may("fixed", Shape::Int(1, super::MAX_VALIDATORS), "", "So many that the seed chooses."),
        may("percent", Shape::Unit(Unit::PositivePercent), "", "This share that the seed chooses."),
        may("region", Shape::Text(Pattern::Region), "", "The nodes of this region."),
    ]],
    choose: Choose::OneKey,
    rest: None,
    later: &[("role", "choosing nodes by their role")],
};

/// What a fault does: exactly one of these.
pub(crate) static INJECT: Object = Object {
    name: "inject",
    fields: &[NETWORK, PROCESS, DISK, CLOCK, BYZANTINE, APPLICATION, META],
    choose: Choose::OneKey,
    rest: None,
    later: &[],
};

pub(super) const fn fault(name: &'static str, parameters: &'static Object, doc: &'static str) -> Field {
    may(name, Shape::Object(parameters), "", doc)
}

pub(super) static NOTHING: Object = object("nothing", &[]);
static RATE: Object = object("share", &[&[must("rate", PERCENT, "This share of the frames.")]]);
const SIZE: Shape = Shape::Unit(Unit::Size);
const OFFSET: Shape = Shape::Unit(Unit::Offset);

/// Faults of links.
pub(crate) static NETWORK: &[Field] = &[
    fault("latency", &ADD, "Frames take longer."),
    fault("loss", &LOSS, "Frames are lost, each on its own or in bursts."),
    fault("duplicate", &RATE, "Frames are delivered twice."),
    fault("reorder", &REORDER, "Frames are held back so that later ones overtake."),
    fault("corrupt", &RATE, "A bit of a frame is flipped."),
    fault(
        "partition",
        &PARTITION,
        "Frames between groups don't pass; without groups or shape: between `on` and the rest.",
    ),
    fault("isolate", &ISOLATE, "A node's frames don't pass."),
    fault("clog", &NOTHING, "Every frame is held until the fault ends, then delivered in order."),
    fault("bandwidth", &BANDWIDTH, "The link carries less."),
    fault("queue", &QUEUE, "The link's queue is shorter."),
];

static ADD: Object = object("added_latency", &[&[must("add", LATENCY, "On top of the link's own.")]]);

static LOSS: Object = Object {
    name: "loss",
    fields: &[&[
        may("rate", PERCENT, "", "Each frame on its own: this share."),
        may("gilbert_elliott", Shape::Object(&GILBERT_ELLIOTT), "", "In bursts."),
    ]],
    choose: Choose::OneKey,
    rest: None,
    later: &[],
};

static GILBERT_ELLIOTT: Object = object(
    "gilbert_elliott",
    &[&[
        must("p", PERCENT, "The chance, at each frame, to go from good to bad."),
        must("r", PERCENT, "The chance, at each frame, to go from bad to good."),
        may("good", PERCENT, "0 %", "The share lost while good."),
        may("bad", PERCENT, "100 %", "The share lost while bad."),
    ]],
);

static REORDER: Object = object(
    "reorder",
    &[&[
        must("rate", PERCENT, "This share of the frames."),
        may("window", POSITIVE, "100 ms", "Held back by at most this much."),
    ]],
);

static PARTITION: Object = Object {
    name: "partition",
    fields: &[&[
        may(
            "groups",
            Shape::List(&List { item: Shape::List(&NODES), min: 2, max: 1_024, unique: false }),
            "",
            "Frames pass inside a group only. Every node is in exactly one.",
        ),
        may(
            "shape",
            Shape::Word(&["halves", "ring", "bridge", "majorities_ring"]),
            "",
            "A shape that the seed lays over the nodes.",
        ),
        may(
            "one_way",
            Shape::Bool,
            "false",
            "Only frames from the first group (or from `on`) to the others are stopped.",
        ),
        may("mode", Shape::Word(&["drop", "hold"]), "drop", "What becomes of a stopped frame."),
    ]],
    choose: Choose::AtMostOneForm(&[&["groups"], &["shape"]]),
    rest: None,
    later: &[],
};

static ISOLATE: Object = object(
    "isolate",
    &[&[may("direction", Shape::Word(&["both", "in", "out"]), "both", "Which of its frames.")]],
);

static BANDWIDTH: Object =
    object("limited_bandwidth", &[&[must("rate", Shape::Unit(Unit::Bandwidth), "So much.")]]);

static QUEUE: Object = object("limited_queue", &[&[must("limit", SIZE, "So long.")]]);

/// Faults of processes.
pub(crate) static PROCESS: &[Field] = &[
    fault("crash", &CRASH, "The process dies and starts again."),
    fault("pause", &NOTHING, "The process stands still; its connections and memory stay."),
    fault("slow_cpu", &SLOW_CPU, "Each computation takes longer."),
];

static CRASH: Object = object(
    "crash",
    &[&[
        may("restart_after", POSITIVE, "when the fault ends", "When it starts again."),
        may(
            "disk",
            Shape::Word(&["lost_unsynced", "torn_write", "keep"]),
            "lost_unsynced",
            "What the disk keeps of what was not synced.",
        ),
    ]],
);

static SLOW_CPU: Object = object("slow_cpu", &[&[must("factor", Shape::Num(1.0, 1e6), "So many times.")]]);

/// Faults of disks.
pub(crate) static DISK: &[Field] = &[
    fault("disk_error", &DISK_ERROR, "Operations fail."),
    fault("disk_full", &DISK_FULL, "The disk takes no more."),
    fault("disk_slow", &DISK_SLOW, "Each operation takes longer."),
];

static DISK_ERROR: Object = object(
    "disk_error",
    &[&[
        must("op", Shape::Word(&["read", "write", "sync"]), "Which operations."),
        may("rate", PERCENT, "100 %", "This share of them."),
    ]],
);

static DISK_FULL: Object =
    object("disk_full", &[&[may("capacity", SIZE, "0 B", "So much can still be written.")]]);

static DISK_SLOW: Object = object("disk_slow", &[&[must("latency", LATENCY, "By so much.")]]);

/// Faults of clocks.
pub(crate) static CLOCK: &[Field] = &[
    fault("skew", &SKEW, "The wall clock is off while the fault lasts."),
    fault("drift", &DRIFT, "The clocks run fast or slow."),
    fault("jump", &JUMP, "The wall clock jumps, once."),
];

static SKEW: Object = object("skew", &[&[must("offset", OFFSET, "By so much; positive is ahead.")]]);

static DRIFT: Object = object(
    "drift",
    &[&[must("ppm", Shape::Num(-500_000.0, 500_000.0), "Parts per million; positive is fast.")]],
);

static JUMP: Object = object("jump", &[&[must("by", OFFSET, "By so much; positive is forward.")]]);

/// Faults about faults.
pub(crate) static META: &[Field] = &[fault("heal", &NOTHING, "Ends every other fault.")];

/// Faults of the language that this version of the testbed does not make.
pub(crate) static LATER: &[(&str, Family, &str)] = &[
    ("replay", Family::Network, "An old frame is delivered again."),
    ("truncate", Family::Network, "A frame loses its end."),
    ("swizzle_clog", Family::Network, "Nodes are clogged one after the other and freed in another order."),
    ("mtu", Family::Network, "Larger frames don't pass."),
    ("reset", Family::Network, "A connection is reset."),
    ("half_open", Family::Network, "One end believes that the connection is still there."),
    ("flap", Family::Network, "A link goes down and up."),
    ("eclipse", Family::Network, "A node has only attackers as peers."),
    ("sybil", Family::Network, "One attacker appears as many peers."),
    ("ble_range", Family::Ble, "Devices out of range."),
    ("ble_mobility", Family::Ble, "Devices move."),
    ("ble_interference", Family::Ble, "Other radios on the channel."),
    ("ble_connection_interval", Family::Ble, "Packets wait for the next connection event."),
    ("ble_mtu", Family::Ble, "Small packets."),
    ("ble_shading", Family::Ble, "A connection starves another."),
    ("ble_suspended", Family::Ble, "The app is in the background."),
    ("ble_stuck_link", Family::Ble, "A link that is up and carries nothing."),
    ("strobe", Family::Clock, "The wall clock jumps back and forth."),
    ("freeze", Family::Clock, "The wall clock stands still."),
    ("restart", Family::Process, "An orderly stop and start."),
    ("wipe", Family::Process, "Comes back with an empty disk."),
    ("rollback", Family::Process, "Comes back with an old snapshot of its disk."),
    ("kill_at", Family::Process, "Dies at a named point of the code."),
    ("actor_panic", Family::Process, "An actor panics."),
    ("mailbox_full", Family::Process, "An actor's mailbox is full."),
    ("upgrade", Family::Process, "Comes back as another version."),
    ("lying_fsync", Family::Disk, "Sync answers before the data is durable."),
    ("bit_rot", Family::Disk, "A bit flips at rest."),
    ("misdirected_read", Family::Disk, "A read answers from another place."),
    ("misdirected_write", Family::Disk, "A write lands in another place."),
    ("twins", Family::Byzantine, "Two nodes with one key."),
    (
        "lying_oracle",
        Family::Application,
        "An outside price is wrong. Nothing from outside decides anything in the casino yet: dice are the validators'.",
    ),
    ("quiet", Family::Meta, "No fault for a while."),
    ("swarm", Family::Meta, "A random subset of families and a budget per seed."),
    ("buggify", Family::Meta, "Rare branches of the code are taken often."),
];
