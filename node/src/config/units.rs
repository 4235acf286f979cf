//! Quantities with their unit, as people write them: `500 ms`, `64 KiB`. The same units as in scenarios.

use std::time::Duration;

const TIME: &[(&str, u128)] = &[
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];
const BYTES: &[(&str, u128)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// What sizes are written in.
const SHOWN: &[(&str, u128)] = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads `500 ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let nanos = measure(text, TIME, "a duration such as `500 ms` or `2 s`")?;
    Ok(Duration::new(nanos / 1_000_000_000, (nanos % 1_000_000_000) as u32))
}

/// Reads `64 KiB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    measure(text, BYTES, "a size such as `64 KiB` or `1 MB`")
}

/// Writes a duration so that it reads back the same.
pub(super) fn show_duration(duration: Duration) -> String {
    show(duration.as_nanos(), TIME, "s")
}

/// Writes a size so that it reads back the same.
pub(super) fn show_bytes(bytes: u64) -> String {
    show(u128::from(bytes), SHOWN, "B")
}

fn measure(text: &str, units: &[(&str, u128)], expected: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let plain = !whole.is_empty() && (number.contains('.') != part.is_empty()) && number.len() <= 20;
    let digits: Option<u128> = plain.then(|| format!("{whole}{part}").parse().ok()).flatten();
    let names = || units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let Some(digits) = digits else { return Err(format!("expected {expected}")) };
    if unit.is_empty() {
        return Err(format!("`{number}` has no unit: one of {}", names()));
    }
    let Some((_, scale)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("unknown unit `{unit}`: one of {}", names()));
    };
    let (product, divisor) = (digits * scale, 10_u128.pow(u32::try_from(part.len()).unwrap_or(20)));
    match u64::try_from(product / divisor) {
        Ok(value) if product % divisor == 0 => Ok(value),
        Ok(_) => Err(format!("`{text}` is finer than the smallest unit")),
        Err(_) => Err(format!("`{text}` is too large")),
    }
}

fn show(value: u128, units: &[(&str, u128)], zero: &str) -> String {
    let fitting = units.iter().find(|(_, scale)| value != 0 && value.is_multiple_of(*scale));
    fitting.map_or_else(|| format!("0 {zero}"), |(name, scale)| format!("{} {name}", value / scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quantity_needs_its_unit() {
        assert_eq!(duration("500 ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2 min"), Ok(Duration::from_secs(120)));
        assert_eq!(bytes("64 KiB"), Ok(65536));
        assert_eq!(bytes("0 B"), Ok(0));
        for (text, why) in [
            ("500", "has no unit"),
            ("fast", "expected a duration"),
            ("1. s", "expected a duration"),
            (".5 s", "expected a duration"),
            ("-1 s", "expected a duration"),
            ("5 KiB", "unknown unit `KiB`"),
            ("0.5 ns", "finer"),
            ("99999999999999999 h", "too large"),
        ] {
            assert!(duration(text).unwrap_err().contains(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(nanos: u64) {
            let time = Duration::from_nanos(nanos);
            prop_assert_eq!(duration(&show_duration(time)), Ok(time));
            prop_assert_eq!(bytes(&show_bytes(nanos)), Ok(nanos));
        }
    }
}
