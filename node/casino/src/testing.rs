//! Keys, a genesis and blocks for the tests.

use crate::*;
use bitcraps_tables::{BetId, CrapsRules, craps};
use bitcraps_types::{
    AccountId, Amount, ChainId, Digest, GroupKey, Height, Protocol, PublicKey, Sign, Signature, TableId,
    ThresholdSignature, ValidatorIndex, Verify, WallTime,
};

/// A signer whose tag anybody could compute: enough to tell a signed command from a spoilt one.
pub(crate) struct Player(pub(crate) u8);

pub(crate) struct Tags;

fn tag(key: &PublicKey, message: &[u8]) -> Signature {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&Digest::of("test/tag", &[&key.0, message].concat()).0);
    Signature(bytes)
}

impl Sign for Player {
    fn public_key(&self) -> PublicKey {
        PublicKey([self.0; 32])
    }

    fn sign(&self, message: &[u8]) -> Signature {
        tag(&self.public_key(), message)
    }
}

impl Verify for Tags {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        tag(key, message) == *signature
    }
}

impl Player {
    pub(crate) fn account(&self) -> AccountId {
        AccountId::of_key(&self.public_key())
    }

    pub(crate) fn signs(&self, chain: &ChainId, sequence: u64, action: Action) -> SignedCommand {
        SignedCommand::sign(chain, Command { key: self.public_key(), sequence, action }, self)
    }

    pub(crate) fn bet_id(&self, sequence: u64) -> BetId {
        BetId { account: self.account(), sequence }
    }
}

/// Players 1 to `players` with 1000 each, a bank with a million, tables 0 to `tables - 1`.
pub(crate) fn genesis(players: u8, tables: u32) -> Genesis {
    Genesis {
        name: "test".into(),
        engine: Protocol::Tendermint,
        validators: vec![GenesisValidator { key: PublicKey([0; 32]), power: 1 }],
        players: (1..=players).map(|n| (Player(n).public_key(), 1000)).collect(),
        bank: 1_000_000,
        tables: (0..tables).map(|id| TableConfig { id: TableId(id), rules: CrapsRules::default() }).collect(),
        blob_bytes: 0,
        dice: DiceKey { group: GroupKey(Vec::new()), holders: vec![ValidatorIndex(0)] },
        policy: Policy::default(),
    }
}

pub(crate) fn block(height: Height, commands: Vec<SignedCommand>) -> Block {
    Block {
        height,
        parent: Digest::of("test/parent", &height.to_le_bytes()),
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

/// Something in the place of the validators' signature over a block.
pub(crate) fn dice_of(block: &Block) -> ThresholdSignature {
    let mut bytes = [0; 96];
    bytes[..32].copy_from_slice(&Digest::of("test/block", &block.encode()).0);
    ThresholdSignature(bytes)
}

pub(crate) fn bet(table: u32, bet: craps::Bet, stake: Amount) -> Action {
    Action::Bet { table: TableId(table), bet: Bet::Craps(bet), stake }
}
