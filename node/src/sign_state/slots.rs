//! The sign-state's file: two slots, written in turn, so that a torn write leaves the other.
//!
//! A slot: `magic ‖ number ‖ claim ‖ BLAKE3 of the three`. Slots stand 4 KiB apart, so that no sector holds both.

use super::claim::Claim;
use crate::world::disk::sync_directory_of;
use borsh::BorshDeserialize;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

pub(super) const MAGIC: &[u8; 8] = b"BCSIGN1\0";
const APART: u64 = 4096;
const CHECKSUM: usize = 32;

/// The file.
#[derive(Debug)]
pub(super) struct Slots {
    file: File,
    /// Of the last slot written; 0: none yet.
    number: u64,
    new: bool,
}

impl Slots {
    /// Makes the file, which must not exist, durably.
    pub(super) fn create(path: &Path) -> io::Result<Slots> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        file.sync_all()?;
        sync_directory_of(path)?;
        Ok(Slots { file, number: 0, new: true })
    }

    /// Opens the file.
    pub(super) fn open(path: &Path) -> io::Result<Slots> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Slots { file, number: 0, new: false })
    }

    /// The newest whole claim. To be read under the lock, if more is to be written.
    pub(super) fn newest(&mut self) -> io::Result<Option<Claim>> {
        let mut newest = None;
        for slot in [0, 1] {
            match read(&self.file, slot)? {
                Some((number, claim)) if number > self.number => {
                    self.number = number;
                    newest = Some(claim);
                }
                _ => {}
            }
        }
        Ok(newest)
    }

    /// Locks the file until it is closed, as its process ends at the latest.
    pub(super) fn try_lock(&self) -> Result<(), TryLockError> {
        self.file.try_lock()
    }

    /// Whether [`Slots::create`] made it.
    pub(super) fn is_new(&self) -> bool {
        self.new
    }

    /// Writes a claim over the older one, durably.
    pub(super) fn write(&mut self, claim: &Claim) -> io::Result<()> {
        let number = self.number + 1;
        self.file.write_all_at(&encode(number, claim), APART * (number % 2))?;
        self.file.sync_data()?;
        self.number = number;
        Ok(())
    }
}

pub(super) fn encode(number: u64, claim: &Claim) -> Vec<u8> {
    let mut slot = MAGIC.to_vec();
    slot.extend_from_slice(&number.to_le_bytes());
    slot.extend(borsh::to_vec(claim).expect("a vector takes all bytes"));
    let checksum = blake3::hash(&slot);
    slot.extend_from_slice(checksum.as_bytes());
    slot
}

/// The number and the claim of a slot, if it is whole.
fn read(file: &File, slot: u64) -> io::Result<Option<(u64, Claim)>> {
    let length = encode(0, &Claim::new(bitcraps_types::PublicKey([0; 32]))).len();
    let mut bytes = vec![0; length];
    match file.read_exact_at(&mut bytes, APART * slot) {
        Ok(()) => Ok(decode(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn decode(bytes: &[u8]) -> Option<(u64, Claim)> {
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if blake3::hash(content).as_bytes() != checksum {
        return None;
    }
    let (number, claim) = content.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*number), Claim::try_from_slice(claim).ok()?))
}
