//! What those who cheat the casino put into their blocks, and say of the dice.

use super::speech::{HEIGHT, proposal, proposer, second_vote, value};
use super::*;
use crate::puppet::parts;
use bitcraps_beacon::Partials;
use bitcraps_casino::{Action, Bet, Block, Command, SignedCommand};
use bitcraps_tables::{Seed, craps, roll};
use bitcraps_types::{PartialSignature, Protocol, TableId};

fn liar(protocol: Protocol, lie: Lie) -> Puppet {
    let puppet = puppet(proposer(protocol, 0).0);
    puppet.activate("lie", Behaviour::from(&lie));
    puppet
}

/// A bet of a player's.
fn bet(player: u16, sequence: u64) -> SignedCommand {
    let bet = Bet::Craps(craps::Bet::Field);
    let action = Action::Bet { table: TableId(1), bet, stake: 10 };
    let tag = Tag::of(v(player));
    SignedCommand::sign(&CHAIN, Command { key: tag.public_key(), sequence, action }, &tag)
}

/// The block of which all speak, with these commands in it.
fn block_with(commands: Vec<SignedCommand>) -> Value {
    let mut block = Block::decode(value().bytes()).unwrap();
    block.rolls = Block::must_roll(false, &commands);
    block.commands = commands;
    Value::new(block.encode())
}

fn proposal_of(protocol: Protocol, value: &Value) -> Signed<ConsensusMessage> {
    let mut proposal = proposal(protocol, 0);
    *parts::free_value_mut(&mut proposal.message).unwrap() = value.clone();
    let tag = Tag::of(proposal.message.author());
    Signed::new(proposal.message, &CHAIN, &tag)
}

/// What the liar shows instead of a block, to everybody alike, and votes for.
fn shown(puppet: &Puppet, protocol: Protocol, truth: &Value) -> Block {
    let truth = proposal_of(protocol, truth);
    let [first, second] = [1, 2].map(|to| told(puppet, to, &truth));
    assert_eq!(first, second, "{protocol}");
    let shown = parts::value(&first[0].message).unwrap().clone();
    let mut vote = second_vote(protocol, proposer(protocol, 0).0, 0);
    *parts::digest_mut(&mut vote.message).unwrap() = parts::value(&truth.message).unwrap().digest();
    let mut voted = told(puppet, 2, &vote).remove(0);
    assert_eq!(parts::digest_mut(&mut voted.message), Some(&mut shown.digest()), "{protocol}");
    Block::decode(shown.bytes()).unwrap()
}

fn are_signed(commands: &[SignedCommand]) -> bool {
    SignedCommand::verify_all(commands, &CHAIN, &Tags)
}

#[test]
fn a_stuffed_block_keeps_what_it_had_rolls_where_it_must_and_has_signed_commands_only() {
    for protocol in Protocol::ALL {
        for lie in [Lie::InvalidBets, Lie::Overdraw] {
            let puppet = liar(protocol, lie.clone());
            for (round, commands) in
                [vec![], vec![bet(40, 1)], vec![bet(40, 1), bet(41, 7)]].into_iter().enumerate()
            {
                let block = shown(&puppet, protocol, &block_with(commands.clone()));
                assert!(block.commands.starts_with(&commands) && block.commands.len() >= commands.len() + 5);
                assert_eq!(block.rolls, Block::must_roll(false, &block.commands), "{lie:?}");
                assert!(are_signed(&block.commands), "{lie:?}");
                let own = &block.commands[commands.len()..];
                let mine = puppet.identity.signer.public_key();
                let expected: Vec<u64> = (1..).skip(round * own.len()).take(own.len()).collect();
                let numbers: Vec<u64> = own.iter().map(|signed| signed.command.sequence).collect();
                assert_eq!(numbers, expected, "each number once");
                assert!(own.iter().all(|signed| signed.command.key == mine));
            }
        }
    }
}

#[test]
fn commands_of_earlier_blocks_come_again_as_they_were_signed_and_those_of_this_one_too() {
    for protocol in Protocol::ALL {
        let puppet = liar(protocol, Lie::ReplayedBets);
        let first = block_with(vec![bet(40, 1), bet(41, 1)]);
        assert_eq!(
            shown(&puppet, protocol, &first).commands,
            [bet(40, 1), bet(41, 1), bet(40, 1), bet(41, 1)]
        );
        let second = shown(&puppet, protocol, &block_with(vec![bet(42, 9)])).commands;
        assert!(second.starts_with(&[bet(42, 9)]) && second.ends_with(&[bet(42, 9)]));
        for earlier in [bet(40, 1), bet(41, 1)] {
            assert_eq!(second.iter().filter(|command| **command == earlier).count(), 2, "{protocol}");
        }
        assert!(are_signed(&second));
        let puppet = liar(protocol, Lie::ReplayedBets);
        let idle = proposal_of(protocol, &block_with(vec![]));
        assert_eq!(told(&puppet, 1, &idle), [idle], "{protocol}: there is nothing to repeat");
    }
}

#[test]
fn a_false_payout_is_in_the_state_in_a_command_that_its_player_did_not_sign_or_in_a_roll_left_out() {
    for protocol in Protocol::ALL {
        let mut ways = BTreeSet::new();
        for seed in 0..60 {
            let puppet = liar(protocol, Lie::FalsePayout);
            puppet.state.borrow_mut().rng = ChaCha8Rng::seed_from_u64(seed);
            let truth = block_with(vec![bet(40, 1)]);
            let (honest, block) = (Block::decode(truth.bytes()).unwrap(), shown(&puppet, protocol, &truth));
            let root = block.state_root != honest.state_root;
            let forged = !are_signed(&block.commands);
            let silent = block.rolls != Block::must_roll(false, &block.commands);
            assert_eq!(u8::from(root) + u8::from(forged) + u8::from(silent), 1, "each in one way");
            if forged {
                let pays = block.commands[1].command;
                let mine = bitcraps_types::AccountId::of_key(&puppet.identity.signer.public_key());
                assert!(matches!(pays.action, Action::Transfer { to, .. } if to == mine), "{pays:?}");
                assert_eq!(pays.key, Tag::of(v(40)).public_key(), "a player's money");
            }
            ways.insert((root, forged, silent, block.commands.get(1).map(|signed| signed.signature)));
        }
        assert_eq!(ways.len(), 4, "{protocol}: in every way");
    }
}

#[test]
fn a_grinder_shows_blocks_whose_digest_throws_a_seven_and_changes_nothing_else() {
    for protocol in Protocol::ALL {
        let puppet = liar(protocol, Lie::BiasedDice { tries: 200 });
        for sequence in 1..10 {
            let truth = block_with(vec![bet(40, sequence)]);
            let (honest, block) = (Block::decode(truth.bytes()).unwrap(), shown(&puppet, protocol, &truth));
            let digest = Value::new(block.encode()).digest();
            assert_eq!(roll(&Seed(digest), TableId(1)).total(), 7);
            let late = block.time.0 - honest.time.0;
            assert!(late < 200 && Block { time: honest.time, ..block } == honest);
        }
        let honest = liar(protocol, Lie::BiasedDice { tries: 0 });
        let said = proposal_of(protocol, &block_with(vec![bet(40, 1)]));
        assert_eq!(told(&honest, 1, &said), [said], "{protocol}");
    }
}

#[test]
fn a_grinder_says_its_part_of_the_dice_rightly_wrongly_or_not() {
    let puppet = liar(Protocol::Tendermint, Lie::BiasedDice { tries: 1 });
    let signatures = vec![PartialSignature([3; 96]); 2];
    let truth = Partials { height: HEIGHT, block: value().digest(), repeated: false, signatures };
    let said: Vec<Option<Partials>> = (0..60).map(|_| puppet.outgoing_dice(v(1), truth.clone())).collect();
    let count = |test: fn(&Option<Partials>, &Partials) -> bool| {
        said.iter().filter(|said| test(said, &truth)).count()
    };
    let rightly = count(|said, truth| said.as_ref() == Some(truth));
    let nothing = count(|said, _| said.is_none());
    assert!(rightly > 5 && nothing > 5 && rightly + nothing < 55, "{rightly} rightly, {nothing} not at all");
    assert_eq!(puppet.touched("lie") as usize, 60 - rightly);
}
