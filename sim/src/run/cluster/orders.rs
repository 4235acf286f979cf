//! The line to the adversary inside one daemon: orders out, counts in ([`bitcraps_adversary::orders`]).
//!
//! What was ordered holds until it is taken back, and a process that starts again is told it again.

use bitcraps_adversary::orders::{Done, MAX_BYTES, Order};
use std::collections::VecDeque;
use std::mem::discriminant;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// See the module.
pub(super) struct Line {
    socket: UnixDatagram,
    /// Where the daemon takes orders.
    control: PathBuf,
    standing: Vec<Order>,
    /// What this process is still to be told.
    untold: VecDeque<Order>,
    /// What the processes before this one did, and what this one did.
    done: (Done, Done),
    buffer: Vec<u8>,
}

impl Line {
    /// # Panics
    /// If there can be no socket in the daemon's home.
    pub(super) fn new(home: &Path) -> Line {
        let socket = UnixDatagram::bind(home.join("testbed.socket"));
        let socket = socket.expect("a socket in a folder of the run (is its path longer than 100 bytes?)");
        socket.set_nonblocking(true).expect("a socket can be asked not to wait");
        Line {
            socket,
            control: home.join("control.socket"),
            standing: Vec::new(),
            untold: VecDeque::new(),
            done: Default::default(),
            buffer: vec![0; MAX_BYTES],
        }
    }

    /// The daemon's socket.
    pub(super) fn control(&self) -> &Path {
        &self.control
    }

    /// From now on. If the daemon does not listen, or is down, it is told when it does.
    pub(super) fn order(&mut self, order: Order) {
        stand(&mut self.standing, &order);
        self.untold.push_back(order);
        self.attend();
    }

    /// Tells the process what it is still to be told, if it listens, and takes in what it has done.
    pub(super) fn attend(&mut self) {
        while self.untold.front().is_some_and(|order| self.send(order)) {
            self.untold.pop_front();
        }
        while let Ok(length) = self.socket.recv(&mut self.buffer) {
            self.done.1 = borsh::from_slice(&self.buffer[..length])
                .expect("the daemon tells what it did: are the testbed and the daemon of one version?");
        }
    }

    /// The process is gone.
    pub(super) fn process_ended(&mut self) {
        self.attend();
        let ended = std::mem::take(&mut self.done.1);
        self.done.0.add(&ended);
        if ended.disk_full > 0 {
            // What was full is full.
            let rooms = self.standing.iter_mut().filter(|order| matches!(order, Order::DiskRoom(Some(_))));
            rooms.for_each(|order| *order = Order::DiskRoom(Some(0)));
        }
        self.untold = self.standing.clone().into();
    }

    /// What was done so far, by all processes.
    pub(super) fn done(&self) -> Done {
        let mut sum = self.done.0.clone();
        sum.add(&self.done.1);
        sum
    }

    fn send(&self, order: &Order) -> bool {
        let bytes = borsh::to_vec(order).expect("writing to memory does not fail");
        self.socket.send_to(&bytes, &self.control).is_ok()
    }
}

/// Adds an order to those that stand, in the place of the one that it changes.
fn stand(standing: &mut Vec<Order>, order: &Order) {
    match order {
        Order::Jump(by) => {
            let before =
                standing.iter().find_map(|order| if let Order::Jump(by) = order { Some(*by) } else { None });
            standing.retain(|order| !matches!(order, Order::Jump(_)));
            standing.push(Order::Jump(before.unwrap_or(0).saturating_add(*by)));
        }
        Order::Stop { fault: ended } => {
            standing.retain(|order| !matches!(order, Order::Lie { fault, .. } if fault == ended));
        }
        order => {
            standing.retain(|other| !same(order, other));
            standing.push(order.clone());
        }
    }
}

/// Whether the later of two orders takes the place of the earlier.
fn same(one: &Order, other: &Order) -> bool {
    match (one, other) {
        (Order::Lie { fault: one, .. }, Order::Lie { fault: other, .. }) => one == other,
        (Order::DiskErrors(one, _), Order::DiskErrors(other, _)) => one == other,
        _ => discriminant(one) == discriminant(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcraps_adversary::machine::DiskOp;
    use bitcraps_adversary::puppet::Lie;

    fn lie(fault: &str) -> Order {
        Order::Lie { fault: fault.into(), lie: Lie::Silent, chance: 1.0, accomplices: Vec::new() }
    }

    fn standing(orders: &[Order]) -> Vec<Order> {
        let mut standing = Vec::new();
        orders.iter().for_each(|order| stand(&mut standing, order));
        standing
    }

    #[test]
    fn what_stands_is_what_a_new_process_must_be_told() {
        let stop = Order::Stop { fault: "a".into() };
        assert_eq!(standing(&[lie("a"), lie("b"), stop, lie("b")]), [lie("b")]);
        assert_eq!(
            standing(&[Order::Skew(5), Order::Jump(3), Order::Skew(0), Order::Jump(4)]),
            [Order::Skew(0), Order::Jump(7)]
        );
        let (reads, writes) = (Order::DiskErrors(DiskOp::Read, 0.5), Order::DiskErrors(DiskOp::Write, 0.5));
        assert_eq!(standing(&[reads.clone(), writes.clone(), writes.clone()]), [reads, writes]);
    }

    #[test]
    fn a_process_that_starts_again_is_told_what_stands_and_its_counts_are_added() {
        let home = tempfile::tempdir().unwrap();
        let mut line = Line::new(home.path());
        line.order(lie("a"));
        line.attend();
        for count in [3, 4] {
            let daemon = UnixDatagram::bind(line.control()).unwrap();
            daemon.set_nonblocking(true).unwrap();
            line.attend();
            line.attend();
            let mut buffer = [0; 1000];
            let length = daemon.recv(&mut buffer).expect("an order");
            assert_eq!(borsh::from_slice::<Order>(&buffer[..length]).unwrap(), lie("a"));
            assert!(daemon.recv(&mut buffer).is_err(), "it is told once");
            for told in [1, count] {
                let done = Done { lies: [("a".into(), told)].into(), disk_full: 1, ..Done::default() };
                daemon.send_to(&borsh::to_vec(&done).unwrap(), home.path().join("testbed.socket")).unwrap();
            }
            line.attend();
            line.process_ended();
            std::fs::remove_file(line.control()).unwrap();
        }
        assert_eq!((line.done().lies["a"], line.done().disk_full), (7, 2));
    }

    #[test]
    fn a_disk_that_was_full_is_full_for_the_next_process() {
        let home = tempfile::tempdir().unwrap();
        let mut line = Line::new(home.path());
        line.order(Order::DiskRoom(Some(1024)));
        line.process_ended();
        assert_eq!(line.standing, [Order::DiskRoom(Some(1024))]);
        line.done.1.disk_full = 1;
        line.process_ended();
        assert_eq!(line.standing, [Order::DiskRoom(Some(0))]);
    }
}
