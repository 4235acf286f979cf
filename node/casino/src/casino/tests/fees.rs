//! What commands cost.

use super::*;
use crate::{Fee, FeesTo, GenesisValidator, Policy, PolicyError};
use bitcraps_types::Sign;

fn with_fee(amount: Amount, to: FeesTo, powers: &[u64]) -> Genesis {
    let mut genesis = genesis(2, 1);
    let validator = |(n, power): (u8, &u64)| GenesisValidator { key: Player(n).public_key(), power: *power };
    genesis.validators = (200..).zip(powers).map(validator).collect();
    genesis.policy = Policy { fee: Fee { amount, to }, ..Policy::default() };
    genesis
}

fn give(amount: Amount) -> Action {
    Action::Transfer { to: Player(2).account(), amount }
}

#[test]
fn the_fees_of_a_block_go_to_the_validators_by_power_to_the_unit() {
    let mut house = House::new(&with_fee(7, FeesTo::Validators, &[1, 0, 2]));
    let paid = |house: &House| [200, 201, 202].map(|n| house.balance(Player(n).account()));
    house.does(&PLAYER, 1, give(100));
    assert_eq!((house.balance(PLAYER.account()), paid(&house)), (893, [2, 0, 5]));
    let chain = house.chain;
    house.apply(vec![PLAYER.signs(&chain, 2, give(1)), Player(2).signs(&chain, 1, give(0))]);
    assert_eq!(paid(&house), [2 + 5, 0, 5 + 9], "14 for both commands of a block");
    let root = house.casino.root();
    house.apply(Vec::new());
    assert_eq!(house.casino.root(), root);
}

#[test]
fn what_is_refused_pays_too_unless_it_uses_no_number_up() {
    let mut house = House::new(&with_fee(7, FeesTo::Validators, &[1]));
    let chain = house.chain;
    let mut forged = PLAYER.signs(&chain, 9, give(1));
    forged.signature.0[0] ^= 1;
    house.apply(vec![PLAYER.signs(&chain, 1, give(5000)), PLAYER.signs(&chain, 1, give(5)), forged]);
    assert_eq!(
        house.reasons(),
        [Reason::Ledger(LedgerError::Insufficient { available: 993 }), used(1), Reason::Signature]
    );
    assert_eq!(house.balance(PLAYER.account()), 993);
}

#[test]
fn who_cannot_pay_the_fee_does_nothing() {
    let mut house = House::new(&with_fee(600, FeesTo::Nobody, &[]));
    let supply = house.casino.bank.ledger().supply();
    house.does(&PLAYER, 1, give(400));
    assert_eq!((house.reasons(), house.balance(PLAYER.account())), (vec![], 0));
    assert_eq!(house.casino.bank.ledger().supply(), supply - 600, "the fee is burnt");
    house.does(&PLAYER, 2, give(0));
    assert_eq!(house.reasons(), [Reason::Fee { available: 0 }]);
    house.does(&Player(2), 1, give(1));
    assert_eq!(house.reasons(), [Reason::Ledger(LedgerError::SameAccount)]);
    assert_eq!(house.casino.bank.ledger().supply(), supply - 1200);
}

#[test]
fn fees_for_nobody_start_nothing() {
    let nobody = Some(GenesisError::Policy(PolicyError::NobodyToPay));
    assert_eq!(Casino::genesis(&with_fee(1, FeesTo::Validators, &[0])).err(), nobody);
    assert_eq!(Casino::genesis(&with_fee(1, FeesTo::Nobody, &[0])).err(), None);
}
