//! Whether a connection from outside may begin its handshake. Pure.
//!
//! A handshake costs this node two signatures and some kilobytes before the other side has proved anything, so how many
//! may be under way is bounded: in all, and for each source. While many are, a source must first show that it receives
//! what is sent to it, so that invented addresses take no place.

use crate::config::QuicConfig;
use crate::observer::Refused;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// The inbound handshakes under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doors {
    under_way: usize,
    by_source: BTreeMap<IpAddr, usize>,
}

/// The answer to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It may begin; a place is taken until [`Doors::leave`].
    Enter,
    /// It must come again with a token.
    Retry,
    /// It may not.
    Refuse(Refused),
}

impl Doors {
    /// A connection comes from `ip`, while others hold `links` links open. `validated`: it has shown that the address
    /// is its own.
    pub(crate) fn knock(&mut self, ip: IpAddr, validated: bool, links: usize, limits: &QuicConfig) -> Answer {
        let source = source_of(ip);
        let of_source = self.by_source.get(&source).copied().unwrap_or(0);
        if links >= limits.max_inbound {
            return Answer::Refuse(Refused::Full);
        }
        if !validated && self.under_way >= limits.retry_above {
            return Answer::Retry;
        }
        if of_source >= limits.max_handshakes_per_source {
            return Answer::Refuse(Refused::Source);
        }
        if self.under_way >= limits.max_handshakes {
            return Answer::Refuse(Refused::Handshakes);
        }
        self.under_way += 1;
        self.by_source.insert(source, of_source + 1);
        Answer::Enter
    }

    /// A handshake from `ip` is over, whatever came of it.
    pub(crate) fn leave(&mut self, ip: IpAddr) {
        let source = source_of(ip);
        self.under_way = self.under_way.saturating_sub(1);
        match self.by_source.get_mut(&source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.by_source.remove(&source)),
        }
    }
}

/// Who has an IPv6 address has the 2^64 around it.
fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits() -> QuicConfig {
        QuicConfig {
            max_inbound: 10,
            max_handshakes: 6,
            max_handshakes_per_source: 2,
            retry_above: 3,
            ..QuicConfig::default()
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_takes_no_more_than_its_share_and_gets_it_back() {
        let mut doors = Doors::default();
        let a = ip("10.0.0.1");
        assert_eq!(doors.knock(a, false, 0, &limits()), Answer::Enter);
        assert_eq!(doors.knock(a, false, 0, &limits()), Answer::Enter);
        assert_eq!(doors.knock(a, false, 0, &limits()), Answer::Refuse(Refused::Source));
        assert_eq!(doors.knock(ip("::ffff:10.0.0.1"), false, 0, &limits()), Answer::Refuse(Refused::Source));
        assert_eq!(doors.knock(ip("10.0.0.2"), false, 0, &limits()), Answer::Enter);
        doors.leave(a);
        assert_eq!(doors.knock(a, false, 0, &limits()), Answer::Enter);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let mut doors = Doors::default();
        assert_eq!(doors.knock(ip("2001:db8::1"), false, 0, &limits()), Answer::Enter);
        assert_eq!(doors.knock(ip("2001:db8::2"), false, 0, &limits()), Answer::Enter);
        assert_eq!(doors.knock(ip("2001:db8::3"), false, 0, &limits()), Answer::Refuse(Refused::Source));
        assert_eq!(doors.knock(ip("2001:db8:0:1::3"), false, 0, &limits()), Answer::Enter);
    }

    #[test]
    fn under_load_an_address_must_be_validated_and_there_is_an_end() {
        let mut doors = Doors::default();
        for n in 0..3 {
            assert_eq!(doors.knock(ip(&format!("10.0.1.{n}")), false, 0, &limits()), Answer::Enter);
        }
        assert_eq!(doors.knock(ip("10.0.2.1"), false, 0, &limits()), Answer::Retry);
        for n in 1..4 {
            assert_eq!(doors.knock(ip(&format!("10.0.2.{n}")), true, 0, &limits()), Answer::Enter);
        }
        assert_eq!(doors.knock(ip("10.0.2.9"), true, 0, &limits()), Answer::Refuse(Refused::Handshakes));
        assert_eq!(doors.knock(ip("10.0.2.9"), true, 10, &limits()), Answer::Refuse(Refused::Full));
    }

    proptest! {
        /// Against a model that keeps a list of those inside.
        #[test]
        fn no_bound_is_ever_exceeded_and_nothing_is_left_over(
            steps in prop::collection::vec((0u8..5, any::<bool>(), any::<bool>()), 0..200),
        ) {
            let limits = limits();
            let mut doors = Doors::default();
            let mut inside: Vec<IpAddr> = Vec::new();
            for (host, validated, leaves) in steps {
                let ip = IpAddr::from([10, 0, 0, host]);
                let place = inside.iter().position(|other| *other == ip);
                if let Some(place) = place.filter(|_| leaves) {
                    doors.leave(inside.remove(place));
                } else if doors.knock(ip, validated, 0, &limits) == Answer::Enter {
                    inside.push(ip);
                }
                prop_assert!(inside.len() <= limits.max_handshakes);
                let of_source = inside.iter().filter(|other| **other == ip).count();
                prop_assert!(of_source <= limits.max_handshakes_per_source);
            }
            inside.into_iter().for_each(|ip| doors.leave(ip));
            prop_assert_eq!(doors.under_way, 0);
            prop_assert!(doors.by_source.is_empty());
        }
    }
}
