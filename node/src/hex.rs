//! Bytes as hexadecimal text, as keys and digests are written.

/// The text of some bytes.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a text of exactly `2 * N` hexadecimal digits.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = decode_any(text)?;
    bytes.try_into().ok()
}

/// The bytes of a text of hexadecimal digits.
pub fn decode_any(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_round_trip_and_anything_else_is_refused() {
        assert_eq!(encode(&[0, 0xab]), "00ab");
        assert_eq!(decode::<2>("00ab"), Some([0, 0xab]));
        assert_eq!(decode::<2>("00AB"), Some([0, 0xab]));
        for wrong in ["", "00a", "00abcd", "00ag", "+0ab", "0ää"] {
            assert_eq!(decode::<2>(wrong), None, "{wrong}");
        }
    }
}
