//! Quantities that carry their unit: a duration is `500 ms`, never `500`.
//!
//! Each type holds one exact number in its smallest unit, reads what a person writes, and prints text that
//! reads back as the same value. It leaves to the grammar which range a key allows.

use serde::{Serialize, Serializer};
use std::fmt;
use std::time::Duration;

const NS: i128 = 1;
const US: i128 = 1_000;
const MS: i128 = 1_000_000;
const S: i128 = 1_000_000_000;

const TIME: &[(&str, i128)] = &[
    ("s", S),
    ("ms", MS),
    ("us", US),
    ("µs", US),
    ("μs", US),
    ("ns", NS),
    ("min", 60 * S),
    ("h", 3_600 * S),
];
const BITS: &[(&str, i128)] =
    &[("Gbit/s", 1_000_000_000), ("Mbit/s", 1_000_000), ("kbit/s", 1_000), ("bit/s", 1)];
const BYTES: &[(&str, i128)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];
/// Parts per billion of 1 %.
const PERCENT: &[(&str, i128)] = &[("%", 10_000_000)];

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// It does not begin with a decimal number.
    #[error("expected {expected}")]
    NotANumber {
        /// What should stand there, with an example.
        expected: &'static str,
    },
    /// A number and nothing else.
    #[error("`{number}` has no unit")]
    MissingUnit {
        /// The number as written.
        number: String,
        /// The units that the quantity knows.
        units: String,
    },
    /// A number with a unit of something else.
    #[error("unknown unit `{unit}`")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The units that the quantity knows.
        units: String,
    },
    /// More digits than the type holds.
    #[error("finer than {smallest}, the smallest step")]
    TooFine {
        /// One step.
        smallest: &'static str,
    },
    /// Below zero or above what the type holds.
    #[error("out of range: {range}")]
    OutOfRange {
        /// What is allowed.
        range: &'static str,
    },
}

/// How one quantity is written.
struct Kind {
    expected: &'static str,
    units: &'static [(&'static str, i128)],
    smallest: &'static str,
    range: &'static str,
}

/// Splits `12.5 ms` into its number and its unit.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|&(at, c)| !(c.is_ascii_digit() || c == '.' || (at == 0 && (c == '-' || c == '+'))))
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

/// A decimal as digits and how many of them stand behind the point. At most 18 digits in all.
fn decimal(number: &str) -> Option<(i128, u32)> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() + part.len() > 18 || (digits.contains('.') && part.is_empty()) {
        return None;
    }
    let all: i128 = format!("{whole}{part}").parse().ok()?;
    Some((sign * all, part.len() as u32))
}

/// Reads a number with a unit as a whole count of the smallest unit.
fn measure(text: &str, kind: &Kind) -> Result<i128, UnitError> {
    let (number, unit) = split(text);
    let (mantissa, places) = decimal(number).ok_or(UnitError::NotANumber { expected: kind.expected })?;
    // Of the two letters µ that Unicode has, naming one is enough.
    let names = || kind.units.iter().map(|(name, _)| *name).filter(|name| *name != "μs");
    let units = || names().collect::<Vec<_>>().join(", ");
    if unit.is_empty() {
        return Err(UnitError::MissingUnit { number: number.into(), units: units() });
    }
    let Some((_, scale)) = kind.units.iter().find(|(name, _)| *name == unit) else {
        return Err(UnitError::UnknownUnit { unit: unit.into(), units: units() });
    };
    let divisor = 10_i128.pow(places);
    let product = mantissa * scale;
    if product % divisor != 0 {
        return Err(UnitError::TooFine { smallest: kind.smallest });
    }
    Ok(product / divisor)
}

/// Writes a count in the first of `units` that divides it.
fn write_exact(f: &mut fmt::Formatter<'_>, value: i128, units: &[(&str, i128)]) -> fmt::Result {
    let fits = |scale: i128| value != 0 && value % scale == 0;
    let (name, scale) =
        units.iter().find(|(_, scale)| fits(*scale)).or(units.first()).copied().unwrap_or(("", 1));
    write!(f, "{} {name}", value / scale)
}

macro_rules! quantity {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

/// A length of virtual time. Whole nanoseconds, at most 366 days. Written `500 ms`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span(u64);

quantity!(Span);

const SPAN: Kind = Kind {
    expected: "a duration such as `500 ms`",
    units: TIME,
    smallest: "1 ns",
    range: "a duration is from 0 s to 8784 h",
};

impl Span {
    /// No time.
    pub const ZERO: Span = Span(0);
    /// The longest: 366 days. Sums of a few of these still fit in 64 bits of nanoseconds.
    pub const MAX: Span = Span(366 * 24 * 3_600 * 1_000_000_000);

    /// From nanoseconds; what is over [`Span::MAX`] becomes it.
    pub const fn from_nanos(nanos: u64) -> Span {
        if nanos > Span::MAX.0 { Span::MAX } else { Span(nanos) }
    }

    /// From milliseconds; what is over [`Span::MAX`] becomes it.
    pub const fn from_millis(millis: u64) -> Span {
        Span::from_nanos(millis.saturating_mul(1_000_000))
    }

    /// From seconds; what is over [`Span::MAX`] becomes it.
    pub const fn from_secs(secs: u64) -> Span {
        Span::from_nanos(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The standard library's type.
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Reads `500 ms`. Units: ns, us (µs), ms, s, min, h.
    pub fn parse(text: &str) -> Result<Span, UnitError> {
        let nanos = measure(text, &SPAN)?;
        match u64::try_from(nanos) {
            Ok(nanos) if nanos <= Span::MAX.0 => Ok(Span(nanos)),
            _ => Err(UnitError::OutOfRange { range: SPAN.range }),
        }
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Duration {
        span.duration()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_exact(f, self.0.into(), &[("s", S), ("ms", MS), ("us", US), ("ns", NS)])
    }
}

/// A clock's error: a [`Span`] with a sign. Written `-20 ms`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Offset(i64);

quantity!(Offset);

const OFFSET: Kind = Kind {
    expected: "a signed duration such as `-20 ms`",
    units: TIME,
    smallest: "1 ns",
    range: "an offset is from -8784 h to 8784 h",
};

impl Offset {
    /// Nanoseconds; positive is ahead.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Reads `-20 ms` or `3 s`.
    pub fn parse(text: &str) -> Result<Offset, UnitError> {
        let nanos = measure(text, &OFFSET)?;
        match i64::try_from(nanos) {
            Ok(nanos) if nanos.unsigned_abs() <= Span::MAX.0 => Ok(Offset(nanos)),
            _ => Err(UnitError::OutOfRange { range: OFFSET.range }),
        }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_exact(f, self.0.into(), &[("s", S), ("ms", MS), ("us", US), ("ns", NS)])
    }
}

/// A duration that varies evenly around a middle. Written `5 s ± 2 s` (or `+-`), or just `5 s`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Jittered {
    /// The middle.
    pub mean: Span,
    /// The most it is off, each way. Never more than the mean.
    pub jitter: Span,
}

quantity!(Jittered);

impl Jittered {
    /// Reads `5 s ± 2 s`.
    pub fn parse(text: &str) -> Result<Jittered, UnitError> {
        let halves = ["±", "+/-", "+-"].iter().find_map(|sign| text.split_once(sign));
        let (mean, jitter) = match halves {
            None => (Span::parse(text)?, Span::ZERO),
            Some((mean, jitter)) => (Span::parse(mean)?, Span::parse(jitter)?),
        };
        if jitter > mean {
            return Err(UnitError::OutOfRange { range: "the part after ± is at most the part before it" });
        }
        Ok(Jittered { mean, jitter })
    }
}

impl fmt::Display for Jittered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.jitter == Span::ZERO {
            return self.mean.fmt(f);
        }
        write!(f, "{} ± {}", self.mean, self.jitter)
    }
}

/// A share of a whole, in steps of a billionth. Written `0.1 %`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Percent(u32);

quantity!(Percent);

const SHARE: Kind = Kind {
    expected: "a percentage such as `0.1 %`",
    units: PERCENT,
    smallest: "0.0000001 %",
    range: "a percentage is from 0 % to 100 %",
};

impl Percent {
    /// Nothing.
    pub const ZERO: Percent = Percent(0);
    /// All of it.
    pub const ALL: Percent = Percent(1_000_000_000);

    /// From whole percents; what is over 100 becomes 100 %.
    pub const fn from_whole(percent: u32) -> Percent {
        if percent > 100 { Percent::ALL } else { Percent(percent * 10_000_000) }
    }

    /// Parts per billion, at most 1,000,000,000.
    pub const fn ppb(self) -> u32 {
        self.0
    }

    /// From 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e9
    }

    /// Reads `0.1 %`.
    pub fn parse(text: &str) -> Result<Percent, UnitError> {
        let ppb = measure(text, &SHARE)?;
        match u32::try_from(ppb) {
            Ok(ppb) if ppb <= Percent::ALL.0 => Ok(Percent(ppb)),
            _ => Err(UnitError::OutOfRange { range: SHARE.range }),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 10_000_000, self.0 % 10_000_000);
        if part == 0 {
            return write!(f, "{whole} %");
        }
        write!(f, "{whole}.{} %", format!("{part:07}").trim_end_matches('0'))
    }
}

/// Events per unit of time, at most a billion per second. Written `50/s`, `3/min`.
#[derive(Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Rate(f64);

quantity!(Rate);

const RATE_EXPECTED: &str = "a rate such as `50/s`";

impl Rate {
    /// From events per second; anything that is not in 0 ..= 1e9 becomes the nearest that is.
    pub const fn from_per_second(rate: f64) -> Rate {
        Rate(if rate.is_nan() { 0.0 } else { rate.clamp(0.0, 1e9) })
    }

    /// Events per second.
    pub const fn per_second(self) -> f64 {
        self.0
    }

    /// Reads `50/s`, `3/min` or `10/h`.
    pub fn parse(text: &str) -> Result<Rate, UnitError> {
        let (number, unit) = split(text);
        decimal(number).ok_or(UnitError::NotANumber { expected: RATE_EXPECTED })?;
        let value: f64 = number.parse().map_err(|_| UnitError::NotANumber { expected: RATE_EXPECTED })?;
        let seconds = match unit.strip_prefix('/').map(str::trim) {
            Some("s") => 1.0,
            Some("min") => 60.0,
            Some("h") => 3_600.0,
            _ if unit.is_empty() => {
                return Err(UnitError::MissingUnit { number: number.into(), units: "/s, /min, /h".into() });
            }
            _ => return Err(UnitError::UnknownUnit { unit: unit.into(), units: "/s, /min, /h".into() }),
        };
        let rate = value / seconds;
        if !(0.0..=1e9).contains(&rate) {
            return Err(UnitError::OutOfRange { range: "a rate is from 0/s to 1000000000/s" });
        }
        Ok(Rate(rate + 0.0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seconds, unit) in [(1.0, "s"), (60.0, "min"), (3_600.0, "h")] {
            let short = (self.0 * seconds * 1e6).round() / 1e6;
            if short / seconds == self.0 {
                return write!(f, "{short}/{unit}");
            }
        }
        // 18 significant digits are what `parse` takes and more than an f64 tells apart.
        let text = format!("{:.17}", self.0);
        write!(f, "{}/s", text.get(..19).unwrap_or(&text))
    }
}

/// Bits per second. Written `20 Mbit/s`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bandwidth(u64);

quantity!(Bandwidth);

const BANDWIDTH: Kind = Kind {
    expected: "a bandwidth such as `20 Mbit/s`",
    units: BITS,
    smallest: "1 bit/s",
    range: "a bandwidth is from 0 bit/s to 1000000 Gbit/s",
};

impl Bandwidth {
    const MAX: u64 = 1_000_000_000_000_000;

    /// Bits per second.
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }

    /// How long `bytes` take on the wire, rounded up; [`Span::MAX`] when the bandwidth is zero.
    pub fn time_for(self, bytes: u64) -> Span {
        let bits = u128::from(bytes) * 8 * 1_000_000_000;
        match bits.div_ceil(u128::from(self.0).max(1)) {
            nanos if self.0 > 0 => Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)),
            _ => Span::MAX,
        }
    }

    /// Reads `20 Mbit/s`. Units: bit/s, kbit/s, Mbit/s, Gbit/s, each a thousand times the one before.
    pub fn parse(text: &str) -> Result<Bandwidth, UnitError> {
        let bits = measure(text, &BANDWIDTH)?;
        match u64::try_from(bits) {
            Ok(bits) if bits <= Bandwidth::MAX => Ok(Bandwidth(bits)),
            _ => Err(UnitError::OutOfRange { range: BANDWIDTH.range }),
        }
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_exact(f, self.0.into(), BITS)
    }
}

/// A number of bytes. Written `64 KiB` or `10 MB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Size(u64);

quantity!(Size);

const SIZE: Kind = Kind {
    expected: "a size such as `64 KiB`",
    units: BYTES,
    smallest: "1 B",
    range: "a size is from 0 B to 1048576 GiB",
};

impl Size {
    const MAX: u64 = 1 << 50;

    /// Bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Reads `64 KiB`. Units: B, kB, MB, GB (thousands), KiB, MiB, GiB (1024s).
    pub fn parse(text: &str) -> Result<Size, UnitError> {
        let bytes = measure(text, &SIZE)?;
        match u64::try_from(bytes) {
            Ok(bytes) if bytes <= Size::MAX => Ok(Size(bytes)),
            _ => Err(UnitError::OutOfRange { range: SIZE.range }),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_exact(f, self.0.into(), BYTES)
    }
}

#[cfg(test)]
mod tests;
