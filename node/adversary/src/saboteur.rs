//! The adversary inside a daemon: it stands before the daemon's ports and carries out what it is ordered.

use crate::machine::{BendableClock, BreakableDisk};
use crate::orders::{Done, Order};
use crate::puppet::{Behaviour, Collusion, Identity, Puppet, Said};
use bitcraps_actors::ports::Ports;
use bitcraps_casino::Genesis;
use bitcraps_consensus::{Validator, ValidatorSet};
use bitcraps_types::{PublicKey, ValidatorIndex};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// How accomplices are reached: their sockets, and what they are told.
pub type Line = Rc<dyn Fn(&[String], &Order)>;

/// See the module.
pub struct Saboteur {
    puppet: Rc<Puppet>,
    clock: BendableClock,
    disk: BreakableDisk,
    /// The equivocations that last, by fault.
    collusions: RefCell<BTreeMap<String, Rc<RefCell<Collusion>>>>,
    line: Line,
}

impl Saboteur {
    /// Slips in before the ports of a node of this network. What it signs, it signs with the node's key directly, past
    /// the journal and the sign-state that keep an honest node from signing twice. `line` reaches accomplices.
    pub fn slip_in(ports: &mut Ports, genesis: &Genesis, line: Line) -> Saboteur {
        let stream = |purpose| ports.entropy.stream("adversary", purpose);
        let key = ports.signer.public_key();
        // A node that is no validator is nobody's author, and so has nothing to lie about.
        let place = genesis.validators.iter().position(|entry| entry.key == key);
        let me = ValidatorIndex(place.and_then(|place| u16::try_from(place).ok()).unwrap_or(u16::MAX));
        let chain = genesis.chain_id();
        let validators = validators(genesis, key);
        let identity = Identity { me, chain, validators, signer: ports.signer.clone() };
        let puppet = Rc::new(Puppet::new(identity, stream("lies")));
        let disk = BreakableDisk::new(ports.disk.clone(), ports.clock.clone(), stream("disk"));
        let clock = BendableClock::new(ports.clock.clone());
        ports.adversary = Some(puppet.clone());
        ports.disk = Rc::new(disk.clone());
        ports.clock = Rc::new(clock.clone());
        Saboteur { puppet, clock, disk, collusions: RefCell::default(), line }
    }

    /// Carries out an order.
    pub fn obey(&self, order: Order) {
        match order {
            Order::Lie { fault, lie, chance, accomplices } => {
                let behaviour = Behaviour::from(&lie);
                if let Some(collusion) = behaviour.collusion() {
                    collusion.borrow_mut().set_line(self.line_of(&fault, accomplices));
                    self.collusions.borrow_mut().insert(fault.clone(), collusion.clone());
                }
                self.puppet.activate_at_times(&fault, behaviour, chance);
            }
            Order::Stop { fault } => {
                self.collusions.borrow_mut().remove(&fault);
                self.puppet.deactivate(&fault);
            }
            Order::Told { fault, said } => {
                if let Some(collusion) = self.collusions.borrow().get(&fault) {
                    collusion.borrow_mut().learn(said);
                }
            }
            Order::Skew(offset) => self.clock.skew(offset),
            Order::Jump(by) => self.clock.jump(by),
            Order::Drift(ppm) => self.clock.drift(ppm),
            Order::DiskErrors(op, chance) => self.disk.set_errors(op, chance),
            Order::DiskRoom(bytes) => self.disk.set_room(bytes),
            Order::DiskWaits(waits) => {
                self.disk.set_waits(waits.into_iter().map(Duration::from_nanos).collect());
            }
        }
    }

    /// What was done so far.
    pub fn done(&self) -> Done {
        Done {
            lies: self.puppet.all_touched(),
            skewed: self.clock.skewed(),
            drifted: self.clock.drifted(),
            disk_errors: self.disk.failed(),
            disk_full: self.disk.refused(),
            disk_slowed: self.disk.slowed(),
        }
    }

    fn line_of(&self, fault: &str, accomplices: Vec<String>) -> Box<dyn Fn(Said)> {
        let (line, fault) = (self.line.clone(), fault.to_owned());
        Box::new(move |said| line(&accomplices, &Order::Told { fault: fault.clone(), said }))
    }
}

/// Those of the genesis. A node that has none refuses the genesis itself, right after this.
fn validators(genesis: &Genesis, me: PublicKey) -> ValidatorSet {
    let entries = genesis.validators.iter();
    let set = entries.map(|entry| Validator { key: entry.key, power: entry.power }).collect();
    let alone = || ValidatorSet::new(vec![Validator { key: me, power: 1 }]);
    ValidatorSet::new(set).or_else(|_| alone()).expect("one validator is a set")
}
