//! The colours of heat maps: one hue from faint to strong, told apart by lightness alone and so by everyone. In dark
//! mode the strongest is the brightest. Each step names the colour of the text on it.

use std::fmt::Write as _;

/// How many steps there are.
pub(crate) const STEPS: usize = 9;

/// A step: fill and text for a light page, fill and text for a dark one.
const RAMP: [[&str; 4]; STEPS] = [
    ["#F2F6FA", "#1C1E21", "#1B2530", "#E7E9EC"],
    ["#DFEAF4", "#1C1E21", "#1C3145", "#E7E9EC"],
    ["#C5DBED", "#1C1E21", "#1D3F5C", "#E7E9EC"],
    ["#A3C8E3", "#1C1E21", "#1F4F75", "#FFFFFF"],
    ["#79AFD6", "#1C1E21", "#24618F", "#FFFFFF"],
    ["#5296C6", "#0B0E11", "#2F74A8", "#FFFFFF"],
    ["#2772A8", "#FFFFFF", "#4C95C8", "#0B0E11"],
    ["#10568A", "#FFFFFF", "#86BBE2", "#0B0E11"],
    ["#083A64", "#FFFFFF", "#C9E2F6", "#0B0E11"],
];

/// Rules for the classes `r0` to `r8`: of table cells and legends (`background`), of groups in an SVG (`fill`).
pub(crate) fn style_sheet() -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    for (step, [fill, text, dark_fill, dark_text]) in RAMP.iter().enumerate() {
        for (css, fill, text) in [(&mut light, fill, text), (&mut dark, dark_fill, dark_text)] {
            let _ = write!(
                css,
                ".r{step}{{background:{fill};color:{text}}}.r{step} rect{{fill:{fill}}}.r{step} text{{fill:{text}}}"
            );
        }
    }
    format!("{light}@media screen and (prefers-color-scheme:dark){{{dark}}}")
}

/// How values become steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shades {
    pub(crate) lo: f64,
    pub(crate) hi: f64,
    pub(crate) logarithmic: bool,
}

/// Values that span more than this many times the least get logarithmic shades.
const WIDE: f64 = 30.0;

impl Shades {
    /// From the least to the most of some values; from zero if `from_zero`.
    pub(crate) fn of(values: &[f64], from_zero: bool) -> Shades {
        let (least, hi) = super::scale::ends(values);
        let lo = if from_zero { 0.0 } else { least };
        Shades { lo, hi, logarithmic: lo > 0.0 && hi > WIDE * lo }
    }

    pub(crate) fn step(self, value: f64) -> usize {
        let place = |value: f64| if self.logarithmic { value.ln() } else { value };
        let width = place(self.hi) - place(self.lo);
        if width <= 0.0 {
            return 0;
        }
        let share = (place(value) - place(self.lo)) / width;
        ((share * STEPS as f64).floor().max(0.0) as usize).min(STEPS - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours by WCAG 2.2.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |hex: &str| {
            let channel = |at: usize| {
                let share = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
                if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn the_text_on_every_step_can_be_read() {
        for [light, text, dark, dark_text] in RAMP {
            assert!(contrast(light, text) >= 4.5, "{light} {text}: {}", contrast(light, text));
            assert!(contrast(dark, dark_text) >= 4.5, "{dark} {dark_text}: {}", contrast(dark, dark_text));
        }
    }

    #[test]
    fn each_step_is_stronger_than_the_one_before_and_can_be_told_from_it() {
        for pair in RAMP.windows(2) {
            let (light, dark) = (contrast("#FFFFFF", pair[0][0]), contrast("#15181C", pair[0][2]));
            assert!(contrast("#FFFFFF", pair[1][0]) > light * 1.08, "{pair:?}");
            assert!(contrast("#15181C", pair[1][2]) > dark * 1.08, "{pair:?}");
        }
    }

    #[test]
    fn shades_reach_from_the_least_to_the_most() {
        let shades = Shades::of(&[10.0, 20.0, 100.0], false);
        assert_eq!([10.0, 20.0, 100.0].map(|value| shades.step(value)), [0, 1, 8]);
        let wide = Shades::of(&[1.0, 1_000.0], false);
        assert_eq!([1.0, 31.7, 1_000.0].map(|value| wide.step(value)), [0, 4, 8]);
        assert_eq!(Shades::of(&[5.0], false).step(5.0), 0);
        assert_eq!(Shades::of(&[0.1], true).step(0.1), 8);
    }
}
