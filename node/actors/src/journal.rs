//! Records in a file that is only added to: `magic ‖ length ‖ crc32 of the content ‖ crc32 of these three ‖ content`,
//! all but the last 4 bytes each, little endian. The content is borsh.
//!
//! A crash may leave part of the last writes, or garbage in their place. What cannot be read and has no whole record
//! after it is such a torn tail and is cut off. Unreadable bytes *before* a whole record are damage: something that
//! was durable is lost. For the consensus journal that means that the node no longer knows what it said, so it must
//! not vote again.
//!
//! Blocks hold bytes that strangers chose, and a stranger may choose those of a whole record. So the header has a checksum
//! of its own: what lies within the length of a record is never taken for one after it, even if its end is missing.
//!
//! Pure: who appends and syncs is left to others.

use borsh::{BorshDeserialize, BorshSerialize};

/// Entries of consensus, each with its height.
pub const CONSENSUS: &str = "consensus";
/// Decided blocks with their certificates, by height.
pub const BLOCKS: &str = "blocks";
/// The latest snapshot of the state: one record.
pub const SNAPSHOT: &str = "snapshot";

const MAGIC: [u8; 4] = *b"BCJ2";
const HEADER: usize = 16;
/// Room for most records, so that they are written without growing: borsh writes field by field.
const TYPICAL: usize = 1024;

/// What a file held.
#[derive(Debug)]
pub(crate) struct Recovered<T> {
    pub(crate) records: Vec<T>,
    /// The length of the part that is whole, in bytes. What follows is a torn tail and must be cut off.
    pub(crate) whole: usize,
}

/// Why a journal cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Bytes that are no record stand before a whole record.
    #[error("damaged at byte {0}, before whole records")]
    Damaged(usize),
    /// A record's checksum holds, but it is of another format.
    #[error("the record at byte {0} is of another format")]
    Format(usize),
}

/// A record, ready to be appended.
pub(crate) fn record<T: BorshSerialize>(content: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TYPICAL);
    write(content, &mut bytes);
    bytes
}

/// Adds a record to the end of a file.
pub(crate) fn write<T: BorshSerialize>(content: &T, file: &mut Vec<u8>) {
    let start = file.len();
    file.extend_from_slice(&[0; HEADER]);
    content.serialize(file).expect("writing to memory does not fail");
    let (header, content) = file[start..].split_at_mut(HEADER);
    let length = u32::try_from(content.len()).expect("a record is far smaller than 4 GiB");
    header[..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&length.to_le_bytes());
    header[8..12].copy_from_slice(&crc32fast::hash(content).to_le_bytes());
    let checksum = crc32fast::hash(&header[..12]);
    header[12..].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads all records of a file.
pub(crate) fn recover<T: BorshDeserialize>(file: &[u8]) -> Result<Recovered<T>, JournalError> {
    let mut records = Vec::new();
    let mut offset = 0;
    while let Some(payload) = whole_record(&file[offset..]) {
        let content = T::try_from_slice(payload).map_err(|_| JournalError::Format(offset))?;
        records.push(content);
        offset += HEADER + payload.len();
    }
    let after = match Header::read(&file[offset..]) {
        Some(header) => offset + HEADER + header.length,
        None => offset + 1,
    };
    let is_record =
        |later| whole_record(&file[later..]).is_some_and(|payload| T::try_from_slice(payload).is_ok());
    if (after..file.len()).any(is_record) {
        return Err(JournalError::Damaged(offset));
    }
    Ok(Recovered { records, whole: offset })
}

/// The content of the record at the start of `bytes`, if it is whole.
fn whole_record(bytes: &[u8]) -> Option<&[u8]> {
    let header = Header::read(bytes)?;
    let payload = bytes[HEADER..].get(..header.length)?;
    (crc32fast::hash(payload) == header.checksum).then_some(payload)
}

/// What a record says before its content.
struct Header {
    length: usize,
    checksum: u32,
}

impl Header {
    /// The header at the start of `bytes`, if it is whole.
    fn read(bytes: &[u8]) -> Option<Header> {
        let (header, _) = bytes.split_first_chunk::<HEADER>()?;
        let field =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let whole = header[..4] == MAGIC && crc32fast::hash(&header[..12]) == field(12);
        whole.then(|| Header { length: field(4) as usize, checksum: field(8) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(records: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        for content in records {
            bytes.extend(record(content));
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..12)
    }

    proptest! {
        #[test]
        fn a_file_cut_anywhere_gives_back_the_whole_records_before_the_cut(records in records(), cut in any::<prop::sample::Index>()) {
            let (bytes, ends) = file(&records);
            let cut = cut.index(bytes.len() + 1);
            let recovered = recover::<Vec<u8>>(&bytes[..cut]).unwrap();
            let whole = ends.iter().filter(|&&end| end <= cut).count() - 1;
            prop_assert_eq!(&recovered.records[..], &records[..whole]);
            prop_assert_eq!(recovered.whole, ends[whole]);
        }

        #[test]
        fn a_tail_of_garbage_is_cut_off(records in records(), garbage in prop::collection::vec(any::<u8>(), 0..100)) {
            let (mut bytes, ends) = file(&records);
            bytes.extend(garbage);
            let recovered = recover::<Vec<u8>>(&bytes).unwrap();
            prop_assert_eq!(recovered.records, records);
            prop_assert_eq!(Some(&recovered.whole), ends.last());
        }

        #[test]
        fn a_flipped_bit_loses_the_last_record_or_is_reported(records in records(), at in any::<prop::sample::Index>(), bit in 0u32..8) {
            let (mut bytes, ends) = file(&records);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let damaged = ends.iter().filter(|&&end| end <= at).count() - 1;
            match recover::<Vec<u8>>(&bytes) {
                Ok(recovered) => {
                    prop_assert_eq!(damaged, records.len() - 1);
                    prop_assert_eq!(&recovered.records[..], &records[..damaged]);
                }
                Err(error) => {
                    prop_assert!(damaged < records.len() - 1);
                    prop_assert_eq!(error, JournalError::Damaged(ends[damaged]));
                }
            }
        }
    }

    #[test]
    fn a_tail_of_zeros_is_no_record() {
        let (mut bytes, ends) = file(&[vec![1, 2, 3]]);
        bytes.extend([0; 64]);
        assert_eq!(recover::<Vec<u8>>(&bytes).unwrap().whole, ends[1]);
    }

    /// Blocks hold what clients chose, such as blobs: room for a whole record of ours.
    #[test]
    fn what_looks_like_a_record_inside_of_a_torn_one_is_no_damage() {
        let stranger = record(&vec![7u8; 3]);
        let (bytes, ends) = file(&[vec![1, 2, 3], [&[9; 20][..], &stranger, &[9; 20]].concat()]);
        assert!(whole_record(&bytes[ends[1] + HEADER + 4 + 20..]).is_some(), "it is one");
        for cut in ends[1]..bytes.len() {
            assert_eq!(recover::<Vec<u8>>(&bytes[..cut]).unwrap().whole, ends[1], "cut at {cut}");
        }
    }

    #[test]
    fn a_record_of_another_format_is_an_error() {
        assert_eq!(recover::<u64>(&record(&7u8)).unwrap_err(), JournalError::Format(0));
    }
}
