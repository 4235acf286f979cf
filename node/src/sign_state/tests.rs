//! A model of a validator that speaks, syncs, empties its journal, crashes between any two writes, and has its journal
//! swapped for older copies. In each state that the disk was ever in, what was sent must be known or below the floor.

use super::claim::{Claim, Finding, Tracked};
use super::*;
use bitcraps_consensus::AnyEntry;
use bitcraps_consensus::tendermint::{Entry, TendermintMessage, Vote, VoteKind};
use bitcraps_types::ValidatorIndex;
use proptest::prelude::*;

const KEY: PublicKey = PublicKey([1; 32]);
const CHAIN: Digest = Digest([2; 32]);

/// A record of the consensus journal: what was said at a height, unlike all else that was said.
fn record(height: Height, number: u32) -> Vec<u8> {
    let author = ValidatorIndex(0);
    let vote = Vote { kind: VoteKind::Prevote, height, round: number, author, digest: None };
    let content = borsh::to_vec(&AnyEntry::from(Entry::Said(TendermintMessage::Vote(vote)))).unwrap();
    let mut record = b"BCJ2".to_vec();
    record.extend((content.len() as u32).to_le_bytes());
    record.extend(crc32fast::hash(&content).to_le_bytes());
    record.extend(crc32fast::hash(&record).to_le_bytes());
    record.extend(content);
    record
}

/// The whole records at the start of a journal.
fn whole(journal: &[u8]) -> &[u8] {
    let length = record(0, 0).len();
    let count = journal.chunks_exact(length).take_while(|record| highest_of(record) > 0).count();
    &journal[..count * length]
}

fn highest_of(journal: &[u8]) -> Height {
    bitcraps_actors::files::highest_spoken(journal).unwrap()
}

fn holds(journal: &[u8], record: &[u8]) -> bool {
    journal.chunks(record.len()).any(|held| held == record)
}

#[derive(Clone, Debug)]
enum Op {
    /// Say something at the current height.
    Say,
    /// Wait until what was said is durable, and send it.
    Sync,
    /// Go to the next height.
    Advance,
    /// Empty the journal: its heights are decided.
    Empty,
    /// A crash, in which so many bytes of what was not synced reach the disk, the last of them spoiled.
    Crash(usize),
    /// A crash; then the journal is an older one, and so is the chain.
    Restore(prop::sample::Index),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => Just(Op::Say),
        6 => Just(Op::Sync),
        4 => Just(Op::Advance),
        2 => Just(Op::Empty),
        1 => (0usize..200).prop_map(Op::Crash),
        1 => any::<prop::sample::Index>().prop_map(Op::Restore),
    ]
}

/// The disk at one moment, and what had been sent by then.
#[derive(Clone)]
struct Moment {
    journal: Vec<u8>,
    claim: Claim,
    sent: usize,
    decided: Height,
    height: Height,
}

struct Model {
    now: Moment,
    tracked: Tracked,
    /// In memory: not synced, not sent.
    buffer: Vec<u8>,
    unsent: Vec<(Height, Vec<u8>)>,
    sent: Vec<(Height, Vec<u8>)>,
    numbers: u32,
    history: Vec<Moment>,
    /// From here on the chain on the disk is no older one.
    since: usize,
}

impl Model {
    fn new() -> Model {
        let claim = Claim { chain: CHAIN, ..Claim::new(KEY) };
        let now = Moment { journal: vec![], claim, sent: 0, decided: 0, height: 1 };
        let history = vec![now.clone()];
        Model {
            now,
            tracked: Tracked::of(&[], 0),
            buffer: vec![],
            unsent: vec![],
            sent: vec![],
            numbers: 0,
            history,
            since: 0,
        }
    }

    /// A write reached the disk.
    fn wrote(&mut self) {
        self.history.push(self.now.clone());
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Say => {
                self.numbers += 1;
                let record = record(self.now.height, self.numbers);
                self.tracked.append(&record).unwrap();
                self.buffer.extend(&record);
                // Below the floor nothing is signed, though it is written.
                if self.now.height > self.now.claim.floor {
                    self.unsent.push((self.now.height, record));
                }
            }
            Op::Sync => {
                self.now.journal.append(&mut self.buffer);
                self.wrote();
                self.now.claim = self.now.claim.synced(&self.tracked);
                self.wrote();
                self.sent.append(&mut self.unsent);
                self.now.sent = self.sent.len();
                self.wrote();
            }
            Op::Advance => {
                self.run(&Op::Sync);
                self.now.decided = self.now.height;
                self.now.height += 1;
            }
            Op::Empty => {
                self.run(&Op::Advance);
                self.replace(Vec::new());
            }
            Op::Crash(reached) => {
                let mut torn = self.buffer[..(*reached).min(self.buffer.len())].to_vec();
                if let Some(last) = torn.last_mut() {
                    *last ^= 0x55;
                }
                self.now.journal.extend(torn);
                self.restart();
            }
            Op::Restore(older) => {
                let older = older.get(&self.history);
                self.now.journal = older.journal.clone();
                (self.now.decided, self.now.height) = (older.decided, older.height);
                self.since = self.history.len();
                self.restart();
            }
        }
    }

    fn replace(&mut self, content: Vec<u8>) {
        self.now.journal = content;
        self.wrote();
        self.now.claim = self.now.claim.replaced(&self.now.journal);
        self.wrote();
        self.tracked = Tracked::of(&self.now.journal, self.now.claim.highest);
    }

    /// What a start does, in the order in which it writes.
    fn restart(&mut self) {
        self.buffer.clear();
        self.unsent.clear();
        self.wrote();
        let (claim, _, replace) = self.now.claim.recover(&self.now.journal, Height::MAX, 0);
        self.now.claim = claim;
        self.wrote();
        if let Some(content) = replace {
            self.now.journal = content;
            self.wrote();
        }
        self.tracked = Tracked::of(&self.now.journal, self.now.claim.highest);
        let whole = whole(&self.now.journal).to_vec();
        if whole.len() < self.now.journal.len() {
            self.replace(whole);
        }
    }

    /// Whether a node that starts with this claim and this journal can contradict something that was sent.
    fn check(&self, claim: &Claim, journal: &[u8], sent: usize, decided: Height) -> Result<(), String> {
        let (after, finding, replace) = claim.recover(journal, Height::MAX, 0);
        let kept = replace.as_deref().unwrap_or(journal);
        for (height, record) in &self.sent[..sent] {
            if *height > after.floor && *height > decided && !holds(kept, record) {
                return Err(format!("forgot what it sent at height {height}: {finding:?}, {after:?}"));
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_that_was_sent_is_forgotten_above_the_floor(ops in prop::collection::vec(op(), 1..40)) {
        let mut model = Model::new();
        for op in &ops {
            model.run(op);
        }
        for (t, moment) in model.history.iter().enumerate() {
            let Moment { journal, claim, sent, decided, .. } = moment;
            // A crash at this moment, with nothing swapped.
            prop_assert_eq!(model.check(claim, journal, *sent, 0), Ok(()));
            for (then, older) in model.history[..t].iter().enumerate() {
                // An older journal beside the newest sign-state.
                prop_assert_eq!(model.check(claim, &older.journal, *sent, 0), Ok(()), "journal {} at {}", then, t);
                // An older sign-state beside the newest journal; then the chain is the newest too, and the engine never
                // goes back behind it. (Beside a journal that is old itself, it can know nothing.)
                if then >= model.since {
                    let decided = (*decided).max(model.history[model.since..=t].iter().map(|m| m.decided).max().unwrap_or(0));
                    prop_assert_eq!(model.check(&older.claim, journal, *sent, decided), Ok(()), "claim {} at {}", then, t);
                }
            }
        }
    }

    #[test]
    fn a_crash_by_itself_costs_no_height_a_voice(ops in prop::collection::vec(op(), 1..40)) {
        let mut model = Model::new();
        for op in ops.iter().filter(|op| !matches!(op, Op::Restore(_))) {
            model.run(op);
        }
        for Moment { journal, claim, decided, .. } in &model.history {
            let (after, ..) = claim.recover(journal, Height::MAX, 0);
            prop_assert!(after.floor <= *decided, "the floor is {}, decided is {}", after.floor, decided);
        }
    }
}

#[test]
fn garbage_behind_what_is_vouched_for_is_cut_off_even_if_whole_records_follow_it() {
    let said = record(5, 1);
    let claim = Claim { chain: CHAIN, ..Claim::new(KEY) }.synced(&Tracked::of(&said, 0));
    let journal = [&said[..], &[0; 30], &record(5, 2)].concat();
    let (after, finding, replace) = claim.recover(&journal, Height::MAX, 0);
    assert_eq!((after.floor, finding, replace), (0, Finding::Torn, Some(said.clone())));
    // The same damage within what is vouched for is none that a crash makes.
    let mut journal = [&said[..], &record(5, 2)].concat();
    let claim = claim.synced(&Tracked::of(&journal, 0));
    journal[20] ^= 1;
    let (after, finding, replace) = claim.recover(&journal, Height::MAX, 0);
    assert_eq!((after.floor, finding, replace), (5, Finding::Stale, Some(vec![])));
}

#[test]
fn a_journal_that_speaks_beyond_the_end_of_the_chain_is_stale() {
    let said = record(5, 1);
    let claim = Claim { chain: CHAIN, ..Claim::new(KEY) }.synced(&Tracked::of(&said, 0));
    let (after, finding, replace) = claim.recover(&said, 4, 0);
    assert_eq!((after.floor, finding, replace), (0, Finding::Whole, None));
    let (after, finding, replace) = claim.recover(&said, 3, 0);
    assert_eq!((after.floor, finding, replace), (5, Finding::Stale, Some(vec![])));
}

struct Place {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sign-state");
    Place { _directory: directory, path }
}

fn open(path: &Path, journal: &[u8], above: Option<Height>) -> Result<(SignState, Recovery), SignStateError> {
    SignState::open(path, &KEY, &CHAIN, journal, Height::MAX, above)
}

#[test]
fn a_restored_journal_raises_the_floor_for_good() {
    let Place { path, _directory } = place();
    SignState::create(&path, &KEY).unwrap();
    let (mut state, recovery) = open(&path, &[], None).unwrap();
    assert_eq!(recovery, Recovery { finding: Finding::Whole, floor: 0, replace_journal: None });
    let (old, new) = (record(7, 1), record(9, 2));
    state.appended(&old).unwrap();
    state.synced().unwrap();
    state.appended(&new).unwrap();
    state.synced().unwrap();
    drop(state);
    let stale = Recovery { finding: Finding::Stale, floor: 9, replace_journal: Some(vec![]) };
    assert_eq!(open(&path, &old, None).unwrap().1, stale);
    // The crash came before the journal was emptied: it is asked for again.
    assert_eq!(open(&path, &old, None).unwrap().1, Recovery { finding: Finding::Whole, ..stale });
    let (_, later) = open(&path, &[], None).unwrap();
    assert_eq!(later, Recovery { finding: Finding::Whole, floor: 9, replace_journal: None });
    assert_eq!(describe(&path).unwrap(), Some((9, 9)));
}

#[test]
fn a_torn_write_leaves_the_claim_before() {
    let Place { path, _directory } = place();
    SignState::create(&path, &KEY).unwrap();
    let (mut state, _) = open(&path, &[], None).unwrap();
    let first = record(3, 1);
    state.appended(&first).unwrap();
    state.synced().unwrap();
    let before = std::fs::read(&path).unwrap();
    state.appended(&record(3, 2)).unwrap();
    state.synced().unwrap();
    drop(state);
    let after = std::fs::read(&path).unwrap();
    let changed: Vec<usize> = (0..after.len()).filter(|at| before.get(*at) != Some(&after[*at])).collect();
    let (from, to) = (changed[0], changed[changed.len() - 1]);
    for torn in from..to {
        let mut file = after.clone();
        for (at, byte) in file.iter_mut().enumerate().take(to + 1).skip(torn) {
            *byte = before.get(at).copied().unwrap_or(0);
        }
        std::fs::write(&path, &file).unwrap();
        let (_, recovery) = open(&path, &first, None).unwrap();
        assert_eq!((recovery.finding, recovery.floor), (Finding::Whole, 0), "torn at byte {torn}");
    }
    std::fs::write(&path, vec![0; after.len()]).unwrap();
    assert!(matches!(open(&path, &first, None), Err(SignStateError::Damaged(_))));
}

#[test]
fn without_a_sign_state_only_a_declared_floor_starts() {
    let Place { path, _directory } = place();
    assert!(matches!(open(&path, &[], None), Err(SignStateError::Missing(_))));
    let declared = |journal: &[u8], chain_end, floor| {
        SignState::open(&path, &KEY, &CHAIN, journal, chain_end, Some(floor))
    };
    let low = SignStateError::TooLow { given: 29, reached: 30 }.to_string();
    for refused in [declared(&record(30, 1), 29, 29), declared(&[], 30, 29)] {
        assert_eq!(refused.err().map(|error| error.to_string()), Some(low.clone()));
    }
    let (state, recovery) = declared(&record(30, 1), 30, 31).unwrap();
    assert_eq!((recovery.floor, recovery.replace_journal), (31, Some(vec![])));
    drop(state);
    assert_eq!(open(&path, &[], None).unwrap().1.floor, 31);
    assert_eq!(open(&path, &[], Some(12)).unwrap().1.floor, 31, "a floor is never lowered");
    assert_eq!(open(&path, &[], Some(40)).unwrap().1.floor, 40);
}

#[test]
fn two_nodes_another_key_and_another_network_are_refused() {
    let Place { path, _directory } = place();
    SignState::create(&path, &KEY).unwrap();
    let held = open(&path, &[], None).unwrap();
    assert!(matches!(open(&path, &[], None), Err(SignStateError::Busy(_))));
    let mut state = held.0;
    state.appended(&record(1, 1)).unwrap();
    state.synced().unwrap();
    drop(state);
    let other = SignState::open(&path, &PublicKey([9; 32]), &CHAIN, &[], 0, None);
    assert!(matches!(other, Err(SignStateError::OtherKey { .. })));
    let other = SignState::open(&path, &KEY, &Digest([9; 32]), &[], 0, None);
    assert!(matches!(other, Err(SignStateError::OtherChain { .. })));
    assert!(SignState::create(&path, &KEY).is_err(), "it is never overwritten");
}
