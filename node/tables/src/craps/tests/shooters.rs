//! Who shoots, and for how long.

use super::*;

fn player(n: u8) -> AccountId {
    AccountId(Digest([n; 32]))
}

struct Evening {
    table: Craps,
    sequence: u64,
}

impl Evening {
    fn new() -> Evening {
        Evening { table: table(None), sequence: 0 }
    }

    fn bets(&mut self, n: u8, bet: Bet) {
        self.sequence += 1;
        self.table.place(BetId { account: player(n), sequence: self.sequence }, bet, STAKE).unwrap();
    }

    /// All players bet on the line.
    fn line(&mut self, players: &[u8]) {
        players.iter().for_each(|&n| self.bets(n, Bet::DontPass));
    }

    #[track_caller]
    fn rolls(&mut self, total: u8, shooter: Option<u8>) {
        self.table.roll(dice(total));
        assert_eq!(self.table.shooter(), shooter.map(player), "who threw the {total}");
    }

    fn seven_out(&mut self, shooter: Option<u8>) {
        self.rolls(6, shooter);
        self.rolls(7, shooter);
        assert!(self.table.is_new_hand());
    }
}

#[test]
fn the_dice_go_round_in_the_order_in_which_the_players_joined() {
    let mut evening = Evening::new();
    for turn in [3, 1, 2, 3, 1, 2] {
        evening.line(&[3, 1, 2]);
        // A bet that no roll of these ends keeps each at the table.
        (1..=3).for_each(|n| evening.bets(n, named("yes:2")));
        evening.seven_out(Some(turn));
    }
}

#[test]
fn a_shooter_keeps_the_dice_until_the_seven_out_with_bets_or_without() {
    let mut evening = Evening::new();
    evening.bets(1, Bet::Pass);
    evening.bets(2, named("yes:2"));
    evening.rolls(4, Some(1));
    evening.rolls(4, Some(1));
    evening.bets(2, Bet::Pass);
    evening.rolls(7, Some(1));
    assert!(!evening.table.is_new_hand(), "a seven on the come-out is no seven-out");
    evening.bets(2, Bet::Pass);
    evening.rolls(9, Some(1));
    evening.rolls(7, Some(1));
    evening.line(&[2]);
    evening.rolls(9, Some(2));
}

#[test]
fn who_has_no_line_bet_is_passed_over_and_keeps_the_place_in_the_queue() {
    let mut evening = Evening::new();
    evening.bets(1, named("yes:2"));
    evening.bets(2, Bet::Pass);
    evening.seven_out(Some(2));
    evening.bets(1, named("yes:12"));
    evening.line(&[2, 1]);
    evening.seven_out(Some(1));
}

#[test]
fn without_a_line_bet_the_house_throws_until_somebody_has_one_at_a_come_out() {
    let mut evening = Evening::new();
    evening.bets(1, named("yes:2"));
    evening.rolls(3, None);
    assert!(!evening.table.is_new_hand());
    evening.rolls(6, None);
    evening.bets(1, Bet::Come);
    evening.rolls(6, None);
    evening.bets(1, Bet::Pass);
    evening.rolls(8, Some(1));
    assert!(!evening.table.is_new_hand(), "the hand began with the house");
}

#[test]
fn who_left_joins_again_at_the_end() {
    let mut evening = Evening::new();
    evening.line(&[1, 2]);
    evening.bets(2, named("yes:2"));
    evening.seven_out(Some(1));
    // Player 1 has no bet when the next hand begins.
    evening.line(&[2]);
    evening.bets(2, named("yes:2"));
    evening.rolls(6, Some(2));
    evening.bets(3, named("yes:2"));
    evening.bets(1, named("yes:2"));
    evening.rolls(7, Some(2));
    evening.line(&[1, 2, 3]);
    evening.rolls(6, Some(3));
}

#[test]
fn the_queue_holds_no_more_players_than_there_can_be_bets() {
    let mut table = table(Some(Number::Six));
    for n in 0..5000u64 {
        let account = AccountId(Digest::of("test", &n.to_le_bytes()));
        table.place(BetId { account, sequence: 1 }, Bet::Field, 1).unwrap();
        table.roll(dice(3));
    }
    let bytes = borsh::to_vec(&table).unwrap().len();
    assert!(bytes < 37 * Craps::MAX_OPEN_BETS, "{bytes} bytes: an id and an empty list for each");
}
