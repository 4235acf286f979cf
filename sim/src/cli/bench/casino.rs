//! (h) The casino alone, without consensus or signatures: the bets that one core settles per second, by the whole casino
//! and by its tables alone, and the time of a block with many tables at work.

use super::super::say::say;
use super::REPEATS;
use bitcraps_casino::{
    Action, Bet, Blobs, Block, Casino, Command, DiceKey, Genesis, GenesisValidator, Order, Orders, Play,
    Policy, SignedCommand, Table, TableConfig, TableReport, seed_of,
};
use bitcraps_tables::craps::{self, CrapsRules, Number};
use bitcraps_tables::{BetId, Outcome};
use bitcraps_types::{
    AccountId, Amount, ChainId, Digest, GroupKey, Height, Protocol, PublicKey, Signature, TableId,
    ThresholdSignature, ValidatorIndex, Verify, WallTime,
};
use std::time::{Duration, Instant};

/// Blocks of one measurement.
const BLOCKS: Height = 200;

const STAKE: Amount = 6;

/// Signatures are not what is measured.
struct Trusting;

impl Verify for Trusting {
    fn verify(&self, _: &PublicKey, _: &[u8], _: &Signature) -> bool {
        true
    }
}

/// Prints the table.
pub(super) fn bench() {
    say(format_args!(
        "(h) the casino alone, on one core, {BLOCKS} blocks; each player bets once in each block; median of {REPEATS}. \
         \"casino\": a block in, a state root out; \"tables\": orders in, what is won and lost out"
    ));
    say("  tables   players   bets      part     bets settled/s   ms per block: p50    p99");
    // Bets that are over with one roll, and bets that stay up for some.
    let (short, long) = (craps::Bet::Field, craps::Bet::Place(Number::Six));
    for (tables, players, on) in
        [(1, 1000, short), (100, 4000, short), (1000, 4000, short), (1000, 4000, long)]
    {
        let parts: [(&str, Measurement); 2] = [("casino", casino_run), ("tables", tables_run)];
        for (part, run) in parts {
            let mut runs: Vec<Run> = (0..REPEATS).map(|_| run(tables, players, on)).collect();
            runs.sort_by(|a, b| a.per_second().total_cmp(&b.per_second()));
            let run = &runs[REPEATS / 2];
            let at =
                |part: f64| run.blocks[(part * (run.blocks.len() - 1) as f64) as usize].as_secs_f64() * 1e3;
            say(format_args!(
                "  {tables:>6}   {players:>7}   {:7}   {part}   {:>14.0}   {:>17.2} {:>6.2}",
                on.to_string(),
                run.per_second(),
                at(0.5),
                at(0.99)
            ));
        }
    }
}

/// Tables, players, and on what they bet.
type Measurement = fn(u32, u32, craps::Bet) -> Run;

/// One measurement.
struct Run {
    settled: usize,
    /// The time of each block, ascending.
    blocks: Vec<Duration>,
}

impl Run {
    fn per_second(&self) -> f64 {
        self.settled as f64 / self.blocks.iter().sum::<Duration>().as_secs_f64()
    }

    /// Of the bets settled in each block, and the time that it took.
    fn of(blocks: impl Iterator<Item = (usize, Duration)>) -> Run {
        let (settled, mut blocks): (Vec<usize>, Vec<Duration>) = blocks.unzip();
        blocks.sort();
        Run { settled: settled.iter().sum(), blocks }
    }
}

fn casino_run(tables: u32, players: u32, on: craps::Bet) -> Run {
    let genesis = genesis(tables, players);
    let chain = genesis.chain_id();
    let mut casino = Casino::genesis(&genesis).expect("it is sound");
    Run::of((1..=BLOCKS).map(|height| {
        let block = block(height, &casino, tables, players, on);
        let dice = dice(height);
        applied(&mut casino, &block, &dice, &chain)
    }))
}

fn tables_run(tables: u32, players: u32, on: craps::Bet) -> Run {
    let mut all: Vec<Table> = (0..tables).map(|id| Table::new(TableId(id), CrapsRules::default())).collect();
    let accounts: Vec<AccountId> = (0..players).map(|player| AccountId::of_key(&key(player))).collect();
    Run::of((1..=BLOCKS).map(|height| {
        let orders = |table: &Table| {
            let own = accounts.iter().skip(table.id().0 as usize).step_by(tables as usize);
            let play = Play::Place { bet: Bet::Craps(on), stake: STAKE };
            let order =
                |account: &AccountId| Order { id: BetId { account: *account, sequence: height }, play };
            Orders { table: table.id(), height, orders: own.map(order).collect(), limit: None }
        };
        let orders: Vec<Orders> = all.iter().map(orders).collect();
        played(&mut all, &orders, &dice(height))
    }))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn played(tables: &mut [Table], orders: &[Orders], dice: &ThresholdSignature) -> (usize, Duration) {
    let start = Instant::now();
    let seed = seed_of(dice);
    let reports: Vec<TableReport> =
        tables.iter_mut().zip(orders).map(|(table, orders)| table.play(orders, Some(&seed))).collect();
    // What the house pays beyond the stakes that it wins.
    let settlements = reports.iter().flat_map(|report| &report.settlements);
    let paid = settlements.fold(0i128, |paid, settlement| match settlement.outcome {
        Outcome::Won { payout } => paid + i128::from(payout),
        Outcome::Lost => paid - i128::from(STAKE),
        Outcome::Pushed => paid,
    });
    std::hint::black_box(paid);
    let took = start.elapsed();
    (reports.iter().map(|report| report.settlements.len()).sum(), took)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn applied(
    casino: &mut Casino,
    block: &Block,
    dice: &ThresholdSignature,
    chain: &ChainId,
) -> (usize, Duration) {
    let start = Instant::now();
    let (_, reports) = casino.apply_and_report(block, Some(dice), chain, &Trusting);
    let took = start.elapsed();
    (reports.iter().map(|report| report.settlements.len()).sum(), took)
}

fn key(player: u32) -> PublicKey {
    PublicKey(Digest::of("bench/player", &player.to_le_bytes()).0)
}

fn genesis(tables: u32, players: u32) -> Genesis {
    Genesis {
        name: "bench".into(),
        engine: Protocol::Tendermint,
        validators: vec![GenesisValidator { key: key(u32::MAX), power: 1 }],
        players: (0..players).map(|player| (key(player), 1_000_000)).collect(),
        bank: 1_000_000_000_000,
        tables: (0..tables).map(|id| TableConfig { id: TableId(id), rules: CrapsRules::default() }).collect(),
        blob_bytes: 0,
        policy: Policy::default(),
        dice: DiceKey { group: GroupKey::default(), holders: vec![ValidatorIndex(0)] },
    }
}

/// Something in the place of a block's dice.
fn dice(height: Height) -> ThresholdSignature {
    let mut dice = [0; 96];
    dice[..32].copy_from_slice(&Digest::of("bench/dice", &height.to_le_bytes()).0);
    ThresholdSignature(dice)
}

/// A block in which every player bets at the table that is its own.
fn block(height: Height, casino: &Casino, tables: u32, players: u32, on: craps::Bet) -> Block {
    let command = |player: u32| {
        let action = Action::Bet { table: TableId(player % tables), bet: Bet::Craps(on), stake: STAKE };
        let command = Command { key: key(player), sequence: height, action };
        SignedCommand { command, signature: Signature([0; 64]) }
    };
    Block {
        height,
        parent: Digest::ZERO,
        proposer: ValidatorIndex(0),
        time: WallTime(height),
        state_root: casino.root(),
        rolls: true,
        attendance: None,
        handover: None,
        commands: (0..players).map(command).collect(),
        offences: Vec::new(),
        blobs: Blobs::default(),
    }
}
