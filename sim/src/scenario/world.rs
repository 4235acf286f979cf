//! Where a scenario can run, and which faults each place makes.

use super::Scenario;

/// A world. What each models: docs/worlds.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum World {
    /// The simulated world: modelled links, virtual time.
    Lab,
    /// The lab with the links of the live node: real QUIC and TLS over modelled datagrams.
    Wire,
    /// Hosts of the simulator turmoil: the live node's links over its UDP, the live gateway over its TCP.
    Turmoil,
    /// Real daemons on this machine, with a proxy on each link, in real time.
    Cluster,
}

impl World {
    /// All of them.
    pub const ALL: [World; 4] = [World::Lab, World::Wire, World::Turmoil, World::Cluster];

    /// Its name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            World::Lab => "lab",
            World::Wire => "wire",
            World::Turmoil => "turmoil",
            World::Cluster => "cluster",
        }
    }

    /// Whether it makes the fault of this name, of those that the language knows in this version.
    pub fn makes(self, fault: &str) -> bool {
        const CLUSTER: [&str; 13] = [
            "bandwidth",
            "clog",
            "corrupt",
            "crash",
            "duplicate",
            "heal",
            "isolate",
            "latency",
            "loss",
            "partition",
            "pause",
            "queue",
            "reorder",
        ];
        match self {
            World::Lab | World::Wire => true,
            // It runs every host in every tick, and each for as long as it likes.
            World::Turmoil => fault != "pause" && fault != "slow_cpu",
            World::Cluster => CLUSTER.contains(&fault),
        }
    }

    /// The faults of a scenario that this world can't make: their ids and names.
    pub fn unsupported(self, scenario: &Scenario) -> Vec<(&str, &'static str)> {
        let faults = scenario.faults.iter().map(|fault| (&*fault.id, fault.inject.name()));
        faults.filter(|(_, name)| !self.makes(name)).collect()
    }

    /// Whether a run gives the same trace each time.
    pub fn is_deterministic(self) -> bool {
        self != World::Cluster
    }
}
