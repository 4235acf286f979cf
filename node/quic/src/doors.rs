//! Whether a connection from outside may begin its handshake. Pure.
//!
//! A handshake costs this node two signatures and some kilobytes before the other side has proved anything, so how many
//! may be under way is bounded: in all, and for each source. While many are, a source must first show that it receives
//! what is sent to it, so that invented addresses take no place.
//!
//! A place costs its holder nothing but silence, so a full house is shared out: who comes from a source that holds clearly
//! less than another takes the place of the oldest handshake of that other one. Each such exchange makes the shares more
//! even, so nobody can go on making this node sign by coming again.

use crate::config::QuicConfig;
use crate::observer::Refused;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

/// The inbound handshakes under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doors {
    under_way: usize,
    /// The tickets of each source, the oldest first.
    by_source: BTreeMap<IpAddr, BTreeSet<u64>>,
    next: u64,
}

/// The answer to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It may begin; a place is taken until [`Doors::leave`].
    Enter {
        /// Names the handshake.
        ticket: u64,
        /// This handshake has lost its place and must end.
        instead_of: Option<u64>,
    },
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
        let of_source = self.by_source.get(&source).map_or(0, BTreeSet::len);
        if links >= limits.max_inbound {
            return Answer::Refuse(Refused::Full);
        }
        if !validated && self.under_way >= limits.retry_above {
            return Answer::Retry;
        }
        if of_source >= limits.max_handshakes_per_source {
            return Answer::Refuse(Refused::Source);
        }
        let mut instead_of = None;
        if self.under_way >= limits.max_handshakes {
            instead_of = self.make_room(of_source + 1);
            if instead_of.is_none() {
                return Answer::Refuse(Refused::Handshakes);
            }
        }
        let ticket = self.next;
        self.next += 1;
        self.under_way += 1;
        self.by_source.entry(source).or_default().insert(ticket);
        Answer::Enter { ticket, instead_of }
    }

    /// Takes the place of the oldest handshake of the source that has most, if that is more than `share`.
    fn make_room(&mut self, share: usize) -> Option<u64> {
        let most = self.by_source.iter().max_by_key(|(_, tickets)| tickets.len());
        let (&source, tickets) = most.filter(|(_, tickets)| tickets.len() > share)?;
        let oldest = *tickets.first()?;
        self.leave(source, oldest);
        Some(oldest)
    }

    /// A handshake from `ip` is over, whatever came of it.
    pub(crate) fn leave(&mut self, ip: IpAddr, ticket: u64) {
        let source = source_of(ip);
        let Some(tickets) = self.by_source.get_mut(&source) else { return };
        self.under_way -= usize::from(tickets.remove(&ticket));
        if tickets.is_empty() {
            self.by_source.remove(&source);
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

    const fn enter(ticket: u64) -> Answer {
        Answer::Enter { ticket, instead_of: None }
    }

    #[test]
    fn one_source_takes_no_more_than_its_share_and_gets_it_back() {
        let mut doors = Doors::default();
        let a = ip("10.0.0.1");
        assert_eq!(doors.knock(a, false, 0, &limits()), enter(0));
        assert_eq!(doors.knock(a, false, 0, &limits()), enter(1));
        assert_eq!(doors.knock(a, false, 0, &limits()), Answer::Refuse(Refused::Source));
        assert_eq!(doors.knock(ip("::ffff:10.0.0.1"), false, 0, &limits()), Answer::Refuse(Refused::Source));
        assert_eq!(doors.knock(ip("10.0.0.2"), false, 0, &limits()), enter(2));
        doors.leave(a, 0);
        assert_eq!(doors.knock(a, false, 0, &limits()), enter(3));
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let mut doors = Doors::default();
        assert_eq!(doors.knock(ip("2001:db8::1"), false, 0, &limits()), enter(0));
        assert_eq!(doors.knock(ip("2001:db8::2"), false, 0, &limits()), enter(1));
        assert_eq!(doors.knock(ip("2001:db8::3"), false, 0, &limits()), Answer::Refuse(Refused::Source));
        assert_eq!(doors.knock(ip("2001:db8:0:1::3"), false, 0, &limits()), enter(2));
    }

    #[test]
    fn under_load_an_address_must_be_validated_and_there_is_an_end() {
        let mut doors = Doors::default();
        for n in 0..3 {
            assert_eq!(doors.knock(ip(&format!("10.0.1.{n}")), false, 0, &limits()), enter(n));
        }
        assert_eq!(doors.knock(ip("10.0.2.1"), false, 0, &limits()), Answer::Retry);
        for n in 3..6 {
            assert_eq!(doors.knock(ip(&format!("10.0.2.{n}")), true, 0, &limits()), enter(n));
        }
        assert_eq!(doors.knock(ip("10.0.2.9"), true, 0, &limits()), Answer::Refuse(Refused::Handshakes));
        assert_eq!(doors.knock(ip("10.0.2.9"), true, 10, &limits()), Answer::Refuse(Refused::Full));
    }

    /// Fails when some addresses that begin handshakes and then say nothing keep everybody else out.
    #[test]
    fn sources_that_hold_most_places_make_room_for_one_that_holds_none() {
        let mut doors = Doors::default();
        let silent = [ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.3")];
        for n in 0..6 {
            assert_eq!(doors.knock(silent[n % 3], true, 0, &limits()), enter(n as u64));
        }
        let peer = ip("10.0.1.1");
        let Answer::Enter { ticket: 6, instead_of: Some(gone) } = doors.knock(peer, true, 0, &limits())
        else {
            panic!("the peer is kept out")
        };
        assert!(gone < 3, "the oldest of one of them");
        assert_eq!(doors.under_way, 6);
        // Their shares are even now, and to come again gains them nothing.
        for _ in 0..3 {
            let answers = silent.map(|ip| doors.knock(ip, true, 0, &limits()));
            assert!(answers.iter().all(|answer| matches!(answer, Answer::Refuse(_))), "{answers:?}");
        }
    }

    proptest! {
        /// Against a model that keeps a list of those inside.
        #[test]
        fn no_bound_is_ever_exceeded_and_nothing_is_left_over(
            steps in prop::collection::vec((0u8..5, any::<bool>(), any::<bool>()), 0..200),
        ) {
            let limits = limits();
            let mut doors = Doors::default();
            let mut inside: Vec<(IpAddr, u64)> = Vec::new();
            let shares = |inside: &[(IpAddr, u64)]| {
                let share = |host| inside.iter().filter(|(ip, _)| *ip == IpAddr::from([10, 0, 0, host])).count();
                (0..5).map(|host| share(host).pow(2)).sum::<usize>()
            };
            for (host, validated, leaves) in steps {
                let ip = IpAddr::from([10, 0, 0, host]);
                let place = inside.iter().position(|(other, _)| *other == ip);
                if let Some(place) = place.filter(|_| leaves) {
                    let (ip, ticket) = inside.remove(place);
                    doors.leave(ip, ticket);
                } else if let Answer::Enter { ticket, instead_of } = doors.knock(ip, validated, 0, &limits) {
                    let before = shares(&inside);
                    inside.retain(|(_, other)| Some(*other) != instead_of);
                    inside.push((ip, ticket));
                    prop_assert!(instead_of.is_none() || shares(&inside) < before, "more even");
                }
                prop_assert!(inside.len() <= limits.max_handshakes);
                let of_source = inside.iter().filter(|(other, _)| *other == ip).count();
                prop_assert!(of_source <= limits.max_handshakes_per_source);
                prop_assert_eq!(doors.under_way, inside.len());
            }
            inside.into_iter().for_each(|(ip, ticket)| doors.leave(ip, ticket));
            prop_assert_eq!(doors.under_way, 0);
            prop_assert!(doors.by_source.is_empty());
        }
    }
}
