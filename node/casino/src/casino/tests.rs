//! The composition, case by case. [`random`] drives it with commands of every kind.

mod fees;
mod limits;
mod random;
mod scale;
mod stakes;
mod time;

use super::*;
use crate::testing::{Player, Tags, bet, block, dice_of, genesis};
use crate::{Action, Answer, Blobs, Offence, Reason, SignedCommand};
use bitcraps_tables::craps::{Bet as CrapsBet, Number, Pays};
use bitcraps_tables::{BetError, Outcome};
use bitcraps_treasury::{EscrowId, Event, LedgerError, Page, Transfer, TransferId, Verdict, log};
use bitcraps_types::{AccountId, Amount, Height, ValidatorIndex};

struct House {
    casino: Casino,
    chain: ChainId,
    height: Height,
}

impl House {
    fn new(genesis: &Genesis) -> House {
        House { casino: Casino::genesis(genesis).unwrap(), chain: genesis.chain_id(), height: 0 }
    }

    fn apply(&mut self, commands: Vec<SignedCommand>) -> Vec<TableReport> {
        self.height += 1;
        let block = block(self.height, commands);
        let (root, reports) =
            self.casino.apply_and_report(&block, Some(&dice_of(&block)), &self.chain, &Tags);
        assert_eq!(root, self.casino.root());
        self.casino.bank.ledger().check().unwrap();
        reports
    }

    fn does(&mut self, player: &Player, sequence: u64, action: Action) -> Vec<TableReport> {
        self.apply(vec![player.signs(&self.chain.clone(), sequence, action)])
    }

    fn balance(&self, account: AccountId) -> Amount {
        self.casino.bank.ledger().account(&account).map_or(0, |account| account.balance())
    }

    fn reasons(&self) -> Vec<Reason> {
        self.casino.bank.refusals().iter().map(|refusal| refusal.reason).collect()
    }
}

const PLAYER: Player = Player(1);

#[test]
fn an_empty_block_leaves_the_root_unchanged() {
    let mut house = House::new(&genesis(3, 4));
    let root = house.casino.root();
    assert_eq!(house.apply(Vec::new()), []);
    assert_eq!(house.casino.root(), root);
}

#[test]
fn a_won_bet_is_paid_by_the_house_and_a_lost_one_goes_to_it() {
    let mut house = House::new(&genesis(1, 1));
    let (player, bank) = (PLAYER.account(), house.casino.bank.house());
    let (mut won, mut lost) = (0, 0);
    for sequence in 1..=50 {
        let before = house.balance(player);
        let reports = house.does(&PLAYER, sequence, bet(0, CrapsBet::AnySeven, 10));
        assert_eq!(house.reasons(), []);
        let expected = match reports[0].settlements[0].outcome {
            Outcome::Won { payout } => {
                won += 1;
                assert_eq!(reports[0].roll.unwrap().total(), 7);
                before + payout
            }
            Outcome::Lost => {
                lost += 1;
                before - 10
            }
            Outcome::Pushed => unreachable!("any seven never pushes"),
        };
        assert_eq!(house.balance(player), expected);
        assert_eq!(house.balance(player) + house.balance(bank), 1_001_000);
        assert_eq!(house.casino.bank.ledger().escrows().count(), 0);
    }
    assert!(won > 0 && lost > 0, "{won} won, {lost} lost: the seed shows one case only");
}

#[test]
fn a_double_spend_in_one_block_is_refused() {
    let mut house = House::new(&genesis(2, 2));
    let chain = house.chain;
    let give = Action::Transfer { to: Player(2).account(), amount: 600 };
    let field = bet(1, CrapsBet::Field, 600);
    house.apply(vec![PLAYER.signs(&chain, 1, give), PLAYER.signs(&chain, 2, give)]);
    assert_eq!(house.reasons(), [Reason::Ledger(LedgerError::Insufficient { available: 400 })]);
    assert_eq!(house.balance(Player(2).account()), 1600);
    house.apply(vec![
        Player(2).signs(&chain, 1, bet(0, CrapsBet::Field, 1500)),
        Player(2).signs(&chain, 2, field),
    ]);
    assert_eq!(house.reasons(), [Reason::Ledger(LedgerError::Insufficient { available: 100 })]);
}

#[test]
fn a_command_counts_once_even_if_it_was_refused() {
    let mut house = House::new(&genesis(2, 1));
    let chain = house.chain;
    let give = |amount| Action::Transfer { to: Player(2).account(), amount };
    let too_much = PLAYER.signs(&chain, 5, give(1001));
    house.apply(vec![too_much]);
    assert_eq!(house.reasons(), [Reason::Ledger(LedgerError::Insufficient { available: 1000 })]);
    house.apply(vec![Player(2).signs(&chain, 1, Action::Transfer { to: PLAYER.account(), amount: 500 })]);
    let fine = PLAYER.signs(&chain, 6, give(100));
    house.apply(vec![too_much, fine, fine, PLAYER.signs(&chain, 0, give(1))]);
    assert_eq!(house.reasons(), [5, 6, 6].map(used));
    assert_eq!(house.balance(PLAYER.account()), 1400);
}

fn used(highest: u64) -> Reason {
    Reason::Ledger(LedgerError::SequenceUsed { highest })
}

#[test]
fn commands_may_overtake_one_another_within_the_window() {
    let mut house = House::new(&genesis(2, 1));
    let chain = house.chain;
    let give =
        |sequence| PLAYER.signs(&chain, sequence, Action::Transfer { to: Player(2).account(), amount: 10 });
    house.does(&PLAYER, 70, bet(0, CrapsBet::Field, 1));
    assert_eq!(house.reasons(), []);
    let before = house.balance(PLAYER.account());
    house.apply(vec![give(69), give(7), give(6)]);
    assert_eq!(house.reasons(), [used(70)]);
    house.apply(vec![give(7), give(8)]);
    assert_eq!(house.reasons(), [used(70)]);
    assert_eq!(house.balance(PLAYER.account()), before - 30);
    let reports = house.does(&PLAYER, 68, bet(0, CrapsBet::Field, 5));
    assert_eq!(reports[0].settlements[0].bet, PLAYER.bet_id(68));
}

#[test]
fn forged_commands_and_strangers_change_nothing() {
    let mut house = House::new(&genesis(2, 1));
    let chain = house.chain;
    let root = house.casino.root();
    let give = Action::Transfer { to: Player(2).account(), amount: 5 };
    let mut forged = PLAYER.signs(&chain, 1, give);
    forged.signature.0[3] ^= 1;
    let foreign = PLAYER.signs(&Digest::ZERO, 1, give);
    let stranger = Player(99).signs(&chain, 1, give);
    house.apply(vec![forged, foreign, stranger]);
    assert_eq!(
        house.reasons(),
        [Reason::Signature, Reason::Signature, Reason::Ledger(LedgerError::UnknownAccount)]
    );
    assert_eq!(house.casino.root(), root);
}

#[test]
fn a_bet_that_the_bank_cannot_cover_is_refused_and_its_stake_is_free() {
    let mut house = House::new(&Genesis { bank: 100, ..genesis(2, 1) });
    let chain = house.chain;
    house.apply(vec![
        PLAYER.signs(&chain, 1, bet(0, CrapsBet::AnyCraps, 15)),
        Player(2).signs(&chain, 1, bet(0, CrapsBet::Field, 1)),
    ]);
    assert_eq!(house.reasons(), [Reason::BankCannotCover { available: 100 }]);
    assert_eq!(house.balance(PLAYER.account()), 1000);
    assert_eq!(house.casino.bank.ledger().escrows().count(), 0);
}

#[test]
fn the_worst_cases_of_all_open_bets_are_covered_together() {
    let poor = Genesis { bank: 100, ..genesis(2, 2) };
    let mut house = House::new(&poor);
    let chain = house.chain;
    house.apply(vec![
        PLAYER.signs(&chain, 1, bet(0, CrapsBet::AnyCraps, 14)),
        Player(2).signs(&chain, 1, bet(1, CrapsBet::AnySeven, 1)),
    ]);
    assert_eq!(house.reasons(), [Reason::BankCannotCover { available: 2 }], "98 of 100 are spoken for");
}

#[test]
fn what_a_table_refuses_gives_the_reserves_back() {
    let mut house = House::new(&genesis(1, 1));
    let reports = house.does(&PLAYER, 1, bet(0, CrapsBet::Come, 10));
    assert_eq!(reports[0].answers[0].answer, Answer::NotPlaced(BetError::NeedsPoint));
    assert_eq!(reports[0].roll, None, "no bet, no roll");
    assert_eq!(house.reasons(), [Reason::Table(BetError::NeedsPoint)]);
    assert_eq!(house.casino.bank.ledger().escrows().count(), 0);
    house.does(&PLAYER, 2, bet(0, CrapsBet::Field, 2_000_000));
    assert_eq!(house.reasons(), [Reason::Table(BetError::StakeTooLarge { max: 1_000_000 })]);
    house.does(&PLAYER, 3, bet(7, CrapsBet::Field, 1));
    assert_eq!(house.reasons(), [Reason::UnknownTable]);
}

#[test]
fn a_table_with_open_bets_rolls_in_every_block_until_they_are_settled() {
    let mut house = House::new(&genesis(1, 3));
    let mut reports = house.does(&PLAYER, 1, bet(2, CrapsBet::Place(Number::Six), 60));
    let mut rolls = 0;
    while reports[0].settlements.is_empty() {
        assert_eq!(house.casino.bank.tables_to_play(house.height + 1).collect::<Vec<_>>(), [TableId(2)]);
        let account = *house.casino.bank.ledger().account(&PLAYER.account()).unwrap();
        assert_eq!((account.balance(), account.available()), (1000, 940));
        reports = house.apply(Vec::new());
        assert_eq!(reports.len(), 1);
        assert!(reports[0].roll.is_some());
        rolls += 1;
        assert!(rolls < 1000);
    }
    assert!(rolls > 0);
    assert_eq!(house.apply(Vec::new()), []);
}

#[test]
fn only_the_owner_takes_a_bet_down_and_gets_the_stake_back() {
    let mut house = House::new(&genesis(2, 1));
    let chain = house.chain;
    // Placed before the come-out, so off: no dice settle it in its first block.
    house.does(&PLAYER, 1, bet(0, CrapsBet::Place(Number::Six), 60));
    let down = Action::TakeDown { table: TableId(0), bet: PLAYER.bet_id(1) };
    let reports = house.apply(vec![Player(2).signs(&chain, 1, down), PLAYER.signs(&chain, 2, down)]);
    assert_eq!(house.reasons(), [Reason::NotYourBet]);
    assert!(matches!(&reports[0].answers[0].answer, Answer::TakenDown(bets) if bets.len() == 1));
    assert_eq!(house.casino.bank.ledger().account(&PLAYER.account()).unwrap().available(), 1000);
    house.does(&PLAYER, 3, down);
    assert_eq!(house.reasons(), [Reason::Table(BetError::UnknownBet)]);
}

#[test]
fn an_offence_is_recorded_once() {
    let mut house = House::new(&genesis(1, 1));
    let offence =
        |height, proof: &[u8]| Offence { offender: ValidatorIndex(3), height, proof: proof.to_vec() };
    let mut apply = |offences| {
        house.height += 1;
        let block = Block { offences, ..block(house.height, Vec::new()) };
        house.casino.apply(&block, Some(&dice_of(&block)), &house.chain, &Tags)
    };
    let before = apply(vec![]);
    let once = apply(vec![offence(7, b"proof"), offence(7, b"proof")]);
    assert_ne!(once, before);
    assert_eq!(apply(vec![offence(7, b"another proof")]), once);
    assert_ne!(apply(vec![offence(8, b"proof")]), once);
    assert_eq!(
        house.casino.bank.offences().collect::<Vec<_>>(),
        [(7, ValidatorIndex(3)), (8, ValidatorIndex(3))]
    );
    assert!(house.casino.bank.knows_offence(8, ValidatorIndex(3)));
}

/// An auditor has all blocks and replays them; the other has roots of the log alone.
#[test]
fn whoever_replays_a_chain_proves_its_events_against_the_log() {
    let mut house = House::new(&genesis(2, 1));
    let issued = |account, amount| Event::Issued { to: account, amount };
    let made =
        [(PLAYER.account(), 1000), (Player(2).account(), 1000), (house.casino.bank.house(), 1_000_000)];
    let mut pages = vec![Page::of(&made.map(|(account, amount)| issued(account, amount)))];
    house.casino.keep_pages();
    let mut grown = |house: &mut House| {
        pages.extend(house.casino.take_pages());
        let leaves: Vec<Digest> = pages.iter().map(Page::leaf).collect();
        let log = house.casino.bank.ledger().log();
        assert_eq!((log.size(), log.root()), (leaves.len() as u64, log::root_of(&leaves)));
        (log.size(), log.root(), pages.clone(), leaves)
    };
    house.does(&PLAYER, 1, bet(0, CrapsBet::Field, 5));
    let (old_size, old_root, ..) = grown(&mut house);
    house.does(&PLAYER, 2, Action::Transfer { to: Player(2).account(), amount: 77 });
    let reports = house.does(&Player(2), 1, bet(0, CrapsBet::AnySeven, 7));
    let (size, root, pages, leaves) = grown(&mut house);

    // A payment, and a bet with its end: each is shown by its page.
    let id = TransferId { account: PLAYER.account(), sequence: 2, leg: 0 };
    let paid = Transfer { id, debit: PLAYER.account(), credit: Player(2).account(), amount: 77 };
    let id = EscrowId { account: Player(2).account(), sequence: 1 };
    let (with, verdict) = (
        house.casino.bank.house(),
        match reports[0].settlements[0].outcome {
            Outcome::Won { payout } => Verdict::Won(payout),
            _ => Verdict::Lost,
        },
    );
    for event in [
        Event::Transferred(paid),
        Event::Escrowed { id, with, stake: 7, cover: 28 },
        Event::Resolved { id, verdict },
    ] {
        let at = pages.iter().position(|page| page.events().unwrap().contains(&event)).unwrap();
        let proof = log::inclusion_proof(&leaves, at).unwrap();
        assert!(log::verify_inclusion(&pages[at].leaf(), at as u64, size, &proof, &root));
        let more = Page::of(&[Event::Transferred(Transfer { amount: 78, ..paid })]);
        assert!(!log::verify_inclusion(&more.leaf(), at as u64, size, &proof, &root));
    }
    let proof = log::consistency_proof(&leaves, old_size as usize).unwrap();
    assert!(log::verify_consistency((old_size, &old_root), (size, &root), &proof));
}

#[test]
fn blobs_change_the_block_and_nothing_of_the_state() {
    let (mut with, mut without) = (House::new(&genesis(1, 1)), House::new(&genesis(1, 1)));
    let paid = vec![Player(1).signs(&with.chain, 1, bet(0, CrapsBet::Place(Number::Four), 50))];
    let plain = block(1, paid);
    let loaded = Block { blobs: Blobs::of([b"blob"]).unwrap(), ..plain.clone() };
    assert_ne!(loaded.encode(), plain.encode());
    let dice = dice_of(&plain);
    let apply = |house: &mut House, block| house.casino.apply(block, Some(&dice), &house.chain, &Tags);
    assert_eq!(apply(&mut with, &loaded), apply(&mut without, &plain));
}

#[test]
fn a_genesis_that_contradicts_itself_starts_nothing() {
    let good = genesis(2, 2);
    let mut bad = good.clone();
    bad.tables.push(bad.tables[0].clone());
    assert_eq!(Casino::genesis(&bad).err(), Some(GenesisError::SameTable(TableId(0))));
    let mut bad = good.clone();
    bad.players.push(bad.players[0]);
    assert!(matches!(Casino::genesis(&bad), Err(GenesisError::SamePlayer(_))));
    let mut bad = good.clone();
    bad.tables[1].rules.unit = 0;
    assert!(matches!(Casino::genesis(&bad), Err(GenesisError::Rules { table: TableId(1), .. })));
    let bad = Genesis { bank: Amount::MAX - 1999, ..good.clone() };
    assert_eq!(Casino::genesis(&bad).err(), Some(GenesisError::TooMuchMoney));
    let bad = Genesis { blob_bytes: Block::MAX_BYTES as u32 + 1, ..good.clone() };
    assert!(matches!(Casino::genesis(&bad), Err(GenesisError::TooManyBlobBytes(_))));
    let with_blobs = Genesis { blob_bytes: 1, ..good.clone() };
    assert_ne!(with_blobs.chain_id(), good.chain_id());
    let other_name = Genesis { name: "other".into(), ..good.clone() };
    assert_ne!(other_name.chain_id(), good.chain_id());
}

#[test]
fn the_root_covers_the_state_of_each_table() {
    let usual = genesis(1, 2);
    let mut generous = usual.clone();
    generous.tables[1].rules.pays.field_twelve = Pays::to_one(3);
    let root = |genesis| Casino::genesis(genesis).unwrap().root();
    assert_ne!(root(&usual), root(&generous));
}

/// A casino with a bet on each table, in the middle of its life.
fn busy() -> Casino {
    let mut house = House::new(&genesis(3, 3));
    let chain = house.chain;
    house.apply(
        (1..=3)
            .flat_map(|n| {
                let place = bet(u32::from(n) - 1, CrapsBet::Place(Number::Four), 50);
                [Player(n).signs(&chain, 1, place), Player(n).signs(&chain, 2, bet(0, CrapsBet::DontPass, 7))]
            })
            .collect(),
    );
    house.casino
}

#[test]
fn a_snapshot_whose_parts_contradict_each_other_is_refused() {
    let good = busy();
    let audit = |spoil: &dyn Fn(&mut Casino)| {
        let mut casino = good.clone();
        spoil(&mut casino);
        Casino::decode_snapshot(&casino.encode_snapshot()).map(|casino| casino.root())
    };
    assert_eq!(audit(&|_| ()).unwrap(), good.root());
    let lost = audit(&|casino| drop(casino.tables.pop()));
    assert!(matches!(lost, Err(SnapshotError::Audit(AuditError::Tables))));
    let swapped =
        audit(&|casino| casino.tables[0] = Table::new(TableId(0), *casino.tables[0].game().rules()));
    assert!(matches!(swapped, Err(SnapshotError::Audit(AuditError::Table(TableId(0))))));
    let (mut bank, tables) = good.clone().into_parts();
    bank.begin(&block(9, Vec::new()), &Digest::ZERO, &Tags);
    assert_eq!(Casino::from_parts(bank, tables).err(), Some(AuditError::MidBlock));
    let mut long = good.encode_snapshot();
    long.push(0);
    assert!(matches!(Casino::decode_snapshot(&long), Err(SnapshotError::Malformed(_))));
    assert!(matches!(
        Casino::decode_snapshot(&vec![0; Casino::MAX_SNAPSHOT + 1]),
        Err(SnapshotError::TooLong(_))
    ));
}

#[test]
#[should_panic(expected = "each table that plays reports once")]
fn a_bank_does_not_finish_without_every_report() {
    let mut casino = busy();
    casino.bank.begin(&block(2, Vec::new()), &Digest::ZERO, &Tags);
    casino.bank.finish(&mut []);
}
