use super::*;
use bitcraps_casino::{Action, Command};
use bitcraps_types::{Digest, PublicKey, Signature};
use proptest::prelude::*;

fn account(n: u8) -> AccountId {
    AccountId(Digest([n; 32]))
}

fn entry(n: u8, sequence: u64) -> Entry {
    let action = Action::Transfer { to: account(n), amount: sequence };
    let command = Command { key: PublicKey([n; 32]), sequence, action };
    let command = SignedCommand { command, signature: Signature([0; 64]) };
    Entry { account: account(n), sequence, size: 100, command }
}

fn limits() -> MempoolLimits {
    MempoolLimits { commands: 10, bytes: 800, per_account: 4 }
}

fn used(sequences: &[u64]) -> Sequences {
    let mut used = Sequences::default();
    sequences.iter().for_each(|sequence| assert!(used.claim(*sequence)));
    used
}

fn pool(accounts: u8) -> Pool {
    let mut pool = Pool::new(limits());
    (1..=accounts).for_each(|n| pool.advance(account(n), Sequences::default()));
    pool
}

fn names(batch: &[SignedCommand]) -> Vec<(u8, u64)> {
    batch.iter().map(|signed| (signed.command.key.0[0], signed.command.sequence)).collect()
}

#[test]
fn a_batch_is_ordered_by_account_and_sequence_number_and_takes_turns() {
    let mut pool = pool(3);
    for (n, sequence) in [(2, 5), (1, 1), (1, 3), (2, 2), (1, 2), (3, 9)] {
        pool.insert(entry(n, sequence)).unwrap();
    }
    assert_eq!(names(&pool.batch(400, 99)), [(1, 1), (1, 2), (2, 2), (3, 9)]);
    assert_eq!(names(&pool.batch(9999, 99)), [(1, 1), (1, 2), (1, 3), (2, 2), (2, 5), (3, 9)]);
}

#[test]
fn who_was_served_last_comes_last_next_time() {
    let mut pool = pool(3);
    (1..=3).for_each(|n| assert!(pool.insert(entry(n, 1)).is_ok()));
    let turns: Vec<_> = (0..4).map(|_| names(&pool.batch(100, 99))[0].0).collect();
    assert_eq!(turns, [1, 2, 3, 1]);
}

#[test]
fn a_batch_never_skips_a_sequence_number_that_waits() {
    let mut pool = pool(1);
    pool.insert(Entry { size: 300, ..entry(1, 1) }).unwrap();
    pool.insert(entry(1, 2)).unwrap();
    assert_eq!(names(&pool.batch(299, 99)), []);
}

#[test]
fn used_and_waiting_sequence_numbers_and_strangers_are_turned_away() {
    let mut pool = pool(1);
    pool.advance(account(1), used(&[3, 70]));
    assert!([0, 3, 6, 70].iter().all(|sequence| pool.insert(entry(1, *sequence)).is_err()));
    assert_eq!(pool.insert(entry(1, 7)).map(drop), Ok(()));
    assert_eq!(pool.insert(entry(1, 71)).map(drop), Ok(()));
    assert!(pool.insert(entry(1, 7)).is_err());
    assert!(pool.insert(entry(2, 1)).is_err());
}

#[test]
fn a_command_that_was_overtaken_waits_until_it_leaves_the_window() {
    let mut pool = pool(1);
    [1, 2, 3, 4].iter().for_each(|sequence| assert!(pool.insert(entry(1, *sequence)).is_ok()));
    pool.advance(account(1), used(&[2, 5]));
    assert_eq!(names(&pool.batch(9999, 99)), [(1, 1), (1, 3), (1, 4)]);
    pool.advance(account(1), used(&[2, 5, 67]));
    assert_eq!(names(&pool.batch(9999, 99)), [(1, 4)]);
    assert_eq!((pool.count, pool.bytes), (1, 100));
}

#[test]
fn the_pool_is_bounded_in_commands_in_bytes_and_per_account() {
    let mut few = pool(9);
    assert_eq!((1..=9).filter(|sequence| few.insert(entry(1, *sequence)).is_ok()).count(), 4);
    let mut heavy = pool(9);
    assert_eq!((1..=9).filter(|n| heavy.insert(entry(*n, 1)).is_ok()).count(), 8);
    let mut many = pool(20);
    assert_eq!((1..=20).filter(|n| many.insert(Entry { size: 1, ..entry(*n, 1) }).is_ok()).count(), 10);
}

#[test]
fn in_a_full_pool_the_latest_of_whoever_has_the_most_gives_way_and_never_an_equal() {
    let mut pool = pool(9);
    for (n, count) in [(1, 3), (2, 4), (3, 1)] {
        (1..=count).for_each(|sequence| assert_eq!(pool.insert(entry(n, sequence)), Ok(None)));
    }
    let mut gives_way = |n, sequence| pool.insert(entry(n, sequence)).map(|gone| names(gone.as_slice()));
    assert_eq!(gives_way(4, 1), Ok(vec![(2, 4)]));
    assert_eq!(gives_way(3, 2), Ok(vec![(2, 3)]));
    assert_eq!(gives_way(3, 3), Err(FULL), "then it would have as many as the one with the most");
    assert_eq!(gives_way(5, 1), Ok(vec![(1, 3)]));
    assert_eq!(gives_way(6, 1), Ok(vec![(3, 2)]));
    assert_eq!((pool.count, pool.bytes), (8, 800));
}

#[test]
fn nothing_gives_way_to_what_would_not_fit_even_then() {
    let mut pool = pool(9);
    (1..=4).for_each(|sequence| assert_eq!(pool.insert(entry(1, sequence)), Ok(None)));
    assert_eq!(pool.insert(Entry { size: 501, ..entry(2, 1) }), Err(FULL));
    assert_eq!((pool.count, pool.bytes), (4, 400));
}

proptest! {
    #[test]
    fn what_is_decided_makes_room_again(steps in prop::collection::vec((1u8..5, 1u64..9, any::<bool>()), 0..60)) {
        let mut pool = pool(4);
        for (n, sequence, decided) in steps {
            if decided {
                let mut used = pool.used[&account(n)];
                used.claim(sequence);
                pool.remove(account(n), sequence);
                pool.advance(account(n), used);
            } else {
                let _ = pool.insert(entry(n, sequence));
            }
            pool.check();
        }
    }
}
