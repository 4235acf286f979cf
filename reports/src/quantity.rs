//! Values of swept keys as numbers: `500 ms` is less than `5 s`, and `20 Mbit/s` lies on an axis.

use std::cmp::Ordering;

/// What a number measures. Only numbers of the same kind are compared as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dimension {
    Number,
    Seconds,
    /// One is a hundred per cent.
    Share,
    PerSecond,
    BitsPerSecond,
    Bytes,
}

/// A number in the base unit of what it measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantity {
    pub(crate) value: f64,
    pub(crate) dimension: Dimension,
}

/// The units of the scenario language.
const UNITS: [(&str, f64, Dimension); 24] = [
    ("", 1.0, Dimension::Number),
    ("ns", 1e-9, Dimension::Seconds),
    ("us", 1e-6, Dimension::Seconds),
    ("µs", 1e-6, Dimension::Seconds),
    ("μs", 1e-6, Dimension::Seconds),
    ("ms", 1e-3, Dimension::Seconds),
    ("s", 1.0, Dimension::Seconds),
    ("min", 60.0, Dimension::Seconds),
    ("h", 3_600.0, Dimension::Seconds),
    ("%", 0.01, Dimension::Share),
    ("/s", 1.0, Dimension::PerSecond),
    ("/min", 1.0 / 60.0, Dimension::PerSecond),
    ("/h", 1.0 / 3_600.0, Dimension::PerSecond),
    ("bit/s", 1.0, Dimension::BitsPerSecond),
    ("kbit/s", 1e3, Dimension::BitsPerSecond),
    ("Mbit/s", 1e6, Dimension::BitsPerSecond),
    ("Gbit/s", 1e9, Dimension::BitsPerSecond),
    ("B", 1.0, Dimension::Bytes),
    ("kB", 1e3, Dimension::Bytes),
    ("MB", 1e6, Dimension::Bytes),
    ("KiB", 1_024.0, Dimension::Bytes),
    ("GB", 1e9, Dimension::Bytes),
    ("MiB", 1_048_576.0, Dimension::Bytes),
    ("GiB", 1_073_741_824.0, Dimension::Bytes),
];

/// Reads a number with or without a unit; `None` of any other text.
pub(crate) fn parse(text: &str) -> Option<Quantity> {
    let text = text.trim();
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let value: f64 = number.parse().ok().filter(|value: &f64| value.is_finite())?;
    let unit = unit.trim();
    let (_, factor, dimension) = UNITS.into_iter().find(|known| known.0 == unit)?;
    Some(Quantity { value: value * factor, dimension })
}

/// Words for what was left alone: the beginning of an axis.
const NOTHING: [&str; 5] = ["–", "none", "off", "no", "false"];

/// The order of values along an axis: words for nothing, other text in its own order, numbers by kind and size.
/// It is total: different texts of the same number are in the order of the texts.
pub(crate) fn order(a: &str, b: &str) -> Ordering {
    let by_size = match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a.dimension.cmp(&b.dimension).then(a.value.total_cmp(&b.value)),
        (None, None) => NOTHING.contains(&b).cmp(&NOTHING.contains(&a)),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    by_size.then_with(|| a.cmp(b))
}

/// All values as numbers; `None` if some is not one, or they measure different things.
pub(crate) fn numbers(values: &[String]) -> Option<(Vec<f64>, Dimension)> {
    let parsed: Vec<Quantity> = values.iter().map(|value| parse(value)).collect::<Option<_>>()?;
    let dimension = parsed.first()?.dimension;
    let same = parsed.iter().all(|quantity| quantity.dimension == dimension);
    same.then(|| (parsed.iter().map(|quantity| quantity.value).collect(), dimension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_ordered_by_what_they_measure() {
        let mut values = ["5 s", "500 ms", "none", "1 min", "30 s", "250ms"];
        values.sort_by(|a, b| order(a, b));
        assert_eq!(values, ["none", "250ms", "500 ms", "5 s", "30 s", "1 min"]);
        let mut values = ["partition", "none", "crash"];
        values.sort_by(|a, b| order(a, b));
        assert_eq!(values, ["none", "crash", "partition"]);
        let mut values = ["20 Mbit/s", "100 kbit/s", "1 Gbit/s"];
        values.sort_by(|a, b| order(a, b));
        assert_eq!(values, ["100 kbit/s", "20 Mbit/s", "1 Gbit/s"]);
        let mut values = ["10", "9", "100"];
        values.sort_by(|a, b| order(a, b));
        assert_eq!(values, ["9", "10", "100"]);
    }

    #[test]
    fn units_are_those_of_the_scenario_language() {
        let read = |text: &str| parse(text).map(|quantity| (quantity.value, quantity.dimension));
        assert_eq!(read("2.5 %"), Some((0.025, Dimension::Share)));
        assert_eq!(read("50/s"), Some((50.0, Dimension::PerSecond)));
        assert_eq!(read("64 KiB"), Some((65_536.0, Dimension::Bytes)));
        assert_eq!(read("-1"), Some((-1.0, Dimension::Number)));
        for text in ["", "s", "1 parsec", "1 2", "inf", "NaN", "1-2"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_axis_is_of_numbers_only_if_all_measure_the_same() {
        let of =
            |values: &[&str]| numbers(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["500 ms", "5 s"]), Some((vec![0.5, 5.0], Dimension::Seconds)));
        assert_eq!(of(&["500 ms", "5"]), None);
        assert_eq!(of(&["none", "5 s"]), None);
        assert_eq!(of(&[]), None);
    }
}
