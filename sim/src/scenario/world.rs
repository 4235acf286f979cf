//! Where a scenario can run, and which faults each place makes.

use super::Scenario;
use super::fault::Fault;
use super::inject::Family;

/// A world. What each models: docs/worlds.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum World {
    /// The simulated world: modelled links, virtual time.
    Lab,
    /// The lab with the links of the live node: real QUIC and TLS over modelled datagrams.
    Wire,
    /// Hosts of the simulator turmoil: the live node's links over its UDP, the live gateway over its TCP.
    #[cfg_attr(not(feature = "turmoil"), value(skip))]
    Turmoil,
    /// The lab with madsim in the place of its loop: tasks in random order, libc's clock and entropy intercepted.
    Madsim,
    /// Real daemons on this machine, with a proxy on each link, in real time.
    Cluster,
}

impl World {
    /// All of them.
    pub const ALL: [World; 5] = [World::Lab, World::Wire, World::Turmoil, World::Madsim, World::Cluster];

    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            World::Lab => "lab",
            World::Wire => "wire",
            World::Turmoil => "turmoil",
            World::Madsim => "madsim",
            World::Cluster => "cluster",
        }
    }

    /// Whether it makes the fault of this name, of those that the language knows in this version.
    pub fn makes(self, fault: &str) -> bool {
        match self {
            World::Lab | World::Wire | World::Madsim => true,
            // Those who act as one share their keys and all that they hear: they are in one process.
            World::Cluster => fault != "collude",
            // It runs every host in every tick, and each for as long as it likes.
            World::Turmoil => fault != "pause" && fault != "slow_cpu",
        }
    }

    /// The faults of a scenario that this world can't make: their ids, and why.
    pub fn unsupported(self, scenario: &Scenario) -> Vec<(&str, String)> {
        let why = |fault: &Fault| {
            let (name, world) = (fault.inject.name(), self.name());
            if !self.makes(name) {
                return Some(format!("the {world} world does not make `{name}`"));
            }
            // The oracles must know who is honest from the start, and no run here is like the one before.
            let unforeseen = fault.inject.is_lie() && fault.on.follows_the_run() && !self.is_deterministic();
            unforeseen.then(|| {
                format!("the {world} world does not make `{name}` on nodes that are not known before the run")
            })
        };
        let mut unsupported: Vec<_> =
            scenario.faults.iter().filter_map(|fault| Some((&*fault.id, why(fault)?))).collect();
        if scenario.consensus.bug.is_some() && self == World::Cluster {
            unsupported.push(("consensus.bug", "a daemon has no bug put in".to_owned()));
        }
        if scenario.dice.is_some() && self == World::Cluster {
            unsupported.push(("dice", "a daemon's dice have no flaw put in".to_owned()));
        }
        if !scenario.handovers.is_empty() && matches!(self, World::Turmoil | World::Cluster) {
            unsupported.push(("handovers", format!("the {} world makes no handovers", self.name())));
        }
        let recorded = !scenario.links.recorded.0.is_empty();
        if recorded && matches!(self, World::Turmoil | World::Cluster | World::Wire) {
            let why = format!("the {} world does not play back what links drew", self.name());
            unsupported.push(("links.recorded", why));
        }
        unsupported
    }

    /// The faults of a scenario that this world makes only with daemons that are built to misbehave: their ids.
    pub fn inside_daemons(self, scenario: &Scenario) -> Vec<&str> {
        let inside = |fault: &&Fault| {
            let in_its_ports = matches!(fault.inject.family(), Family::Clock | Family::Disk);
            self == World::Cluster && (in_its_ports || fault.inject.is_lie())
        };
        scenario.faults.iter().filter(inside).map(|fault| &*fault.id).collect()
    }

    /// Whether a run gives the same trace each time.
    pub fn is_deterministic(self) -> bool {
        self != World::Cluster
    }
}
