//! The part of the language that says how the casino is cheated: by players, and by validators that propose blocks or sign
//! dice.

use super::super::grammar::{Choose, Field, Object, Shape, Unit};
use super::faults::{NOTHING, fault};
use super::{may, object};

/// Players and validators that cheat the casino.
pub(crate) static APPLICATION: &[Field] = &[
    fault(
        "invalid_bet",
        &CHEATER,
        "Bets and payments that must be refused: outside the limits, at no table, on no bet, with money that is not \
         there, in another's name. A proposer puts its own into its blocks.",
    ),
    fault(
        "replayed_bet",
        &CHEATER,
        "Signed commands of earlier blocks, as they are, at all nodes. A proposer puts them into its blocks, each twice.",
    ),
    fault(
        "treasury_overdraw",
        &CHEATER,
        "Bets of all that a player has on what pays most, so that the bank can't cover them. A proposer asks for more \
         of its stake than is free.",
    ),
    fault(
        "double_spend",
        &SPENDERS,
        "Two commands at two nodes at once that spend the same money: with one sequence number, or with two.",
    ),
    fault(
        "stalled_turn",
        &NOTHING,
        "Who has the dice at a table when it starts does nothing more, until it ends.",
    ),
    fault(
        "false_payout",
        &NOTHING,
        "Proposes blocks that pay what nobody won: by their state root, by commands in a player's name, by a roll left \
         out.",
    ),
    fault(
        "withheld_randomness",
        &NOTHING,
        "Keeps its parts of the dice to itself, and the dice that others have made, in block sync.",
    ),
    fault(
        "biased_randomness",
        &BIASED,
        "Tries blocks until their digest would throw a seven, and says its part of the dice to some, a wrong one to others.",
    ),
];

/// A player's rate, or the word that it is a proposer.
static CHEATER: Object = Object {
    name: "cheater",
    fields: &[&[
        may(
            "rate",
            Shape::Unit(Unit::PositiveRate),
            "1/s",
            "Players do it, so often, all together and beside their other commands: those whose node is in `on`.",
        ),
        may(
            "by",
            Shape::Word(&["proposer"]),
            "players",
            "Not the players: the validators that `on` names, in their blocks.",
        ),
    ]],
    choose: Choose::AtMostOneForm(&[&["rate"], &["by"]]),
    rest: None,
    later: &[],
};

static SPENDERS: Object = object(
    "spenders",
    &[&[may(
        "rate",
        Shape::Unit(Unit::PositiveRate),
        "1/s",
        "Players do it, so often: those whose node is in `on`.",
    )]],
);

static BIASED: Object = object(
    "biased",
    &[&[may("tries", Shape::Int(1, 1_000), "16", "So many blocks at most, for each proposal.")]],
);
