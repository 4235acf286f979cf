//! The wire format of protocol buffers, as far as it is written here (protobuf.dev, "Encoding").

/// How a field is written: the low bits of its tag.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;

/// A message that grows. Fields that are set twice are repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new() -> Message {
        Message::default()
    }

    /// For uint64, int64 (not negative), enumerations and booleans.
    pub(super) fn number(mut self, field: u64, value: u64) -> Message {
        self.varint(field << 3 | VARINT);
        self.varint(value);
        self
    }

    pub(super) fn fixed64(mut self, field: u64, value: u64) -> Message {
        self.varint(field << 3 | FIXED64);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn text(self, field: u64, text: &str) -> Message {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(self, field: u64, message: &Message) -> Message {
        self.bytes(field, &message.0)
    }

    pub(super) fn encoded(&self) -> &[u8] {
        &self.0
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Message {
        self.varint(field << 3 | BYTES);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Seven bits a byte, the lowest first; the high bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of protobuf.dev, "Encoding".
    #[test]
    fn numbers_texts_and_messages_are_encoded_as_the_documentation_shows() {
        assert_eq!(Message::new().number(1, 150).encoded(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().text(2, "testing").encoded(), b"\x12\x07testing");
        let inner = Message::new().number(1, 150);
        assert_eq!(Message::new().message(3, &inner).encoded(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(
            Message::new().number(1, u64::MAX).encoded()[1..],
            [0xff; 9].iter().copied().chain([1]).collect::<Vec<_>>()
        );
        assert_eq!(Message::new().fixed64(47, 1).encoded(), [0xf9, 0x02, 1, 0, 0, 0, 0, 0, 0, 0]);
    }
}
