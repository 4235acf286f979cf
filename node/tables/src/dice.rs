//! Two dice, and the one way to throw them: from a seed, without bias.

use crate::flaw::{Flaw, has};
use bitcraps_types::{Digest, TableId};
use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;
use std::io::{self, Read};
use std::sync::LazyLock;

/// Two dice as they lie. Each shows 1 to 6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Dice {
    a: u8,
    b: u8,
}

/// A die does not show 1 to 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dice show 1 to 6, not {a} and {b}")]
pub struct DiceError {
    /// The first die.
    pub a: u8,
    /// The second die.
    pub b: u8,
}

impl Dice {
    /// Dice that show `a` and `b`.
    pub fn new(a: u8, b: u8) -> Result<Dice, DiceError> {
        if (1..=6).contains(&a) && (1..=6).contains(&b) { Ok(Dice { a, b }) } else { Err(DiceError { a, b }) }
    }

    /// The 36 outcomes, each as likely as the others.
    pub fn all() -> impl Iterator<Item = Dice> {
        (1..=6).flat_map(|a| (1..=6).map(move |b| Dice { a, b }))
    }

    /// The first die, 1 to 6.
    pub fn a(self) -> u8 {
        self.a
    }

    /// The second die, 1 to 6.
    pub fn b(self) -> u8 {
        self.b
    }

    /// The sum, 2 to 12.
    pub fn total(self) -> u8 {
        self.a + self.b
    }

    /// Whether both show the same.
    pub fn is_pair(self) -> bool {
        self.a == self.b
    }
}

impl BorshDeserialize for Dice {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let [a, b] = <[u8; 2]>::deserialize_reader(reader)?;
        Dice::new(a, b).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.a, self.b)
    }
}

impl fmt::Display for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.a, self.b)
    }
}

/// What fixes all the dice of one block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Seed(pub Digest);

/// The dice of a table under a seed. Each table has dice of its own.
///
/// The seed and the table key an endless BLAKE3 stream. A die takes the low three bits of a byte and is thrown again
/// while they show 6 or 7; so each face has exactly the same chance. (A byte modulo 6 would favour the low faces.)
pub fn roll(seed: &Seed, table: TableId) -> Dice {
    static CONTEXT: LazyLock<ContextKey> =
        LazyLock::new(|| hash_derive_key_context("bitcraps 2026 dice of a table"));
    let mut hasher = blake3::Hasher::new_from_context_key(&CONTEXT);
    hasher.update(&seed.0.0);
    hasher.update(&table.0.to_le_bytes());
    let mut stream = hasher.finalize_xof();
    let mut bytes = [0; 64];
    let mut faces = std::iter::repeat_with(move || {
        stream.fill(&mut bytes);
        bytes
    })
    .flatten()
    .filter_map(face);
    let mut die = || faces.next().expect("the stream has no end");
    Dice { a: die(), b: die() }
}

/// What a die shows by a random byte; nothing if it must be thrown again.
fn face(byte: u8) -> Option<u8> {
    let bits = byte & 0b111;
    if has(Flaw::ByteModuloSix) {
        return Some(byte % 6 + 1);
    }
    if has(Flaw::BitsModuloSix) {
        return Some(bits % 6 + 1);
    }
    (bits < 6).then_some(bits + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn seed(n: u64) -> Seed {
        Seed(Digest::of("test", &n.to_le_bytes()))
    }

    #[test]
    fn the_same_seed_and_table_give_the_same_dice() {
        for n in 0..100 {
            assert_eq!(roll(&seed(n), TableId(3)), roll(&seed(n), TableId(3)));
        }
    }

    #[test]
    fn tables_do_not_share_their_dice() {
        let equal = (0..3600).filter(|&n| roll(&seed(n), TableId(1)) == roll(&seed(n), TableId(2))).count();
        assert!((60..140).contains(&equal), "{equal} of 3600 equal, expected about 100");
    }

    /// Chi squared with 35 degrees of freedom: above 66.6 once in a thousand. The seeds are fixed, and so is the sum.
    #[test]
    fn the_36_outcomes_are_equally_likely() {
        let mut counts = BTreeMap::new();
        for n in 0..36_000 {
            *counts.entry(roll(&seed(n), TableId(0))).or_insert(0i64) += 1;
        }
        assert_eq!(counts.len(), 36);
        let chi_squared = counts.values().map(|count| (count - 1000).pow(2)).sum::<i64>() as f64 / 1000.0;
        assert!(chi_squared < 66.6, "chi squared is {chi_squared}");
    }

    #[test]
    fn a_die_that_shows_7_does_not_decode() {
        assert_eq!(borsh::from_slice::<Dice>(&[6, 6]).unwrap(), Dice::new(6, 6).unwrap());
        assert!(borsh::from_slice::<Dice>(&[1, 7]).is_err());
        assert!(borsh::from_slice::<Dice>(&[0, 1]).is_err());
    }
}
