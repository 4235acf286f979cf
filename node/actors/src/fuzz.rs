//! What actors read under bytes that a stranger chose: bodies for `fuzz/`.

use crate::config::MempoolLimits;
use crate::event_log::Logged;
use crate::files as reading;
use crate::journal::{self, JournalError};
use crate::mempool::pool::{Entry as Waiting, Pool};
use crate::ports::{ConsensusEngine, ConsensusMessage, DiceKeys};
use crate::sync::snapshot::{Snapshot, described};
use crate::wire::{Chunk, Decided, List, Manifest, SyncMessage, Wire};
use crate::{Hello, PROTOCOL_VERSION, Proof};
use bitcraps_beacon::{Partials, Shares};
use bitcraps_casino::{
    Action, Blobs, Block, Casino, Command, Committee, DiceKey, Genesis, GenesisValidator, SignedCommand,
};
use bitcraps_consensus::tendermint::{self, TendermintMessage, Vote, VoteKind};
use bitcraps_consensus::{Certificate, Engine, Signed};
use bitcraps_treasury::Sequences;
use bitcraps_types::{
    AccountId, Digest, GroupKey, Height, PartialSignature, Protocol, PublicKey, Signature, ThresholdKey,
    ThresholdSignature, ValidatorIndex, Value, Verify, WallTime,
};
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;
use std::rc::Rc;

type Entry = <ConsensusEngine as Engine>::Entry;

/// Whose signatures are always right: what is signed is not what is looked for here.
struct Trusting;

impl Verify for Trusting {
    fn verify(&self, _: &PublicKey, _: &[u8], _: &Signature) -> bool {
        true
    }
}

impl DiceKeys for Trusting {
    fn key(&self, _: &Committee, _: &Shares) -> Option<Rc<dyn ThresholdKey>> {
        Some(Rc::new(Trusting))
    }
}

impl ThresholdKey for Trusting {
    fn sign(&self, _: &[u8]) -> Vec<PartialSignature> {
        Vec::new()
    }

    fn verify_partial(&self, _: &[u8], _: u32, _: &PartialSignature) -> bool {
        true
    }

    fn combine(&self, _: &[u8], _: &[(u32, PartialSignature)]) -> Option<ThresholdSignature> {
        None
    }

    fn verify(&self, _: &[u8], _: &ThresholdSignature) -> bool {
        true
    }
}

/// A message of a peer. Held: what decodes is the encoding; blocks and manifests in it can be looked at.
pub fn wire(bytes: &[u8]) {
    let Ok(message) = Wire::decode(bytes) else { return };
    assert_eq!(message.encode(), bytes);
    match message {
        Wire::Sync(SyncMessage::Snapshot(Some(manifest))) => drop(described(&manifest)),
        Wire::Sync(SyncMessage::Blocks(blocks)) => {
            for decided in blocks.into_inner() {
                if let Ok(block) = Block::decode(decided.value.bytes()) {
                    assert_eq!(block.encode(), *decided.value.bytes());
                }
            }
        }
        _ => {}
    }
}

/// The files of a node. The first byte: 0, the rest is a log of events; even, it is a file as it is; odd, they are the
/// contents of records, each after its length (2 bytes), which get checksums that fit. Read as each kind of file.
///
/// Held: what is recovered, written again, is the file up to where it is whole, and is recovered from that alone; no
/// error lies outside of the file; a chain that these files hold replays or is refused.
pub fn files(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    match which {
        0 => return event_log(bytes),
        _ if which % 2 == 0 => return recovery(bytes),
        _ => {}
    }
    let all = records(bytes);
    recovery(&all.concat());
    let (snapshot, blocks) = all.split_at(usize::from(which >> 1).min(all.len()));
    let (snapshot, blocks) = (snapshot.concat(), blocks.concat());
    let _ = reading::chain_end(&snapshot, &blocks);
    if let Ok(replayed) = reading::replay(&genesis(), &snapshot, &blocks, &Trusting, &Trusting) {
        assert_eq!(replayed.height, replayed.from + replayed.blocks as Height);
    }
}

fn recovery(file: &[u8]) {
    recovered::<Entry>(file);
    recovered::<Decided>(file);
    recovered::<(Value, Vec<u8>)>(file);
    let _ = (reading::highest_spoken(file), Snapshot::of_file(file));
}

fn recovered<T: BorshSerialize + BorshDeserialize>(file: &[u8]) {
    match journal::recover::<T>(file) {
        Ok(recovered) => {
            let again: Vec<u8> = recovered.records.iter().flat_map(journal::record).collect();
            assert_eq!(again, file[..recovered.whole]);
            assert_eq!(journal::recover::<T>(&again).expect("it is whole").whole, again.len());
        }
        Err(JournalError::Damaged(at) | JournalError::Format(at)) => assert!(at < file.len()),
    }
}

/// Writes bytes as they are.
struct Raw<'a>(&'a [u8]);

impl BorshSerialize for Raw<'_> {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.0)
    }
}

fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (content, rest) = rest.split_at(rest.len().min(usize::from(u16::from_le_bytes(*length))));
        records.push(journal::record(&Raw(content)));
        bytes = rest;
    }
    records
}

fn event_log(bytes: &[u8]) {
    let (mut rest, mut again) = (bytes, Vec::new());
    while let Ok(Some((at, event))) = Logged::take(&mut rest) {
        again.extend(event.record(at));
    }
    assert_eq!(again, bytes[..bytes.len() - rest.len()]);
}

/// Commands into and out of the pool, six bytes each. Held: after each, its counts are right, it is within its bounds,
/// and a batch is within what was asked for, in order.
pub fn pool(bytes: &[u8]) {
    let mut pool =
        Pool::new(MempoolLimits { commands: 10, bytes: 800, per_account: 4, ..MempoolLimits::default() });
    let mut used = [Sequences::default(); 4];
    for &[what, who, sequence, size, a, b] in bytes.as_chunks::<6>().0 {
        let who = usize::from(who % 4);
        let (account, sequence) = (AccountId(Digest([who as u8; 32])), u64::from(sequence));
        match what % 6 {
            0..=2 => {
                let action = Action::Transfer { to: account, amount: u64::from(a) };
                let command = Command { key: PublicKey([who as u8; 32]), sequence, action };
                let command = SignedCommand { command, signature: Signature([b; 64]) };
                let entry = Waiting { account, sequence, size: 1 + usize::from(size) * 2, command };
                let why_not = pool.refusal(&account, sequence, entry.size);
                assert_eq!(pool.insert(entry).err(), why_not);
                assert!(why_not.is_some() || pool.get(&account, sequence) == Some(&command));
            }
            3 => {
                used[who].claim(sequence + u64::from(a) * 40);
                pool.advance(account, used[who]);
            }
            4 => pool.remove(account, sequence),
            _ => {
                let batch = pool.batch(usize::from(size) * 8, usize::from(a % 16));
                assert!(batch.len() <= usize::from(a % 16));
                let names: Vec<_> =
                    batch.iter().map(|signed| (signed.command.key, signed.command.sequence)).collect();
                assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
            }
        }
        pool.check();
    }
}

fn genesis() -> Genesis {
    let validators = vec![GenesisValidator { key: PublicKey([1; 32]), power: 1 }];
    Genesis {
        name: "fuzz".into(),
        engine: Protocol::Tendermint,
        validators,
        players: vec![],
        bank: 7,
        tables: vec![],
        blob_bytes: 0,
        dice: DiceKey { group: GroupKey(vec![]), holders: vec![ValidatorIndex(0)] },
        policy: bitcraps_casino::Policy::default(),
    }
}

/// A chain of blocks of one validator, from the genesis.
fn chain(length: Height) -> Vec<Decided> {
    let genesis = genesis();
    let mut parent = genesis.chain_id();
    let state_root = Casino::genesis(&genesis).expect("it is sound").root();
    let mut casino = Casino::genesis(&genesis).expect("it is sound");
    let mut blocks = Vec::new();
    for height in 1..=length {
        let state_root = if height == 1 { state_root } else { casino.root() };
        let (proposer, time) = (ValidatorIndex(0), WallTime(height));
        let block = Block {
            height,
            parent,
            proposer,
            time,
            state_root,
            rolls: true,
            attendance: None,
            handover: None,
            commands: vec![],
            offences: vec![],
            blobs: Blobs::default(),
        };
        let value = Value::new(block.encode());
        let dice = Some(ThresholdSignature([7; 96]));
        casino.apply(&block, dice.as_ref(), &genesis.chain_id(), &Trusting);
        parent = value.digest();
        let signatures = vec![(ValidatorIndex(0), Signature([0; 64]))];
        let certificate = Certificate { height, round: 0, digest: value.digest(), signatures };
        blocks.push(Decided { value, certificate, dice });
    }
    blocks
}

fn vote() -> TendermintMessage {
    let (kind, author) = (VoteKind::Prevote, ValidatorIndex(0));
    let vote = Vote { kind, height: 1, round: 0, author, digest: Some(Digest([3; 32])) };
    TendermintMessage::Vote(vote)
}

fn signed_vote() -> Signed<ConsensusMessage> {
    Signed { message: vote().into(), signature: Signature([0; 64]) }
}

/// One of each kind.
pub fn wire_seeds() -> Vec<Vec<u8>> {
    let key = PublicKey([1; 32]);
    let hello = Hello { version: PROTOCOL_VERSION, genesis: genesis().chain_id(), key, nonce: [9; 32] };
    let action = Action::Transfer { to: AccountId(Digest([2; 32])), amount: 5 };
    let command = Command { key, sequence: 1, action };
    let command = SignedCommand { command, signature: Signature([0; 64]) };
    let blocks = chain(2);
    let manifest = Manifest {
        last: blocks[0].value.clone(),
        next: blocks[1].clone(),
        handovers: List::first(vec![blocks[0].clone()]),
        chunks: List::first(vec![Digest([4; 32])]),
    };
    let partials = Partials {
        height: 3,
        block: Digest([6; 32]),
        repeated: false,
        signatures: vec![PartialSignature([7; 96])],
    };
    let messages = [
        Wire::Dice(partials),
        Wire::Hello(hello),
        Wire::Proof(Proof { signature: Signature([5; 64]) }),
        Wire::Consensus(List::first(vec![signed_vote(), signed_vote()])),
        Wire::Commands(List::first(vec![command])),
        Wire::Sync(SyncMessage::Status { height: 7 }),
        Wire::Sync(SyncMessage::GetBlocks { from: 1, count: 2 }),
        Wire::Sync(SyncMessage::Blocks(List::first(blocks))),
        Wire::Sync(SyncMessage::GetSnapshot { handovers: 0 }),
        Wire::Sync(SyncMessage::Snapshot(Some(Box::new(manifest)))),
        Wire::Sync(SyncMessage::GetChunk { height: 1, index: 0 }),
        Wire::Sync(SyncMessage::Chunk { height: 1, index: 0, bytes: Chunk::first(vec![1; 20].into()) }),
    ];
    messages.iter().map(|message| message.encode().to_vec()).collect()
}

/// A log of events, whole and cut off; a chain as a file; a snapshot and a chain after it; what a validator said.
pub fn files_seeds() -> Vec<Vec<u8>> {
    let bytes = |content: &dyn Fn(&mut Vec<u8>) -> io::Result<()>| {
        let mut bytes = Vec::new();
        content(&mut bytes).expect("a vector takes all bytes");
        [&(bytes.len() as u16).to_le_bytes()[..], &bytes].concat()
    };
    let blocks = chain(3);
    let state = Casino::genesis(&genesis()).expect("it is sound").encode_snapshot();
    let contents = |blocks: &[Decided]| -> Vec<u8> {
        blocks.iter().flat_map(|block| bytes(&|out| block.serialize(out))).collect()
    };
    let snapshot = bytes(&|out| (&blocks[0].value, Vec::<Decided>::new(), &state).serialize(out));
    let file: Vec<u8> = blocks.iter().flat_map(journal::record).collect();
    let said = Entry::from(tendermint::Entry::Said(vote()));
    let log = log();
    vec![
        [&[0][..], &log].concat(),
        [&[0][..], &log[..log.len() - 3]].concat(),
        [&[2][..], &file].concat(),
        [&[1][..], &contents(&blocks)].concat(),
        [&[3][..], &snapshot, &contents(&blocks[1..])].concat(),
        [&[1][..], &bytes(&|out| said.serialize(out))].concat(),
        [&[2][..], &journal::record(&said), &journal::record(&said)[..20]].concat(),
    ]
}

fn log() -> Vec<u8> {
    let Decided { value, certificate, .. } = chain(1).remove(0);
    let events = [
        Logged::Started { height: 1, journal: 3 },
        Logged::Signed(Box::new(signed_vote())),
        Logged::Decided { value, certificate, synced: true },
        Logged::PeerUp(PublicKey([1; 32])),
        Logged::CommandRefused(Digest([1; 32]), 2),
    ];
    events.iter().flat_map(|event| event.record(WallTime(5))).collect()
}

/// A pool that fills up, gives up, and empties.
pub fn pool_seeds() -> Vec<Vec<u8>> {
    let advances = (0..4).flat_map(|who| [3, who, 0, 0, 0, 0]);
    let inserts = (0..24).flat_map(|n| [0, n % 4, 1 + n / 4, 20 + n, n, 0]);
    let more = [[5, 0, 0, 60, 7, 0], [4, 1, 2, 0, 0, 0], [3, 2, 3, 0, 0, 0], [5, 0, 0, 200, 15, 0]];
    vec![advances.chain(inserts).chain(more.into_iter().flatten()).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_what_they_are_for() {
        for seed in wire_seeds() {
            assert!(Wire::decode(&seed).is_ok());
            wire(&seed);
        }
        files_seeds().iter().for_each(|seed| files(seed));
        pool_seeds().iter().for_each(|seed| pool(seed));
        let (blocks, state) = (chain(3), Casino::genesis(&genesis()).unwrap().encode_snapshot());
        let blocks: Vec<u8> = blocks.iter().flat_map(journal::record).collect();
        let snapshot = journal::record(&(chain(1).remove(0).value, Vec::<Decided>::new(), state));
        let from = |snapshot| reading::replay(&genesis(), snapshot, &blocks, &Trusting, &Trusting).unwrap();
        assert_eq!((from(&[][..]).blocks, from(&snapshot).blocks), (3, 2));
    }
}
