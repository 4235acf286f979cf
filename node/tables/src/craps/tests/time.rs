//! What blocks alone bring about: a turn that runs out, and a table that closes.

use super::*;
use proptest::prelude::*;

const TURN: u32 = 5;
const CLOSES: Height = 40;

fn player(n: u8) -> AccountId {
    AccountId(Digest([n; 32]))
}

/// A table in its blocks, one after the other.
struct Evening {
    table: Craps,
    now: Height,
    sequence: u64,
}

impl Evening {
    fn under(rules: CrapsRules) -> Evening {
        Evening { table: Craps::new(rules), now: 0, sequence: 0 }
    }

    fn with_turns() -> Evening {
        Evening::under(CrapsRules { turn: TURN, ..CrapsRules::default() })
    }

    fn closing() -> Evening {
        Evening::under(CrapsRules { closes_at: CLOSES, ..CrapsRules::default() })
    }

    /// Blocks in which nobody does anything, and no bet is up.
    fn passes(&mut self, blocks: Height) {
        for _ in 0..blocks {
            assert!(!self.table.has_open_bets());
            self.now += 1;
            if self.table.wakes_at().is_some_and(|wakes_at| wakes_at <= self.now) {
                self.table.begin(self.now);
            }
        }
    }

    fn begins(&mut self) {
        self.now += 1;
        self.table.begin(self.now);
    }

    fn bets(&mut self, n: u8, bet: &str) -> Result<(), BetError> {
        self.sequence += 1;
        let id = BetId { account: player(n), sequence: self.sequence };
        self.table.place(id, named(bet), STAKE)
    }

    /// A block with these bets and a roll.
    fn block(&mut self, bets: &[(u8, &str)], total: u8) -> Vec<Settlement> {
        self.begins();
        bets.iter().for_each(|(n, bet)| self.bets(*n, bet).unwrap());
        self.table.roll(dice(total))
    }
}

#[test]
fn a_point_that_nobody_bets_on_is_taken_off_when_the_turn_is_over() {
    let mut evening = Evening::with_turns();
    evening.block(&[(1, "field")], 6);
    assert_eq!((evening.table.point(), evening.table.wakes_at()), (Some(Number::Six), Some(1 + 5)));
    evening.passes(4);
    assert_eq!(evening.table.point(), Some(Number::Six));
    evening.passes(1);
    assert_eq!((evening.table.point(), evening.table.wakes_at()), (None, None));
    assert!(evening.table.is_new_hand(), "all bets can be made");
    evening.block(&[(2, "pass_line"), (2, "fire")], 8);
    assert_eq!(evening.table.shooter(), Some(player(2)));
}

#[test]
fn who_has_no_bet_up_for_a_turn_loses_the_dice_and_the_hand_goes_on() {
    let mut evening = Evening::with_turns();
    // Player 1 shoots. Her bet is over at once, the others' are up for long.
    evening.block(&[(1, "dont_pass"), (2, "dont_pass"), (2, "yes:2"), (3, "pass_line"), (3, "yes:2")], 3);
    evening.block(&[(3, "pass_line")], 6);
    for _ in 0..3 {
        evening.block(&[], 5);
        assert_eq!(evening.table.shooter(), Some(player(1)));
    }
    evening.block(&[], 5);
    assert_eq!(evening.table.shooter(), Some(player(3)), "2 has no line bet");
    assert_eq!(evening.table.point(), Some(Number::Six));
    assert!(!evening.table.is_new_hand());
}

#[test]
fn a_bet_in_time_keeps_the_dice() {
    let mut evening = Evening::with_turns();
    evening.block(&[(1, "pass_line"), (2, "pass_line"), (2, "yes:2")], 11);
    for _ in 0..5 {
        // One bet in each turn, of one roll.
        (0..2).for_each(|_| drop(evening.block(&[], 3)));
        evening.block(&[(1, "any_seven")], 3);
        evening.block(&[], 3);
        assert_eq!(evening.table.shooter(), Some(player(1)));
    }
}

#[test]
fn without_anybody_on_the_line_the_dice_go_to_the_house() {
    let mut evening = Evening::with_turns();
    evening.block(&[(1, "pass_line"), (2, "yes:2")], 11);
    evening.block(&[], 6);
    (0..4).for_each(|_| drop(evening.block(&[], 5)));
    assert_eq!((evening.table.shooter(), evening.table.point()), (None, Some(Number::Six)));
}

#[test]
fn turns_of_0_blocks_have_no_end() {
    let mut evening = Evening::under(CrapsRules { turn: 0, ..CrapsRules::default() });
    evening.block(&[(1, "field")], 6);
    assert_eq!(evening.table.wakes_at(), None);
    evening.table.begin(Height::MAX);
    assert_eq!(evening.table.point(), Some(Number::Six));
}

#[test]
fn a_closed_table_takes_no_bets_and_plays_out_those_that_are_up() {
    let mut evening = Evening::closing();
    evening.now = CLOSES - 2;
    evening.block(&[(1, "pass_line"), (2, "yes:2")], 6);
    evening.begins();
    assert_eq!(evening.bets(1, "field"), Err(BetError::Closed));
    assert_eq!(evening.bets(1, "odds:1"), Err(BetError::Closed));
    assert_eq!(evening.table.take_down(BetId { account: player(1), sequence: 1 }), Err(BetError::Contract));
    assert_eq!(evening.table.take_down(BetId { account: player(2), sequence: 2 }).unwrap().len(), 1);
    let ended = evening.table.roll(dice(6));
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].outcome, Outcome::Won { payout: STAKE });
    assert!(!evening.table.has_open_bets());
}

#[test]
fn what_is_up_long_after_closing_is_given_back() {
    let mut evening = Evening::closing();
    evening.now = CLOSES - 2;
    evening.block(&[(1, "yes:2"), (2, "dont_pass")], 6);
    evening.now = CLOSES + Craps::LAST_ROLLS - 2;
    evening.begins();
    assert!(!evening.table.is_over());
    evening.begins();
    assert!(evening.table.is_over());
    let given = evening.table.give_back();
    assert!(given.iter().map(|end| end.bet.account).eq([player(1), player(2)]));
    assert!(given.iter().all(|end| end.outcome == Outcome::Pushed));
    assert!(!evening.table.has_open_bets());
}

proptest! {
    /// In whatever state: after a turn without bets everybody can make every bet that a new table takes.
    #[test]
    fn an_abandoned_table_is_as_good_as_new(
        bets in prop::collection::vec((1..4u8, prop::sample::select(Bet::all().collect::<Vec<_>>())), 0..30),
        rolls in prop::collection::vec(2..=12u8, 1..60),
    ) {
        let mut evening = Evening::with_turns();
        let mut bets = bets.into_iter();
        for total in rolls {
            evening.begins();
            for (n, bet) in bets.by_ref().take(2) {
                // Not all bets fit the moment.
                _ = evening.bets(n, &bet.to_string());
            }
            if evening.table.has_open_bets() {
                evening.table.roll(Dice::all().find(|dice| dice.total() == total).unwrap());
            }
        }
        evening.table.give_back();
        evening.passes(Height::from(TURN) + 1);
        prop_assert!(evening.table.is_new_hand() && evening.table.point().is_none());
        for bet in Bet::all() {
            let mut fresh = Craps::new(*evening.table.rules());
            let id = BetId { account: player(9), sequence: 1 };
            let mut table = evening.table.clone();
            prop_assert_eq!(table.place(id, bet, STAKE), fresh.place(id, bet, STAKE), "{}", bet);
        }
    }
}
