//! Ports for the daemons. Their numbers must be known before the daemons take them, so they are chosen among those that
//! the system gives to nobody by itself: neither the proxy's sockets nor anyone's connections then come in between.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;

/// Ports that are free now, for UDP and for TCP. Two testbeds of one machine begin to look at different places.
pub(super) fn free() -> impl Iterator<Item = SocketAddr> {
    let given = given_by_the_system(&std::fs::read_to_string(RANGE).unwrap_or_default());
    let ours: Vec<u16> = (10_000..=u16::MAX).filter(|port| !given.contains(port)).collect();
    let begin = (std::process::id() as usize).wrapping_mul(997) % ours.len().max(1);
    let count = ours.len();
    let candidates = ours.into_iter().cycle().skip(begin).take(count);
    candidates.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).filter(is_free)
}

const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The ports that the system chooses from.
fn given_by_the_system(range: &str) -> RangeInclusive<u16> {
    let mut ends = range.split_whitespace().map_while(|end| end.parse().ok());
    match (ends.next(), ends.next()) {
        (Some(first), Some(last)) => first..=last,
        _ => 32_768..=60_999,
    }
}

fn is_free(address: &SocketAddr) -> bool {
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_never_those_that_the_system_gives_away() {
        assert_eq!(given_by_the_system("20000\t30000\n"), 20_000..=30_000);
        assert_eq!(given_by_the_system("nonsense"), 32_768..=60_999);
        let given = given_by_the_system(&std::fs::read_to_string(RANGE).unwrap_or_default());
        let ports: Vec<SocketAddr> = free().take(30).collect();
        assert!(ports.iter().all(|address| !given.contains(&address.port())));
        let taken = UdpSocket::bind(ports[0]).unwrap();
        assert!(!free().take(30).any(|address| address == taken.local_addr().unwrap()));
    }
}
