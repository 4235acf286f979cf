//! What a network starts from.

use crate::{Block, DiceKey, Policy, PolicyError};
use bitcraps_tables::CrapsRules;
use bitcraps_tables::craps::RulesError;
use bitcraps_types::{AccountId, Amount, ChainId, Digest, Protocol, PublicKey, TableId};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;

/// The state before the first block. All nodes of a network have the same.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// The network's name; another name makes another network.
    pub name: String,
    /// The consensus protocol.
    pub engine: Protocol,
    /// The validators, in the order of their indices.
    pub validators: Vec<GenesisValidator>,
    /// Who starts with money.
    pub players: Vec<(PublicKey, Amount)>,
    /// What the bank starts with. It covers the bets.
    pub bank: Amount,
    /// The tables.
    pub tables: Vec<TableConfig>,
    /// The most bytes of blobs in a block, without what stands before each. 0: the network takes none.
    pub blob_bytes: u32,
    /// The key under which the validators throw the dice.
    pub dice: DiceKey,
    /// What the bank risks, what validators stake, what commands cost.
    pub policy: Policy,
}

/// A validator, at the start or from a handover on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisValidator {
    /// Its key.
    pub key: PublicKey,
    /// Its voting power; none if it does not take part: not yet, or no more.
    pub power: u64,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TableConfig {
    /// Its number, unlike all others.
    pub id: TableId,
    /// Its rules.
    pub rules: CrapsRules,
}

/// Why nothing can start from a genesis. Whether its validators form a set is checked by consensus; whether the dice key
/// fits them, by the beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// A table stands twice.
    #[error("two tables have the number {}", .0.0)]
    SameTable(TableId),
    /// A table's rules can't be played.
    #[error("table {}: {error}", table.0)]
    Rules {
        /// Whose rules.
        table: TableId,
        /// What is wrong with them.
        error: RulesError,
    },
    /// A player stands twice.
    #[error("two players have the key {0:?}")]
    SamePlayer(PublicKey),
    /// All money together does not fit an [`Amount`].
    #[error("there is more money than {}", Amount::MAX)]
    TooMuchMoney,
    /// It allows more bytes of blobs than a block can have.
    #[error("{0} bytes of blobs in a block of at most {max}", max = Block::MAX_BYTES)]
    TooManyBlobBytes(u32),
    /// No casino can go by its policy.
    #[error("policy: {0}")]
    Policy(#[from] PolicyError),
}

impl Genesis {
    /// Names the network: the digest of all of this.
    pub fn chain_id(&self) -> ChainId {
        let bytes = borsh::to_vec(self).expect("a vector takes all bytes");
        Digest::of("casino/genesis", &bytes)
    }

    /// The validators' powers, in order.
    pub fn powers(&self) -> Vec<u64> {
        self.validators.iter().map(|validator| validator.power).collect()
    }

    /// Whether a casino can start from this.
    pub fn check(&self) -> Result<(), GenesisError> {
        if self.blob_bytes as usize > Block::MAX_BYTES {
            return Err(GenesisError::TooManyBlobBytes(self.blob_bytes));
        }
        let mut tables = BTreeSet::new();
        for TableConfig { id, rules } in &self.tables {
            if !tables.insert(*id) {
                return Err(GenesisError::SameTable(*id));
            }
            rules.check().map_err(|error| GenesisError::Rules { table: *id, error })?;
        }
        let mut players = BTreeSet::new();
        let mut money = self.bank;
        for (key, amount) in &self.players {
            if !players.insert(AccountId::of_key(key)) {
                return Err(GenesisError::SamePlayer(*key));
            }
            money = money.checked_add(*amount).ok_or(GenesisError::TooMuchMoney)?;
        }
        let powers = self.powers();
        self.policy.check(&powers)?;
        let per_power = self.policy.stake.map_or(0, |stake| stake.per_power);
        for power in powers {
            let stake = per_power.checked_mul(power).ok_or(GenesisError::TooMuchMoney)?;
            money = money.checked_add(stake).ok_or(GenesisError::TooMuchMoney)?;
        }
        Ok(())
    }
}
