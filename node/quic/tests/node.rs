//! Four whole nodes, each on its own QUIC links over loopback, decide the same blocks.

mod support;

use bitcraps_actors::config::NodeConfig;
use bitcraps_actors::node::start;
use bitcraps_beacon::Shares;
use bitcraps_beacon::bls::{self, BlsKey, SecretShares};
use bitcraps_casino::{Action, Command, DiceKey, Genesis, GenesisValidator, SignedCommand, TableConfig};
use bitcraps_quic::QuicConfig;
use bitcraps_tables::CrapsRules;
use bitcraps_types::ed25519::Ed25519;
use bitcraps_types::{AccountId, GroupKey, Height, Protocol, Sign, TableId, ThresholdKey, ValidatorIndex};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use support::ports::{Log, ports};
use support::{Node, Socket, key, on_tokio, peer, seed, until};

const HEIGHTS: Height = 20;

fn genesis() -> Genesis {
    Genesis {
        name: "test".into(),
        engine: Protocol::Tendermint,
        validators: (1..=4).map(|n| GenesisValidator { key: key(n), power: 1 }).collect(),
        players: vec![(key(200), 1000)],
        bank: 1_000_000,
        tables: vec![TableConfig { id: TableId(1), rules: CrapsRules::default() }],
        blob_bytes: 0,
        dice: DiceKey { group: dice().1, holders: dice().0.holders().to_vec() },
        policy: bitcraps_casino::Policy::default(),
    }
}

/// The dice key of the four.
fn dice() -> (Shares, GroupKey, Vec<SecretShares>) {
    let shares = Shares::of(&[1; 4]).unwrap();
    let (group, secrets) = bls::deal(&shares, [9; 32]).unwrap();
    (shares, group, secrets)
}

fn dice_of(validator: u16) -> Rc<dyn ThresholdKey> {
    let (shares, group, secrets) = dice();
    let held = shares.held_by(ValidatorIndex(validator));
    Rc::new(
        BlsKey::public(&group, &shares).unwrap().with_shares(&secrets[usize::from(validator)], held).unwrap(),
    )
}

#[test]
fn four_nodes_over_quic_decide_twenty_heights_with_equal_digests() {
    on_tokio(async {
        let sockets: Vec<Socket> = (0..4).map(|_| Socket::any()).collect();
        let peers: Vec<_> = (1..=4).zip(&sockets).map(|(n, socket)| peer(n, socket.at)).collect();
        let config = NodeConfig::new(Arc::new(genesis()), peers.clone());
        let logs: Vec<Rc<RefCell<Log>>> = (0..4).map(|_| Rc::default()).collect();
        let mut nodes = Vec::new();
        let mut handles = Vec::new();
        for ((n, socket), log) in (1..=4).zip(sockets).zip(&logs) {
            let node = Node::not_listening(n, socket, &peers, BTreeSet::new(), QuicConfig::default());
            handles.push(start(
                ports(seed(n), dice_of(u16::from(n) - 1), node.links.clone(), log.clone()),
                config.clone(),
            ));
            nodes.push(node);
        }
        let player = Ed25519::from_seed(seed(200));
        let to = AccountId::of_key(&key(1));
        let command =
            Command { key: player.public_key(), sequence: 1, action: Action::Transfer { to, amount: 10 } };
        handles[3].submit(SignedCommand::sign(&config.genesis.chain_id(), command, &player));
        until("heights", || logs.iter().all(|log| log.borrow().roots.contains_key(&HEIGHTS)).then_some(()))
            .await;
        let first = logs[0].borrow();
        for log in &logs[1..] {
            let log = log.borrow();
            for height in 1..=HEIGHTS {
                assert_eq!(log.decided[&height], first.decided[&height], "height {height}");
                assert_eq!(log.roots[&height], first.roots[&height], "state after height {height}");
            }
        }
        assert!(first.roots[&1] != first.roots[&HEIGHTS], "the command was carried out");
        for node in &nodes {
            assert_eq!(node.links.samples().len(), 3, "one link to each other node");
            assert!(node.counters.datagrams_out.load(Relaxed) > 0);
            assert!(node.counters.dials_failed.all().is_empty());
        }
    });
}
