use super::*;
use crate::scheme::{DiceKeys, Keyring, Scheme};
use bitcraps_casino::{
    Action, Bet, Blobs, Casino, Command, Fee, FeesTo, GenesisValidator, PerMille, Policy, Reserve,
    TableConfig,
};
use bitcraps_tables::{CrapsRules, Settlement, craps};
use bitcraps_types::{
    AccountId, Amount, ChainId, Digest, Protocol, TableId, ThresholdSignature, ValidatorIndex, WallTime,
};

const CHAIN: ChainId = Digest([5; 32]);
/// The first key that is a player's.
const PLAYER: usize = 4;

/// Three players with 1000 each, a bank with 10,000, one table.
fn genesis(keys: &Keyring, policy: Policy) -> Genesis {
    Genesis {
        name: "once".to_owned(),
        engine: Protocol::Tendermint,
        validators: (0..4).map(|i| GenesisValidator { key: keys.public_key(i), power: 1 }).collect(),
        players: (0..3).map(|i| (keys.public_key(PLAYER + i), 1000)).collect(),
        bank: 10_000,
        tables: vec![TableConfig { id: TableId(0), rules: CrapsRules::default() }],
        blob_bytes: 0,
        dice: DiceKeys::new(Scheme::Mock, 9, &[1; 4]).genesis,
        policy,
    }
}

/// What an honest node tells of a block.
#[derive(Clone)]
struct Truth {
    block: Block,
    reports: Vec<TableReport>,
    refusals: Vec<Refusal>,
    ledger: Ledger,
}

/// A casino beside the oracle.
struct World {
    keys: Keyring,
    casino: Casino,
    oracle: ExactlyOnce,
    height: Height,
    sequences: [u64; 3],
}

impl World {
    fn new() -> World {
        World::with(Policy::of_test_network())
    }

    fn with(policy: Policy) -> World {
        let keys = Keyring::new(Scheme::Mock, 9, 7);
        let genesis = genesis(&keys, policy);
        let (casino, oracle) = (Casino::genesis(&genesis).unwrap(), ExactlyOnce::new(&genesis));
        World { keys, casino, oracle, height: 0, sequences: [0; 3] }
    }

    fn account(&self, player: usize) -> AccountId {
        AccountId::of_key(&self.keys.public_key(PLAYER + player))
    }

    fn signs(&mut self, player: usize, action: Action) -> SignedCommand {
        self.sequences[player] += 1;
        self.signs_as(player, self.sequences[player], action)
    }

    fn signs_as(&self, player: usize, sequence: u64, action: Action) -> SignedCommand {
        let signer = self.keys.signer(PLAYER + player);
        SignedCommand::sign(&CHAIN, Command { key: signer.public_key(), sequence, action }, &*signer)
    }

    /// The next block; what an honest node tells of it.
    fn block(&mut self, commands: Vec<SignedCommand>) -> Truth {
        self.height += 1;
        let block = Block {
            height: self.height,
            parent: Digest::ZERO,
            proposer: ValidatorIndex(0),
            time: WallTime(self.height),
            state_root: self.casino.root(),
            rolls: Block::must_roll(self.casino.bank().bets_are_up(), &commands),
            attendance: None,
            handover: None,
            commands,
            offences: Vec::new(),
            blobs: Blobs::default(),
        };
        let dice = block.rolls.then_some(ThresholdSignature([self.height as u8; 96]));
        let (_, reports) =
            self.casino.apply_and_report(&block, dice.as_ref(), &CHAIN, &*self.keys.verifier());
        let bank = self.casino.bank();
        Truth { block, reports, refusals: bank.refusals().to_vec(), ledger: bank.ledger().clone() }
    }

    fn tell(&mut self, truth: &Truth) {
        let Truth { block, reports, refusals, ledger } = truth;
        let told = Told { block, reports, refusals, ledger };
        let height = block.height;
        for node in 0..2 {
            let first = self.oracle.applied(Time(height), node, height, &told);
            assert_eq!(first, node == 0);
        }
    }

    /// The next block, told as it is.
    fn play(&mut self, commands: Vec<SignedCommand>) {
        let truth = self.block(commands);
        self.tell(&truth);
    }

    #[track_caller]
    fn assert_holds(&self, detail: &str) {
        let result = self.oracle.result();
        assert_eq!(result.holds, Some(true), "{result:?}");
        assert!(result.detail.contains(detail), "{:?} has no {detail:?}", result.detail);
    }

    #[track_caller]
    fn assert_violated(&self, reason: &str) {
        let result = self.oracle.result();
        assert_eq!(result.holds, Some(false), "{result:?}");
        assert!(result.detail.contains(reason), "{:?} has no {reason:?}", result.detail);
    }
}

fn bet(on: craps::Bet, stake: Amount) -> Action {
    Action::Bet { table: TableId(0), bet: Bet::Craps(on), stake }
}

#[test]
fn a_long_game_with_every_kind_of_refusal_is_in_the_books_to_the_unit() {
    let mut world = World::new();
    let nowhere = TableId(9);
    for round in 0..40 {
        let (mine, theirs) = (world.account(0), world.account(1));
        let last = world.sequences[1].max(1);
        let commands = vec![
            world.signs(0, bet(craps::Bet::Pass, 30)),
            world.signs(0, bet(craps::Bet::Field, 10)),
            world.signs(1, bet(craps::Bet::Come, 20)),
            world.signs(1, bet(craps::Bet::Hardway(craps::Hard::Six), 10)),
            world.signs(2, bet(craps::Bet::Place(craps::Number::Six), 12)),
            world.signs(2, bet(craps::Bet::Field, 0)),
            world.signs(2, bet(craps::Bet::Fire, 1_000_000)),
            world.signs(2, bet(craps::Bet::Odds { base: 900 }, 10)),
            world.signs(2, Action::Bet { table: nowhere, bet: Bet::Craps(craps::Bet::Field), stake: 5 }),
            world.signs(
                2,
                Action::TakeDown { table: TableId(0), bet: BetId { account: theirs, sequence: last } },
            ),
            world.signs(
                1,
                Action::TakeDown { table: TableId(0), bet: BetId { account: theirs, sequence: last } },
            ),
            world.signs(2, Action::Transfer { to: mine, amount: 7 }),
            world.signs(2, Action::Transfer { to: AccountId::of_house("new"), amount: 1 }),
            world.signs(0, Action::Transfer { to: theirs, amount: 0 }),
            world.signs(0, Action::Transfer { to: mine, amount: 1 }),
            world.signs(0, Action::Transfer { to: theirs, amount: 100_000 }),
            world.signs(0, Action::Unbond { amount: 5 }),
            world.signs_as(1, round, bet(craps::Bet::AnySeven, 10)),
        ];
        let copy = commands[1];
        world.play(commands.into_iter().chain([copy]).collect());
    }
    world.assert_holds("760 commands, ");
    for reason in
        ["the sequence number was used", "there is no such table", "the bet is another's", "the amount is"]
    {
        world.assert_holds(reason);
    }
}

#[test]
fn fees_limits_and_a_bank_that_is_out_of_money_are_in_the_books_too() {
    let mut policy = Policy::of_test_network();
    policy.reserve = Reserve::PerMille(PerMille(300));
    policy.table_loss = Some(900);
    policy.fee = Fee { amount: 2, to: FeesTo::Nobody };
    let mut world = World::with(policy);
    for _ in 0..30 {
        let commands = vec![
            world.signs(0, bet(craps::Bet::Exactly(craps::Horn::Two), 20)),
            world.signs(1, bet(craps::Bet::Fire, 20)),
            world.signs(1, bet(craps::Bet::Exactly(craps::Horn::Two), 20)),
            world.signs(2, Action::Transfer { to: world.account(0), amount: 500 }),
        ];
        world.play(commands);
    }
    world.assert_holds("the bank keeps a reserve");
    world.assert_holds("the table may lose only");
    world.assert_holds("only … available");
    assert_eq!(world.oracle.fees(), 240, "two for each of a hundred and twenty commands");
}

/// A block in which player 0 wins or loses a field bet.
fn field(world: &mut World) -> Truth {
    let commands =
        vec![world.signs(0, bet(craps::Bet::Field, 10)), world.signs(1, bet(craps::Bet::Field, 10))];
    world.block(commands)
}

fn payment(ledger: &mut Ledger, debit: AccountId, credit: AccountId, amount: Amount) {
    let mut claim = ledger.claim(ledger.slot(&debit).unwrap(), 500).unwrap();
    ledger.transfer(&mut claim, debit, credit, amount).unwrap();
}

#[test]
fn a_bet_that_is_paid_twice_is_named_with_what_the_account_should_have() {
    let mut world = World::new();
    let mut truth = field(&mut world);
    let (house, winner) = (AccountId::of_house("bank"), world.account(0));
    payment(&mut truth.ledger, house, winner, 10);
    world.tell(&truth);
    world.assert_violated("its commands and bets leave it");
}

#[test]
fn a_settlement_that_comes_again_and_one_of_no_bet_are_named() {
    for again in [true, false] {
        let mut world = World::new();
        let mut truth = field(&mut world);
        let settled = truth.reports[0].settlements[0];
        let stranger = BetId { account: world.account(2), sequence: 1 };
        truth.reports[0].settlements.push(if again {
            settled
        } else {
            Settlement { bet: stranger, ..settled }
        });
        world.tell(&truth);
        world.assert_violated("ends, and is not up");
    }
}

#[test]
fn more_than_a_bet_can_win_is_named() {
    let mut world = World::new();
    let mut truth = field(&mut world);
    truth.reports[0].settlements[0].outcome = Outcome::Won { payout: 21 };
    world.tell(&truth);
    world.assert_violated("pays 21, and can win 20 at most");
}

#[test]
fn a_command_that_is_done_a_second_time_is_named() {
    let mut world = World::new();
    let pays = world.signs(0, Action::Transfer { to: world.account(1), amount: 5 });
    world.play(vec![pays]);
    // It is refused, and the node says that it was done.
    let mut truth = world.block(vec![pays]);
    truth.refusals.clear();
    world.tell(&truth);
    world.assert_violated("is done, and should be refused: the sequence number was used");
}

#[test]
fn the_second_of_two_commands_with_one_number_must_be_refused() {
    let mut world = World::new();
    let (one, other) = (world.account(1), world.account(2));
    let first = world.signs(0, Action::Transfer { to: one, amount: 900 });
    let second = world.signs_as(0, 1, Action::Transfer { to: other, amount: 900 });
    let mut truth = world.block(vec![first, second]);
    world.tell(&truth);
    world.assert_holds("2 commands, 1 refused: 1 the sequence number was used");
    // The same, but both are paid.
    let mut world = World::new();
    truth.refusals.clear();
    payment(&mut truth.ledger, AccountId::of_house("bank"), other, 900);
    world.tell(&truth);
    world.assert_violated("should be refused: the sequence number was used");
}

#[test]
fn a_refusal_without_a_reason_or_for_the_wrong_one_is_named() {
    let refused = |world: &mut World, change: fn(&mut Refusal)| {
        let pays = world.signs(0, Action::Transfer { to: world.account(1), amount: 5_000 });
        let mut truth = world.block(vec![pays]);
        change(&mut truth.refusals[0]);
        world.tell(&truth);
    };
    let mut world = World::new();
    refused(&mut world, |refusal| refusal.reason = Reason::UnknownTable);
    world.assert_violated(
        "is refused because `there is no such table`, it should be because `only 1000 available`",
    );
    let mut world = World::new();
    refused(&mut world, |refusal| refusal.sequence = 7);
    world.assert_violated("is done, and should be refused: only 1000 available");
    let mut world = World::new();
    let pays = world.signs(0, Action::Transfer { to: world.account(1), amount: 5 });
    let mut truth = world.block(vec![pays]);
    let reason = Reason::BankCannotCover { available: 0 };
    truth.refusals.push(Refusal { account: world.account(0), sequence: 1, reason });
    world.tell(&truth);
    world.assert_violated("and nothing speaks against it");
}

#[test]
fn a_bet_that_a_table_took_unasked_or_never_answered_is_named() {
    let mut world = World::new();
    let mut truth = field(&mut world);
    truth.reports[0].answers.pop();
    truth.reports[0].settlements.pop();
    world.tell(&truth);
    world.assert_violated("no table says what became of it");
    let mut world = World::new();
    let mut truth = field(&mut world);
    let stranger = BetId { account: world.account(2), sequence: 1 };
    truth.reports[0].answers.push(bitcraps_casino::AnswerTo { id: stranger, answer: Answer::Placed });
    world.tell(&truth);
    world.assert_violated("which the bank did not give it");
}
