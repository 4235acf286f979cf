//! The casino under bytes that a stranger chose: bodies for `fuzz/`.

use crate::*;
use bitcraps_tables::{CrapsRules, craps};
use bitcraps_types::{
    Amount, Digest, GroupKey, Height, Protocol, PublicKey, Signature, TableId, ThresholdSignature,
    ValidatorIndex, Verify, WallTime,
};

/// Whose signatures are always right: what is signed is not what is looked for here.
struct Trusting;

impl Verify for Trusting {
    fn verify(&self, _: &PublicKey, _: &[u8], _: &Signature) -> bool {
        true
    }
}

/// Half of them start with money.
fn key(n: u8) -> PublicKey {
    PublicKey([n % 8; 32])
}

/// Something of everything. One of the players is the validator.
fn policy() -> Policy {
    let edges = [(craps::Bet::Pass, Fraction { numerator: 7, denominator: 495 })];
    Policy {
        reserve: Reserve::PerMille(PerMille(50)),
        table_loss: Some(900),
        total_loss: Some(1500),
        kelly: Some(Kelly { share: PerMille(1000), edges: edges.into() }),
        fee: Fee { amount: 1, to: FeesTo::Validators },
        reward: Some(5),
        stake: Some(StakePolicy {
            per_power: 100,
            unbonding: Offence::MAX_AGE,
            slash: PerMille(100),
            kept: None,
        }),
    }
}

/// A small bank, which can't always cover.
fn genesis() -> Genesis {
    let table = |id| TableConfig { id: TableId(id), rules: CrapsRules::default() };
    Genesis {
        name: "fuzz".into(),
        engine: Protocol::Tendermint,
        validators: vec![GenesisValidator { key: key(3), power: 1 }],
        players: (0..4).map(|n| (key(n), 1000)).collect(),
        bank: 3000,
        tables: (0..2).map(table).collect(),
        blob_bytes: 1 << 16,
        dice: DiceKey { group: GroupKey(vec![1; 48]), holders: vec![ValidatorIndex(0)] },
        policy: policy(),
    }
}

/// A block, a snapshot of the state, or a genesis; the first byte says which.
///
/// Held: what decodes is the encoding; a block can be applied; a snapshot that is taken plays on; a genesis that passes
/// its check makes a casino.
pub fn state(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    match which % 3 {
        0 => block(bytes),
        1 => snapshot(bytes),
        _ => {
            let Ok(genesis) = borsh::from_slice::<Genesis>(bytes) else { return };
            assert_eq!(borsh::to_vec(&genesis).expect("a vector takes all bytes"), bytes);
            assert_eq!(genesis.check().is_ok(), Casino::genesis(&genesis).is_ok());
        }
    }
}

fn block(bytes: &[u8]) {
    let Ok(block) = Block::decode(bytes) else { return };
    assert_eq!(block.encode(), bytes);
    if block.height == Height::MAX {
        // Heights go up one by one: no chain comes so far.
        return;
    }
    let mut casino = Casino::genesis(&genesis()).expect("it is sound");
    let supply = casino.bank().ledger().supply();
    apply(&mut casino, &block, supply);
}

fn snapshot(bytes: &[u8]) {
    let Ok(mut casino) = Casino::decode_snapshot(bytes) else { return };
    assert_eq!(casino.encode_snapshot(), bytes);
    let supply = casino.bank().ledger().supply();
    for height in 1..4 {
        let commands = (0..4).map(|n| bet(n, height, craps::Bet::Field, 5)).collect();
        apply(&mut casino, &block_of(height, commands), supply);
    }
}

/// A list of commands, eight bytes each: who, its number, what, where, how much. A byte of 255 ends a block.
///
/// Held: after each block the books balance, no money is made, and a snapshot comes back with the same root.
pub fn play(bytes: &[u8]) {
    let mut casino = Casino::genesis(&genesis()).expect("it is sound");
    let supply = casino.bank().ledger().supply();
    let (mut height, mut commands) = (1, Vec::new());
    for step in bytes.as_chunks::<8>().0 {
        if step[0] == 255 {
            apply(&mut casino, &block_of(height, std::mem::take(&mut commands)), supply);
            height += 1;
        } else {
            commands.push(command(step));
        }
    }
    apply(&mut casino, &block_of(height, commands), supply);
    assert_eq!(casino.bank().ledger().supply(), supply, "without offences nothing is burnt");
}

fn apply(casino: &mut Casino, block: &Block, supply: Amount) {
    let chain = genesis().chain_id();
    let mut dice = [0; 96];
    dice[..32].copy_from_slice(&Digest::of("fuzz/block", &block.encode()).0);
    let dice = block.rolls.then_some(ThresholdSignature(dice));
    let root = casino.apply(block, dice.as_ref(), &chain, &Trusting);
    let ledger = casino.bank().ledger();
    assert_eq!(ledger.check(), Ok(()));
    assert!(ledger.supply() <= supply, "nothing makes money");
    let restored = Casino::decode_snapshot(&casino.encode_snapshot()).expect("its own snapshot");
    assert_eq!(restored.root(), root);
}

fn block_of(height: Height, commands: Vec<SignedCommand>) -> Block {
    Block {
        height,
        parent: Digest::ZERO,
        proposer: ValidatorIndex(0),
        time: WallTime(height),
        state_root: Digest::ZERO,
        rolls: true,
        attendance: None,
        handover: None,
        commands,
        offences: Vec::new(),
        blobs: Blobs::default(),
    }
}

fn signed(player: u8, sequence: u64, action: Action) -> SignedCommand {
    let command = Command { key: key(player), sequence, action };
    SignedCommand { command, signature: Signature([0; 64]) }
}

fn bet(player: u8, sequence: u64, on: craps::Bet, stake: Amount) -> SignedCommand {
    signed(player, sequence, Action::Bet { table: TableId(0), bet: Bet::Craps(on), stake })
}

fn command(&[player, sequence, what, table, number, low, high, shift]: &[u8; 8]) -> SignedCommand {
    use craps::Bet as On;
    let amount = u64::from(u16::from_le_bytes([low, high])) << (shift % 64);
    let base = u64::from(number);
    let on = match what % 16 {
        0 => On::Pass,
        1 => On::DontPass,
        2 => On::Come,
        3 => On::DontCome,
        4 => On::Odds { base },
        5 => On::LayOdds { base },
        6 => {
            let to = bitcraps_types::AccountId::of_key(&key(number));
            return signed(player, u64::from(sequence), Action::Transfer { to, amount });
        }
        7 => {
            let account = bitcraps_types::AccountId::of_key(&key(player));
            let bet = bitcraps_tables::BetId { account, sequence: base };
            let action = Action::TakeDown { table: TableId(u32::from(table % 3)), bet };
            return signed(player, u64::from(sequence), action);
        }
        8 => return signed(player, u64::from(sequence), Action::Bond { amount }),
        9 => return signed(player, u64::from(sequence), Action::Unbond { amount }),
        // There are fewer bets than a byte has values.
        _ => On::all().chain(On::all()).nth(usize::from(number)).unwrap_or(On::Field),
    };
    let action = Action::Bet { table: TableId(u32::from(table % 3)), bet: Bet::Craps(on), stake: amount };
    signed(player, u64::from(sequence), action)
}

/// An empty block, and one with commands and an offence; the state at the start, and with bets up; a genesis.
pub fn state_seeds() -> Vec<Vec<u8>> {
    let commands = vec![bet(0, 1, craps::Bet::Pass, 10), bet(1, 1, craps::Bet::Odds { base: 1 }, 10)];
    let offence = Offence { offender: ValidatorIndex(1), height: 3, proof: vec![1; 40] };
    let full = Block { offences: vec![offence], ..block_of(2, commands) };
    let mut casino = Casino::genesis(&genesis()).expect("it is sound");
    let new = casino.encode_snapshot();
    let commands = vec![
        bet(0, 1, craps::Bet::Pass, 10),
        bet(1, 1, craps::Bet::Place(craps::Number::ALL[0]), 10),
        bet(2, 1, craps::Bet::DontCome, 10),
    ];
    let supply = casino.bank().ledger().supply();
    apply(&mut casino, &block_of(1, commands), supply);
    let genesis = borsh::to_vec(&genesis()).expect("a vector takes all bytes");
    let all = [
        (0, block_of(1, Vec::new()).encode()),
        (0, full.encode()),
        (1, new),
        (1, casino.encode_snapshot()),
        (2, genesis),
    ];
    all.iter().map(|(which, bytes)| [&[*which][..], bytes].concat()).collect()
}

/// Bets of each kind over a few blocks, and a transfer.
pub fn play_seeds() -> Vec<Vec<u8>> {
    let one = |n: u8| [n % 4, 1 + n / 4, n, n % 3, 1 + n % 4, 10, 0, 0];
    let end = [255, 0, 0, 0, 0, 0, 0, 0];
    let all: Vec<u8> = (0..28).flat_map(|n| [one(n), end].concat()).collect();
    let together: Vec<u8> = (0..14).flat_map(one).chain(end).chain(end).collect();
    vec![all, together]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_what_they_are_for() {
        for seed in state_seeds() {
            assert!(match seed[0] {
                0 => Block::decode(&seed[1..]).is_ok(),
                1 => Casino::decode_snapshot(&seed[1..]).is_ok(),
                _ => borsh::from_slice::<Genesis>(&seed[1..]).is_ok(),
            });
            state(&seed);
        }
        play_seeds().iter().for_each(|seed| play(seed));
    }
}
