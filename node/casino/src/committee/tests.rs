use super::*;
use crate::testing::{Player, Tags, block, genesis};
use crate::{Casino, Policy, stake_account};
use bitcraps_types::{AccountId, Digest};

const CHAIN: ChainId = Digest([7; 32]);

fn validator(n: u8, power: u64) -> GenesisValidator {
    GenesisValidator { key: Player(n).public_key(), power }
}

fn committee(powers: &[u64]) -> Committee {
    let validators = (1..).zip(powers).map(|(n, power)| validator(n, *power)).collect();
    Committee { validators, dice: DiceKey { group: GroupKey(vec![1]), holders: vec![] } }
}

fn before() -> Committees {
    Committees { handovers: 2, acting: VecDeque::from([(1, committee(&[1])), (50, committee(&[1, 1, 1]))]) }
}

/// Handover 3 from validators 1 to 3 to these powers, approved by the validators with these numbers.
fn handover(powers: &[u64], approvals: &[u8]) -> Handover {
    let terms = Terms { number: 3, not_before: 60, to: committee(powers) };
    let approve = |n: &u8| terms.approve(&CHAIN, &Player(*n)).expect("a validator");
    Handover { approvals: approvals.iter().map(approve).collect(), terms }
}

fn check(handover: &Handover) -> Result<u64, HandoverError> {
    handover.check(&before(), 60, &CHAIN, &Tags)
}

#[test]
fn a_handover_tells_how_much_of_the_power_before_consents() {
    assert_eq!(check(&handover(&[1, 0, 1, 1], &[1, 3, 4])), Ok(2), "validator 4 had none");
    assert_eq!(check(&handover(&[1, 1, 1], &[1, 2, 3])), Ok(3), "another dice key alone");
    assert_eq!(check(&handover(&[0, 0, 1], &[])), Ok(0), "who loses power needs no consent");
}

#[test]
fn a_handover_happens_once_in_order_and_not_before_its_time() {
    let good = handover(&[1, 1, 1], &[1, 2, 3]);
    for (found, error) in
        [(2, HandoverError::Number { found: 2, next: 3 }), (4, HandoverError::Number { found: 4, next: 3 })]
    {
        let terms = Terms { number: found, ..good.terms.clone() };
        assert_eq!(check(&Handover { terms, ..good.clone() }), Err(error));
    }
    assert_eq!(good.check(&before(), 59, &CHAIN, &Tags), Err(HandoverError::TooEarly(60)));
}

#[test]
fn validators_keep_their_places_and_nobody_is_given_power_without_consent() {
    let place = |n| Err(HandoverError::Place(ValidatorIndex(n)));
    assert_eq!(check(&handover(&[1, 1], &[1, 2])), place(2), "left out");
    let mut swapped = handover(&[1, 1, 1], &[]);
    swapped.terms.to.validators.swap(0, 1);
    assert_eq!(check(&swapped), place(0));
    let consent = |n| Err(HandoverError::Consent(ValidatorIndex(n)));
    assert_eq!(check(&handover(&[1, 1, 1, 1], &[1, 2, 3])), consent(3));
    assert_eq!(check(&handover(&[1, 2, 1], &[1, 3])), consent(1));
}

#[test]
fn approvals_are_each_validators_own_and_counted_once() {
    let mut twice = handover(&[1, 1, 1], &[1, 1]);
    assert_eq!(check(&twice), Err(HandoverError::Order));
    twice.approvals[1].0 = ValidatorIndex(9);
    assert_eq!(check(&twice), Err(HandoverError::Order), "a stranger");
    let mut forged = handover(&[1, 1, 1], &[1, 2]);
    forged.approvals[1].1 = forged.approvals[0].1;
    assert_eq!(check(&forged), Err(HandoverError::Signature(ValidatorIndex(1))));
    let good = handover(&[1, 1, 1], &[1, 2, 3]);
    let elsewhere = good.check(&before(), 60, &Digest([8; 32]), &Tags);
    assert_eq!(elsewhere, Err(HandoverError::Signature(ValidatorIndex(0))), "another chain");
    for change in [
        (|terms| terms.not_before -= 1) as fn(&mut Terms),
        |terms| terms.to.dice.group.0.push(0),
        |terms| terms.to.validators[2].power = 0,
    ] {
        let mut changed = good.clone();
        change(&mut changed.terms);
        assert!(matches!(check(&changed), Err(HandoverError::Signature(_))), "other terms");
    }
    assert_eq!(good.terms.approve(&CHAIN, &Player(9)), None, "no validator of either");
}

#[test]
fn committees_are_known_as_long_as_their_offences_count() {
    let mut committees = Committees { handovers: 0, acting: VecDeque::from([(1, committee(&[1]))]) };
    let firsts = |committees: &Committees| committees.iter().map(|(first, _)| first).collect::<Vec<_>>();
    committees.hand_over(10, committee(&[1, 1]));
    committees.hand_over(Offence::MAX_AGE + 10, committee(&[0, 1]));
    assert_eq!(firsts(&committees), [1, 11, Offence::MAX_AGE + 11], "block 10 can still be an offence's");
    committees.hand_over(Offence::MAX_AGE + 11, committee(&[0, 0, 1]));
    assert_eq!(firsts(&committees), [11, Offence::MAX_AGE + 11, Offence::MAX_AGE + 12]);
    assert_eq!((committees.handovers(), committees.last()), (3, &committee(&[0, 0, 1])));
    assert!(committees.are_sound());
}

/// In a casino where a unit of power requires 1000: validator 0 hands over to 1, a player with a little less.
#[test]
fn who_gets_power_stakes_for_it_and_who_loses_it_may_unbond() {
    let mut genesis = genesis(2, 0);
    genesis.policy = Policy::of_test_network();
    genesis.validators = vec![GenesisValidator { key: Player(9).public_key(), power: 1 }];
    genesis.players[0].1 = 2500;
    let chain = genesis.chain_id();
    let mut casino = Casino::genesis(&genesis).unwrap();
    let stake = |casino: &Casino, n| casino.bank().stake(ValidatorIndex(n)).map(|stake| stake.bonded);
    assert_eq!((stake(&casino, 0), stake(&casino, 1)), (Some(1000), None));

    let to = Committee {
        validators: vec![validator(9, 0), validator(1, 2), validator(2, 3)],
        dice: DiceKey { group: GroupKey(vec![2]), holders: vec![] },
    };
    let terms = Terms { number: 1, not_before: 1, to: to.clone() };
    let handover = Some(Box::new(Handover { terms, approvals: vec![] }));
    let root = casino.root();
    casino.apply(&crate::Block { handover, ..block(1, vec![]) }, None, &chain, &Tags);
    assert_ne!(casino.root(), root);
    assert_eq!(casino.bank().committees().last(), &to);
    assert_eq!([0, 1, 2].map(|n| stake(&casino, n)), [Some(1000), Some(2000), Some(1000)]);
    let has =
        |casino: &Casino, account: &AccountId| casino.bank().ledger().account(account).unwrap().available();
    assert_eq!((has(&casino, &Player(1).account()), has(&casino, &Player(2).account())), (500, 0));

    // Its power requires nothing now; that of validator 1 requires all that it staked.
    let unbond = |n: u8| Player(n).signs(&chain, 1, crate::Action::Unbond { amount: 1000 });
    casino.apply(&block(2, vec![unbond(9), unbond(1)]), None, &chain, &Tags);
    let refused: Vec<_> = casino.bank().refusals().iter().map(|refusal| refusal.account).collect();
    assert_eq!(refused, [Player(1).account()]);
    assert_eq!(stake(&casino, 0), Some(0));
    assert!(casino.bank().ledger().account(&stake_account(ValidatorIndex(0))).is_some());

    let again = Casino::decode_snapshot(&casino.encode_snapshot()).unwrap();
    assert_eq!((again.root(), again.bank().committees()), (casino.root(), casino.bank().committees()));
}

/// A reward of 10 among powers 1, 2 and 3: who signed the parent gets its part, and nobody another's.
#[test]
fn who_signed_the_parent_is_paid_by_the_power_it_had_then() {
    let mut genesis = genesis(0, 0);
    genesis.policy = Policy { reward: Some(10), ..Policy::default() };
    genesis.validators = committee(&[1, 2, 3]).validators;
    let chain = genesis.chain_id();
    let mut casino = Casino::genesis(&genesis).unwrap();
    let supply = casino.bank().ledger().supply();
    let mut signed = |height, signers: &[u16], handover| {
        let signers = signers.iter().copied().map(ValidatorIndex).collect();
        let attendance = Some(crate::Attendance { signers, proof: vec![] });
        casino.apply(&crate::Block { attendance, handover, ..block(height, vec![]) }, None, &chain, &Tags);
        let ledger = casino.bank().ledger();
        let paid = [1, 2, 3].map(|n| ledger.account(&Player(n).account()).unwrap().available());
        assert_eq!(ledger.supply(), supply + paid.iter().sum::<u64>());
        paid
    };
    assert_eq!(signed(2, &[0, 1, 2], None), [2, 3, 5], "10/6, 20/6, 30/6: the odd unit to the largest rest");
    assert_eq!(signed(3, &[1, 2], None), [2, 6, 10], "the part of who was absent is not minted");
    let terms = Terms { number: 1, not_before: 1, to: committee(&[6, 0, 0]) };
    assert_eq!(signed(4, &[0], Some(Box::new(Handover { terms, approvals: vec![] }))), [4, 6, 10]);
    assert_eq!(
        signed(5, &[0, 1, 2], None),
        [6, 9, 15],
        "the block that handed over was signed by those before"
    );
    assert_eq!(signed(6, &[0], None), [16, 9, 15]);
}
