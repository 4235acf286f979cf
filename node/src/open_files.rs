//! How many files and sockets the process may have open. Each client takes one, and the node needs some at any time: one
//! whose snapshot can't be written stops. So clients never get all of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the node needs besides its clients' connections: its files, its sockets, the operator's connections.
const OWN: u64 = 512;

/// Raises the limit as far as this process may, and tells it.
pub fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current };
    limit.unwrap_or(u64::MAX)
}

/// How many connections each of the threads that serve clients may have under a limit; at most as `wanted`.
pub fn connections_within(limit: u64, threads: usize, wanted: usize) -> usize {
    let each = limit.saturating_sub(OWN) / threads.max(1) as u64;
    usize::try_from(each).unwrap_or(usize::MAX).clamp(1, wanted.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_leave_the_node_the_files_that_it_needs() {
        assert_eq!(connections_within(1 << 20, 2, 4096), 4096);
        for (limit, threads) in [(1024, 2), (4096, 4), (8192, 1)] {
            let each = connections_within(limit, threads, usize::MAX);
            assert_eq!(limit - OWN, each as u64 * threads as u64);
        }
        assert_eq!(connections_within(100, 2, 4096), 1, "one is always served");
        assert_eq!(connections_within(u64::MAX, 2, 7), 7);
    }
}
