//! What validators have at stake: who can move it, and what an offence costs.

use super::*;
use crate::policy::stake_account;
use crate::{GenesisValidator, Kept, PerMille, Policy, PolicyError, Stake, StakePolicy};
use bitcraps_types::Sign;

const WAIT: Height = Offence::MAX_AGE;
/// The key of validator 0.
const OWNER: Player = Player(200);

fn policy() -> StakePolicy {
    StakePolicy { per_power: 1000, unbonding: WAIT, slash: PerMille(100), kept: None }
}

/// Validators of the powers 1 and 3, whose keys own 5000 each.
fn staked(stake: StakePolicy) -> Genesis {
    let keys = [OWNER.public_key(), Player(201).public_key()];
    let mut genesis = genesis(1, 1);
    genesis.validators =
        keys.iter().zip([1, 3]).map(|(key, power)| GenesisValidator { key: *key, power }).collect();
    genesis.players.extend(keys.map(|key| (key, 5000)));
    genesis.policy = Policy { stake: Some(stake), ..Policy::default() };
    genesis
}

fn offence(offender: u16, height: Height) -> Offence {
    Offence { offender: ValidatorIndex(offender), height, proof: vec![1] }
}

impl House {
    fn stake_of(&self, validator: u16) -> (Amount, Amount) {
        let Stake { bonded, unbonding } = self.casino.bank.stake(ValidatorIndex(validator)).unwrap();
        (bonded, unbonding)
    }

    fn supply(&self) -> Amount {
        self.casino.bank.ledger().supply()
    }

    fn accuse(&mut self, offences: Vec<Offence>) {
        self.height += 1;
        let block = Block { offences, ..block(self.height, Vec::new()) };
        self.casino.apply(&block, None, &self.chain, &Tags);
        self.casino.bank.ledger().check().unwrap();
    }

    fn wait_until(&mut self, height: Height) {
        self.height = height - 1;
        self.apply(Vec::new());
    }
}

#[test]
fn each_validator_starts_with_what_its_power_requires() {
    let house = House::new(&staked(policy()));
    assert_eq!([house.stake_of(0), house.stake_of(1)], [(1000, 0), (3000, 0)]);
    assert_eq!(house.supply(), 1_000_000 + 1000 + 2 * 5000 + 4000);
    assert_eq!(house.casino.bank.stake(ValidatorIndex(2)), None);
    let none = House::new(&genesis(1, 1));
    assert_eq!(none.casino.bank.stake(ValidatorIndex(0)), None);
}

#[test]
fn an_offence_costs_its_share_once_and_nobody_else() {
    let mut house = House::new(&staked(policy()));
    let supply = house.supply();
    house.accuse(vec![offence(1, 1), offence(1, 1)]);
    assert_eq!([house.stake_of(0), house.stake_of(1)], [(1000, 0), (2700, 0)]);
    assert_eq!(house.supply(), supply - 300);
    house.accuse(vec![Offence { proof: vec![2], ..offence(1, 1) }]);
    assert_eq!((house.stake_of(1), house.supply()), ((2700, 0), supply - 300));
    house.accuse(vec![offence(1, 2), offence(9, 2)]);
    assert_eq!((house.stake_of(1), house.supply()), ((2430, 0), supply - 570), "another offence costs again");
}

#[test]
fn what_is_slashed_is_burnt_save_what_somebody_keeps() {
    let by = Player(1).account();
    let kept = Some(Kept { share: PerMille(333), by });
    let mut house = House::new(&staked(StakePolicy { slash: PerMille(1000), kept, ..policy() }));
    let supply = house.supply();
    house.accuse(vec![offence(1, 1)]);
    assert_eq!((house.stake_of(1), house.balance(by), house.supply()), ((0, 0), 1999, supply - 2001));
    house.accuse(vec![offence(1, 2)]);
    assert_eq!((house.stake_of(1), house.supply()), ((0, 0), supply - 2001), "there is no more to take");
}

#[test]
fn a_validator_takes_out_only_what_its_power_does_not_require() {
    let mut house = House::new(&staked(policy()));
    house.does(&OWNER, 1, Action::Unbond { amount: 1 });
    assert_eq!(house.reasons(), [Reason::StakeRequired { left: 0 }]);
    house.does(&OWNER, 2, Action::Bond { amount: 5001 });
    assert_eq!(house.reasons(), [Reason::Ledger(LedgerError::Insufficient { available: 5000 })]);
    house.does(&OWNER, 3, Action::Bond { amount: 600 });
    assert_eq!((house.reasons(), house.stake_of(0)), (vec![], (1600, 0)));
    house.does(&OWNER, 4, Action::Unbond { amount: 601 });
    assert_eq!(house.reasons(), [Reason::StakeRequired { left: 600 }]);
    house.does(&OWNER, 5, Action::Unbond { amount: 0 });
    assert_eq!(house.reasons(), [Reason::Ledger(LedgerError::NoAmount)]);
    house.does(&OWNER, 6, Action::Unbond { amount: 500 });
    assert_eq!((house.reasons(), house.stake_of(0)), (vec![], (1100, 500)));
    house.does(&PLAYER, 1, Action::Bond { amount: 5 });
    assert_eq!(house.reasons(), [Reason::NoStake]);
}

#[test]
fn where_nothing_is_staked_nothing_is_bonded() {
    let mut plain = staked(policy());
    plain.policy.stake = None;
    let mut house = House::new(&plain);
    house.does(&OWNER, 1, Action::Bond { amount: 5 });
    assert_eq!(house.reasons(), [Reason::NoStake]);
    house.accuse(vec![offence(0, 1)]);
    assert_eq!(house.supply(), 1_000_000 + 1000 + 2 * 5000);
}

#[test]
fn unbonded_money_comes_after_its_time_and_not_a_height_before() {
    let mut house = House::new(&staked(policy()));
    house.does(&OWNER, 1, Action::Bond { amount: 600 });
    house.does(&OWNER, 2, Action::Unbond { amount: 500 });
    house.wait_until(house.height + WAIT - 1);
    assert_eq!((house.stake_of(0), house.balance(OWNER.account())), ((1100, 500), 4400));
    house.apply(Vec::new());
    assert_eq!((house.stake_of(0), house.balance(OWNER.account())), ((1100, 0), 4900));
}

#[test]
fn who_leaves_pays_for_what_is_proven_up_to_the_last_height() {
    let mut house = House::new(&staked(policy()));
    house.does(&OWNER, 1, Action::Bond { amount: 1000 });
    house.does(&OWNER, 2, Action::Unbond { amount: 1000 });
    let left_at = house.height;
    house.height = left_at + WAIT - 1;
    house.accuse(vec![offence(0, left_at)]);
    assert_eq!(house.stake_of(0), (900, 0), "the unbonding money paid its part, and left");
    assert_eq!(house.balance(OWNER.account()), 4900);
}

#[test]
fn all_unbonding_parts_pay_to_the_unit_together() {
    let mut house = House::new(&staked(StakePolicy { slash: PerMille(500), ..policy() }));
    house.does(&OWNER, 1, Action::Bond { amount: 6 });
    house.does(&OWNER, 2, Action::Unbond { amount: 1 });
    house.does(&OWNER, 3, Action::Unbond { amount: 1 });
    house.does(&OWNER, 4, Action::Unbond { amount: 3 });
    assert_eq!(house.stake_of(0), (1001, 5));
    house.accuse(vec![offence(0, 1)]);
    let (bonded, unbonding) = house.stake_of(0);
    assert_eq!(bonded + unbonding, 503);
    let bytes = house.casino.encode_snapshot();
    assert_eq!(Casino::decode_snapshot(&bytes).unwrap().root(), house.casino.root());
    let before = house.balance(OWNER.account());
    house.wait_until(house.height + WAIT);
    assert_eq!(house.balance(OWNER.account()), before + unbonding);
    assert_eq!(house.stake_of(0), (bonded, 0));
}

#[test]
fn only_so_many_parts_unbond_at_once() {
    let mut house = House::new(&staked(policy()));
    house.does(&OWNER, 1, Action::Bond { amount: 1000 });
    for sequence in 2..20 {
        house.does(&OWNER, sequence, Action::Unbond { amount: 1 });
        let expected = if sequence < 18 { vec![] } else { vec![Reason::TooManyUnbondings] };
        assert_eq!(house.reasons(), expected, "command {sequence}");
    }
    let chain = house.chain;
    house.wait_until(house.height + WAIT);
    let unbond = |sequence| OWNER.signs(&chain, sequence, Action::Unbond { amount: 1 });
    house.apply((20..40).map(unbond).collect());
    assert_eq!(house.reasons(), [], "those of one height are one part");
}

#[test]
fn a_policy_that_lets_somebody_get_away_starts_nothing() {
    let check = |stake: StakePolicy| Casino::genesis(&staked(stake)).err();
    let refused = |error: PolicyError| Some(GenesisError::Policy(error));
    assert_eq!(check(policy()), None);
    let soon = StakePolicy { unbonding: WAIT - 1, ..policy() };
    assert_eq!(check(soon), refused(PolicyError::UnbondingTooShort(WAIT - 1)));
    assert_eq!(
        check(StakePolicy { slash: PerMille(1001), ..policy() }),
        refused(PolicyError::PerMille(1001))
    );
    let by = stake_account(ValidatorIndex(1));
    let kept = Some(Kept { share: PerMille(1), by });
    assert_eq!(check(StakePolicy { kept, ..policy() }), refused(PolicyError::KeptBy(by)));
    let rich = StakePolicy { per_power: Amount::MAX / 4, ..policy() };
    assert_eq!(check(rich), Some(GenesisError::TooMuchMoney));
    assert_eq!(
        check(StakePolicy { per_power: Amount::MAX / 2, ..policy() }),
        Some(GenesisError::TooMuchMoney)
    );
}

#[test]
fn the_root_covers_the_policy_and_what_is_unbonding() {
    let root = |genesis: &Genesis| Casino::genesis(genesis).unwrap().root();
    let usual = staked(policy());
    assert_ne!(root(&usual), root(&staked(StakePolicy { slash: PerMille(101), ..policy() })));
    let mut house = House::new(&usual);
    house.does(&OWNER, 1, Action::Bond { amount: 10 });
    let chain = house.chain;
    let after = |amount| {
        let mut casino = house.casino.clone();
        let unbond = OWNER.signs(&chain, 2, Action::Unbond { amount });
        casino.apply(&block(2, vec![unbond]), None, &chain, &Tags)
    };
    assert_ne!(after(1), after(2));
}
