//! The part of the language that says what the players do, and by which policy the house plays.

use super::super::grammar::{Choose, Object, Shape, Unit};
use super::{PERCENT, POSITIVE, RATE, may, must, object};

/// The most money that a file can name.
const MOST_MONEY: u64 = 1_000_000_000_000_000;

pub(super) static WORKLOAD: Object = object(
    "workload",
    &[&[
        may("tables", Shape::Int(1, 10_000), "4", "Tables."),
        may("players", Shape::Int(0, 1_000_000), "16", "Players."),
        may(
            "bets",
            RATE,
            "10/s",
            "How often a player comes to act, all players together. Who waits for the dice lets it pass. In a closed loop \
             it means nothing.",
        ),
        may(
            "arrivals",
            Shape::Either(&[Shape::Word(&["poisson", "fixed"]), Shape::Object(&ARRIVALS)]),
            "poisson",
            "When: at random moments (`poisson`) or each as long after the one before (`fixed`), whatever became of what \
             was done before; or as below.",
        ),
        may(
            "strategies",
            Shape::Object(&STRATEGIES),
            "{ any: 100 % }",
            "The share of the players that plays in each style; the sum is 100 %.",
        ),
        may("visits", Shape::Object(&VISITS), "all are there all the time", "Players that come and go."),
        may(
            "until",
            POSITIVE,
            "the end of the run",
            "Nobody acts after this time; bets that are up are played out.",
        ),
        may(
            "buy_in",
            Shape::Int(1, 1_000_000_000),
            "100000",
            "What each player brings, in the smallest unit.",
        ),
        may("bank", Shape::Int(0, MOST_MONEY), "1000000000", "What the house brings."),
        may("games", Shape::Object(&GAMES), "{ craps: 100 % }", "The share of each game; the sum is 100 %."),
    ]],
);

static ARRIVALS: Object = Object {
    name: "arrivals",
    fields: &[&[
        may(
            "bursts",
            Shape::Object(&BURSTS),
            "",
            "A Poisson process that is on and off in turns, from the start.",
        ),
        may(
            "closed",
            Shape::Object(&CLOSED),
            "",
            "A closed loop: each player acts when its last command is in a block and it has thought.",
        ),
    ]],
    choose: Choose::OneKey,
    rest: None,
    later: &[],
};

static BURSTS: Object = object(
    "bursts",
    &[&[
        must("on", POSITIVE, "So long it is on, at the rate `bets`."),
        must("off", POSITIVE, "So long nobody acts."),
    ]],
);

static CLOSED: Object = object(
    "closed",
    &[&[must("think", POSITIVE, "How long a player thinks, on average; each time drawn anew.")]],
);

static STRATEGIES: Object = object(
    "strategies",
    &[&[
        may("any", PERCENT, "0 %", "Mostly the line, and anything else; some bets are refused at the table."),
        may(
            "evenly",
            PERCENT,
            "0 %",
            "Each bet as often as any other, odds among them, as the table takes it.",
        ),
        may("line_odds", PERCENT, "0 %", "A pass bet at each come-out, then the most odds on it."),
        may("hardways", PERCENT, "0 %", "Keeps all four hardways up."),
        may(
            "martingale",
            PERCENT,
            "0 %",
            "A pass bet at each come-out: twice as much after each loss, as long as its money lasts, else as little as at \
             first.",
        ),
        may(
            "colluders",
            PERCENT,
            "0 %",
            "In pairs: one passes, the other doesn't, with the same stake on the same roll.",
        ),
    ]],
);

static VISITS: Object = object(
    "visits",
    &[&[
        must("stay", POSITIVE, "How long one stays, on average. Who leaves takes down what comes down."),
        must("away", POSITIVE, "How long it is away, on average."),
    ]],
);

static GAMES: Object = Object {
    name: "games",
    fields: &[&[may("craps", PERCENT, "0 %", "Bank craps.")]],
    choose: Choose::Free,
    rest: None,
    later: &[("blackjack", "a game"), ("poker", "a game"), ("lottery", "a game")],
};

const PER_MILLE: Shape = Shape::Unit(Unit::Percent);

/// By which policy the house plays (docs/treasury.md). All shares are in steps of 0.1 %.
pub(super) static POLICY: Object = object(
    "policy",
    &[&[
        may("reserve", PER_MILLE, "0 %", "The share of what the bank owns that it never puts behind bets."),
        may(
            "table_loss",
            Shape::Int(0, MOST_MONEY),
            "none",
            "The most that the next roll of one table may cost.",
        ),
        may("total_loss", Shape::Int(0, MOST_MONEY), "none", "The same for all tables together."),
        may(
            "kelly",
            PER_MILLE,
            "none",
            "The share of the full Kelly limit that each bet may win: the edges are those of `bitcraps-sim edges`.",
        ),
        may("fee", Shape::Int(0, MOST_MONEY), "0", "What a command costs."),
        may(
            "fees_to",
            Shape::Word(&["validators", "nobody"]),
            "validators",
            "Who gets the fees; nobody: they are burnt.",
        ),
        may(
            "reward",
            Shape::Int(1, MOST_MONEY),
            "none",
            "What each block mints for those who signed the one before, if all did.",
        ),
        may("slash", PER_MILLE, "10 %", "What an offence costs a validator, of its stake."),
    ]],
);
