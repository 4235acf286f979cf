//! A node's events as bytes, for a judge outside its process: what the oracles of the testbed need of each, with the
//! time at which it happened. Pure: who writes and reads the file is left to others.
//!
//! A record is `length ‖ borsh(nanoseconds since 1970, event)`, the length 4 bytes, little endian. A process that was
//! killed may leave part of a record at the end, which a reader waits for in vain. What a block did (ledger, reports)
//! is not in it: it follows from the block, and the state root says whether it did.

use crate::ports::{ConsensusMessage, Event, Refusal, TURNED_AWAY};
use bitcraps_consensus::{Certificate, Evidence, Signed};
use bitcraps_types::{Digest, Height, PublicKey, Round, ThresholdSignature, ValidatorIndex, Value, WallTime};
use borsh::{BorshDeserialize, BorshSerialize};

/// No record is longer, in bytes: blocks are bounded far below.
const MAX_RECORD: usize = 2 * Value::MAX_BYTES;

/// An [`Event`], as it is logged.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[expect(missing_docs, reason = "the events that they stand for have the words")]
pub enum Logged {
    Started {
        height: Height,
        journal: u64,
    },
    Round {
        height: Height,
        round: Round,
        proposer: ValidatorIndex,
        after_failure: bool,
    },
    Locked {
        height: Height,
        round: Round,
        digest: Digest,
    },
    Proposed {
        height: Height,
        round: Round,
        digest: Digest,
    },
    Signed(Box<Signed<ConsensusMessage>>),
    Decided {
        value: Value,
        certificate: Certificate,
        synced: bool,
    },
    Applied {
        height: Height,
        digest: Digest,
        root: Digest,
        dice: Option<ThresholdSignature>,
    },
    StateSynced {
        height: Height,
        root: Digest,
    },
    Accused(Box<Evidence<ConsensusMessage>>),
    OffenceRecorded {
        offender: ValidatorIndex,
        height: Height,
    },
    DiceSigned(Height),
    BadDice(ValidatorIndex),
    PeerUp(PublicKey),
    PeerDown(PublicKey),
    Refused {
        peer: Option<PublicKey>,
        why: Refusal,
    },
    SyncStarted {
        from: Height,
        to: Height,
    },
    SyncEnded {
        height: Height,
    },
    CommandAccepted(Digest),
    /// The reason is its place in [`TURNED_AWAY`].
    CommandRefused(Digest, u8),
}

/// The bytes are no event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no record of an event log")]
pub struct Malformed;

impl Logged {
    /// What is logged of an event; nothing of one that says nothing to a judge.
    pub fn of(event: &Event<'_>) -> Option<Logged> {
        Some(match *event {
            Event::Started { height, journal } => Logged::Started { height, journal: journal as u64 },
            Event::Round { height, round, proposer, after_failure } => {
                Logged::Round { height, round, proposer, after_failure }
            }
            Event::Locked { height, round, digest } => Logged::Locked { height, round, digest },
            Event::Proposed { height, round, digest } => Logged::Proposed { height, round, digest },
            Event::Signed(signed) => Logged::Signed(Box::new(signed.clone())),
            Event::Decided { value, certificate, synced, .. } => {
                Logged::Decided { value: value.clone(), certificate: certificate.clone(), synced }
            }
            Event::Applied { height, digest, root, dice, .. } => {
                Logged::Applied { height, digest, root, dice: dice.copied() }
            }
            Event::StateSynced { height, root } => Logged::StateSynced { height, root },
            Event::Accused(evidence) => Logged::Accused(Box::new(evidence.clone())),
            Event::OffenceRecorded { offender, height } => Logged::OffenceRecorded { offender, height },
            Event::DiceSigned { height } => Logged::DiceSigned(height),
            Event::BadDice(validator) => Logged::BadDice(validator),
            Event::PeerUp(peer) => Logged::PeerUp(peer),
            Event::PeerDown(peer) => Logged::PeerDown(peer),
            Event::Refused { peer, why } => Logged::Refused { peer, why },
            Event::SyncStarted { from, to } => Logged::SyncStarted { from, to },
            Event::SyncEnded { height } => Logged::SyncEnded { height },
            Event::CommandAccepted(id) => Logged::CommandAccepted(id),
            Event::CommandRefused(id, why) => {
                let place = TURNED_AWAY.iter().position(|reason| *reason == why)?;
                Logged::CommandRefused(id, u8::try_from(place).ok()?)
            }
            Event::Heard(_)
            | Event::Transition(_)
            | Event::Restored { .. }
            | Event::Waiting { .. }
            | Event::Held { .. } => return None,
        })
    }

    /// The record of an event that happened at `at`.
    pub fn record(&self, at: WallTime) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        (at, self).serialize(&mut bytes).expect("writing to memory does not fail");
        let length = u32::try_from(bytes.len() - 4).expect("a record is far smaller than 4 GiB");
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// Takes the next record from the start of `bytes`; `None` if it is not whole yet.
    ///
    /// # Errors
    /// [`Malformed`]: nothing after this can be read.
    pub fn take(bytes: &mut &[u8]) -> Result<Option<(WallTime, Logged)>, Malformed> {
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_RECORD {
            return Err(Malformed);
        }
        let Some(record) = rest.get(..length) else { return Ok(None) };
        let logged = <(WallTime, Logged)>::try_from_slice(record).map_err(|_| Malformed)?;
        *bytes = &rest[length..];
        Ok(Some(logged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<(WallTime, Logged)> {
        let value = Value::new(vec![7; 300]);
        let certificate = Certificate { height: 9, round: 1, digest: value.digest(), signatures: vec![] };
        vec![
            (WallTime(5), Logged::Started { height: 1, journal: 3 }),
            (WallTime(6), Logged::Decided { value, certificate, synced: true }),
            (WallTime(6), Logged::CommandRefused(Digest([1; 32]), 2)),
        ]
    }

    #[test]
    fn records_come_back_as_they_were_whole_ones_only() {
        let log: Vec<u8> = some().iter().flat_map(|(at, event)| event.record(*at)).collect();
        let ends: Vec<usize> = some()
            .iter()
            .scan(0, |end, (at, event)| {
                *end += event.record(*at).len();
                Some(*end)
            })
            .collect();
        for cut in 0..=log.len() {
            let (mut rest, mut read) = (&log[..cut], Vec::new());
            while let Some(record) = Logged::take(&mut rest).unwrap() {
                read.push(record);
            }
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            assert_eq!(read, some()[..whole]);
        }
    }

    #[test]
    fn a_length_beyond_all_bounds_and_bytes_that_are_no_event_are_errors() {
        assert_eq!(Logged::take(&mut &[255; 8][..]), Err(Malformed));
        assert_eq!(Logged::take(&mut &[1, 0, 0, 0, 9][..]), Err(Malformed));
    }

    #[test]
    fn each_reason_for_a_refusal_has_its_place() {
        for reason in TURNED_AWAY {
            let logged = Logged::of(&Event::CommandRefused(Digest([0; 32]), reason));
            let Some(Logged::CommandRefused(_, place)) = logged else { panic!("{reason} is not logged") };
            assert_eq!(TURNED_AWAY[usize::from(place)], reason);
        }
    }
}
