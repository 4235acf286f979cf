//! Who the peers are, where they are, and when each was last seen. Small, and for people: whom to dial comes from the
//! configuration.

use crate::hex;
use crate::world::disk;
use bitcraps_actors::config::PeerAddress;
use bitcraps_actors::ports::Event;
use bitcraps_types::{PublicKey, WallTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A peer, as the file tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is dialed.
    pub address: String,
    /// In milliseconds since 1970; nothing: never yet.
    pub last_seen_ms: Option<u64>,
    /// Whether it is connected.
    #[serde(skip)]
    pub here: bool,
}

/// The book of a running node.
pub struct AddressBook {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    entries: BTreeMap<String, Entry>,
    changed: bool,
}

impl AddressBook {
    /// Opens the book: the peers of the configuration, with what the file knows of them. A file that can't be read is
    /// begun anew.
    pub fn open(path: PathBuf, peers: &[PeerAddress]) -> AddressBook {
        let known = parse(&disk::read(&path).unwrap_or_default());
        let entry = |peer: &PeerAddress| {
            let name = hex::encode(&peer.key.0);
            let last_seen_ms = known.get(&name).and_then(|entry| entry.last_seen_ms);
            (name, Entry { address: peer.address.0.clone(), last_seen_ms, here: false })
        };
        let entries = peers.iter().map(entry).collect();
        AddressBook { path, state: Mutex::new(State { entries, changed: true }) }
    }

    /// Takes note of who comes and goes.
    pub fn event(&self, event: &Event<'_>, now: WallTime) {
        let (key, here): (&PublicKey, bool) = match event {
            Event::PeerUp(key) => (key, true),
            Event::PeerDown(key) => (key, false),
            _ => return,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = state.entries.get_mut(&hex::encode(&key.0)) {
            entry.here = here;
            entry.last_seen_ms = Some(now.0 / 1_000_000);
            state.changed = true;
        }
    }

    /// All peers by key.
    pub fn entries(&self) -> BTreeMap<String, Entry> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).entries.clone()
    }

    /// Writes it to its file, if it changed: those who are here are seen now.
    pub fn save(&self, now: WallTime) -> io::Result<()> {
        let text = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = std::mem::take(&mut state.changed);
            let mut here = state.entries.values_mut().filter(|entry| entry.here).peekable();
            if !changed && here.peek().is_none() {
                return Ok(());
            }
            here.for_each(|entry| entry.last_seen_ms = Some(now.0 / 1_000_000));
            serde_json::to_vec_pretty(&state.entries).expect("text is JSON")
        };
        disk::replace(&self.path, &text).inspect_err(|_| {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).changed = true;
        })
    }
}

/// What a book's file knows, by key; nothing, if it can't be read.
pub(crate) fn parse(text: &[u8]) -> BTreeMap<String, Entry> {
    serde_json::from_slice(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_actors::ports::Address;

    #[test]
    fn when_a_peer_was_last_seen_survives_a_restart_and_strangers_are_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("addrbook.json");
        let peer = |n: u8| PeerAddress { key: PublicKey([n; 32]), address: Address(format!("h{n}:1")) };
        let book = AddressBook::open(path.clone(), &[peer(1), peer(2)]);
        book.event(&Event::PeerUp(PublicKey([1; 32])), WallTime(5_000_000));
        book.event(&Event::PeerUp(PublicKey([9; 32])), WallTime(5_000_000));
        book.event(&Event::PeerDown(PublicKey([1; 32])), WallTime(7_000_000));
        book.save(WallTime(9_000_000)).unwrap();
        let again = AddressBook::open(path, &[peer(1), peer(2)]).entries();
        let seen: Vec<Option<u64>> = again.values().map(|entry| entry.last_seen_ms).collect();
        assert_eq!(seen, [Some(7), None]);
    }

    #[test]
    fn who_is_here_is_seen_at_each_save_and_a_save_that_failed_is_made_up_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("later/addrbook.json");
        let peer = PeerAddress { key: PublicKey([1; 32]), address: Address("h1:1".into()) };
        let seen = || parse(&disk::read(&path).unwrap()).values().next().and_then(|entry| entry.last_seen_ms);
        let book = AddressBook::open(path.clone(), std::slice::from_ref(&peer));
        book.event(&Event::PeerUp(peer.key), WallTime(5_000_000));
        book.event(&Event::PeerDown(peer.key), WallTime(6_000_000));
        book.save(WallTime(9_000_000)).unwrap_err();
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        book.save(WallTime(9_000_000)).unwrap();
        assert_eq!(seen(), Some(6));
        book.event(&Event::PeerUp(peer.key), WallTime(10_000_000));
        for now in [11, 12] {
            book.save(WallTime(now * 1_000_000)).unwrap();
            assert_eq!(seen(), Some(now));
        }
    }
}
