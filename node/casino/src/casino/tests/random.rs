//! What holds under every sequence of commands: garbage, overdrafts, replays and unknown tables among them.

use super::*;
use crate::{Command, seed_of};
use bitcraps_types::Sign;
use proptest::prelude::*;

const PLAYERS: u8 = 4;
const TABLES: u32 = 3;
const SUPPLY: Amount = 1000 * PLAYERS as Amount + BANK;
/// Small enough that it can't always cover.
const BANK: Amount = 3000;

/// One command before it is signed. Most are sensible, so that most get far.
#[derive(Clone, Debug)]
struct Draft {
    player: u8,
    /// How far above the player's last sequence number; 0 and below is a replay.
    ahead: i8,
    action: Action,
    forged: bool,
}

fn any_bet() -> impl Strategy<Value = CrapsBet> {
    prop_oneof![
        3 => Just(CrapsBet::Pass),
        3 => Just(CrapsBet::DontPass),
        3 => Just(CrapsBet::Come),
        3 => Just(CrapsBet::DontCome),
        4 => (1..20u64).prop_map(|base| CrapsBet::Odds { base }),
        4 => (1..20u64).prop_map(|base| CrapsBet::LayOdds { base }),
        8 => prop::sample::select(CrapsBet::all().collect::<Vec<_>>()),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    let amount = || prop_oneof![8 => 0..60u64, 2 => 200..1200u64, 1 => any::<u64>()];
    prop_oneof![
        2 => (0..PLAYERS + 2, amount())
            .prop_map(|(to, amount)| Action::Transfer { to: Player(to).account(), amount }),
        8 => (0..TABLES + 1, any_bet(), amount()).prop_map(|(table, on, stake)| bet(table, on, stake)),
        2 => (0..TABLES + 1, 0..PLAYERS, 0..20u64).prop_map(|(table, player, sequence)| Action::TakeDown {
            table: TableId(table),
            bet: Player(player).bet_id(sequence),
        }),
    ]
}

fn any_draft() -> impl Strategy<Value = Draft> {
    (0..PLAYERS + 2, prop_oneof![9 => Just(1i8), 1 => -2..4i8], any_action(), prop::bool::weighted(0.05))
        .prop_map(|(player, ahead, action, forged)| Draft { player, ahead, action, forged })
}

fn any_blocks() -> impl Strategy<Value = Vec<Vec<Draft>>> {
    prop::collection::vec(prop::collection::vec(any_draft(), 0..8), 1..25)
}

fn small_bank() -> Genesis {
    Genesis { bank: BANK, ..genesis(PLAYERS, TABLES) }
}

/// Signs drafts into blocks.
fn blocks(drafts: &[Vec<Draft>], chain: &ChainId) -> Vec<Block> {
    let mut last = [0i64; 8];
    let mut sign = |draft: &Draft| {
        let player = Player(draft.player);
        let last = &mut last[usize::from(draft.player)];
        let sequence = last.saturating_add(i64::from(draft.ahead)).max(0);
        *last = sequence.max(*last);
        let sequence = sequence.unsigned_abs();
        let command = Command { key: player.public_key(), sequence, action: draft.action };
        let mut signed = SignedCommand::sign(chain, command, &player);
        signed.signature.0[0] ^= u8::from(draft.forged);
        signed
    };
    (1..).zip(drafts).map(|(height, drafts)| block(height, drafts.iter().map(&mut sign).collect())).collect()
}

proptest! {
    #[test]
    fn money_is_conserved_whatever_is_asked(drafts in any_blocks()) {
        let genesis = small_bank();
        let chain = genesis.chain_id();
        let mut casino = Casino::genesis(&genesis).unwrap();
        for block in blocks(&drafts, &chain) {
            let root = casino.apply(&block, Some(&dice_of(&block)), &chain, &Tags);
            let ledger = casino.bank().ledger();
            prop_assert_eq!(ledger.check(), Ok(()));
            prop_assert_eq!(ledger.supply(), SUPPLY);
            let balances: u128 = ledger.accounts().map(|(_, account)| u128::from(account.balance())).sum();
            prop_assert_eq!(balances, u128::from(SUPPLY));
            let at_stake: Amount = casino.tables().iter().flat_map(Table::open_bets).map(|bet| bet.stake).sum();
            let players_reserved: Amount = ledger
                .accounts()
                .filter(|(id, _)| **id != casino.bank().house())
                .map(|(_, account)| account.reserved())
                .sum();
            prop_assert_eq!(players_reserved, at_stake);
            let restored = Casino::decode_snapshot(&casino.encode_snapshot()).unwrap();
            prop_assert_eq!(restored.root(), root);
        }
    }

    #[test]
    fn tables_may_play_in_any_order(drafts in any_blocks(), reversed in any::<bool>(), turn in 0..3usize) {
        let genesis = small_bank();
        let chain = genesis.chain_id();
        let mut casino = Casino::genesis(&genesis).unwrap();
        let (mut bank, mut tables) = casino.clone().into_parts();
        for block in blocks(&drafts, &chain) {
            let dice = dice_of(&block);
            let root = casino.apply(&block, Some(&dice), &chain, &Tags);
            let mut orders = bank.begin(&block, &chain, &Tags);
            if reversed {
                orders.reverse();
            }
            let middle = turn.min(orders.len());
            orders.rotate_left(middle);
            let mut reports: Vec<_> = orders
                .iter()
                .map(|orders| {
                    let table = tables.iter_mut().find(|table| table.id() == orders.table).unwrap();
                    table.play(orders, Some(&seed_of(&dice)))
                })
                .collect();
            prop_assert_eq!(bank.finish(block.height, &mut reports), root);
            prop_assert_eq!(bank.refusals(), casino.bank().refusals());
        }
        tables.reverse();
        prop_assert_eq!(Casino::from_parts(bank, tables).unwrap().root(), casino.root());
    }

    #[test]
    fn a_casino_from_a_snapshot_goes_on_like_the_original(drafts in any_blocks(), at in any::<prop::sample::Index>()) {
        let genesis = small_bank();
        let chain = genesis.chain_id();
        let mut casino = Casino::genesis(&genesis).unwrap();
        let mut restored = casino.clone();
        let at = at.index(drafts.len());
        for (i, block) in blocks(&drafts, &chain).iter().enumerate() {
            if i == at {
                restored = Casino::decode_snapshot(&casino.encode_snapshot()).unwrap();
            }
            let dice = dice_of(block);
            let root = casino.apply(block, Some(&dice), &chain, &Tags);
            if i >= at {
                prop_assert_eq!(restored.apply(block, Some(&dice), &chain, &Tags), root);
            }
        }
    }

    #[test]
    fn a_spoilt_snapshot_is_refused_or_plays_on_without_a_panic(
        spoil in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        drafts in any_blocks(),
    ) {
        let mut bytes = busy().encode_snapshot();
        for (at, byte) in spoil {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(mut casino) = Casino::decode_snapshot(&bytes) {
            let chain = small_bank().chain_id();
            for block in blocks(&drafts, &chain) {
                casino.apply(&block, Some(&dice_of(&block)), &chain, &Tags);
            }
        }
    }
}
