//! The bytes of a modelled file, in pieces: a file that grows is never copied to a larger place. (One vector per file
//! cost a run of 600 seconds 6 % of its time, most of it for pages that the kernel cleared.)

/// How long each piece is, save the last.
const PIECE: usize = 16 << 10;

/// Bytes that grow at their end.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// All but the last are full.
    pieces: Vec<Vec<u8>>,
}

impl Content {
    pub(super) fn len(&self) -> usize {
        let last = self.pieces.last().map_or(0, Vec::len);
        self.pieces.len().saturating_sub(1) * PIECE + last
    }

    pub(super) fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.pieces.last().is_none_or(|last| last.len() == PIECE) {
                self.pieces.push(Vec::with_capacity(PIECE));
            }
            let last = self.pieces.last_mut().expect("just pushed, or not full");
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - last.len()));
            last.extend_from_slice(now);
            bytes = later;
        }
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// Keeps the first `len` bytes, if there are more.
    pub(super) fn truncate(&mut self, len: usize) {
        self.pieces.truncate(len.div_ceil(PIECE));
        if len < self.len() {
            let last = self.pieces.last_mut().expect("it is not empty");
            last.truncate(len - (len - 1) / PIECE * PIECE);
        }
    }

    /// The bytes from `from` on.
    pub(super) fn tail_mut(&mut self, from: usize) -> impl Iterator<Item = &mut u8> {
        let (piece, within) = (from / PIECE, from % PIECE);
        self.pieces.iter_mut().skip(piece).flatten().skip(within)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        let mut content = Content::default();
        content.append(&bytes);
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_behave_as_one_vector() {
        let lengths = [0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7];
        for length in lengths {
            let mut vector: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
            let mut content = Content::default();
            vector.chunks(777).for_each(|part| content.append(part));
            assert_eq!((content.len(), content.to_vec()), (length, vector.clone()));
            let from = length / 3;
            vector[from..].iter_mut().for_each(|byte| *byte ^= 0x55);
            content.tail_mut(from).for_each(|byte| *byte ^= 0x55);
            for keep in lengths.into_iter().rev() {
                vector.truncate(keep);
                content.truncate(keep);
                assert_eq!((content.len(), content.to_vec()), (vector.len(), vector.clone()));
            }
            vector.extend([1, 2, 3]);
            content.append(&[1, 2, 3]);
            assert_eq!(content.to_vec(), vector);
        }
    }
}
