//! Bytes as hexadecimal text, as keys, digests and signatures are written.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The digits of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Why text is no hexadecimal form of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character is no digit.
    #[error("character {0} is no hexadecimal digit")]
    Digit(usize),
    /// The number of digits is odd.
    #[error("the number of digits is odd")]
    Odd,
    /// Another number of digits.
    #[error("{found} hexadecimal digits, expected {expected}")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
}

/// The bytes of hexadecimal text of any length.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    let digits: Vec<u8> = text
        .chars()
        .enumerate()
        .map(|(at, digit)| digit.to_digit(16).map(|digit| digit as u8).ok_or(HexError::Digit(at + 1)))
        .collect::<Result<_, _>>()?;
    if !digits.len().is_multiple_of(2) {
        return Err(HexError::Odd);
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The bytes of hexadecimal text of one length. They are nowhere else: the text may be a secret.
pub fn decode_exactly<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    if text.len() != 2 * N {
        return Err(HexError::Length { found: text.chars().count(), expected: 2 * N });
    }
    let mut bytes = [0; N];
    for (at, digit) in text.chars().enumerate() {
        let value = digit.to_digit(16).ok_or(HexError::Digit(at + 1))?;
        bytes[at / 2] = bytes[at / 2] << 4 | value as u8;
    }
    Ok(bytes)
}

/// A fixed number of bytes, as hexadecimal text in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        decode_exactly(&text).map(Hex).map_err(D::Error::custom)
    }
}

impl<const N: usize> std::str::FromStr for Hex<N> {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        decode_exactly(text).map(Hex)
    }
}

impl<const N: usize> std::fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_hexadecimal_text_is_refused_with_its_place() {
        assert_eq!(decode("0g"), Err(HexError::Digit(2)));
        assert_eq!(decode("0äb"), Err(HexError::Digit(2)));
        assert_eq!(decode("abc"), Err(HexError::Odd));
        assert_eq!(decode_exactly::<2>("ab"), Err(HexError::Length { found: 2, expected: 4 }));
        assert_eq!(decode("ABcd"), Ok(vec![0xab, 0xcd]));
    }

    proptest! {
        #[test]
        fn bytes_come_back_from_their_digits(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (decode(&text), decode_exactly::<32>(&text));
        }
    }
}
