//! All accounts: found by id, reached by slot, and hashed as a trie of which only what changed is hashed again.
//!
//! The trie branches by the four bits of the id at each depth, where more than [`LEAF`] accounts would share a leaf. So its
//! shape follows from the ids that are in it, not from the order in which they came. Ids are digests, so it is shallow;
//! who makes ids that begin alike makes it deep for himself.

use crate::{Account, Escrow};
use arrayvec::ArrayVec;
use bitcraps_types::{AccountId, Digest};
use borsh::{BorshDeserialize, BorshSerialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

/// The most accounts in a leaf. A touched leaf is hashed whole.
const LEAF: usize = 32;

/// How many escrows lie with their account.
const LOW: usize = 4;

/// Where an account lies in the ledger that says so. An account never moves, until the ledger is decoded anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(u32);

#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    /// In the order in which they were opened.
    entries: Vec<Entry>,
    trie: Node,
    /// What changed since the root was last computed.
    touched: Vec<Slot>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: AccountId,
    pub(crate) account: Account,
    /// Those that it owns.
    pub(crate) escrows: Escrows,
    touched: bool,
}

/// Escrows by their sequence numbers. Most accounts have few, and those need no memory of their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Escrows {
    /// Those with the lowest numbers, in order.
    low: ArrayVec<(u64, Escrow), LOW>,
    /// The others. None unless the low are full.
    high: BTreeMap<u64, Escrow>,
}

impl Escrows {
    pub(crate) fn get(&self, sequence: u64) -> Option<&Escrow> {
        match self.low.iter().find(|(of, _)| *of == sequence) {
            Some((_, escrow)) => Some(escrow),
            None => self.high.get(&sequence),
        }
    }

    /// The number must be new.
    pub(crate) fn insert(&mut self, sequence: u64, escrow: Escrow) {
        let at = self.low.iter().position(|(of, _)| *of > sequence).unwrap_or(self.low.len());
        if at == LOW {
            self.high.insert(sequence, escrow);
            return;
        }
        if self.low.is_full() {
            self.high.extend(self.low.pop());
        }
        self.low.insert(at, (sequence, escrow));
    }

    pub(crate) fn remove(&mut self, sequence: u64) {
        if let Some(at) = self.low.iter().position(|(of, _)| *of == sequence) {
            self.low.remove(at);
            self.low.extend(self.high.pop_first());
        } else {
            self.high.remove(&sequence);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.low.len() + self.high.len()
    }

    /// In the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Escrow)> {
        let low = self.low.iter().map(|(sequence, escrow)| (*sequence, escrow));
        low.chain(self.high.iter().map(|(sequence, escrow)| (*sequence, escrow)))
    }
}

#[derive(Clone, Debug)]
struct Node {
    /// `None`: something below it changed.
    digest: Option<Digest>,
    below: Below,
}

#[derive(Clone, Debug)]
enum Below {
    /// The accounts in the order of their ids.
    Leaf(Vec<Found>),
    Branch(Box<[Node; 16]>),
}

/// An account in a leaf. The head of its id spares most comparisons the way to its entry.
#[derive(Clone, Copy, Debug)]
struct Found {
    head: u64,
    slot: Slot,
}

impl Accounts {
    pub(crate) fn new() -> Accounts {
        Accounts { entries: Vec::new(), trie: Node::leaf(), touched: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn find(&self, id: &AccountId) -> Option<Slot> {
        let leaf = self.trie.leaf_of(id);
        let at = leaf.binary_search_by(|found| found.cmp(id, &self.entries)).ok()?;
        Some(leaf[at].slot)
    }

    pub(crate) fn at(&self, slot: Slot) -> &Entry {
        &self.entries[slot.0 as usize]
    }

    /// To change it.
    pub(crate) fn touch(&mut self, slot: Slot) -> &mut Entry {
        let entry = &mut self.entries[slot.0 as usize];
        if !entry.touched {
            entry.touched = true;
            self.touched.push(slot);
        }
        entry
    }

    /// The account with an id, new if there is none.
    pub(crate) fn open(&mut self, id: AccountId) -> Slot {
        self.find(&id).unwrap_or_else(|| self.insert(id, Account::default()))
    }

    /// The slots in the order of the ids.
    pub(crate) fn in_order(&self) -> Vec<Slot> {
        let mut slots = Vec::with_capacity(self.len());
        self.trie.append_slots(&mut slots);
        slots
    }

    /// The digest of all accounts with their escrows.
    pub(crate) fn root(&mut self) -> Digest {
        for slot in std::mem::take(&mut self.touched) {
            let entry = &mut self.entries[slot.0 as usize];
            entry.touched = false;
            self.trie.forget_digests(&entry.id);
        }
        self.trie.digest(&self.entries, &mut Vec::new())
    }

    /// No account has the id.
    fn insert(&mut self, id: AccountId, account: Account) -> Slot {
        let slot = Slot(u32::try_from(self.len()).expect("there are fewer than 2^32 accounts"));
        self.entries.push(Entry { id, account, escrows: Escrows::default(), touched: false });
        self.trie.insert(slot, &self.entries);
        slot
    }

    /// An entry as it is hashed and stored: the other sides of its escrows by their names.
    fn write(&self, slot: Slot, writer: &mut impl Write) -> io::Result<()> {
        write_entry(self.at(slot), &self.entries, writer)
    }
}

fn write_entry(entry: &Entry, all: &[Entry], writer: &mut impl Write) -> io::Result<()> {
    let Entry { id, account, escrows, .. } = entry;
    (id, account).serialize(writer)?;
    u32::try_from(escrows.len()).expect("an account has fewer than 2^32 escrows").serialize(writer)?;
    for (sequence, &Escrow { with, stake, cover }) in escrows.iter() {
        (sequence, all[with.0 as usize].id, stake, cover).serialize(writer)?;
    }
    Ok(())
}

impl BorshSerialize for Accounts {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        u32::try_from(self.len()).expect("there are fewer than 2^32 accounts").serialize(writer)?;
        self.in_order().into_iter().try_for_each(|slot| self.write(slot, writer))
    }
}

impl BorshDeserialize for Accounts {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        type Stored = (Account, BTreeMap<u64, (AccountId, u64, u64)>);
        let stored = BTreeMap::<AccountId, Stored>::deserialize_reader(reader)?;
        let mut accounts = Accounts::new();
        for (id, (account, _)) in &stored {
            accounts.insert(*id, *account);
        }
        for (id, (_, escrows)) in stored.into_iter().filter(|(_, (_, escrows))| !escrows.is_empty()) {
            let owner = accounts.open(id);
            for (sequence, (with, stake, cover)) in escrows {
                let with = accounts.find(&with).ok_or(io::ErrorKind::InvalidData)?;
                accounts.touch(owner).escrows.insert(sequence, Escrow { with, stake, cover });
            }
        }
        Ok(accounts)
    }
}

impl Found {
    fn cmp(&self, id: &AccountId, entries: &[Entry]) -> Ordering {
        let full = || entries[self.slot.0 as usize].id.cmp(id);
        self.head.cmp(&id.0.head()).then_with(full)
    }
}

/// The four bits of an id by which a node at a depth branches.
fn branch(id: &AccountId, depth: usize) -> usize {
    usize::from(id.0.0[depth / 2] >> (4 * (1 - depth % 2)) & 15)
}

impl Node {
    fn leaf() -> Node {
        Node { digest: None, below: Below::Leaf(Vec::new()) }
    }

    /// The leaf in which an id is, if it is anywhere.
    fn leaf_of(&self, id: &AccountId) -> &[Found] {
        let (mut node, mut depth) = (self, 0);
        loop {
            match &node.below {
                Below::Leaf(leaf) => return leaf,
                Below::Branch(children) => node = &children[branch(id, depth)],
            }
            depth += 1;
        }
    }

    /// Something of an account changed.
    fn forget_digests(&mut self, id: &AccountId) {
        let (mut node, mut depth) = (self, 0);
        loop {
            node.digest = None;
            let Below::Branch(children) = &mut node.below else { return };
            node = &mut children[branch(id, depth)];
            depth += 1;
        }
    }

    fn insert(&mut self, slot: Slot, entries: &[Entry]) {
        let id = &entries[slot.0 as usize].id;
        let (mut node, mut depth) = (self, 0);
        loop {
            node.digest = None;
            if let Below::Leaf(leaf) = &mut node.below {
                if leaf.len() < LEAF {
                    let at = leaf.partition_point(|found| found.cmp(id, entries).is_lt());
                    leaf.insert(at, Found { head: id.0.head(), slot });
                    return;
                }
                let mut children = std::array::from_fn::<Vec<Found>, 16, _>(|_| Vec::new());
                for found in leaf.iter() {
                    children[branch(&entries[found.slot.0 as usize].id, depth)].push(*found);
                }
                let children = children.map(|leaf| Node { digest: None, below: Below::Leaf(leaf) });
                node.below = Below::Branch(Box::new(children));
            }
            let Below::Branch(children) = &mut node.below else { unreachable!("a full leaf was split") };
            node = &mut children[branch(id, depth)];
            depth += 1;
        }
    }

    fn append_slots(&self, slots: &mut Vec<Slot>) {
        match &self.below {
            Below::Leaf(leaf) => slots.extend(leaf.iter().map(|found| found.slot)),
            Below::Branch(children) => children.iter().for_each(|child| child.append_slots(slots)),
        }
    }

    /// `bytes` is room to gather a leaf in.
    fn digest(&mut self, entries: &[Entry], bytes: &mut Vec<u8>) -> Digest {
        if let Some(digest) = self.digest {
            return digest;
        }
        let digest = match &mut self.below {
            Below::Leaf(leaf) if leaf.is_empty() => Digest::ZERO,
            Below::Leaf(leaf) => {
                bytes.clear();
                for found in leaf {
                    write_entry(&entries[found.slot.0 as usize], entries, bytes)
                        .expect("a vector takes all bytes");
                }
                Digest::sha256("ledger/leaf", bytes)
            }
            Below::Branch(children) => {
                let mut below = [0; 32 * 16];
                for (slot, child) in below.as_chunks_mut::<32>().0.iter_mut().zip(children.iter_mut()) {
                    *slot = child.digest(entries, bytes).0;
                }
                Digest::sha256("ledger/branch", &below)
            }
        };
        self.digest = Some(digest);
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::btree_map::Entry;

    proptest! {
        #[test]
        fn escrows_are_a_map_by_their_numbers(
            steps in prop::collection::vec((any::<bool>(), 0..4 * LOW as u64), 0..100),
        ) {
            let (mut escrows, mut map) = (Escrows::default(), BTreeMap::new());
            for (stake, (inserts, sequence)) in (1..).zip(steps) {
                if !inserts {
                    escrows.remove(sequence);
                    map.remove(&sequence);
                } else if let Entry::Vacant(place) = map.entry(sequence) {
                    let escrow = Escrow { with: Slot(0), stake, cover: 0 };
                    escrows.insert(sequence, escrow);
                    place.insert(escrow);
                }
                prop_assert_eq!(escrows.len(), map.len());
                prop_assert!(escrows.iter().eq(map.iter().map(|(sequence, escrow)| (*sequence, escrow))));
                prop_assert_eq!(escrows.get(sequence), map.get(&sequence));
            }
        }
    }
}
