//! Correlation of a request with its caller's trace: the `traceparent` of W3C Trace Context.

use actix_web::http::header::HeaderValue;

/// The name of the header.
pub(super) const HEADER: &str = "traceparent";

/// The trace of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceParent<'a> {
    /// 32 digits.
    pub(super) trace: &'a str,
    /// 16 digits.
    pub(super) parent: &'a str,
}

impl<'a> TraceParent<'a> {
    /// Of a header's value; `None` if it is not well formed, and then a caller has no trace.
    pub(super) fn parse(value: &'a HeaderValue) -> Option<TraceParent<'a>> {
        let mut parts = value.to_str().ok()?.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // A later version may have more parts; this one has four.
        let whole = version != "ff" && (version != "00" || parts.next().is_none());
        let well_formed = [(version, 2), (trace, 32), (parent, 16), (flags, 2)]
            .iter()
            .all(|(part, length)| part.len() == *length && part.bytes().all(is_lower_hex));
        let named = |id: &str| id.bytes().any(|digit| digit != b'0');
        (whole && well_formed && named(trace) && named(parent)).then_some(TraceParent { trace, parent })
    }
}

fn is_lower_hex(digit: u8) -> bool {
    matches!(digit, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_recommendation_allows_is_a_trace() {
        let parse = |text: &str| TraceParent::parse(&HeaderValue::from_str(text).unwrap()).is_some();
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert!(parse(&format!("00-{trace}-{parent}-01")));
        assert!(parse(&format!("01-{trace}-{parent}-01-more")), "a later version");
        assert!(!parse(&format!("00-{trace}-{parent}-01-more")));
        assert!(!parse(&format!("ff-{trace}-{parent}-01")));
        assert!(!parse(&format!("00-{}-{parent}-01", trace.to_uppercase())));
        assert!(!parse(&format!("00-{}-{parent}-01", "0".repeat(32))));
        assert!(!parse(&format!("00-{trace}-{}-01", "0".repeat(16))));
        assert!(!parse(&format!("00-{trace}-{parent}")));
        assert!(!parse(""));
    }
}
