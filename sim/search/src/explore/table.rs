//! Hash tables for a search that looks up millions of times a second and never iterates over one.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Mutex;

/// A hash table with a fixed hasher. It is never iterated over, so its order does not matter.
#[allow(clippy::disallowed_types, reason = "a fixed hasher, and nobody iterates")]
#[derive(Debug)]
pub(super) struct Table<K, V>(std::collections::HashMap<K, V, BuildHasherDefault<Mix>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table(Default::default())
    }
}

impl<K: Hash + Eq, V: Copy> Table<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.0.get(key).copied()
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.0.insert(key, value);
    }
}

/// For keys that are fingerprints or small numbers.
#[derive(Debug, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0xf39c_c060_5ced_c835) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product ^ product >> 64) as u64;
    }

    fn write_u128(&mut self, word: u128) {
        self.write_u64(word as u64);
        self.write_u64((word >> 64) as u64);
    }
}

const SHARDS: usize = 64;

/// The fingerprints of the states that some thread has seen.
pub(super) struct Seen(Vec<Mutex<Table<u128, ()>>>);

impl Seen {
    pub(super) fn new() -> Seen {
        Seen((0..SHARDS).map(|_| Mutex::default()).collect())
    }

    /// Notes a state. Whether it is new.
    pub(super) fn insert(&self, fingerprint: u128) -> bool {
        let shard = &self.0[(fingerprint >> 64) as usize % SHARDS];
        let mut shard = shard.lock().expect("no thread panics while it holds a shard");
        shard.0.insert(fingerprint, ()).is_none()
    }
}
