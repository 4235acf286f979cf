//! The part of the language that says how validators lie.

use super::super::grammar::{Field, List, Object, Shape, Unit};
use super::faults::{KIND, NOTHING, fault};
use super::{COUNTER, NODE, NODES, POSITIVE, SPAN, may, must, nodes, object};

/// Validators that lie.
pub(crate) static BYZANTINE: &[Field] = &[
    fault("silent", &NOTHING, "Sends nothing in consensus."),
    fault("withhold", &KINDS, "Does not send some kinds of messages."),
    fault("selective_send", &SELECTIVE, "Sends to some only."),
    fault("equivocate", &EQUIVOCATE, "Says one thing to some and another to the rest, or both to everyone."),
    fault("amnesia", &NOTHING, "Forgets its lock."),
    fault("force_nil", &NOTHING, "Votes for nothing: nil, or gives the round up where there is no nil."),
    fault("invalid_signature", &NOTHING, "Signs wrongly."),
    fault("garbage_bytes", &NOTHING, "Sends bytes that are no message."),
    fault("invalid_value", &NOTHING, "Proposes blocks that the application must refuse, and votes for them."),
    fault("wrong_epoch", &NOTHING, "Speaks of heights that are not now, or signs for another chain."),
    fault("outdated", &SHIFT, "Speaks of earlier rounds than its own, or of the height before."),
    fault("future", &SHIFT, "Speaks of later rounds than its own."),
    fault(
        "conflicting_certificate",
        &NOTHING,
        "Shows certificates that are forged, too small, have a signer twice, or are of another value.",
    ),
    fault("impersonate", &VICTIM, "Says everything a second time, in another's name."),
    fault("late", &LATE, "Sends just before the others stop waiting."),
    fault("rushing", &RUSHING, "Votes last, when it has heard the honest vote."),
    fault("flood", &FLOOD, "Sends votes without end, each new and signed."),
    fault("lie_in_sync", &NOTHING, "Tells those who catch up false heights, blocks and snapshots."),
    fault("frame", &VICTIM, "Forges evidence against a validator, in its blocks and as messages."),
    fault("drop_inbound", &KINDS, "Does not hear some kinds of messages."),
    fault("mutate", &MUTATE, "Changes its messages a little (ByzzFuzz's small-scope mutations)."),
    fault("collude", &COLLUDE, "Its nodes act as one, on all that any of them hears."),
];

static KINDS: Object = object(
    "kinds",
    &[&[must(
        "kinds",
        Shape::Either(&[KIND, Shape::List(&List { item: KIND, min: 1, max: 6, unique: true })]),
        "Which, in the words of `when: { message: … }`; one or a list.",
    )]],
);

static SELECTIVE: Object = object(
    "selective_send",
    &[&[must("to", Shape::List(&NODES), "Who hears it; the others hear nothing of it.")]],
);

static SHIFT: Object = object("shift", &[&[may("by", COUNTER, "1", "By so many rounds (PBFT: views).")]]);

static VICTIM: Object = object("victim", &[&[must("victim", NODE, "Whom it harms.")]]);

static LATE: Object = object(
    "late",
    &[&[may("before", SPAN, "50 ms", "So long before the timeout that waits for the message.")]],
);

static RUSHING: Object =
    object("rushing", &[&[may("at_most", POSITIVE, "500 ms", "It waits no longer for the others.")]]);

static FLOOD: Object = object(
    "flood",
    &[&[must("rate", Shape::Unit(Unit::PositiveRate), "So many votes to each of the others.")]],
);

static MUTATE: Object = object(
    "mutate",
    &[&[
        may(
            "scope",
            Shape::Word(&["small", "any"]),
            "small",
            "`small`: a field by one, another proposed value, or an older message. `any`: a field by anything.",
        ),
        may("rounds", COUNTER, "all", "Only in so many first rounds of a height."),
    ]],
);

static COLLUDE: Object = object(
    "collude",
    &[&[may(
        "strategy",
        Shape::Word(&["fork", "amnesia"]),
        "fork",
        "`fork`: two halves of the others, lower numbers first, are to decide two values. `amnesia`: the same under \
         Tendermint, so that no liar contradicts itself: only its votes against its lock convict it.",
    )]],
);

const VOTES: Shape = Shape::Word(&["proposal", "prevote", "precommit"]);

/// An empty half is allowed: nobody hears that side.
static HALF: List = nodes(0);

static EQUIVOCATE: Object = object(
    "equivocate",
    &[&[
        must(
            "what",
            Shape::Either(&[VOTES, Shape::List(&List { item: VOTES, min: 1, max: 3, unique: true })]),
            "About what; one or a list.",
        ),
        may(
            "groups",
            Shape::Either(&[
                Shape::Word(&["everyone"]),
                Shape::List(&List { item: Shape::List(&HALF), min: 2, max: 2, unique: false }),
            ]),
            "the others in two halves, lower numbers first",
            "Who hears what. `everyone` hears both: a double vote in the open.",
        ),
    ]],
);
