//! A made-up run that looks like a real one: a partition stalls it, a node crashes, comes back and catches up.
#![allow(dead_code, reason = "each test file uses its part")]

use bitcraps_reports::{
    CommandDone, Commit, FaultSpan, Manifest, Message, NodeEvent, PropertyKind, PropertyResult, RunRecord,
    SpaceTime, Verdict,
};

/// One second of virtual time.
pub(crate) const SECOND: u64 = 1_000_000_000;
/// One millisecond of virtual time.
pub(crate) const MILLI: u64 = 1_000_000;

/// Numbers that look random and are the same each time.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

/// A run of `nodes` nodes over `heights` blocks in 60 seconds. From 20 s to 26 s nothing commits; node 1 is down
/// from 35 s to 45 s; the last node is Byzantine and commits nothing.
pub(crate) fn run(nodes: u16, heights: u64) -> RunRecord {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let duration_ns = 60 * SECOND;
    let mut commits = Vec::new();
    let mut commands = Vec::new();
    let step_ns = 54 * SECOND / heights;
    for height in 1..=heights {
        let mut at_ns = height * step_ns;
        if at_ns > 20 * SECOND {
            at_ns += 6 * SECOND;
        }
        let stalled = (26 * SECOND..26 * SECOND + step_ns).contains(&at_ns);
        let proposed_ns = if stalled { 5 * SECOND } else { 0 };
        for node in 0..nodes - 1 {
            let own_ns = 40 * MILLI + noise.below(30 * MILLI) + noise.below(40) / 38 * 90 * MILLI;
            // What it missed and what is decided while it catches up, nine times as fast.
            let behind = node == 1 && (35 * SECOND..46_250 * MILLI).contains(&at_ns);
            let at_ns = if behind { 45 * SECOND + (at_ns - 35 * SECOND) / 9 } else { at_ns + own_ns };
            commits.push(Commit {
                node,
                height,
                round: if stalled { 3 } else { 0 },
                at_ns: at_ns.min(duration_ns),
                latency_ns: own_ns + proposed_ns,
            });
        }
        for _ in 0..noise.below(4) {
            let latency_ns = 90 * MILLI + noise.below(160 * MILLI) + proposed_ns;
            commands
                .push(CommandDone { at_ns: (at_ns + noise.below(50 * MILLI)).min(duration_ns), latency_ns });
        }
    }
    let event = |node, at_ns, kind: &str| NodeEvent { node, at_ns, kind: kind.into(), label: String::new() };
    RunRecord {
        manifest: Manifest {
            scenario: "partition-heals".into(),
            claim: "After a partition heals, every honest node commits again within two rounds, and no two honest \
                    nodes ever disagree"
                .into(),
            seed: 42,
            world: "lab".into(),
            engine: "tendermint".into(),
            crypto: "cached".into(),
            nodes,
            duration_ns,
            trace_hash: "6b1f0c2f9a7d4e5b8c3a2f1e0d9c8b7a6b1f0c2f9a7d4e5b8c3a2f1e0d9c8b7a".into(),
            version: "0.1.0".into(),
            command: "bitcraps-sim run scenarios/partition-heals.yaml --seed 42 --world lab".into(),
            wall_ms: 713,
            events: 1_284_113,
            messages: 402_877,
        },
        verdict: Verdict::Pass,
        properties: vec![
            property("agreement", PropertyKind::Always, Some(true), "no two honest nodes decided differently", None),
            property(
                "conservation",
                PropertyKind::Always,
                Some(true),
                "tokens in accounts, tables and escrow summed to 1,000,000 after every block",
                None,
            ),
            property(
                "commits-after-heal",
                PropertyKind::Eventually,
                Some(true),
                "height 163 at every honest node 412 ms after the heal",
                Some(26 * SECOND + 412 * MILLI),
            ),
            property("a-node-catches-up", PropertyKind::Sometimes, Some(true), "node 1 synced 88 blocks", None),
            property("p99-under-10s", PropertyKind::Slo, Some(true), "99 % of commits within 5.07 s", None),
        ],
        faults: vec![
            fault("split", "cuts nodes 0–1 from the others", "network", (20, 26), (3_812, "frames"), &[0, 1]),
            fault("slow-link", "adds 80 ms to each frame of node 2", "network", (24, 40), (9_120, "frames"), &[2]),
            fault("crash-1", "kills node 1 and restarts it on its disk", "crash", (35, 45), (1, "nodes"), &[1]),
            fault("equivocate", "sends two votes", "byzantine", (0, 600), (88, "votes"), &[nodes - 1]),
        ],
        commits,
        commands,
        node_events: vec![event(1, 35 * SECOND, "crash"), event(1, 45 * SECOND, "restart")],
        windows: vec![window(nodes.min(7), 12)],
        honest: (0..nodes).map(|node| node + 1 < nodes).collect(),
        notes: vec!["Latencies count from the proposal's first sending".into()],
    }
}

/// A stretch of `rounds` rounds in which each node proposes in turn and all vote twice; from the fourth round on,
/// nodes 0 and 1 are cut from the others.
pub(crate) fn window(nodes: u16, rounds: u64) -> SpaceTime {
    let mut noise = Noise(7);
    let mut messages = Vec::new();
    let mut marks = Vec::new();
    let from_ns = 19_900 * MILLI;
    for round in 0..rounds {
        let start_ns = from_ns + round * 30 * MILLI;
        let lost = |from, to, _| (round >= 3 && (from < 2) != (to < 2)).then_some("split");
        let label = format!("h 162 r {round}");
        votes(&mut messages, &mut noise, nodes, (round % u64::from(nodes)) as u16, start_ns, &label, lost);
        let (kind, label) = ("lock".into(), format!("r {round}"));
        marks.push(NodeEvent { node: 0, at_ns: start_ns + 18 * MILLI, kind, label });
    }
    SpaceTime {
        title: "The partition begins".into(),
        from_ns,
        to_ns: from_ns + rounds * 30 * MILLI,
        left_out: 0,
        messages,
        marks,
    }
}

/// All of [`run`]'s 60 seconds with about as many messages as wanted, cut and silent where its faults say so.
pub(crate) fn whole_run(nodes: u16, wanted: u64) -> SpaceTime {
    let mut noise = Noise(11);
    let mut messages = Vec::new();
    let rounds = (wanted / (u64::from(nodes - 1) * (1 + 2 * u64::from(nodes)))).max(1);
    for round in 0..rounds {
        let start_ns = round * (59 * SECOND / rounds);
        let lost = |from, to, sent_ns| {
            let split = (20 * SECOND..26 * SECOND).contains(&sent_ns) && (from < 2) != (to < 2);
            let crashed = (35 * SECOND..45 * SECOND).contains(&sent_ns) && to == 1;
            split.then_some("split").or(crashed.then_some("crash-1"))
        };
        let label = format!("h {round} r 0");
        votes(&mut messages, &mut noise, nodes, (round % u64::from(nodes)) as u16, start_ns, &label, lost);
    }
    let title = "Every message of the run".into();
    SpaceTime { title, from_ns: 0, to_ns: 60 * SECOND, left_out: 0, messages, marks: Vec::new() }
}

/// One round's messages, to all others; `lost` names the fault that takes one.
fn votes(
    messages: &mut Vec<Message>,
    noise: &mut Noise,
    nodes: u16,
    proposer: u16,
    start_ns: u64,
    label: &str,
    lost: impl Fn(u16, u16, u64) -> Option<&'static str>,
) {
    let stages =
        [("proposal", 0, proposer..proposer + 1), ("prevote", 9, 0..nodes), ("precommit", 19, 0..nodes)];
    for (kind, offset_ms, senders) in stages {
        for from in senders {
            for to in (0..nodes).filter(|to| *to != from) {
                let sent_ns = start_ns + offset_ms * MILLI + noise.below(2 * MILLI);
                let fault = lost(from, to, sent_ns);
                let received_ns = fault.is_none().then(|| sent_ns + 4 * MILLI + noise.below(3 * MILLI));
                let (kind, label, fault) = (kind.into(), label.into(), fault.map(Into::into));
                messages.push(Message { from, to, sent_ns, received_ns, kind, label, fault });
            }
        }
    }
}

fn property(
    name: &str,
    kind: PropertyKind,
    holds: Option<bool>,
    detail: &str,
    at_ns: Option<u64>,
) -> PropertyResult {
    PropertyResult { name: name.into(), kind, holds, detail: detail.into(), at_ns }
}

fn fault(
    id: &str,
    label: &str,
    family: &str,
    (from_s, to_s): (u64, u64),
    (touched, unit): (u64, &str),
    nodes: &[u16],
) -> FaultSpan {
    FaultSpan {
        id: id.into(),
        label: label.into(),
        family: family.into(),
        start_ns: from_s * SECOND,
        end_ns: to_s * SECOND,
        touched,
        unit: unit.into(),
        nodes: nodes.to_vec(),
    }
}
