//! Builds the network that a scenario describes: keys, genesis, node configurations, the lab with its links.

use super::convert;
use super::house;
use crate::lab::{Boot, Lab, LabConfig, LinkModels, Schedule, address_of, borrow_scheduler};
use crate::scenario::{Crypto, Scenario, World};
use crate::scheme::{DiceOfRun, Keyring, Scheme};
use bitcraps_actors::config::{NodeConfig, PeerAddress, Timeouts};
use bitcraps_adversary::puppet::{Behaviour, Identity, Lie, Puppet};
use bitcraps_casino::{Committee, Genesis, GenesisValidator, Handover, Policy, TableConfig, Terms};
use bitcraps_consensus::{Config, Validator, ValidatorSet};
use bitcraps_tables::craps::CrapsRules;
use bitcraps_types::ed25519::secret_of_test_network;
use bitcraps_types::{ChainId, TableId, ValidatorIndex};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::rc::Rc;
use std::sync::Arc;

/// Everything about a network that does not change while it runs.
pub(crate) struct Network {
    pub(crate) world: World,
    seed: u64,
    pub(crate) keyring: Keyring,
    pub(crate) dice: DiceOfRun,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) chain: ChainId,
    pub(crate) validators: ValidatorSet,
    /// One switchboard per node; silent unless a fault turns it on.
    pub(crate) puppets: Vec<Rc<Puppet>>,
    configs: Vec<NodeConfig>,
}

impl Network {
    pub(crate) fn new(scenario: &Scenario, world: World, seed: u64) -> Network {
        let count = usize::from(scenario.validators.count);
        let scheme = scheme(scenario, world);
        let workload = &scenario.workload;
        let players = workload.players as usize;
        let keyring = Keyring::new(scheme, seed, count + players);
        let powers = scenario.validators.weights();
        let committees: Vec<_> = [powers.clone()].into_iter().chain(scenario.powers_handed_to()).collect();
        let dice = DiceOfRun::new(scheme, seed, &committees);
        let policy = house::policy(&scenario.policy);
        let own = stakes_to_come(&committees, &policy).into_iter().enumerate();
        let own = own.filter(|(_, amount)| *amount > 0);
        let genesis = Arc::new(Genesis {
            name: scenario.name.clone(),
            engine: scenario.consensus.engine,
            validators: (0..count)
                .map(|index| GenesisValidator { key: keyring.public_key(index), power: powers[index] })
                .collect(),
            players: (0..players)
                .map(|player| (keyring.public_key(count + player), workload.buy_in))
                .chain(own.map(|(node, amount)| (keyring.public_key(node), amount)))
                .collect(),
            bank: workload.bank,
            tables: (0..workload.tables)
                .map(|table| TableConfig { id: TableId(table), rules: CrapsRules::default() })
                .collect(),
            blob_bytes: 0,
            dice: dice.key(0).clone(),
            policy,
        });
        let chain = genesis.chain_id();
        let list = genesis.validators.iter().map(|entry| Validator { key: entry.key, power: entry.power });
        let validators =
            ValidatorSet::new(list.collect()).expect("the scenario was checked: count and stakes");
        let puppet = |index| Rc::new(puppet(&keyring, chain, &validators, seed, index));
        let puppets = (0..count).map(puppet).collect();
        let configs = (0..count).map(|me| node_config(scenario, scheme, &genesis, &keyring, me)).collect();
        Network { world, seed, keyring, dice, genesis, chain, validators, puppets, configs }
    }

    /// The lab with this network's links, in which no node runs yet.
    pub(crate) fn lab(&self, scenario: &Scenario, seed: u64, unseen: u64, record: bool, boot: Boot) -> Lab {
        let mut config = LabConfig::new(seed, scenario.validators.count, boot);
        config.links = link_models(scenario);
        config.tape = convert::tape(&scenario.links.recorded);
        config.record = record;
        config.verify_cost = self.keyring.verify_cost();
        if self.world == World::Madsim {
            let nodes = scenario.validators.count;
            config.scheduler = Some(borrow_scheduler(Schedule { seed, unseen, nodes }));
        }
        Lab::new(config)
    }

    /// Has these simulated nodes lie from now on; see [`Stage`](super::stage::Stage).
    pub(crate) fn lie(&self, name: &str, lie: &Lie, nodes: &[u16], chance: f64) {
        // Each is given a clone, and so they share what liars must agree on.
        let behaviour = Behaviour::from(lie);
        for &node in nodes {
            self.puppets[usize::from(node)].activate_at_times(name, behaviour.clone(), chance);
        }
    }

    /// The handover of this number, from 1, to the powers that the scenario plans; all consent who must.
    pub(crate) fn handover(&self, number: usize, before: &[u64], powers: &[u64]) -> Handover {
        let validators = self.genesis.validators.iter().zip(powers);
        let validators = validators.map(|(entry, power)| GenesisValidator { key: entry.key, power: *power });
        let to = Committee { validators: validators.collect(), dice: self.dice.key(number).clone() };
        let terms = Terms { number: number as u64, not_before: 1, to };
        let asked = (0..powers.len()).filter(|node| before[*node] > 0 || powers[*node] > 0);
        let approve = |node| terms.approve(&self.chain, &*self.keyring.signer(node));
        Handover { approvals: asked.filter_map(approve).collect(), terms }
    }

    pub(crate) fn config(&self, node: u16) -> NodeConfig {
        self.configs[usize::from(node)].clone()
    }

    /// Who a node is on QUIC links.
    pub(crate) fn identity(&self, node: u16) -> bitcraps_quic::Identity {
        bitcraps_quic::Identity::from_seed(&secret_of_test_network(self.seed, usize::from(node)))
    }
}

/// What each node's power in later committees requires above its first stake: it comes with that money.
fn stakes_to_come(committees: &[Vec<u64>], policy: &Policy) -> Vec<u64> {
    let per_power = policy.stake.map_or(0, |stake| stake.per_power);
    let first = &committees[0];
    let most = |node: usize| committees.iter().map(|powers| powers[node]).max().unwrap_or(0);
    (0..first.len()).map(|node| (most(node) - first[node]) * per_power).collect()
}

/// What the scenario says of the link from one node to another.
pub(crate) fn link_models(scenario: &Scenario) -> LinkModels {
    let (links, validators) = (scenario.links.clone(), scenario.validators.clone());
    Box::new(move |from, to| {
        convert::link(links.between(validators.region_of(from), validators.region_of(to)))
    })
}

/// So short that a run of some hundred heights empties its journals, as a daemon does after some hours; and that they stay in
/// the processor's cache.
const JOURNAL_BYTES: usize = 64 << 10;

/// Which signatures a run uses. A node proves with its validator's key who it is on its links: where TLS is real, so
/// must the key be.
pub(crate) fn scheme(scenario: &Scenario, world: World) -> Scheme {
    match (world, scenario.crypto) {
        (World::Wire | World::Turmoil | World::Cluster, _) | (World::Lab | World::Madsim, Crypto::Real) => {
            Scheme::Real
        }
        (World::Lab | World::Madsim, Crypto::Mock) => Scheme::Mock,
    }
}

/// The engine's configuration as the oracles need it to know how patient to be.
pub(crate) fn engine_config(scenario: &Scenario, chain: ChainId) -> Config {
    let timeouts = &scenario.consensus.timeouts;
    Config {
        chain,
        me: None,
        propose: timeouts.propose.duration(),
        prevote: timeouts.prevote.duration(),
        precommit: timeouts.precommit.duration(),
        growth: timeouts.growth,
        rebroadcast: timeouts.rebroadcast.duration(),
    }
}

fn puppet(keyring: &Keyring, chain: ChainId, validators: &ValidatorSet, seed: u64, index: usize) -> Puppet {
    let me = ValidatorIndex(index as u16);
    let identity = Identity { me, chain, validators: validators.clone(), signer: keyring.signer(index) };
    let stream = bitcraps_types::Digest::of("sim/puppet", format!("{seed}/{index}").as_bytes());
    Puppet::new(identity, ChaCha8Rng::from_seed(stream.0))
}

fn node_config(
    scenario: &Scenario,
    scheme: Scheme,
    genesis: &Arc<Genesis>,
    keyring: &Keyring,
    me: usize,
) -> NodeConfig {
    let others = (0..scenario.validators.count).filter(|&node| usize::from(node) != me);
    let peers = others
        .map(|node| PeerAddress { key: keyring.public_key(usize::from(node)), address: address_of(node) })
        .collect();
    let timeouts = &scenario.consensus.timeouts;
    let mut config = NodeConfig::new(genesis.clone(), peers);
    config.timeouts = Timeouts {
        propose: timeouts.propose.duration(),
        prevote: timeouts.prevote.duration(),
        precommit: timeouts.precommit.duration(),
        growth: timeouts.growth,
        rebroadcast: timeouts.rebroadcast.duration(),
    };
    if scheme == Scheme::Mock {
        // A tag is cheaper to check again than to look up.
        config.remembered_signatures = 0;
    }
    config.interval = scenario.consensus.interval.duration();
    config.journal_bytes = JOURNAL_BYTES;
    config
}
