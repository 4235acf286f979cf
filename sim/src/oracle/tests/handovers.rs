//! Handovers, as the oracles judge them: who decides after one, and what is none.

use super::*;
use bitcraps_beacon::Shares;
use bitcraps_casino::{Block, Committee, DiceKey, GenesisValidator, Handover, Terms};

/// To these powers of the first validators, approved by these.
fn handover(world: &World, powers: &[u64], approvals: &[u16]) -> Handover {
    let entry =
        |(place, power): (usize, &u64)| GenesisValidator { key: world.keys.public_key(place), power: *power };
    let validators = powers.iter().enumerate().map(entry).collect();
    let group = DiceKeys::new(Scheme::Mock, 9, &[1; 4]).genesis.group;
    let dice = DiceKey { group, holders: Shares::of(powers).unwrap().holders().to_vec() };
    let terms = Terms { number: 1, not_before: 1, to: Committee { validators, dice } };
    let approve = |place: &u16| terms.approve(&CHAIN, &*world.keys.signer(usize::from(*place))).unwrap();
    Handover { approvals: approvals.iter().map(approve).collect(), terms }
}

/// Validator 0 leaves and number 4 is new.
fn good(world: &World) -> Handover {
    handover(world, &[0, 1, 1, 1, 1], &[0, 1, 2, 4])
}

/// The first block with this handover in it.
fn first_block_with(world: &World, handover: Handover) -> Value {
    let mut block = Block::decode(world.block(1).bytes()).unwrap();
    block.handover = Some(Box::new(handover));
    Value::new(block.encode())
}

/// A first block that hands over as it should.
pub(super) fn handing_over(world: &World) -> Value {
    first_block_with(world, good(world))
}

#[test]
fn after_a_handover_the_next_committee_alone_decides() {
    for (signers, holds) in [([1, 2, 4], true), ([0, 1, 2], false)] {
        let mut world = World::new();
        let value = handing_over(&world);
        world.decide_value(0, 1, &value);
        world.assert_holds("validity");
        let next = world.block(2);
        let certificate = world.certificate((2, 0), next.digest(), &signers);
        world.decide_with(0, 2, &next, &certificate);
        match holds {
            true => world.assert_holds("certificates"),
            false => world.assert_violated("certificates", "2 of 4 is not more than two thirds"),
        }
        assert_eq!(world.oracles.handovers(), 1);
    }
}

#[test]
fn a_handover_that_was_not_agreed_on_is_none() {
    let judge = |change: fn(&World) -> Handover, place: &str| {
        let mut world = World::new();
        let value = first_block_with(&world, change(&world));
        world.decide_value(0, 1, &value);
        world.assert_violated("validity", place);
        assert_eq!(world.oracles.handovers(), 0, "the committee before goes on");
    };
    judge(|world| handover(world, &[0, 1, 1, 1, 1], &[0, 1, 4]), "too few consent");
    judge(|world| handover(world, &[0, 1, 1, 1, 1], &[0, 1, 2]), "validator 4 power that it does not want");
    judge(|world| handover(world, &[1, 1, 1], &[0, 1, 2]), "validator 3 loses its place");
    judge(
        |world| {
            let mut forged = good(world);
            forged.approvals[1].1 = forged.approvals[0].1;
            forged
        },
        "is forged",
    );
    judge(
        |world| {
            let mut twice = good(world);
            twice.terms.number = 2;
            twice
        },
        "it is handover 2, and the next is 1",
    );
    judge(
        |world| {
            let mut early = good(world);
            early.terms.not_before = 2;
            early
        },
        "before height 2",
    );
}
