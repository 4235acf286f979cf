//! Axes for measures of every unit, linear from zero or logarithmic.

use crate::axis::{Axis, amount_axis};
use crate::measure::{Unit, significant};

/// An axis, and where a value lies on it.
pub(crate) struct Scale {
    pub(crate) axis: Axis,
    kind: Kind,
}

enum Kind {
    Linear {
        divisor: f64,
    },
    Logarithmic,
    /// Minus the logarithm of the share that is above.
    Nines,
}

/// Values that span more than this many times the least are shown on a logarithmic axis.
const WIDE: f64 = 30.0;

impl Scale {
    /// Logarithmic if the values are all above zero and far apart, otherwise linear from zero.
    pub(crate) fn fitting(title: &str, unit: Unit, values: &[f64]) -> Scale {
        let (least, most) = ends(values);
        if least > 0.0 && most > WIDE * least {
            Scale::logarithmic(title, unit, values)
        } else {
            Scale::linear(title, unit, most)
        }
    }

    /// From zero to a little above `most`.
    pub(crate) fn linear(title: &str, unit: Unit, most: f64) -> Scale {
        let (name, divisor) = match (unit, most) {
            (Unit::Nanoseconds, m) if m < 2e3 => ("ns", 1.0),
            (Unit::Nanoseconds, m) if m < 2e6 => ("µs", 1e3),
            (Unit::Nanoseconds, m) if m < 2e9 => ("ms", 1e6),
            (Unit::Nanoseconds, _) => ("s", 1e9),
            (Unit::PerSecond, _) => ("per second", 1.0),
            (Unit::Share, _) => ("%", 0.01),
            (Unit::Count, _) => ("", 1.0),
        };
        let title = if name.is_empty() { title.to_owned() } else { format!("{title} ({name})") };
        Scale { axis: amount_axis(most / divisor, false, &title), kind: Kind::Linear { divisor } }
    }

    /// Around the values that are above zero, with round ticks, more of them the fewer decades there are.
    pub(crate) fn logarithmic(title: &str, unit: Unit, values: &[f64]) -> Scale {
        let positive: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
        let (least, most) = ends(&positive);
        let (lo, hi) = if least <= most { (least.log10() - 0.06, most.log10() + 0.06) } else { (0.0, 1.0) };
        let steps: &[f64] = match hi - lo {
            narrow if narrow < 0.8 => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
            decade if decade < 1.6 => &[1.0, 2.0, 3.0, 5.0],
            decades if decades < 3.5 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let powers = lo.floor() as i32..=hi.ceil() as i32;
        let values = powers.flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
        let inside = values.filter(|value| (lo..=hi).contains(&value.log10()));
        let ticks = inside.map(|value| (value.log10(), unit.show(value))).collect();
        let title = format!("{title} (logarithmic)");
        Scale { axis: Axis { lo, hi, ticks, title }, kind: Kind::Logarithmic }
    }

    /// Logarithmic with ticks at given values only.
    pub(crate) fn logarithmic_at(title: &str, values: &[f64]) -> Scale {
        let mut scale = Scale::logarithmic(title, Unit::Count, values);
        scale.axis.ticks = values.iter().map(|value| (value.log10(), significant(*value))).collect();
        scale
    }

    /// Shares from none to `nines` nines, on which 90, 99 and 99.9 % are equally far apart.
    pub(crate) fn percentiles(nines: f64) -> Scale {
        let named = [(0.0, "0"), (2_f64.log10(), "50"), (1.0, "90"), (2.0, "99")]
            .map(|(at, name)| (at, name.to_owned()));
        let more =
            (3..=12_u8).map(|nines| (f64::from(nines), format!("99.{}", "9".repeat(usize::from(nines) - 2))));
        let ticks = named.into_iter().chain(more).filter(|tick| tick.0 <= nines).collect();
        let title = "percentile (%, logarithmic towards 100)".to_owned();
        Scale { axis: Axis { lo: 0.0, hi: nines, ticks, title }, kind: Kind::Nines }
    }

    /// Where a value lies; values below a logarithmic axis lie at its end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Linear { divisor } => value / divisor,
            Kind::Logarithmic => value.max(f64::MIN_POSITIVE).log10().max(self.axis.lo),
            Kind::Nines => value,
        }
    }
}

/// The least and the most; the least above the most if there is none.
pub(crate) fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_far_apart_are_on_a_logarithmic_axis_with_ticks_that_carry_the_unit() {
        let scale = Scale::fitting("latency", Unit::Nanoseconds, &[2e6, 3e8]);
        let labels: Vec<&str> = scale.axis.ticks.iter().map(|tick| tick.1.as_str()).collect();
        assert_eq!(labels, ["2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms", "200 ms"]);
        assert_eq!(scale.place(1e8), 8.0);
        assert_eq!(scale.place(0.0), scale.axis.lo);
    }

    #[test]
    fn values_near_each_other_are_on_a_linear_axis_in_a_fitting_unit() {
        let scale = Scale::fitting("latency", Unit::Nanoseconds, &[2e8, 3e8]);
        assert_eq!((scale.axis.title.as_str(), scale.axis.lo), ("latency (ms)", 0.0));
        assert_eq!(scale.place(3e8), 300.0);
        assert_eq!(Scale::fitting("blocks", Unit::PerSecond, &[0.0, 900.0]).axis.lo, 0.0);
    }
}
