//! The short texts of a schedule: `0'`, `0 1 | 0' 2 3`, `said prevote`.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A replica: a validator, or the second of two twins. `2`, `2'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The validator whose key it has.
    pub identity: u16,
    /// Whether it is the second with this key.
    pub twin: bool,
}

impl Name {
    /// The validator, or the first of two twins.
    pub const fn of(identity: u16) -> Name {
        Name { identity, twin: false }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.identity, if self.twin { "'" } else { "" })
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Name, String> {
        let (number, twin) = text.strip_suffix('\'').map_or((text, false), |number| (number, true));
        let identity =
            number.parse().map_err(|_| format!("no replica {text:?}: expected a number, as 0 or 0'"))?;
        Ok(Name { identity, twin })
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.twin { serializer.collect_str(self) } else { serializer.serialize_u16(self.identity) }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a replica, as 0 or 0'")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Name, E> {
                u16::try_from(number).map(Name::of).map_err(|_| E::custom("no replica has such a number"))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Name, E> {
                u16::try_from(number).map(Name::of).map_err(|_| E::custom("no replica has such a number"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

/// Reads and writes a type as its text.
macro_rules! as_text {
    ($kind:ty) => {
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$kind, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}
pub(crate) use as_text;

/// Groups of replicas that hear each other: `0 1 | 0' 2 3`. No groups: everyone hears everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition(pub Vec<Vec<Name>>);

impl Partition {
    /// Whether everyone hears everyone.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = |group: &Vec<Name>| group.iter().map(Name::to_string).collect::<Vec<_>>().join(" ");
        f.write_str(&self.0.iter().map(group).collect::<Vec<_>>().join(" | "))
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Partition, String> {
        if text.trim().is_empty() {
            return Ok(Partition::default());
        }
        let group = |group: &str| group.split_whitespace().map(Name::from_str).collect();
        let groups = text.split('|').map(group).collect::<Result<Vec<Vec<_>>, _>>()?;
        let mut all: Vec<_> = groups.iter().flatten().collect();
        all.sort_unstable();
        match all.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("replica {} is in two groups", pair[0])),
            None => Ok(Partition(groups)),
        }
    }
}

as_text!(Partition);

/// When, at a place, a replica falls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When it has written so many entries there, and the last of them is not yet durable: `write 2`.
    Write(u32),
    /// When it has sent a message of this kind and of this place: `said prevote`.
    Said(String),
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Write(write) => write!(f, "write {write}"),
            Moment::Said(kind) => write!(f, "said {kind}"),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        let expected = || format!("no moment {text:?}: expected as `write 1` or `said prevote`");
        match text.split_once(' ').ok_or_else(expected)? {
            ("write", number) => number.parse().map(Moment::Write).map_err(|_| expected()),
            ("said", kind) => Ok(Moment::Said(kind.into())),
            _ => Err(expected()),
        }
    }
}

as_text!(Moment);
