use super::*;
use crate::testing::{Player, Tags, block, genesis};
use crate::{Casino, PerMille, PolicyError, Reserve, StakePolicy};
use bitcraps_tables::craps;
use bitcraps_types::PublicKey;

/// What stands on an open page is in no leaf yet: a snapshot with one could not go on as the others do.
#[test]
fn a_bank_with_an_open_page_is_not_at_rest() {
    let genesis = genesis(2, 1);
    let mut bank = Bank::genesis(&genesis).unwrap();
    let tables = [Table::new(genesis.tables[0].id, genesis.tables[0].rules)];
    let mut claim = claim(&mut bank, Player(1).account(), 1);
    bank.pay(&mut claim, Player(2).account(), 1).unwrap();
    assert_eq!(bank.audit(&tables), Err(AuditError::MidBlock));
    bank.ledger.seal();
    assert_eq!(bank.audit(&tables), Ok(()));
}

fn claim(bank: &mut Bank, account: AccountId, sequence: u64) -> Claim {
    let slot = bank.ledger.slot(&account).unwrap();
    bank.ledger.claim(slot, sequence).unwrap()
}

#[test]
fn an_escrow_without_a_bet_and_a_bet_without_an_escrow_fail_the_audit() {
    let genesis = genesis(2, 1);
    let mut bank = Bank::genesis(&genesis).unwrap();
    let tables = [Table::new(genesis.tables[0].id, genesis.tables[0].rules)];
    let bet = Player(1).bet_id(1);
    let house = bank.house_slot();
    let claim = claim(&mut bank, bet.account, 1);
    bank.escrow(claim, house, 10, 10).unwrap();
    bank.ledger.seal();
    assert_eq!(bank.audit(&tables), Err(AuditError::StrayEscrow));

    let mut bank = Bank::genesis(&genesis).unwrap();
    let mut table = tables[0].clone();
    let place = Play::Place { bet: Bet::Craps(craps::Bet::Field), stake: 10 };
    let orders = vec![Order { id: bet, play: place }];
    let report = table.play(&Orders { table: table.id(), height: 1, orders, limit: None }, None);
    (bank.seats[0].digest, bank.seats[0].has_open_bets) = (report.digest, true);
    assert_eq!(bank.audit(&[table]), Err(AuditError::Bet(bet)));
}

#[test]
fn more_unbonding_than_there_is_and_numbers_that_the_house_cannot_have_used_fail_the_audit() {
    let mut genesis = genesis(2, 1);
    genesis.policy.stake =
        Some(StakePolicy { per_power: 100, unbonding: Offence::MAX_AGE, slash: PerMille(1), kept: None });
    let tables = [Table::new(genesis.tables[0].id, genesis.tables[0].rules)];
    let audit = |spoil: &dyn Fn(&mut Bank)| {
        let mut bank = Bank::genesis(&genesis).unwrap();
        spoil(&mut bank);
        bank.audit(&tables)
    };
    let unbonding = |validator, amounts: [Amount; 2]| {
        audit(&|bank| {
            let parts =
                (1..).zip(amounts).map(|(height, amount)| ((height, ValidatorIndex(validator)), amount));
            bank.stakes.unbond_all(parts);
        })
    };
    assert_eq!(unbonding(0, [40, 60]), Ok(()));
    assert_eq!(unbonding(0, [41, 60]), Err(AuditError::Stakes));
    assert_eq!(unbonding(0, [Amount::MAX, 60]), Err(AuditError::Stakes));
    assert_eq!(unbonding(0, [0, 60]), Err(AuditError::Stakes));
    assert_eq!(unbonding(1, [1, 1]), Err(AuditError::Stakes));
    assert_eq!(audit(&|bank| _ = claim(bank, house(), u64::MAX)), Err(AuditError::House));
    let share = audit(&|bank| bank.policy.reserve = Reserve::PerMille(PerMille(2000)));
    assert_eq!(share, Err(AuditError::Policy(PolicyError::PerMille(2000))));
    let worst = audit(&|bank| bank.seats.iter_mut().for_each(|seat| seat.worst = 1));
    assert_eq!(worst, Err(AuditError::Table(genesis.tables[0].id)));
}

#[test]
fn a_full_ledger_opens_no_account_and_still_fits_a_snapshot() {
    let mut genesis = genesis(2, 1);
    let key = |n: usize| PublicKey(Digest::of("test/key", &n.to_le_bytes()).0);
    // The issue and the bank have accounts too, and one is left to open.
    genesis.players.extend((0..Bank::MAX_ACCOUNTS - 5).map(|n| (key(n), 1)));
    let mut casino = Casino::genesis(&genesis).unwrap();
    let chain = genesis.chain_id();
    let stranger = |n: u8| Player(n).account();
    let pay = |sequence, to| Player(1).signs(&chain, sequence, Action::Transfer { to, amount: 1 });
    let commands = vec![pay(1, stranger(100)), pay(2, stranger(101)), pay(3, stranger(100))];
    casino.apply(&block(1, commands), None, &chain, &Tags);
    let refusal = Refusal { account: stranger(1), sequence: 2, reason: Reason::TooManyAccounts };
    assert_eq!(casino.bank().refusals(), [refusal]);
    assert_eq!(casino.bank().ledger().account_count(), Bank::MAX_ACCOUNTS);
    assert!(casino.encode_snapshot().len() < Casino::MAX_SNAPSHOT * 3 / 4);
}
