//! Frames out of the bytes of a stream. Pure.
//!
//! ```text
//! bytes 0..4   length of the frame, little endian
//! bytes 4..    the frame
//! ```

use bytes::{Buf, Bytes, BytesMut};

/// The length of what stands before a frame.
pub(crate) const PREFIX: usize = 4;

/// A frame was announced that is longer than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Puts frames together. Holds less than one frame.
#[derive(Debug)]
pub(crate) struct Deframer {
    longest: usize,
    prefix: [u8; PREFIX],
    /// How much of the prefix is there; all of it while a frame is being put together.
    prefix_filled: usize,
    /// The frame whose beginning is there.
    partial: BytesMut,
}

impl Deframer {
    pub(crate) fn new(longest: usize) -> Deframer {
        Deframer { longest, prefix: [0; PREFIX], prefix_filled: 0, partial: BytesMut::new() }
    }

    /// Takes the next bytes of the stream, and gives the frames that they complete to `frame`, in order. After
    /// [`TooLong`] it is not to be used.
    pub(crate) fn push(&mut self, mut bytes: Bytes, mut frame: impl FnMut(Bytes)) -> Result<(), TooLong> {
        loop {
            if self.prefix_filled < PREFIX {
                let taken = bytes.len().min(PREFIX - self.prefix_filled);
                self.prefix[self.prefix_filled..][..taken].copy_from_slice(&bytes[..taken]);
                self.prefix_filled += taken;
                bytes.advance(taken);
                if self.prefix_filled < PREFIX {
                    return Ok(());
                }
            }
            let length = u32::from_le_bytes(self.prefix) as usize;
            if length > self.longest {
                return Err(TooLong);
            }
            let Some(done) = self.complete(length, &mut bytes) else { return Ok(()) };
            self.prefix_filled = 0;
            frame(done);
        }
    }

    /// The room for the frame whose beginning is there, in bytes.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn held(&self) -> usize {
        self.partial.capacity()
    }

    /// The frame of that length, if `bytes` completes it. A frame that lies in one piece is not copied.
    fn complete(&mut self, length: usize, bytes: &mut Bytes) -> Option<Bytes> {
        if self.partial.is_empty() && bytes.len() >= length {
            return Some(bytes.split_to(length));
        }
        if self.partial.is_empty() && !bytes.is_empty() {
            self.partial.reserve(length);
        }
        let taken = bytes.len().min(length - self.partial.len());
        self.partial.extend_from_slice(&bytes.split_to(taken));
        (self.partial.len() == length).then(|| self.partial.split().freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(frames: &[Vec<u8>]) -> Vec<u8> {
        let one = |frame: &Vec<u8>| [&u32::try_from(frame.len()).unwrap().to_le_bytes()[..], frame].concat();
        frames.iter().flat_map(one).collect()
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            cuts in prop::collection::vec(1usize..50, 1..20),
        ) {
            let mut deframer = Deframer::new(300);
            let mut stream = Bytes::from(encode(&frames));
            let mut out = Vec::new();
            for cut in cuts.into_iter().cycle() {
                if stream.is_empty() {
                    break;
                }
                let piece = stream.split_to(cut.min(stream.len()));
                deframer.push(piece, |frame| out.push(frame.to_vec())).unwrap();
            }
            prop_assert_eq!(out, frames);
        }

        #[test]
        fn no_bytes_make_it_panic_or_hold_more_than_a_frame(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..20),
        ) {
            let mut deframer = Deframer::new(100);
            for piece in pieces {
                let outcome = deframer.push(piece.into(), |frame| assert!(frame.len() <= 100));
                prop_assert!(deframer.held() <= 256);
                if outcome.is_err() {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_anything_is_kept() {
        let mut deframer = Deframer::new(100);
        assert_eq!(deframer.push(Bytes::from_static(&[101, 0, 0]), |_| ()), Ok(()));
        assert_eq!(deframer.push(Bytes::from_static(&[0]), |_| ()), Err(TooLong));
        assert_eq!(deframer.held(), 0);
        let mut longest = 0;
        let frame = encode(&[vec![7; 100]]);
        assert_eq!(Deframer::new(100).push(frame.into(), |frame| longest = frame.len()), Ok(()));
        assert_eq!(longest, 100);
    }
}
