//! Checks of numbers with a unit: that the unit is there and known, and that the key allows the value.

use super::Findings;
use crate::scenario::grammar::Unit;
use crate::scenario::model::Seeds;
use crate::scenario::units::{Bandwidth, Jittered, Offset, Percent, Rate, Size, Span, UnitError};
use crate::scenario::yaml::{Node, Value, shorten};

/// Checks a quantity; `wrong` reports what is not one at all.
pub(super) fn check_unit(
    findings: &mut Findings<'_>,
    node: &Node,
    unit: Unit,
    path: &str,
    wrong: impl Fn(&mut Findings<'_>),
) {
    let text = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Int(number) if unit != Unit::Seeds => number.to_string(),
        Value::Float(number) if unit != Unit::Seeds => number.to_string(),
        _ => return wrong(findings),
    };
    match read_unit(unit, &text) {
        Ok(()) => {}
        Err(UnitError::MissingUnit { number, units }) => {
            let message = format!("`{}` has no unit: expected {}", shorten(&number), describe_unit(unit));
            findings.error(node.place, path, message, format!("one of {units}"));
        }
        Err(UnitError::UnknownUnit { unit: name, units }) => {
            let names: Vec<String> = units.split(", ").map(Into::into).collect();
            let near = names.iter().find(|known| known.eq_ignore_ascii_case(&name));
            let help =
                near.map_or_else(|| format!("one of {units}"), |near| format!("did you mean `{near}`?"));
            findings.error(node.place, path, format!("unknown unit `{}`", shorten(&name)), help);
        }
        Err(UnitError::NotANumber { .. }) => wrong(findings),
        Err(error) => {
            findings.error(node.place, path, format!("`{}` is {error}", shorten(&text)), None);
        }
    }
}

/// Reads a text as the quantity and holds it against the range of this key.
fn read_unit(unit: Unit, text: &str) -> Result<(), UnitError> {
    let within = |good: bool, range: &'static str| {
        if good { Ok(()) } else { Err(UnitError::OutOfRange { range }) }
    };
    match unit {
        Unit::Span => Span::parse(text).map(drop),
        Unit::Positive => within(Span::parse(text)? > Span::ZERO, "it must be above zero"),
        Unit::Timeout => {
            let span = Span::parse(text)?;
            within(span > Span::ZERO && span <= Span::from_secs(60), "from 1 ns to 60 s")
        }
        Unit::Offset => Offset::parse(text).map(drop),
        Unit::Jittered => within(Jittered::parse(text)?.mean > Span::ZERO, "it must be above zero"),
        Unit::Rate => Rate::parse(text).map(drop),
        Unit::PositiveRate => within(Rate::parse(text)?.per_second() > 0.0, "it must be above zero"),
        Unit::Percent => Percent::parse(text).map(drop),
        Unit::PositivePercent => within(Percent::parse(text)? > Percent::ZERO, "it must be above zero"),
        Unit::Bandwidth => Bandwidth::parse(text).map(drop),
        Unit::Size => Size::parse(text).map(drop),
        Unit::Seeds => match Seeds::parse(text) {
            Some(Seeds::Range(..)) => Ok(()),
            _ => Err(UnitError::NotANumber { expected: "a range of seeds" }),
        },
    }
}

/// A quantity in words, with an example.
pub(super) fn describe_unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Span | Unit::Positive | Unit::Timeout => "a duration such as `500 ms`",
        Unit::Offset => "a signed duration such as `-20 ms`",
        Unit::Jittered => "a period such as `5 s` or `5 s ± 2 s`",
        Unit::Rate | Unit::PositiveRate => "a rate such as `50/s`",
        Unit::Percent | Unit::PositivePercent => "a percentage such as `0.1 %`",
        Unit::Bandwidth => "a bandwidth such as `20 Mbit/s`",
        Unit::Size => "a size such as `64 KiB`",
        Unit::Seeds => "a range of seeds such as `0..1000`",
    }
}
