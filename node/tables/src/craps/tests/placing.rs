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
fn stakes_keep_the_limits_and_the_chip() {
    let rules = CrapsRules { min_stake: 10, max_stake: 100, unit: 5, ..CrapsRules::default() };
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
            [(Bet::Pass, Bet::Odds { base: 1 }, odds), (Bet::DontPass, Bet::Lay { base: 1 }, lay)]
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
    assert_eq!(table.place(id(9), Bet::Lay { base: 1 }, 1), Err(BetError::NoSuchOdds));
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
    for contract in [1, 3] {
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
    table.place(id(4), Bet::Lay { base: 2 }, STAKE).unwrap();
    table.place(id(5), Bet::Lay { base: 2 }, 1).unwrap();
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
