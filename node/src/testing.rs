//! A small house for the tests: a real casino, four validators that sign what it decides, and what a node would tell.

use crate::dice;
use crate::metrics::Metrics;
use crate::view::View;
use bitcraps_actors::files::Decided;
use bitcraps_actors::ports::Event;
use bitcraps_beacon::bls::SecretShares;
use bitcraps_casino::{
    Action, Bet, Blobs, Block, Casino, Command, Genesis, GenesisValidator, Policy, SignedCommand,
    TableConfig, TableReport,
};
use bitcraps_consensus::{Certificate, commit_bytes};
use bitcraps_tables::{BetId, CrapsRules, craps};
use bitcraps_types::ed25519::{Ed25519, Ed25519Verifier};
use bitcraps_types::{
    AccountId, Amount, ChainId, Digest, Height, Protocol, PublicKey, Sign, TableId, ThresholdKey,
    ThresholdSignature, ValidatorIndex, Value, WallTime,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The players' seeds are 1, 2, …; the validators' 101 to 104.
pub(crate) fn key(seed: u8) -> Ed25519 {
    Ed25519::from_seed([seed; 32])
}

pub(crate) fn account(player: u8) -> AccountId {
    AccountId::of_key(&key(player).public_key())
}

/// What the dice key is dealt from.
const DICE: [u8; 32] = [9; 32];

/// What three of the validators sign together, as the dice of a block.
fn dice_of(genesis: &Genesis, height: Height, block: &Digest) -> ThresholdSignature {
    let (_, secrets) = dice::deal(&genesis.powers(), &DICE).unwrap();
    let message = bitcraps_beacon::message(&genesis.chain_id(), height, block);
    let sign = |(share, secret): (u32, &SecretShares)| {
        let key = dice::public(genesis).unwrap().with_shares(secret, &[share]).unwrap();
        (share, key.sign(&message)[0])
    };
    let partials: Vec<_> = (0..).zip(&secrets).take(3).map(sign).collect();
    dice::public(genesis).unwrap().combine(&message, &partials).unwrap()
}

pub(crate) fn genesis(players: u8) -> Genesis {
    let validator = |seed| GenesisValidator { key: key(seed).public_key(), power: 1 };
    Genesis {
        name: "house".into(),
        engine: Protocol::Tendermint,
        validators: (101..=104).map(validator).collect(),
        players: (1..=players).map(|player| (key(player).public_key(), 10_000)).collect(),
        bank: 1_000_000_000,
        tables: (0..3).map(|id| TableConfig { id: TableId(id), rules: CrapsRules::default() }).collect(),
        blob_bytes: 4096,
        dice: dice::deal(&[1; 4], &DICE).unwrap().0,
        policy: Policy::default(),
    }
}

pub(crate) struct House {
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) chain: ChainId,
    pub(crate) casino: Casino,
    pub(crate) view: Arc<View>,
    pub(crate) metrics: Arc<Metrics>,
    /// Each decided block.
    pub(crate) blocks: Vec<Decided>,
    tip: Digest,
}

impl House {
    pub(crate) fn new(players: u8) -> House {
        let genesis = Arc::new(genesis(players));
        let chain = genesis.chain_id();
        let mut house = House {
            casino: Casino::genesis(&genesis).unwrap(),
            chain,
            genesis,
            view: Arc::new(View::new()),
            metrics: Arc::new(Metrics::new("test", WallTime(1_700_000_000_000_000_000))),
            blocks: Vec::new(),
            tip: chain,
        };
        house.restore();
        house.tell(&Event::Started { height: 1, journal: 0 });
        house
    }

    pub(crate) fn height(&self) -> Height {
        self.blocks.len() as Height
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.view.event(event);
        self.metrics.event(event);
    }

    /// Tells the whole state, as a node does at its start and after a takeover.
    pub(crate) fn restore(&mut self) {
        let (height, time) = (self.height(), WallTime(self.height() * 1_000_000));
        self.tell(&Event::Restored { height, digest: self.tip, time, casino: &self.casino, handovers: &[] });
    }

    pub(crate) fn sign(&self, player: u8, sequence: u64, action: Action) -> SignedCommand {
        let key = key(player);
        SignedCommand::sign(&self.chain, Command { key: key.public_key(), sequence, action }, &key)
    }

    /// Decides a block and applies it.
    pub(crate) fn decide(&mut self, commands: Vec<SignedCommand>) -> Vec<TableReport> {
        self.decide_with(commands, Blobs::default())
    }

    /// The same, with blobs in the block.
    pub(crate) fn decide_with(&mut self, commands: Vec<SignedCommand>, blobs: Blobs) -> Vec<TableReport> {
        let height = self.height() + 1;
        let block = Block {
            height,
            parent: self.tip,
            proposer: ValidatorIndex(0),
            time: WallTime(height * 1_000_000),
            state_root: self.casino.root(),
            rolls: Block::must_roll(self.casino.bank().bets_are_up(), &commands),
            attendance: None,
            handover: None,
            commands,
            offences: Vec::new(),
            blobs,
        };
        let value = Value::new(block.encode());
        let certificate = certify(&self.chain, height, value.digest(), 3);
        self.tip = value.digest();
        let dice = block.rolls.then(|| dice_of(&self.genesis, height, &self.tip));
        let (root, reports) =
            self.casino.apply_and_report(&block, dice.as_ref(), &self.chain, &Ed25519Verifier);
        self.tell(&Event::Decided { height, value: &value, certificate: &certificate, synced: false });
        let bank = self.casino.bank();
        self.tell(&Event::Applied {
            height,
            block: &block,
            value: &value,
            certificate: &certificate,
            dice: dice.as_ref(),
            digest: self.tip,
            root,
            ledger: bank.ledger(),
            reports: &reports,
            refusals: bank.refusals(),
        });
        self.blocks.push(Decided { value, certificate, dice });
        reports
    }

    /// Decides what comes, and an empty block now and then while bets are up, until nobody can submit any more.
    pub(crate) fn run(mut self, mut submitted: mpsc::Receiver<SignedCommand>, tick: Duration) -> House {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            loop {
                let has_bets = self.casino.bank().bets_are_up();
                let first = if has_bets {
                    timeout(tick, submitted.recv()).await.unwrap_or_default()
                } else {
                    submitted.recv().await
                };
                if first.is_none() && submitted.is_closed() {
                    return;
                }
                let mut commands: Vec<SignedCommand> = first.into_iter().collect();
                while let Ok(more) = submitted.try_recv() {
                    commands.push(more);
                }
                for signed in &commands {
                    self.tell(&Event::CommandAccepted(signed.id()));
                }
                self.decide(commands);
            }
        });
        self
    }
}

/// A certificate by the first `signers` validators.
pub(crate) fn certify(chain: &ChainId, height: Height, digest: Digest, signers: u16) -> Certificate {
    let mut certificate = Certificate { height, round: 0, digest, signatures: Vec::new() };
    let bytes = commit_bytes(chain, height, 0, &digest);
    let sign = |index: u16| (ValidatorIndex(index), key(101 + index as u8).sign(&bytes));
    certificate.signatures = (0..signers).map(sign).collect();
    certificate
}

pub(crate) fn transfer(to: AccountId, amount: Amount) -> Action {
    Action::Transfer { to, amount }
}

pub(crate) fn bet(table: u32, bet: craps::Bet, stake: Amount) -> Action {
    Action::Bet { table: TableId(table), bet: Bet::Craps(bet), stake }
}

pub(crate) fn take_down(table: u32, player: u8, sequence: u64) -> Action {
    Action::TakeDown { table: TableId(table), bet: BetId { account: account(player), sequence } }
}

/// A key that is not a player's.
pub(crate) fn stranger() -> PublicKey {
    key(250).public_key()
}
