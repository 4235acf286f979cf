//! When bets go up, how large, and when they come down.

use super::*;

fn with(bets: &[(u64, Bet)], point: Option<Number>) -> Craps {
    let mut table = table(point);
    for &(sequence, bet) in bets {
        table.place(id(sequence), bet, STAKE).unwrap();
    }
    table
}

fn sequences(down: &[TakenDown]) -> Vec<u64> {
    down.iter().map(|taken| taken.bet.sequence).collect()
}

#[test]
fn line_bets_are_made_before_the_come_out_and_come_bets_after() {
    for bet in [Bet::Pass, Bet::DontPass] {
        assert_eq!(table(None).place(id(1), bet, STAKE), Ok(()));
        assert_eq!(table(Some(Number::Six)).place(id(1), bet, STAKE), Err(BetError::NeedsComeOut));
    }
    for bet in [Bet::Come, Bet::DontCome] {
        assert_eq!(table(Some(Number::Six)).place(id(1), bet, STAKE), Ok(()));
        assert_eq!(table(None).place(id(1), bet, STAKE), Err(BetError::NeedsPoint));
    }
}

#[test]
fn put_bets_need_a_point_and_muggsy_needs_a_come_out() {
    assert_eq!(table(None).place(id(1), named("put:6"), STAKE), Err(BetError::NeedsPoint));
    assert_eq!(table(Some(Number::Four)).place(id(1), named("put:6"), STAKE), Ok(()));
    assert_eq!(table(None).place(id(1), Bet::Muggsy, STAKE), Ok(()));
    assert_eq!(table(Some(Number::Four)).place(id(1), Bet::Muggsy, STAKE), Err(BetError::NeedsComeOut));
}

#[test]
fn bonus_bets_are_made_before_a_shooters_first_roll_and_stay_up() {
    let bonus = ["small", "tall", "all", "fire", "repeater:2", "different_doubles"];
    for bet in bonus.map(named) {
        let mut table = table(None);
        assert_eq!(table.place(id(1), bet, STAKE), Ok(()));
        assert_eq!(table.clone().take_down(id(1)).map(|down| sequences(&down)), Ok(vec![1]));
        table.roll(dice(9));
        assert_eq!(table.take_down(id(1)), Err(BetError::Contract), "{bet}");
        assert_eq!(table.place(id(2), bet, STAKE), Err(BetError::NeedsNewShooter), "{bet}");
        // A point that is made ends no hand, nor does a seven on the come-out.
        table.roll(dice(9));
        table.roll(dice(7));
        assert_eq!(table.place(id(2), bet, STAKE), Err(BetError::NeedsNewShooter), "{bet}");
        table.roll(dice(6));
        table.roll(dice(7));
        assert_eq!(table.place(id(2), bet, STAKE), Ok(()), "{bet}");
    }
}

#[test]
fn limits_are_by_the_kind_of_bet() {
    for (kind, bets) in [
        ("line", &["pass_line", "dont_pass"][..]),
        ("number", &["place:6", "place_to_lose:6", "buy:4", "lay:4", "big:6"]),
        ("proposition", &["hardway:6", "field", "any_seven", "horn", "horn_high:2", "world", "hop:1-2"]),
        ("exchange", &["yes:9", "no:9", "next:9", "next:7"]),
        ("bonus", &["small", "all", "fire", "repeater:9", "different_doubles", "muggsy"]),
    ] {
        let mut rules = CrapsRules::default();
        rules.set(&format!("limits.{kind}.min"), "10").unwrap();
        rules.set(&format!("limits.{kind}.max"), "20").unwrap();
        for bet in Bet::all().filter(|bet| !matches!(bet, Bet::Come | Bet::DontCome | Bet::Put(_))) {
            let of_kind = bets.contains(&bet.to_string().as_str());
            let place = |stake| Craps::new(rules).place(id(1), bet, stake);
            assert!(!of_kind || place(9) == Err(BetError::StakeTooSmall { min: 10 }), "{bet}");
            assert!(!of_kind || place(21) == Err(BetError::StakeTooLarge { max: 20 }), "{bet}");
            assert_eq!(place(10), Ok(()), "{bet}");
        }
    }
}

#[test]
fn stakes_keep_the_limits_and_the_chip() {
    let rules = CrapsRules { unit: 5, ..CrapsRules::default() }.with_limits(Limit { min: 10, max: 100 });
    let mut table = Craps::new(rules);
    let mut place = |stake| table.place(id(1), Bet::Field, stake);
    assert_eq!(place(5), Err(BetError::StakeTooSmall { min: 10 }));
    assert_eq!(place(105), Err(BetError::StakeTooLarge { max: 100 }));
    assert_eq!(place(12), Err(BetError::NotInUnits { unit: 5 }));
    assert_eq!(place(100), Ok(()));
    assert_eq!(place(100), Err(BetError::DuplicateId));
}

#[test]
fn full_odds_are_three_four_and_five_times_the_base_and_laid_odds_win_as_much() {
    for (number, odds, lay) in [
        (Number::Four, 3, 6),
        (Number::Five, 4, 6),
        (Number::Six, 5, 6),
        (Number::Eight, 5, 6),
        (Number::Nine, 4, 6),
        (Number::Ten, 3, 6),
    ] {
        for (base, bet, multiple) in
            [(Bet::Pass, Bet::Odds { base: 1 }, odds), (Bet::DontPass, Bet::LayOdds { base: 1 }, lay)]
        {
            let mut table = with(&[(1, base)], None);
            assert_eq!(table.place(id(2), bet, STAKE), Err(BetError::NeedsPoint));
            table.roll(dice(number.total()));
            let max = STAKE * multiple;
            assert_eq!(table.place(id(2), bet, max + 1), Err(BetError::StakeTooLarge { max }));
            assert_eq!(table.place(id(2), bet, max - 1), Ok(()));
            assert_eq!(table.place(id(3), bet, 2), Err(BetError::StakeTooLarge { max: 1 }), "odds add up");
            assert_eq!(table.place(id(3), bet, 1), Ok(()), "odds may be below the minimum");
        }
    }
}

#[test]
fn odds_need_a_base_bet_of_ones_own_and_of_the_same_side() {
    let mut table = with(&[(1, Bet::Pass), (2, Bet::DontPass), (3, Bet::Field)], None);
    table.roll(dice(4));
    assert_eq!(table.place(id(9), Bet::Odds { base: 8 }, 1), Err(BetError::UnknownBet));
    assert_eq!(table.place(id(9), Bet::LayOdds { base: 1 }, 1), Err(BetError::NoSuchOdds));
    assert_eq!(table.place(id(9), Bet::Odds { base: 2 }, 1), Err(BetError::NoSuchOdds));
    let stranger = BetId { account: AccountId(Digest::ZERO), sequence: 9 };
    assert_eq!(table.place(stranger, Bet::Odds { base: 1 }, 1), Err(BetError::UnknownBet));
}

#[test]
fn contract_bets_stay_up_and_the_others_come_down() {
    let mut table = with(&[(1, Bet::Pass), (2, Bet::DontPass)], None);
    assert_eq!(table.clone().take_down(id(1)), Ok(vec![TakenDown { bet: id(1), stake: STAKE }]));
    table.roll(dice(6));
    table.place(id(3), Bet::Come, STAKE).unwrap();
    assert_eq!(table.clone().take_down(id(3)).map(|down| sequences(&down)), Ok(vec![3]));
    table.roll(dice(8));
    table.place(id(4), named("put:9"), STAKE).unwrap();
    for contract in [1, 3, 4] {
        assert_eq!(table.take_down(id(contract)), Err(BetError::Contract));
    }
    assert_eq!(table.take_down(id(2)).map(|down| sequences(&down)), Ok(vec![2]));
    assert_eq!(table.take_down(id(2)), Err(BetError::UnknownBet));
}

#[test]
fn odds_come_down_alone_or_with_their_base() {
    let mut table = with(&[(1, Bet::Pass), (2, Bet::DontPass)], None);
    table.roll(dice(6));
    table.place(id(3), Bet::Odds { base: 1 }, STAKE).unwrap();
    table.place(id(4), Bet::LayOdds { base: 2 }, STAKE).unwrap();
    table.place(id(5), Bet::LayOdds { base: 2 }, 1).unwrap();
    assert_eq!(table.take_down(id(3)).map(|down| sequences(&down)), Ok(vec![3]));
    assert_eq!(
        table.take_down(id(2)),
        Ok(vec![
            TakenDown { bet: id(2), stake: STAKE },
            TakenDown { bet: id(4), stake: STAKE },
            TakenDown { bet: id(5), stake: 1 }
        ])
    );
    assert_eq!(table.open_bets().map(|open| open.id).collect::<Vec<_>>(), [id(1)]);
}

#[test]
fn a_come_bet_keeps_its_id_when_it_travels() {
    let table = travelled(Bet::Come, Number::Nine, Some(Number::Four));
    assert_eq!(table.open_bets().collect::<Vec<_>>(), [OpenBet { id: id(1), bet: Bet::Come, stake: STAKE }]);
}

#[test]
fn payouts_round_down_to_the_chip() {
    let rules = CrapsRules { unit: 5, ..CrapsRules::default() };
    let mut table = Craps::new(rules);
    table.roll(dice(6));
    table.place(id(1), Bet::Place(Number::Four), 15).unwrap();
    table.place(id(2), Bet::Place(Number::Four), 5).unwrap();
    let payouts: Vec<_> = table.roll(dice(4)).iter().map(|settlement| settlement.outcome).collect();
    assert_eq!(payouts, [Outcome::Won { payout: 25 }, Outcome::Won { payout: 5 }], "27 and 9, rounded");
}

#[test]
fn a_table_and_an_account_have_room_for_so_many_bets() {
    let mut table = table(None);
    for player in 0..16u64 {
        let account = AccountId(Digest::of("test", &player.to_le_bytes()));
        for sequence in 0..64 {
            assert_eq!(table.place(BetId { account, sequence }, Bet::Field, 1), Ok(()));
        }
        assert_eq!(table.place(BetId { account, sequence: 64 }, Bet::Field, 1), Err(BetError::TooManyBets));
    }
    assert_eq!(table.open_bets().count(), Craps::MAX_OPEN_BETS);
    assert_eq!(table.place(id(1), Bet::Field, 1), Err(BetError::TooManyBets));
}
