use super::*;
use crate::testing::*;
use bitcraps_actors::ports::turned_away;
use bitcraps_casino::{Reason, Refusal};
use bitcraps_tables::{BetError, craps};
use bitcraps_treasury::LedgerError;
use proptest::prelude::*;

/// Everything that the view says of the state is what the casino is.
fn agrees(house: &House) {
    let (view, ledger) = (&house.view, house.casino.bank().ledger());
    assert_eq!(view.account_count(), ledger.account_count());
    for (id, account) in ledger.accounts() {
        assert_eq!(view.account(id), Some(account.into()), "{id:?}");
    }
    for table in house.casino.tables() {
        let seen = view.table(table.id()).unwrap();
        assert_eq!(seen.point, table.game().point());
        let bets: Vec<_> = seen.bets.iter().map(|(id, bet)| (*id, bet.bet, bet.stake)).collect();
        let open = table.open_bets().map(|open| (open.id, bitcraps_casino::Bet::Craps(open.bet), open.stake));
        assert_eq!(bets, open.collect::<Vec<_>>());
    }
    assert_eq!(view.head().unwrap().root, house.casino.root());
}

fn some_action(house: &House, player: u8, choice: u8, number: u64) -> bitcraps_casino::Action {
    let table = u32::from(choice % 3);
    match choice {
        0..4 => transfer(account(1 + (number % 5) as u8), number),
        4..8 => take_down(table, player, number % 12),
        8..11 => bet(table, craps::Bet::Odds { base: number % 12 }, 1 + number % 50),
        11..20 => bet(table, craps::Bet::Pass, number % 300),
        20..24 => bet(table, craps::Bet::Come, number % 300),
        24..28 => bet(table, craps::Bet::Place(craps::Number::Six), number % 300),
        28..31 => bet(table, craps::Bet::Field, number % 300),
        _ => bet(9, craps::Bet::Field, house.height()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Fails when a changed account is not among the touched ones, when a report is misread, or when a takeover leaves
    /// something of the old state.
    #[test]
    fn the_view_is_what_the_casino_is_after_every_block_and_takeover(
        blocks in prop::collection::vec(
            (prop::collection::vec((1u8..4, 1u64..12, 0u8..33, 0u64..400), 0..12), prop::bool::weighted(0.05)),
            1..12,
        ),
    ) {
        let mut house = House::new(3);
        for (commands, takeover) in blocks {
            let commands = commands.into_iter().map(|(player, sequence, choice, number)| {
                house.sign(player, sequence, some_action(&house, player, choice, number))
            });
            let commands: Vec<_> = commands.collect();
            house.decide(commands.clone());
            agrees(&house);
            let refused = house.casino.bank().refusals().len();
            let height = house.height();
            let now = |outcome: &CommandView| {
                matches!(outcome, CommandView::Refused { height: at, .. } if *at == height)
            };
            let told: BTreeSet<Digest> = commands.iter().map(SignedCommand::id).collect();
            let told = told.iter().filter(|id| now(&house.view.command(id).unwrap())).count();
            prop_assert!(told <= refused);
            if takeover {
                house.restore();
                agrees(&house);
            }
        }
    }
}

#[test]
fn a_bet_is_followed_from_the_mempool_to_its_end() {
    let mut house = House::new(1);
    let field = house.sign(1, 1, bet(0, craps::Bet::Field, 10));
    let id = field.id();
    assert_eq!(house.view.command(&id), None);
    house.view.submitted(id);
    assert_eq!(house.view.command(&id), Some(CommandView::Submitted));
    house.tell(&Event::CommandAccepted(id));
    assert_eq!(house.view.command(&id), Some(CommandView::Waiting));
    let reports = house.decide(vec![field]);
    let end = BetEnd::from(reports[0].settlements[0].outcome);
    let bet = reports[0].settlements[0].bet;
    let effect = Effect::Placed { bet, end: Some((1, end)) };
    assert_eq!(house.view.command(&id), Some(CommandView::Settled { height: 1, effect }));
    let roll = *house.view.table(TableId(0)).unwrap().rolls.back().unwrap();
    assert_eq!((roll.height, Some(roll.dice)), (1, reports[0].roll));
}

#[test]
fn a_bet_that_stays_up_ends_in_a_later_block_and_one_taken_down_says_so() {
    let mut house = House::new(1);
    let hard = house.sign(1, 1, bet(0, craps::Bet::DontPass, 10));
    house.decide(vec![hard]);
    let up = house.view.table(TableId(0)).unwrap().bets.len() == 1;
    if up {
        let down = house.sign(1, 2, take_down(0, 1, 1));
        house.decide(vec![down]);
        let took = CommandView::Settled { height: 2, effect: Effect::TookDown { bets: 1, returned: 10 } };
        assert_eq!(house.view.command(&down.id()), Some(took));
    }
    match house.view.command(&hard.id()) {
        Some(CommandView::Settled { height: 1, effect: Effect::Placed { end: Some((at, end)), .. } }) => {
            assert_eq!((at, end == BetEnd::TakenDown), if up { (2, true) } else { (1, false) });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_block_decided_is_not_undone_by_what_the_mempool_says_later() {
    let mut house = House::new(1);
    let paid = house.sign(1, 1, transfer(account(2), 5));
    house.decide(vec![paid]);
    let settled = house.view.command(&paid.id());
    assert!(matches!(settled, Some(CommandView::Settled { .. })));
    house.view.submitted(paid.id());
    house.tell(&Event::CommandRefused(paid.id(), turned_away::USED));
    assert_eq!(house.view.command(&paid.id()), settled);
}

#[test]
fn a_command_that_waits_is_not_gone_because_it_came_again_but_is_when_it_is_given_up() {
    let house = House::new(1);
    let id = house.sign(1, 1, transfer(account(2), 5)).id();
    house.tell(&Event::CommandAccepted(id));
    house.tell(&Event::CommandRefused(id, turned_away::WAITING));
    assert_eq!(house.view.command(&id), Some(CommandView::Waiting));
    house.tell(&Event::CommandRefused(id, turned_away::FULL));
    assert_eq!(house.view.command(&id), Some(CommandView::TurnedAway { why: turned_away::FULL }));
    house.view.submitted(id);
    assert_eq!(house.view.command(&id), Some(CommandView::Submitted), "it has another chance");
}

#[test]
fn of_commands_under_one_number_each_has_its_own_verdict() {
    let mut house = House::new(2);
    let mut forged = house.sign(1, 1, bet(0, craps::Bet::Pass, 77));
    forged.signature.0[0] ^= 1;
    let good = house.sign(1, 1, bet(0, craps::Bet::Pass, 10));
    let again = house.sign(1, 1, bet(0, craps::Bet::Pass, 55));
    house.decide(vec![forged, good, again]);
    let reason = |signed: &SignedCommand| match house.view.command(&signed.id()) {
        Some(CommandView::Refused { reason, .. }) => Some(reason),
        _ => None,
    };
    assert_eq!(reason(&forged), Some(Reason::Signature));
    assert_eq!(reason(&good), None);
    assert_eq!(reason(&again), Some(Reason::Ledger(LedgerError::SequenceUsed { highest: 1 })));
    agrees(&house);
}

/// The bank's refusals and the tables' come in two runs; the second copy of a number is in the first.
#[test]
fn a_refusal_of_a_table_is_its_own_commands_and_not_its_copys() {
    let house = House::new(1);
    let needs_point = house.sign(1, 1, bet(0, craps::Bet::Come, 10));
    let copy = house.sign(1, 1, bet(0, craps::Bet::Come, 20));
    let used = Reason::Ledger(LedgerError::SequenceUsed { highest: 1 });
    let table = Reason::Table(BetError::NeedsPoint);
    let refusal = |reason| Refusal { account: account(1), sequence: 1, reason };
    assert_eq!(
        verdicts::attribute(&[needs_point, copy], &[refusal(used), refusal(table)]),
        [Some(table), Some(used)]
    );
    assert_eq!(verdicts::attribute(&[needs_point, copy], &[refusal(used)]), [None, Some(used)]);
    assert_eq!(
        verdicts::attribute(&[needs_point, copy], &[refusal(used), refusal(used)]),
        [Some(used), Some(used)]
    );
}

#[test]
fn recent_blocks_are_kept_with_their_proofs_and_old_ones_are_left_to_the_archive() {
    let mut house = House::new(1);
    (0..130).for_each(|_| drop(house.decide(Vec::new())));
    let block = house.view.block(130).unwrap();
    assert_eq!(block.decided, house.blocks[129]);
    assert!(house.view.block(3).is_some_and(|block| block.head.height == 3));
    assert!(
        house.view.block(2).is_none() && house.view.block(131).is_none() && house.view.block(0).is_none()
    );
    house.restore();
    assert!(house.view.block(130).is_none(), "after a takeover there may be a gap");
}

#[test]
fn watchers_hear_of_a_block_all_that_it_did_and_in_order() {
    let mut house = House::new(1);
    let mut news = house.view.subscribe();
    let commands =
        vec![house.sign(1, 1, bet(1, craps::Bet::Field, 10)), house.sign(1, 2, transfer(account(7), 3))];
    let ids: Vec<Digest> = commands.iter().map(SignedCommand::id).collect();
    house.decide(commands);
    let Ok(News::Block(block)) = news.try_recv() else { panic!("a block was decided") };
    assert_eq!(block.head.height, 1);
    assert_eq!(block.commands.iter().map(|command| command.id).collect::<Vec<_>>(), ids);
    assert!(block.rolls.len() == 1 && block.rolls[0].dice.is_some());
    assert_eq!(block.bets.iter().map(|bet| bet.end.is_some()).collect::<Vec<_>>(), [false, true]);
}

/// Anyone can have commands turned away, as many as the gateway lets through.
#[test]
fn a_flood_of_commands_turned_away_does_not_cut_off_those_who_watch_blocks() {
    let mut house = House::new(1);
    let mut news = house.view.subscribe();
    for n in 0..2 * View::NEWS_KEPT as u64 {
        let id = Digest::of("test", &n.to_le_bytes());
        house.tell(&Event::CommandRefused(id, turned_away::USED));
        assert!(matches!(house.view.command(&id), Some(CommandView::TurnedAway { .. })));
    }
    house.decide(Vec::new());
    let heard = std::iter::from_fn(|| Some(news.try_recv().expect("nothing was lost")))
        .take_while(|news| matches!(news, News::TurnedAway { .. }))
        .count();
    assert!(heard > 0, "the first were told");
}

#[test]
fn a_node_that_is_behind_says_so_until_it_caught_up() {
    let mut house = House::new(1);
    house.tell(&Event::SyncStarted { from: 0, to: 2 });
    house.decide(Vec::new());
    house.restore();
    assert_eq!(house.view.network().behind, Some(2));
    house.tell(&Event::SyncEnded { height: 2 });
    assert_eq!(house.view.network().behind, None);
}
