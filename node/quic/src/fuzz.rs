//! Bytes of a stream that a stranger chose: a body for `fuzz/`.

use crate::deframer::{Deframer, PREFIX, TooLong};
use crate::identity::key_of;
use bytes::Bytes;

/// The longest frame in this body.
const LONGEST: usize = 200;

/// A stream, cut into pieces. The first byte says how long the pieces are, save the last.
///
/// Held: what comes out is what went in, each frame after its length; no frame is longer than allowed; what is held is
/// less than a frame; all cuts of one stream give the same. And a key that is read from a SubjectPublicKeyInfo is all
/// that such an encoding may say.
pub fn stream(bytes: &[u8]) {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let whole = frames(stream, stream.len().max(1));
    assert_eq!(frames(stream, usize::from(*cut).max(1)), whole);
    let (outcome, out) = whole;
    let again: Vec<u8> =
        out.iter().flat_map(|frame| [&(frame.len() as u32).to_le_bytes()[..], frame].concat()).collect();
    assert!(stream.starts_with(&again) && out.iter().all(|frame| frame.len() <= LONGEST));
    let left = &stream[again.len()..];
    match left.first_chunk::<PREFIX>() {
        Some(length) if u32::from_le_bytes(*length) as usize > LONGEST => assert_eq!(outcome, Err(TooLong)),
        Some(length) => {
            assert!(outcome.is_ok() && left.len() < PREFIX + u32::from_le_bytes(*length) as usize)
        }
        None => assert!(outcome.is_ok()),
    }
    if let Some(key) = key_of(stream) {
        assert_eq!((stream.len(), &stream[12..]), (44, &key.0[..]));
    }
}

fn frames(stream: &[u8], cut: usize) -> (Result<(), TooLong>, Vec<Vec<u8>>) {
    let mut deframer = Deframer::new(LONGEST);
    let mut out = Vec::new();
    for piece in stream.chunks(cut) {
        let outcome = deframer.push(Bytes::copy_from_slice(piece), |frame| out.push(frame.to_vec()));
        assert!(deframer.held() <= 2 * LONGEST);
        if outcome.is_err() {
            return (outcome, out);
        }
    }
    (Ok(()), out)
}

/// A stream of three frames and the beginning of a fourth; a frame that is too long; an encoded key.
pub fn stream_seeds() -> Vec<Vec<u8>> {
    let frame = |length: usize| [&(length as u32).to_le_bytes()[..], &vec![7; length]].concat();
    let some = [vec![5], frame(10), frame(0), frame(LONGEST), frame(30)[..20].to_vec()].concat();
    let long = [vec![3], frame(1), frame(LONGEST + 1)].concat();
    let key = [&[44], &crate::identity::SPKI_PREFIX[..], &[9; 32]].concat();
    vec![some, long, key]
}
