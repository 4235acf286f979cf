//! Numbers, durations and strings as a reader sees them, and the escapes that keep data from becoming markup.

use std::fmt::Write as _;

/// Text for an HTML or XML text node or a quoted attribute. Control characters become U+FFFD: XML forbids them.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(visible(other)),
        }
    }
    out
}

/// Text that some other code escapes later: only control characters are replaced, and it is cut at `most`.
pub(crate) fn plain(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.chars().map(visible).collect();
    }
    text.chars().take(most.saturating_sub(1)).map(visible).chain(['…']).collect()
}

fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => ' ',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// JSON that may stand inside a script element: nothing in it can close the element or open a comment.
pub(crate) fn json_in_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out
}

/// One field of a CSV line (RFC 4180).
pub(crate) fn csv_field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 sample`, `2 samples`.
pub(crate) fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A span of time to three significant digits: `950 ns`, `12.3 ms`, `4.56 s`, `2 min 5 s`, `3 h 4 min`.
pub(crate) fn span(ns: u64) -> String {
    let ns_float = ns as f64;
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..999_500 => format!("{} µs", three_digits(ns_float / 1e3)),
        999_500..999_500_000 => format!("{} ms", three_digits(ns_float / 1e6)),
        999_500_000..120_000_000_000 => format!("{} s", three_digits(ns_float / 1e9)),
        120_000_000_000..7_200_000_000_000 => {
            let seconds = ns / 1_000_000_000;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
        _ => {
            let minutes = ns / 60_000_000_000;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
    }
}

/// A moment of the run in seconds, to the microsecond, without trailing zeros: `12.345 s`.
pub(crate) fn moment(at_ns: u64) -> String {
    let fixed = format!("{}.{:06}", at_ns / 1_000_000_000, at_ns % 1_000_000_000 / 1_000);
    format!("{} s", fixed.trim_end_matches('0').trim_end_matches('.'))
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    let fixed = format!("{value:.decimals$}");
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_three_digits_and_choose_the_unit() {
        let shown: Vec<String> =
            [0, 999, 1_000, 12_345, 999_499, 999_500, 12_340_000, 1_500_000_000, 125_000_000_000]
                .map(span)
                .into();
        assert_eq!(
            shown,
            ["0 ns", "999 ns", "1 µs", "12.3 µs", "999 µs", "1 ms", "12.3 ms", "1.5 s", "2 min 5 s"]
        );
        assert_eq!(span(7_200_000_000_000), "2 h 0 min");
    }

    #[test]
    fn counts_are_grouped_by_three() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn moments_lose_trailing_zeros_only() {
        assert_eq!([0, 10_000_000_000, 1_250_000_000].map(moment), ["0 s", "10 s", "1.25 s"]);
    }

    #[test]
    fn json_in_a_script_cannot_close_it_and_still_reads_back() {
        let text = "</script><!-- & \u{2028}";
        let json = serde_json::to_string(text).expect("a string is JSON");
        let guarded = json_in_script(&json);
        assert!(!guarded.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&guarded).expect("still JSON"), text);
    }

    #[test]
    fn control_characters_do_not_reach_xml() {
        assert_eq!(escape("a\u{0}\u{1b}b<"), "a\u{fffd}\u{fffd}b&lt;");
        assert_eq!(plain("abcdef", 4), "abc…");
    }
}
