//! The read model: what a node knows, in the form in which people ask for it.
//!
//! The node's thread feeds it the probe's events; the threads of the gateway read it. Neither waits long for the other:
//! a reader holds a lock no longer than it takes to copy a few words, and the node works out what a block changed before
//! it takes one. A block's parts become visible one after the other (accounts, tables, the block, the head, what became
//! of its commands), so whoever reads that a command is settled reads its effects too.
//!
//! It never decides anything: what is in it was decided by blocks. How it is told to clients is the gateway's business.

mod blocks;
mod commands;
mod news;
mod tables;
mod verdicts;

#[cfg(test)]
mod tests;

pub use blocks::BlockView;
pub use commands::{BetEnd, CommandView, Effect};
pub use news::{BetNews, BlockNews, CommandNews, News, TableNews};
pub use tables::{BetView, RollView, TableView};

use bitcraps_actors::committee::validators;
use bitcraps_actors::files::Decided;
use bitcraps_actors::ports::Event;
use bitcraps_casino::{Block, Casino, Committee, SignedCommand};
use bitcraps_consensus::ValidatorSet;
use bitcraps_treasury::{Account, Ledger, Sequences};
use bitcraps_types::{AccountId, Amount, Digest, Height, PublicKey, Round, TableId, WallTime};
use blocks::Blocks;
use commands::Commands;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tables::Played;
use tokio::sync::{broadcast, watch};

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its height; 0 before the first block.
    pub height: Height,
    /// The digest of its block; at height 0 the chain's id.
    pub digest: Digest,
    /// The state root after it.
    pub root: Digest,
    /// When it was proposed, by the proposer's clock.
    pub time: WallTime,
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// What it owns.
    pub balance: Amount,
    /// What of that it can spend.
    pub available: Amount,
    /// What of that its open bets hold.
    pub reserved: Amount,
    /// The sequence numbers that it used.
    pub sequences: Sequences,
}

impl From<&Account> for AccountView {
    fn from(account: &Account) -> AccountView {
        AccountView {
            balance: account.balance(),
            available: account.available(),
            reserved: account.reserved(),
            sequences: account.sequences,
        }
    }
}

/// What the node says of its place among the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The node has restored its state.
    pub started: bool,
    /// Who is connected and proved its key.
    pub peers: BTreeSet<PublicKey>,
    /// The height and round that consensus is at.
    pub round: (Height, u32),
    /// The height that is being caught up with; `None`: nothing is missing.
    pub behind: Option<Height>,
    /// Validators that offended, with the height at which they did, as the state records it.
    pub offences: BTreeSet<(Height, u16)>,
}

/// See the module.
pub struct View {
    head: RwLock<Option<Head>>,
    accounts: RwLock<BTreeMap<AccountId, AccountView>>,
    /// Those that any block may change.
    of_rules: RwLock<Vec<AccountId>>,
    tables: RwLock<BTreeMap<TableId, Arc<TableView>>>,
    blocks: RwLock<Blocks>,
    commands: RwLock<Commands>,
    network: RwLock<Network>,
    /// The blocks that handed over, and who decides since the last.
    handovers: RwLock<Vec<Decided>>,
    validators: RwLock<Option<ValidatorSet>>,
    news: broadcast::Sender<News>,
    /// Counts what changed for those who wait for a command.
    changes: watch::Sender<u64>,
}

impl View {
    /// So many news wait for a client that reads slowly; it is cut off when more do.
    pub const NEWS_KEPT: usize = 64;

    /// A view of nothing yet.
    #[allow(
        clippy::new_without_default,
        reason = "a view belongs to one node: making one is a deliberate act"
    )]
    pub fn new() -> View {
        View {
            head: RwLock::default(),
            accounts: RwLock::default(),
            of_rules: RwLock::default(),
            tables: RwLock::default(),
            blocks: RwLock::default(),
            commands: RwLock::default(),
            network: RwLock::default(),
            handovers: RwLock::default(),
            validators: RwLock::default(),
            news: broadcast::Sender::new(Self::NEWS_KEPT),
            changes: watch::Sender::new(0),
        }
    }

    /// Takes an event in. Called on the node's thread, with every event.
    pub fn event(&self, event: &Event<'_>) {
        match *event {
            Event::Restored { height, digest, time, casino, handovers } => {
                *write(&self.handovers) = handovers.to_vec();
                self.restored(Head { height, digest, root: casino.root(), time }, casino);
            }
            Event::Applied {
                block,
                value,
                certificate,
                dice,
                digest,
                root,
                ledger,
                reports,
                refusals,
                ..
            } => {
                let head = Head { height: block.height, digest, root, time: block.time };
                let ids: Vec<Digest> = block.commands.iter().map(SignedCommand::id).collect();
                let verdicts = verdicts::attribute(&block.commands, refusals);
                let played = self.played(block, &ids, &verdicts, reports);
                let mut touched = touched(block, &played);
                touched.extend(read(&self.of_rules).iter());
                self.accounts_changed(ledger, touched);
                let decided =
                    Decided { value: value.clone(), certificate: certificate.clone(), dice: dice.copied() };
                if let Some(handover) = &block.handover {
                    write(&self.handovers).push(decided.clone());
                    self.decided_by(&handover.terms.to);
                }
                let blocks = BlockView { head, decided };
                write(&self.blocks).push(Arc::new(blocks));
                *write(&self.head) = Some(head);
                self.tell(head, certificate.round, block, &ids, &verdicts, played);
            }
            Event::CommandAccepted(id) => write(&self.commands).accepted(id),
            Event::CommandRefused(id, why) => {
                if write(&self.commands).turned_away(id, why) {
                    self.changed();
                    // Anyone can cause as many of these as they like: they never push out the news of a block.
                    if self.news.len() < Self::NEWS_KEPT / 2 {
                        // Nobody listens: nothing is told.
                        let _ = self.news.send(News::TurnedAway { id, why });
                    }
                }
            }
            Event::Started { .. } => write(&self.network).started = true,
            Event::Round { height, round, .. } => write(&self.network).round = (height, round),
            Event::PeerUp(key) => {
                write(&self.network).peers.insert(key);
            }
            Event::PeerDown(key) => {
                write(&self.network).peers.remove(&key);
            }
            Event::SyncStarted { to, .. } => write(&self.network).behind = Some(to),
            Event::SyncEnded { .. } => write(&self.network).behind = None,
            Event::OffenceRecorded { offender, height } => {
                write(&self.network).offences.insert((height, offender.0));
            }
            Event::Locked { .. }
            | Event::Transition(_)
            | Event::Proposed { .. }
            | Event::Signed(_)
            | Event::Heard(_)
            | Event::Decided { .. }
            | Event::StateSynced { .. }
            | Event::Accused(_)
            | Event::DiceSigned { .. }
            | Event::BadDice(_)
            | Event::Refused { .. }
            | Event::Waiting { .. }
            | Event::Held { .. } => {}
        }
    }

    /// A client of this node handed a command in, which goes to the node now.
    pub fn submitted(&self, id: Digest) {
        write(&self.commands).submitted(id);
    }

    /// The node could not take a command that was just handed in: it is as if it had not been.
    pub fn withdrawn(&self, id: Digest) {
        write(&self.commands).withdrawn(id);
    }

    /// The end of the chain; `None` until the node has a state.
    pub fn head(&self) -> Option<Head> {
        *read(&self.head)
    }

    /// An account.
    pub fn account(&self, id: &AccountId) -> Option<AccountView> {
        read(&self.accounts).get(id).copied()
    }

    /// How many accounts there are.
    pub fn account_count(&self) -> usize {
        read(&self.accounts).len()
    }

    /// A table.
    pub fn table(&self, id: TableId) -> Option<Arc<TableView>> {
        read(&self.tables).get(&id).cloned()
    }

    /// All tables, in the order of their numbers.
    pub fn tables(&self) -> Vec<Arc<TableView>> {
        read(&self.tables).values().cloned().collect()
    }

    /// A recent block.
    pub fn block(&self, height: Height) -> Option<Arc<BlockView>> {
        read(&self.blocks).get(height)
    }

    /// What became of a command; `None` if it never came here, or so long ago that it is forgotten.
    pub fn command(&self, id: &Digest) -> Option<CommandView> {
        read(&self.commands).get(id)
    }

    /// The node among the others.
    pub fn network(&self) -> Network {
        read(&self.network).clone()
    }

    /// How many peers are connected.
    pub fn peer_count(&self) -> usize {
        read(&self.network).peers.len()
    }

    /// The blocks that handed over to another committee, ascending.
    pub fn handovers(&self) -> Vec<Decided> {
        read(&self.handovers).clone()
    }

    /// Who decides the next block; `None` until the node has a state.
    pub fn validators(&self) -> Option<ValidatorSet> {
        read(&self.validators).clone()
    }

    fn decided_by(&self, committee: &Committee) {
        // A node halts at a committee that can't decide anything: the one before is shown then.
        if let Ok(validators) = validators(committee) {
            *write(&self.validators) = Some(validators);
        }
    }

    /// The news from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Changes whenever something became of a command.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn restored(&self, head: Head, casino: &Casino) {
        let accounts = casino.bank().ledger().accounts().map(|(id, account)| (*id, account.into())).collect();
        let tables =
            casino.tables().iter().map(|table| (table.id(), Arc::new(TableView::of(table)))).collect();
        let offences = casino.bank().offences().map(|(height, offender)| (height, offender.0)).collect();
        *write(&self.accounts) = accounts;
        *write(&self.of_rules) = casino.bank().accounts_of_rules();
        *write(&self.tables) = tables;
        *write(&self.blocks) = Blocks::default();
        *write(&self.head) = Some(head);
        write(&self.network).offences = offences;
        self.decided_by(casino.bank().committees().last());
        let _ = self.news.send(News::Restored(head));
    }

    /// Has the tables take note of what they reported.
    fn played(
        &self,
        block: &Block,
        ids: &[Digest],
        verdicts: &[Option<bitcraps_casino::Reason>],
        reports: &[bitcraps_casino::TableReport],
    ) -> Played {
        let mut played = Played::new(block, ids, verdicts, !reports.is_empty());
        if !reports.is_empty() {
            let mut tables = write(&self.tables);
            for report in reports {
                if let Some(table) = tables.get_mut(&report.table) {
                    Arc::make_mut(table).report(block.height, report, &mut played);
                }
            }
        }
        played
    }

    fn accounts_changed(&self, ledger: &Ledger, touched: BTreeSet<AccountId>) {
        let changed: Vec<(AccountId, AccountView)> = touched
            .into_iter()
            .filter_map(|id| ledger.account(&id).map(|account| (id, account.into())))
            .collect();
        write(&self.accounts).extend(changed);
    }

    /// Takes note of what became of the commands, and tells everyone.
    fn tell(
        &self,
        head: Head,
        round: Round,
        block: &Block,
        ids: &[Digest],
        verdicts: &[Option<bitcraps_casino::Reason>],
        played: Played,
    ) {
        let Played { effects, ends, rolls, bets, .. } = played;
        let outcomes: Vec<CommandView> = verdicts
            .iter()
            .zip(effects)
            .map(|(verdict, effect)| match verdict {
                Some(reason) => CommandView::Refused { height: head.height, reason: *reason },
                None => CommandView::Settled { height: head.height, effect },
            })
            .collect();
        if !ids.is_empty() || !ends.is_empty() {
            let mut commands = write(&self.commands);
            ids.iter().zip(&outcomes).for_each(|(id, outcome)| commands.decided(*id, *outcome));
            ends.iter().for_each(|(id, end)| commands.bet_ended(id, *end));
        }
        self.changed();
        if self.news.receiver_count() > 0 {
            let commands = block.commands.iter().zip(ids).zip(outcomes).map(|((signed, id), outcome)| {
                CommandNews { id: *id, account: signed.command.account(), outcome }
            });
            let (proposer, blobs) = (block.proposer, (block.blobs.len(), block.blobs.bytes()));
            let commands = commands.collect();
            let news = BlockNews { head, round, proposer, blobs, commands, rolls, bets };
            let _ = self.news.send(News::Block(Arc::new(news)));
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// The accounts that a block's commands and bets may have changed.
fn touched(block: &Block, played: &Played) -> BTreeSet<AccountId> {
    let mut touched = BTreeSet::new();
    for signed in &block.commands {
        touched.insert(signed.command.account());
        if let bitcraps_casino::Action::Transfer { to, .. } = signed.command.action {
            touched.insert(to);
        }
    }
    touched.extend(played.bets.iter().map(|bet| bet.id.account));
    touched
}

/// A reader or writer that panicked left nothing half done: each change is one assignment or insertion.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
