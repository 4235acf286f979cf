//! The sync actor: keeps the chain of decided blocks. It takes each height once, in order, from this node's own
//! engine or from a peer; waits for its dice if it rolls; makes it durable, has it applied, and tells the round when both
//! are done. It serves peers who are behind, and when this node is, catches up: by blocks, or far behind by a snapshot
//! of the state.
//!
//! Whom to ask what is [`catch_up`]; how a snapshot is kept and checked is [`snapshot`].

mod catch_up;
mod messages;
mod serve;
pub(crate) mod snapshot;
mod take_over;

use crate::chain::{DecidedBlock, Tip};
use crate::committee::{Acting, Law, Succession};
use crate::config::NodeConfig;
use crate::deadlines::Deadlines;
use crate::dice::{self, CHECK_COST, Dice, Ended, Throw};
use crate::disk;
use crate::journal;
use crate::message::Ring;
use crate::peer::limiter::Limiter;
use crate::ports::{Event, Ports, Refusal};
use crate::round::{HandedOver, NewTip, Round};
use crate::store::Store;
use crate::transport::{Class, Penalty, Send, To, Transport};
use crate::treasury::{Apply, Treasury};
use crate::verifications::Verifications;
use crate::wire::{Decided, SyncMessage, Wire};
use actix::{Actor, Addr, Context, Handler};
use bitcraps_casino::{Block, Handover};
use bitcraps_consensus::Certificate;
use bitcraps_types::{ChainId, Digest, Height, PublicKey, Time};
use catch_up::{CatchUp, Next};
use messages::BlocksSynced;
pub(crate) use messages::{
    Applied, Behind, EngineDecided, FromPeer, Help, PeerGone, PeerHere, Rolled, SnapshotTaken,
};
use snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// No more blocks are asked for while so many wait to be applied.
const MAX_UNAPPLIED: Height = 256;

/// The file of blocks is cut when it is longer than this, in bytes. Much more than what remains: that is written again.
const FILE_BYTES: usize = 1 << 30;

/// The actor.
pub(crate) struct Sync {
    /// Its own: an address that is made for each write is slow.
    address: Rc<Addr<Sync>>,
    ports: Ports,
    config: Rc<NodeConfig>,
    chain: ChainId,
    /// Up to the tip.
    succession: Succession,
    /// Every block that handed over.
    handovers: Vec<Decided>,
    verifications: Rc<Verifications>,
    transport: Addr<Transport>,
    round: Addr<Round>,
    treasury: Addr<Treasury>,
    dice: Addr<Dice>,
    store: Store,
    /// Decided, dice and all.
    tip: Tip,
    /// Decided; its dice are out.
    rolling: Option<DecidedBlock>,
    /// The last height whose decision was told.
    told_decided: Height,
    durable: Height,
    /// The last block that the sync under way covers.
    syncing: Option<Height>,
    applied: Height,
    root: Digest,
    bets_are_up: bool,
    /// The last height of which the round was told.
    told: Height,
    snapshot: Option<Snapshot>,
    /// Being made durable; nothing is decided meanwhile.
    taking_over: Option<(Snapshot, DecidedBlock)>,
    /// How many blocks the file holds.
    filed: usize,
    /// How long it is, in bytes.
    filed_bytes: usize,
    /// Room for a block of the file, as it is appended.
    record: Vec<u8>,
    catch_up: CatchUp,
    /// To whom there is a link.
    here: BTreeSet<PublicKey>,
    /// Others were told that this node is behind.
    lagging: bool,
    helped: BTreeMap<PublicKey, Time>,
    /// How much more each peer is given now. It is kept of those who are gone, or they would come back with their full
    /// share; only known peers are in it.
    served: BTreeMap<PublicKey, Limiter>,
    announced: Height,
    deadlines: Option<Deadlines<Due>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Status,
    Keepalive,
    CatchUp,
}

/// What the chain goes on from.
pub(crate) struct Restored {
    pub(crate) store: Store,
    pub(crate) filed: usize,
    pub(crate) filed_bytes: usize,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) tip: Tip,
    pub(crate) root: Digest,
    pub(crate) bets_are_up: bool,
    pub(crate) succession: Succession,
    pub(crate) handovers: Vec<Decided>,
}

/// Those whom the sync actor talks to.
pub(crate) struct Neighbours {
    pub(crate) transport: Addr<Transport>,
    pub(crate) round: Addr<Round>,
    pub(crate) treasury: Addr<Treasury>,
    pub(crate) dice: Addr<Dice>,
}

impl Sync {
    pub(crate) fn new(
        ports: Ports,
        config: Rc<NodeConfig>,
        chain: ChainId,
        restored: Restored,
        verifications: Rc<Verifications>,
        address: Addr<Sync>,
        neighbours: Neighbours,
    ) -> Sync {
        let Restored { store, filed, filed_bytes, snapshot, tip, root, bets_are_up, succession, handovers } =
            restored;
        let Neighbours { transport, round, treasury, dice } = neighbours;
        let mut catch_up = CatchUp::new(config.sync.clone());
        catch_up.knows(succession.committees.handovers());
        Sync {
            address: Rc::new(address),
            ports,
            chain,
            succession,
            handovers,
            verifications,
            transport,
            round,
            treasury,
            dice,
            store,
            tip,
            rolling: None,
            told_decided: tip.height,
            durable: tip.height,
            syncing: None,
            applied: tip.height,
            root,
            bets_are_up,
            told: tip.height,
            snapshot,
            taking_over: None,
            filed,
            filed_bytes,
            record: Vec::new(),
            catch_up,
            here: BTreeSet::new(),
            config,
            lagging: false,
            helped: BTreeMap::new(),
            served: BTreeMap::new(),
            announced: tip.height,
            deadlines: None,
        }
    }

    fn deadlines(&mut self) -> &mut Deadlines<Due> {
        self.deadlines.as_mut().expect("set when the actor started")
    }

    fn now(&self) -> Time {
        self.ports.clock.now()
    }

    fn send(&self, to: To, message: SyncMessage) {
        #[cfg(feature = "byzantine")]
        if let Some(adversary) = self.adversary() {
            return self.send_through(adversary, to, message);
        }
        let payload = Wire::Sync(message).encode();
        self.transport.do_send(Send { to, payload, class: Class::Now });
    }

    #[cfg(feature = "byzantine")]
    fn adversary(&self) -> Option<&dyn crate::ports::Adversary> {
        self.ports.adversary.as_deref().filter(|adversary| adversary.active())
    }

    /// Asks the adversary what goes to each recipient instead, and sends it to that one alone.
    #[cfg(feature = "byzantine")]
    fn send_through(&self, adversary: &dyn crate::ports::Adversary, to: To, message: SyncMessage) {
        let recipients: Vec<PublicKey> = match to {
            To::All => {
                let me = self.ports.signer.public_key();
                self.config.peers.iter().map(|peer| peer.key).filter(|key| *key != me).collect()
            }
            To::One(key) => vec![key],
        };
        for key in recipients {
            if let Some(instead) = adversary.outgoing_sync(&key, message.clone()) {
                let payload = Wire::Sync(instead).encode();
                self.transport.do_send(Send { to: To::One(key), payload, class: Class::Now });
            }
        }
    }

    /// The next block of the chain is decided. If it rolls, it goes on when its dice have fallen.
    fn decide(&mut self, decided: DecidedBlock, synced: bool) {
        let height = decided.block.height;
        let Decided { value, certificate, .. } = &*decided.decided;
        if self.told_decided < height {
            self.told_decided = height;
            self.ports.probe.event(Event::Decided { height, value, certificate, synced });
        }
        if decided.is_complete() {
            self.commit(decided);
        } else if self.rolling.is_none() {
            self.dice.do_send(Throw { height, block: value.digest() });
            self.rolling = Some(decided);
        }
    }

    /// The next block of the chain is there, with its dice.
    fn commit(&mut self, decided: DecidedBlock) {
        if let Some(handover) = &decided.block.handover
            && !self.hand_over(handover, decided.block.height, &decided.decided)
        {
            return;
        }
        self.record.clear();
        journal::write(&*decided.decided, &mut self.record);
        if let Err(error) = self.ports.disk.append(journal::BLOCKS, &self.record) {
            return disk::halt(&self.ports, journal::BLOCKS, &error);
        }
        self.filed += 1;
        self.filed_bytes += self.record.len();
        self.tip = decided.tip();
        self.rolling = None;
        self.dice.do_send(Ended(self.tip.height));
        if decided.block.handover.is_some() {
            self.tell_handover();
        }
        self.store.push(decided.decided.clone());
        self.sync_blocks();
        let now = self.now();
        self.catch_up.advanced(now, self.tip.height);
        self.treasury.do_send(Apply(Box::new(decided)));
        let status = now + self.config.sync.status;
        self.deadlines().set_if_none(Due::Status, status);
    }

    /// A decided block hands over. Whether it may: if not, a quorum broke the rules, and this node stops.
    fn hand_over(&mut self, handover: &Handover, height: Height, decided: &Decided) -> bool {
        let (chain, verify, keys) = (&self.chain, &*self.verifications, &*self.ports.dice);
        match self.succession.hand_over(handover, height, Law { chain, verify, keys }) {
            Ok(()) => {
                self.handovers.push(decided.clone());
                true
            }
            Err(error) => {
                (self.ports.halt)(&format!("the decided block {height} hands over wrongly: {error}"));
                false
            }
        }
    }

    fn tell_handover(&mut self) {
        self.catch_up.knows(self.succession.committees.handovers());
        let committees = Arc::new(self.succession.committees.clone());
        self.dice.do_send(dice::HandedOver(committees.clone()));
        self.round.do_send(HandedOver(committees));
    }

    fn sync_blocks(&mut self) {
        // While a snapshot is taken over, the tip is in no file of blocks: its durability is the snapshot's.
        if self.taking_over.is_none() && self.syncing.is_none() && self.durable < self.tip.height {
            self.syncing = Some(self.tip.height);
            let me = self.address.clone();
            let done = Box::new(move |outcome| me.do_send(BlocksSynced(outcome)));
            self.ports.disk.sync(journal::BLOCKS, done);
        }
    }

    /// Tells the round where the chain ends, once that is durable and applied.
    fn tell_round(&mut self) {
        let height = self.tip.height;
        if self.told < height && self.durable == height && self.applied == height {
            self.told = height;
            let Sync { tip, root, bets_are_up, .. } = *self;
            let certificate = self.certificate_of_tip();
            self.round.do_send(NewTip { tip, root, certificate, bets_are_up });
        }
    }

    /// For the next block, where the policy rewards who signed.
    fn certificate_of_tip(&self) -> Option<Arc<Certificate>> {
        self.config.genesis.policy.reward?;
        self.store.get(self.tip.height).map(|decided| Arc::new(decided.certificate.clone()))
    }

    /// Asks a peer for what this node lacks, if it is time.
    fn pursue(&mut self) {
        if self.taking_over.is_some() || self.tip.height - self.applied > MAX_UNAPPLIED {
            return;
        }
        let now = self.now();
        match self.catch_up.next(now, self.tip.height) {
            Next::Ask(peer, message, until) => {
                self.send(To::One(peer), message);
                self.deadlines().set(Due::CatchUp, until);
            }
            Next::Wait(until) => self.deadlines().set(Due::CatchUp, until),
            Next::Rest => self.deadlines().cancel(Due::CatchUp),
        }
        self.tell_whether_behind();
    }

    /// Says when this node begins to catch up, and when it applied all that it was behind.
    fn tell_whether_behind(&mut self) {
        if !self.lagging && !self.catch_up.asks() {
            return;
        }
        let to = self.catch_up.believed(&self.succession.acting.validators);
        if !self.lagging && to > self.tip.height {
            self.lagging = true;
            self.ports.probe.event(Event::SyncStarted { from: self.tip.height, to });
        } else if self.lagging && to <= self.applied {
            self.lagging = false;
            self.ports.probe.event(Event::SyncEnded { height: self.applied });
        }
    }

    fn status(&mut self) {
        self.announced = self.tip.height;
        self.send(To::All, SyncMessage::Status { height: self.tip.height });
        let next = self.now() + self.config.sync.keepalive;
        self.deadlines().set(Due::Keepalive, next);
    }

    fn punish(&mut self, peer: PublicKey) {
        let now = self.now();
        self.catch_up.lied(now, &peer);
        self.transport.do_send(Penalty { peer, why: Refusal::Malformed });
    }

    fn check(&self, decided: Decided, acting: &Acting) -> Option<DecidedBlock> {
        let pairings = if decided.dice.is_some() { CHECK_COST } else { 0 };
        let checked = DecidedBlock::check(decided, acting, &self.chain, &*self.verifications);
        let cost = self.ports.compute.verify_cost() * (self.verifications.take_count() + pairings);
        if !cost.is_zero() {
            self.ports.compute.run(cost, Box::new(|| ()));
        }
        checked.ok()
    }

    /// Takes blocks from a peer, asked for or given as help. What we have is skipped.
    fn take_blocks(&mut self, from: PublicKey, blocks: Vec<Decided>) {
        let before = self.tip.height;
        for decided in blocks {
            let height = decided.certificate.height;
            if height <= self.tip.height || self.taking_over.is_some() {
                continue;
            }
            if height > self.tip.height + 1 {
                break;
            }
            match self.check(decided, &self.succession.acting).filter(|decided| decided.follows(&self.tip)) {
                Some(decided) => self.decide(decided, true),
                None => return self.punish(from),
            }
        }
        let now = self.now();
        // Only what we lacked counts as an answer, or a peer that repeats old blocks would be asked for ever.
        self.catch_up.blocks_came(now, &from, self.tip.height - before);
    }

    /// Keeps in the file of blocks no more than twice what is kept in memory, or [`FILE_BYTES`].
    fn cut_file(&mut self) {
        let short = self.filed <= 2 * Store::KEPT && self.filed_bytes <= FILE_BYTES;
        if short || self.syncing.is_some() {
            return;
        }
        let mut file = Vec::new();
        self.filed = 0;
        for decided in self.store.iter() {
            journal::write(decided, &mut file);
            self.filed += 1;
        }
        self.filed_bytes = file.len();
        self.ports.disk.replace(journal::BLOCKS, file, disk::or_halt(&self.ports, journal::BLOCKS));
    }
}

impl Actor for Sync {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4096);
        let me = self.address.clone();
        self.deadlines = Some(Deadlines::new(self.ports.clock.alarm(Box::new(move || me.do_send(Ring)))));
        self.status();
    }
}

impl Handler<EngineDecided> for Sync {
    type Result = ();

    fn handle(&mut self, EngineDecided { value, certificate }: EngineDecided, _: &mut Self::Context) {
        let known = self.rolling.is_some() || certificate.height != self.tip.height + 1;
        if known || self.taking_over.is_some() {
            return; // It came from a peer first.
        }
        let Ok(block) = Block::decode(value.bytes()) else {
            return (self.ports.halt)("a value was decided that is no block");
        };
        let decided = Arc::new(Decided { value, certificate, dice: None });
        self.decide(DecidedBlock { decided, block }, false);
        self.pursue();
    }
}

impl Handler<Rolled> for Sync {
    type Result = ();

    fn handle(&mut self, Rolled { height, block, dice }: Rolled, _: &mut Self::Context) {
        let thrown = |rolling: &mut DecidedBlock| {
            rolling.block.height == height && rolling.decided.certificate.digest == block
        };
        if let Some(mut rolling) = self.rolling.take_if(thrown) {
            Arc::make_mut(&mut rolling.decided).dice = Some(dice);
            self.commit(rolling);
            self.pursue();
        }
    }
}

impl Handler<FromPeer> for Sync {
    type Result = ();

    fn handle(&mut self, FromPeer { from, message }: FromPeer, _: &mut Self::Context) {
        #[cfg(feature = "byzantine")]
        if self.adversary().is_some_and(|adversary| !adversary.incoming_sync(&from, &message)) {
            return;
        }
        let now = self.now();
        match message {
            SyncMessage::Status { height } => self.catch_up.claim(now, self.tip.height, from, height, false),
            SyncMessage::GetBlocks { from: height, count } => self.serve_blocks(from, height, count),
            SyncMessage::Blocks(blocks) => self.take_blocks(from, blocks.into_inner()),
            SyncMessage::GetSnapshot { handovers } => self.serve_snapshot(from, handovers),
            SyncMessage::Snapshot(None) => self.catch_up.manifest_came(now, &from, None),
            SyncMessage::Snapshot(Some(manifest)) => self.take_manifest(from, manifest),
            SyncMessage::GetChunk { height, index } => self.serve_chunk(from, height, index),
            SyncMessage::Chunk { height, index, bytes } => {
                match self.catch_up.chunk_came(now, &from, height, index, bytes.bytes().clone()) {
                    Ok(Some(downloaded)) => self.take_over(downloaded),
                    Ok(None) => {}
                    Err(()) => self.punish(from),
                }
            }
        }
        self.pursue();
    }
}

impl Handler<Behind> for Sync {
    type Result = ();

    fn handle(&mut self, Behind { peer, seen }: Behind, _: &mut Self::Context) {
        let now = self.now();
        // Who speaks of a height has decided the one before.
        let decided = seen.saturating_sub(1);
        self.catch_up.is_decided(decided);
        // Whom there is no link to can't be asked: its word may have come through another.
        if self.here.contains(&peer) {
            self.catch_up.claim(now, self.tip.height, peer, decided, true);
        }
        self.pursue();
    }
}

impl Handler<PeerHere> for Sync {
    type Result = ();

    fn handle(&mut self, PeerHere(peer): PeerHere, _: &mut Self::Context) {
        self.here.insert(peer);
        self.send(To::One(peer), SyncMessage::Status { height: self.tip.height });
    }
}

impl Handler<PeerGone> for Sync {
    type Result = ();

    fn handle(&mut self, PeerGone(peer): PeerGone, _: &mut Self::Context) {
        self.here.remove(&peer);
        self.catch_up.gone(&peer);
        self.pursue();
    }
}

impl Handler<Applied> for Sync {
    type Result = ();

    fn handle(&mut self, Applied { height, root, bets_are_up }: Applied, _: &mut Self::Context) {
        if height <= self.applied {
            return; // A snapshot was taken over meanwhile.
        }
        self.applied = height;
        self.root = root;
        self.bets_are_up = bets_are_up;
        self.tell_round();
        if self.lagging {
            self.pursue();
        }
    }
}

impl Handler<SnapshotTaken> for Sync {
    type Result = ();

    fn handle(&mut self, SnapshotTaken { last, state }: SnapshotTaken, _: &mut Self::Context) {
        let Ok(block) = Block::decode(last.bytes()) else { return };
        let before = |decided: &&Decided| decided.certificate.height <= block.height;
        let handovers = self.handovers.iter().filter(before).cloned().collect();
        let Some(snapshot) = Snapshot::new(last, handovers, state.into()) else { return };
        if self.taking_over.is_some() {
            return; // It is older, and would replace the newer one in the file.
        }
        if self.snapshot.as_ref().is_some_and(|newer| newer.height() >= snapshot.height()) {
            return;
        }
        let done = disk::or_halt(&self.ports, journal::SNAPSHOT);
        self.ports.disk.replace(journal::SNAPSHOT, snapshot.file(), done);
        self.store.trim(snapshot.height());
        self.snapshot = Some(snapshot);
        self.cut_file();
    }
}

impl Handler<BlocksSynced> for Sync {
    type Result = ();

    fn handle(&mut self, BlocksSynced(outcome): BlocksSynced, _: &mut Self::Context) {
        if let Err(error) = outcome {
            return disk::halt(&self.ports, journal::BLOCKS, &error);
        }
        if let Some(height) = self.syncing.take() {
            self.durable = self.durable.max(height);
        }
        self.sync_blocks();
        self.tell_round();
    }
}

impl Handler<Ring> for Sync {
    type Result = ();

    fn handle(&mut self, _: Ring, _: &mut Self::Context) {
        let now = self.now();
        for due in self.deadlines().due(now) {
            match due {
                Due::Status if self.announced == self.tip.height => {}
                Due::Status | Due::Keepalive => self.status(),
                Due::CatchUp => self.pursue(),
            }
        }
    }
}
