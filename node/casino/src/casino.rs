//! The whole casino as one state machine: bank and tables in sequence. And its snapshots.

use crate::{AuditError, Bank, Block, Genesis, GenesisError, Table, TableReport, seed_of};
use bitcraps_treasury::Page;
use bitcraps_types::{ChainId, Digest, TableId, ThresholdSignature, Verify};

/// The replicated state. [`apply`](Casino::apply) is exactly what the actors do in parallel.
#[derive(Clone, Debug)]
pub struct Casino {
    bank: Bank,
    /// In the order of their ids.
    tables: Vec<Table>,
}

/// Why bytes are no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// More bytes than [`Casino::MAX_SNAPSHOT`].
    #[error("a snapshot of {0} bytes, above {max}", max = Casino::MAX_SNAPSHOT)]
    TooLong(usize),
    /// The bytes are not the encoding of a casino.
    #[error("not a snapshot: {0}")]
    Malformed(#[from] std::io::Error),
    /// The parts contradict each other.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl Casino {
    /// The longest snapshot, in bytes.
    pub const MAX_SNAPSHOT: usize = 64 << 20;

    /// The casino before the first block.
    pub fn genesis(genesis: &Genesis) -> Result<Casino, GenesisError> {
        let bank = Bank::genesis(genesis)?;
        let mut tables: Vec<Table> =
            genesis.tables.iter().map(|table| Table::new(table.id, table.rules)).collect();
        tables.sort_by_key(Table::id);
        Ok(Casino { bank, tables })
    }

    /// Applies a finalized block and answers with the state root after it. `dice` is the validators' signature over it, as
    /// checked before, if the block rolls. A bad command is refused, never a whole block.
    pub fn apply(
        &mut self,
        block: &Block,
        dice: Option<&ThresholdSignature>,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Digest {
        self.apply_and_report(block, dice, chain, verify).0
    }

    /// [`apply`](Casino::apply), with the reports of the tables that played, in the order of their ids.
    pub fn apply_and_report(
        &mut self,
        block: &Block,
        dice: Option<&ThresholdSignature>,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> (Digest, Vec<TableReport>) {
        let mut reports = self.play(block, dice, chain, verify);
        (self.bank.finish(&mut reports), reports)
    }

    /// The state root after the last block.
    pub fn root(&self) -> Digest {
        self.bank.root()
    }

    /// From now on the pages of the ledger's journal are kept until they are taken: for whoever replays a chain to audit
    /// it.
    pub fn keep_pages(&mut self) {
        self.bank.keep_pages();
    }

    /// The pages of the ledger's journal since they were last taken: leaves of its log, in order.
    pub fn take_pages(&mut self) -> Vec<Page> {
        self.bank.take_pages()
    }

    /// The bank.
    pub fn bank(&self) -> &Bank {
        &self.bank
    }

    /// The tables, in the order of their ids.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// A table.
    pub fn table(&self, id: TableId) -> Option<&Table> {
        self.position(id).map(|at| &self.tables[at])
    }

    /// The halves that the actors own.
    pub fn into_parts(self) -> (Bank, Vec<Table>) {
        (self.bank, self.tables)
    }

    /// The casino of a bank and its tables, in any order, between two blocks.
    pub fn from_parts(mut bank: Bank, mut tables: Vec<Table>) -> Result<Casino, AuditError> {
        tables.sort_by_key(Table::id);
        bank.audit(&tables)?;
        Ok(Casino { bank, tables })
    }

    /// The whole state between two blocks, as bytes.
    pub fn encode_snapshot(&self) -> Vec<u8> {
        borsh::to_vec(&(&self.bank, &self.tables)).expect("a vector takes all bytes")
    }

    /// The casino of a snapshot. Its root is computed from its content: whoever knows the right root can trust a
    /// snapshot from anyone. Whatever the bytes, the casino is consistent with itself and will not panic.
    pub fn decode_snapshot(bytes: &[u8]) -> Result<Casino, SnapshotError> {
        if bytes.len() > Self::MAX_SNAPSHOT {
            return Err(SnapshotError::TooLong(bytes.len()));
        }
        let (bank, tables) = borsh::from_slice::<(Bank, Vec<Table>)>(bytes)?;
        Ok(Casino::from_parts(bank, tables)?)
    }

    fn play(
        &mut self,
        block: &Block,
        dice: Option<&ThresholdSignature>,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Vec<TableReport> {
        let all = self.bank.begin(block, chain, verify);
        if all.is_empty() {
            return Vec::new();
        }
        let seed = dice.map(seed_of);
        let mut reports = Vec::with_capacity(all.len());
        for orders in all {
            let at = self.position(orders.table).expect("the bank knows the casino's tables only");
            reports.push(self.tables[at].play(&orders, seed.as_ref()));
        }
        reports
    }

    fn position(&self, id: TableId) -> Option<usize> {
        self.tables.binary_search_by_key(&id, Table::id).ok()
    }
}

#[cfg(test)]
mod tests;
