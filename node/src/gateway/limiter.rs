//! How many requests an address may send: the generic cell rate algorithm (GCRA, ITU-T I.371) in whole nanoseconds.
//!
//! For each address one number is kept: the theoretical arrival time, at which a client that keeps exactly to the rate
//! would send next. Time comes from the caller.

use bitcraps_types::Time;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// What an address may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second, over time.
    pub per_second: u32,
    /// So many at once after a rest.
    pub burst: u32,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Limiter {
    /// The time between two requests at the rate, in nanoseconds.
    interval: u64,
    /// How far ahead of the clock the theoretical arrival time may be.
    tolerance: u64,
    /// Theoretical arrival times.
    arrivals: BTreeMap<IpAddr, u64>,
    most: usize,
    /// When to look again for accounts that are at rest.
    sweep_at: u64,
}

impl Limiter {
    /// The most addresses that are kept apart. Those beyond share one account.
    const ADDRESSES: usize = 1 << 16;
    /// The least time between two searches among all of them, in nanoseconds: each takes a while, and the holder of many
    /// addresses must not be able to ask for one with each request.
    const SWEEP: u64 = 1_000_000_000;
    /// Stands for all those.
    const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

    pub(super) fn new(rate: Rate) -> Limiter {
        let interval = 1_000_000_000 / u64::from(rate.per_second.max(1));
        let tolerance = interval * u64::from(rate.burst.saturating_sub(1));
        Limiter { interval, tolerance, arrivals: BTreeMap::new(), most: Self::ADDRESSES, sweep_at: 0 }
    }

    /// Whether so many requests may pass now, all of them or none; if not, after how long they would. More than the burst never
    /// may.
    pub(super) fn admit_all(&mut self, now: Time, from: IpAddr, count: u32) -> Result<(), Duration> {
        let Some(others) = count.checked_sub(1) else { return Ok(()) };
        let from = self.account(now, from);
        let arrival = self.arrivals.get(&from).copied().unwrap_or(0).max(now.0);
        // When the last of them would send, if each kept to the rate.
        let last = arrival.saturating_add(self.interval.saturating_mul(u64::from(others)));
        let ahead = last - now.0;
        if ahead > self.tolerance {
            return Err(Duration::from_nanos(ahead - self.tolerance));
        }
        self.arrivals.insert(from, last.saturating_add(self.interval));
        Ok(())
    }

    /// Whose account an address has.
    fn account(&mut self, now: Time, from: IpAddr) -> IpAddr {
        let from = holder(from);
        if self.arrivals.len() >= self.most && !self.arrivals.contains_key(&from) {
            if now.0 >= self.sweep_at {
                self.sweep_at = now.0.saturating_add(Self::SWEEP);
                // Whose time has come is as one who never was here.
                self.arrivals.retain(|_, arrival| *arrival > now.0);
            }
            if self.arrivals.len() >= self.most {
                return Self::OTHERS;
            }
        }
        from
    }
}

/// One address for all that their holder has. The holder of one IPv6 address holds the 2⁶⁴ around it.
pub(super) fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 1))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    impl Limiter {
        fn admit(&mut self, now: Time, from: IpAddr) -> Result<(), Duration> {
            self.admit_all(now, from, 1)
        }
    }

    #[test]
    fn after_a_burst_one_request_passes_per_interval() {
        let mut limiter = Limiter::new(Rate { per_second: 10, burst: 3 });
        let at = |ms: u64| Time(ms * 1_000_000);
        assert!((0..3).all(|_| limiter.admit(at(5), HOME).is_ok()));
        assert_eq!(limiter.admit(at(5), HOME), Err(Duration::from_millis(100)));
        assert_eq!(limiter.admit(at(104), HOME), Err(Duration::from_millis(1)));
        assert_eq!(limiter.admit(at(105), HOME), Ok(()));
        assert_eq!(limiter.admit(at(105), HOME), Err(Duration::from_millis(100)));
    }

    #[test]
    fn several_at_once_pass_all_or_none_and_count_as_so_many() {
        let mut limiter = Limiter::new(Rate { per_second: 10, burst: 5 });
        let at = |ms: u64| Time(ms * 1_000_000);
        assert_eq!(limiter.admit_all(at(0), HOME, 3), Ok(()));
        assert_eq!(limiter.admit_all(at(0), HOME, 3), Err(Duration::from_millis(100)));
        assert_eq!(limiter.admit_all(at(0), HOME, 2), Ok(()), "what was refused cost nothing");
        assert_eq!(limiter.admit_all(at(0), HOME, 0), Ok(()));
        assert!(limiter.admit_all(at(1_000_000), HOME, 6).is_err(), "more than the burst never pass");
    }

    #[test]
    fn one_address_does_not_use_up_what_another_may() {
        let mut limiter = Limiter::new(Rate { per_second: 1, burst: 1 });
        let v6 = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 9, 9, 9, last));
        assert!(limiter.admit(Time(0), HOME).is_ok() && limiter.admit(Time(0), HOME).is_err());
        assert!(limiter.admit(Time(0), v6(1)).is_ok());
        assert!(limiter.admit(Time(0), v6(2)).is_err(), "one network of 64 bits is one client");
    }

    #[test]
    fn many_addresses_take_bounded_memory_and_share_what_is_left() {
        let mut limiter = Limiter::new(Rate { per_second: 1, burst: 1 });
        limiter.most = 10;
        let address = |n: u32| IpAddr::V4(std::net::Ipv4Addr::from_bits(n));
        let passed = (0..1000).filter(|n| limiter.admit(Time(0), address(*n)).is_ok()).count();
        assert_eq!(passed, 11);
        assert!(limiter.arrivals.len() <= 11);
        assert!(limiter.admit(Time(1_000_000_000), address(2000)).is_ok(), "all have left by then");
    }

    proptest! {
        /// The model: a bucket of `burst` tokens that refills continuously, in exact arithmetic.
        #[test]
        fn it_lets_through_what_a_token_bucket_does(
            per_second in 1u32..1000,
            burst in 1u32..20,
            gaps in prop::collection::vec(0u64..50_000_000, 1..200),
        ) {
            let interval = 1_000_000_000 / u64::from(per_second);
            let full = interval * u64::from(burst);
            let mut limiter = Limiter::new(Rate { per_second, burst });
            let (mut now, mut tokens) = (0, full);
            for gap in gaps {
                now += gap;
                tokens = full.min(tokens + gap);
                let passes = tokens >= interval;
                match limiter.admit(Time(now), HOME) {
                    Ok(()) => prop_assert!(passes),
                    Err(wait) => {
                        prop_assert!(!passes);
                        prop_assert_eq!(wait, Duration::from_nanos(interval - tokens));
                    }
                }
                if passes {
                    tokens -= interval;
                }
            }
        }
    }
}
