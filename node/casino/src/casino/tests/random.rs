//! What holds under every sequence of commands: garbage, overdrafts, replays and unknown tables among them.

use super::*;
use crate::{
    Command, Fee, FeesTo, Fraction, GenesisValidator, Kelly, Kept, PerMille, Policy, Reserve, StakePolicy,
    seed_of,
};
use bitcraps_types::Sign;
use proptest::prelude::*;
use std::collections::BTreeSet;

pub(super) const PLAYERS: u8 = 4;
const TABLES: u32 = 3;
pub(super) const SUPPLY: Amount = 1000 * PLAYERS as Amount + BANK + 3 * PER_POWER;
/// Small enough that it can't always cover.
const BANK: Amount = 3000;
const PER_POWER: Amount = 105;
const SLASH: u16 = 77;
const KEPT: u16 = 250;

/// One command before it is signed. Most are sensible, so that most get far.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    player: u8,
    /// How far above the player's last sequence number; 0 and below is a replay.
    ahead: i8,
    action: Action,
    forged: bool,
}

pub(super) fn any_bet() -> impl Strategy<Value = CrapsBet> {
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
        1 => amount().prop_map(|amount| Action::Bond { amount }),
        1 => amount().prop_map(|amount| Action::Unbond { amount }),
    ]
}

fn any_draft() -> impl Strategy<Value = Draft> {
    (0..PLAYERS + 2, prop_oneof![9 => Just(1i8), 1 => -2..4i8], any_action(), prop::bool::weighted(0.05))
        .prop_map(|(player, ahead, action, forged)| Draft { player, ahead, action, forged })
}

/// A block's commands, and who offended at which height.
pub(super) type Drafts = (Vec<Draft>, Vec<(u16, Height)>);

pub(super) fn any_blocks() -> impl Strategy<Value = Vec<Drafts>> {
    let offences = prop_oneof![
        3 => Just(vec![]),
        1 => prop::collection::vec((0..3u16, 1..4u64), 1..4),
    ];
    prop::collection::vec((prop::collection::vec(any_draft(), 0..8), offences), 1..25)
}

/// Its policy forbids and takes of everything a little. Two of the players are its validators.
pub(super) fn small_bank() -> Genesis {
    let validator = |n, power| GenesisValidator { key: Player(n).public_key(), power };
    let edges = CrapsBet::all().step_by(3).map(|bet| (bet, Fraction { numerator: 1, denominator: 30 }));
    let kept = Some(Kept { share: PerMille(KEPT), by: Player(3).account() });
    Genesis {
        bank: BANK,
        validators: vec![validator(1, 1), validator(2, 2)],
        policy: Policy {
            reserve: Reserve::PerMille(PerMille(100)),
            table_loss: Some(700),
            total_loss: Some(1100),
            kelly: Some(Kelly { share: PerMille(900), edges: edges.collect() }),
            fee: Fee { amount: 1, to: FeesTo::Validators },
            reward: None,
            stake: Some(StakePolicy {
                per_power: PER_POWER,
                unbonding: Offence::MAX_AGE,
                slash: PerMille(SLASH),
                kept,
            }),
        },
        ..genesis(PLAYERS, TABLES)
    }
}

/// What validators have at stake, by the definition: nothing but shares of what is held, and heights that pass.
pub(super) struct Stakes {
    held: [Amount; 2],
    offences: BTreeSet<(Height, u16)>,
    pub(super) burnt: Amount,
}

impl Stakes {
    pub(super) fn new() -> Stakes {
        Stakes { held: [PER_POWER, 2 * PER_POWER], offences: BTreeSet::new(), burnt: 0 }
    }

    pub(super) fn apply(&mut self, block: &Block, refused: &[crate::Refusal], chain: &ChainId) {
        let share = |amount: Amount, per_mille: u16| (amount * Amount::from(per_mille) + 500) / 1000;
        for offence in &block.offences {
            let fresh = self.offences.insert((offence.height, offence.offender.0));
            if let Some(held) = self.held.get_mut(usize::from(offence.offender.0)).filter(|_| fresh) {
                let slashed = share(*held, SLASH);
                *held -= slashed;
                self.burnt += slashed - share(slashed, KEPT);
            }
        }
        let name = |signed: &SignedCommand| (signed.command.account(), signed.command.sequence);
        let mut seen = BTreeSet::new();
        // Of the commands under one number at most one is done, the first with a good signature; the others are refused.
        for signed in block.commands.iter().filter(|signed| signed.verify(chain, &Tags)) {
            let all = block.commands.iter().filter(|other| name(other) == name(signed)).count();
            let refused =
                refused.iter().filter(|other| (other.account, other.sequence) == name(signed)).count();
            let done = seen.insert(name(signed)) && refused < all;
            let owner = [1, 2].iter().position(|n| Player(*n).account() == name(signed).0);
            if let (Some(at), Action::Bond { amount }, true) = (owner, signed.command.action, done) {
                self.held[at] += amount;
            }
        }
    }
}

/// Signs drafts into blocks.
pub(super) fn blocks(drafts: &[Drafts], chain: &ChainId) -> Vec<Block> {
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
    let offence = |&(offender, height): &(u16, Height)| Offence {
        offender: ValidatorIndex(offender),
        height,
        proof: vec![1],
    };
    let signed = (1..).zip(drafts).map(|(height, (drafts, offences))| Block {
        offences: offences.iter().map(offence).collect(),
        ..block(height, drafts.iter().map(&mut sign).collect())
    });
    signed.collect()
}

proptest! {
    #[test]
    fn money_is_conserved_whatever_is_asked(drafts in any_blocks()) {
        let genesis = small_bank();
        let chain = genesis.chain_id();
        let mut casino = Casino::genesis(&genesis).unwrap();
        let mut stakes = Stakes::new();
        for block in blocks(&drafts, &chain) {
            let root = casino.apply(&block, Some(&dice_of(&block)), &chain, &Tags);
            let ledger = casino.bank().ledger();
            prop_assert_eq!(ledger.check(), Ok(()));
            stakes.apply(&block, casino.bank().refusals(), &chain);
            let supply = SUPPLY - stakes.burnt;
            prop_assert_eq!(ledger.supply(), supply);
            for (index, held) in (0..).zip(stakes.held) {
                let stake = casino.bank().stake(ValidatorIndex(index)).unwrap();
                prop_assert_eq!(stake.bonded + stake.unbonding, held);
            }
            let balances: u128 = ledger.accounts().map(|(_, account)| u128::from(account.balance())).sum();
            prop_assert_eq!(balances, u128::from(supply));
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
            prop_assert_eq!(bank.finish(&mut reports), root);
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
