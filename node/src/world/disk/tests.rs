use super::*;
use crate::sign_state::SignState;
use bitcraps_types::{Digest, PublicKey};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::timeout;

fn on_a_local_set<T>(test: impl AsyncFnOnce() -> T) -> T {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    LocalSet::new().block_on(&runtime, test())
}

/// What a call reports, within a deadline.
async fn told<T: 'static>(call: impl FnOnce(Done<T>)) -> Result<T, DiskError> {
    let (tell, told) = oneshot::channel();
    call(Box::new(move |outcome| drop(tell.send(outcome))));
    timeout(Duration::from_secs(10), told).await.expect("in time").expect("it is told")
}

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new("test", bitcraps_types::WallTime(0)))
}

fn open(directory: &Path) -> (Files, Rc<dyn Disk>) {
    let files = Files::open(directory, None, metrics()).unwrap();
    let port = files.port();
    (files, port)
}

#[test]
fn what_was_appended_is_read_in_order_and_synced_to_the_file() {
    let directory = tempfile::tempdir().unwrap();
    on_a_local_set(async || {
        let (files, disk) = open(directory.path());
        assert_eq!(told(|done| disk.read("a", done)).await, Ok(vec![]));
        disk.append("a", b"one ").unwrap();
        disk.append("b", b"other").unwrap();
        disk.append("a", b"two").unwrap();
        assert_eq!(told(|done| disk.read("a", done)).await, Ok(b"one two".to_vec()));
        assert_eq!(told(|done| disk.sync("a", done)).await, Ok(()));
        assert_eq!(std::fs::read(directory.path().join("a")).unwrap(), b"one two");
        assert_eq!(files.close(), Ok(()));
        assert_eq!(std::fs::read(directory.path().join("b")).unwrap(), b"other", "a close writes the rest");
    });
}

#[test]
fn after_one_failure_everything_fails() {
    let directory = tempfile::tempdir().unwrap();
    on_a_local_set(async || {
        let (files, disk) = open(directory.path());
        std::fs::create_dir(directory.path().join("in-the-way")).unwrap();
        disk.append("in-the-way", b"x").unwrap();
        let failed = told(|done| disk.sync("in-the-way", done)).await;
        assert!(matches!(failed, Err(DiskError::Io(_))));
        assert_eq!(disk.append("a", b"x"), Err(failed.clone().unwrap_err()));
        assert_eq!(told(|done| disk.sync("a", done)).await, failed);
        assert_eq!(told(|done| disk.read("a", done)).await.map(|_| ()), failed);
        assert_eq!(told(|done| disk.replace("a", vec![], done)).await, failed);
        assert_eq!(files.failure(), failed.err());
    });
}

/// `/dev/full` refuses every write as a full disk does.
#[test]
fn a_full_disk_is_told_as_such() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", directory.path().join("a")).unwrap();
    on_a_local_set(async || {
        let (_files, disk) = open(directory.path());
        disk.append("a", b"x").unwrap();
        assert_eq!(told(|done| disk.sync("a", done)).await, Err(DiskError::Full));
    });
}

/// The last writes are nobody's to wait for, and yet a stop that lost them is no good one.
#[test]
fn a_close_tells_that_its_last_writes_failed() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", directory.path().join("a")).unwrap();
    on_a_local_set(async || {
        let (files, disk) = open(directory.path());
        disk.append("a", b"x").unwrap();
        assert_eq!(files.close(), Err(DiskError::Full));
    });
}

#[test]
fn a_sync_of_the_consensus_journal_is_vouched_for_before_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let (data, path) = (directory.path().join("data"), directory.path().join("sign-state"));
    std::fs::create_dir(&data).unwrap();
    let (key, chain) = (PublicKey([1; 32]), Digest([2; 32]));
    SignState::create(&path, &key).unwrap();
    let (state, _) = SignState::open(&path, &key, &chain, &[], 0, None).unwrap();
    on_a_local_set(async || {
        let files = Files::open(&data, Some(state), metrics()).unwrap();
        let disk = files.port();
        let vouched = || crate::sign_state::describe(&path).unwrap().unwrap().0;
        disk.append(CONSENSUS, &entry(7)).unwrap();
        assert_eq!(vouched(), 0);
        assert_eq!(told(|done| disk.sync(CONSENSUS, done)).await, Ok(()));
        assert_eq!(vouched(), 7);
        disk.append("blocks", b"x").unwrap();
        assert_eq!(told(|done| disk.replace(CONSENSUS, vec![], done)).await, Ok(()));
        assert_eq!(files.close(), Ok(()));
        assert_eq!(crate::sign_state::describe(&path).unwrap(), Some((7, 7)), "the floor rose");
    });
}

fn entry(height: u64) -> Vec<u8> {
    use bitcraps_consensus::AnyEntry;
    use bitcraps_consensus::tendermint::{Entry, TendermintMessage, Vote, VoteKind};
    let author = bitcraps_types::ValidatorIndex(0);
    let vote = Vote { kind: VoteKind::Prevote, height, round: 0, author, digest: None };
    let content = borsh::to_vec(&AnyEntry::from(Entry::Said(TendermintMessage::Vote(vote)))).unwrap();
    let checksum = crc32fast::hash(&content).to_le_bytes();
    let header = [&b"BCJ2"[..], &(content.len() as u32).to_le_bytes(), &checksum].concat();
    [&header[..], &crc32fast::hash(&header).to_le_bytes(), &content].concat()
}
