use super::*;
use crate::testing::{Player, Tags, bet, block};
use crate::{Action, Bet, Command};
use bitcraps_tables::{BetId, craps};
use bitcraps_types::{AccountId, PublicKey, Sign, Signature, TableId};
use proptest::prelude::*;

fn any_digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn any_craps_bet() -> impl Strategy<Value = craps::Bet> {
    prop_oneof![
        prop::sample::select(craps::Bet::all().collect::<Vec<_>>()),
        any::<u64>().prop_map(|base| craps::Bet::LayOdds { base }),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (any_digest(), any::<u64>()).prop_map(|(to, amount)| Action::Transfer { to: AccountId(to), amount }),
        (any::<u32>(), any_craps_bet(), any::<u64>()).prop_map(|(table, bet, stake)| Action::Bet {
            table: TableId(table),
            bet: Bet::Craps(bet),
            stake
        }),
        (any::<u32>(), any_digest(), any::<u64>()).prop_map(|(table, account, sequence)| Action::TakeDown {
            table: TableId(table),
            bet: BetId { account: AccountId(account), sequence }
        }),
    ]
}

prop_compose! {
    fn any_command()(
        key in any::<[u8; 32]>(),
        sequence in any::<u64>(),
        action in any_action(),
        signature in any::<[u8; 32]>(),
    ) -> SignedCommand {
        let mut tag = [7; 64];
        tag[..32].copy_from_slice(&signature);
        SignedCommand { command: Command { key: PublicKey(key), sequence, action }, signature: Signature(tag) }
    }
}

prop_compose! {
    fn any_block()(
        (height, parent, proposer, time, state_root, rolls) in
            (any::<u64>(), any_digest(), any::<u16>(), any::<u64>(), any_digest(), any::<bool>()),
        commands in prop::collection::vec(any_command(), 0..5),
        offences in prop::collection::vec((any::<u16>(), any::<u64>(), any::<Vec<u8>>()), 0..3),
        blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..30), 0..5),
    ) -> Block {
        Block {
            height,
            parent,
            proposer: ValidatorIndex(proposer),
            time: WallTime(time),
            state_root,
            rolls,
            attendance: None,
            handover: None,
            commands,
            offences: offences
                .into_iter()
                .map(|(offender, height, proof)| Offence { offender: ValidatorIndex(offender), height, proof })
                .collect(),
            blobs: Blobs::of(blobs).unwrap(),
        }
    }
}

proptest! {
    #[test]
    fn a_block_survives_its_encoding(block in any_block()) {
        prop_assert!(block.commands.iter().all(|c| borsh::to_vec(c).unwrap().len() <= SignedCommand::MAX_BYTES));
        prop_assert_eq!(Block::decode(&block.encode()).unwrap(), block);
    }

    #[test]
    fn whatever_decodes_is_the_encoding(
        block in any_block(),
        spoil in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        tail in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let mut bytes = block.encode();
        for (at, byte) in spoil {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.extend(tail);
        if let Ok(block) = Block::decode(&bytes) {
            prop_assert_eq!(block.encode(), bytes);
        }
    }

    #[test]
    fn garbage_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(block) = Block::decode(&bytes) {
            prop_assert_eq!(block.encode(), bytes);
        }
    }
}

#[test]
fn blocks_beyond_the_bounds_do_not_decode() {
    let chain = Digest::ZERO;
    let command = Player(1).signs(&chain, 1, bet(0, craps::Bet::Field, 1));
    let full = block(1, vec![command; Block::MAX_COMMANDS]);
    assert_eq!(Block::decode(&full.encode()).unwrap(), full);
    let fuller = block(1, vec![command; Block::MAX_COMMANDS + 1]);
    assert!(matches!(Block::decode(&fuller.encode()), Err(BlockError::TooManyCommands(4097))));

    let offence = |bytes| Offence { offender: ValidatorIndex(0), height: 1, proof: vec![0; bytes] };
    let accuses = |offences| Block { offences, ..block(1, Vec::new()) };
    assert!(Block::decode(&accuses(vec![offence(0); 64]).encode()).is_ok());
    let many = accuses(vec![offence(0); 65]);
    assert!(matches!(Block::decode(&many.encode()), Err(BlockError::TooManyOffences(65))));
    assert!(Block::decode(&accuses(vec![offence(64 << 10)]).encode()).is_ok());
    let long = accuses(vec![offence((64 << 10) + 1)]);
    assert!(matches!(Block::decode(&long.encode()), Err(BlockError::ProofTooLong(65537))));
    let heavy = accuses(vec![offence(64 << 10); 17]);
    assert!(matches!(Block::decode(&heavy.encode()), Err(BlockError::TooLong(_))));

    let carries = |count, length| {
        let blobs = Blobs::of(vec![vec![0; length]; count]).unwrap();
        Block { blobs, ..block(1, Vec::new()) }
    };
    let full = carries(Blobs::MAX_COUNT, 1);
    assert_eq!(Block::decode(&full.encode()).unwrap(), full);
    let heavy = carries(16, Blobs::MAX_LENGTH);
    assert!(matches!(Block::decode(&heavy.encode()), Err(BlockError::TooLong(_))));
}

#[test]
fn a_length_that_the_bytes_do_not_hold_allocates_nothing() {
    let mut bytes = block(1, Vec::new()).encode();
    let end = bytes.len();
    for counts in [end - 12, end - 8, end - 4] {
        let before = bytes.clone();
        bytes[counts..counts + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(Block::decode(&bytes), Err(BlockError::Malformed(_))));
        bytes = before;
    }
}

#[test]
fn a_command_is_signed_for_one_chain_and_one_content() {
    let (chain, other) = (Digest([1; 32]), Digest([2; 32]));
    let signed = Player(1).signs(&chain, 1, bet(0, craps::Bet::Field, 1));
    assert!(signed.verify(&chain, &Tags));
    assert!(!signed.verify(&other, &Tags));
    let mut forged = signed;
    forged.command.sequence = 2;
    assert!(!forged.verify(&chain, &Tags));
    let mut stolen = signed;
    stolen.command.key = Player(2).public_key();
    assert!(!stolen.verify(&chain, &Tags));
    let mut spoilt = signed;
    spoilt.signature.0[0] ^= 1;
    assert_ne!(spoilt.id(), signed.id());
}
