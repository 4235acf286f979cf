//! A made-up sweep that looks like a real one: latencies grow with the network, its loss and its faults; messages
//! with the engine's complexity; and some points fail.

use bitcraps_reports::{CommandDone, Commit, Manifest, Row, RunRecord, Verdict};

const ENGINES: [&str; 3] = ["fast-hotstuff", "simplex", "tendermint"];
const NODES: [u16; 5] = [4, 7, 10, 16, 31];
const LOSSES: [&str; 5] = ["0 %", "0.5 %", "1 %", "5 %", "10 %"];
const FAULTS: [&str; 4] = ["none", "crash", "partition", "equivocate"];
const SECOND: u64 = 1_000_000_000;

/// Each point of the sweep with so many seeds: 300 rows for each seed.
pub(crate) fn rows(seeds: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for engine in 0..ENGINES.len() {
        for nodes in NODES {
            for loss in 0..LOSSES.len() {
                for fault in 0..FAULTS.len() {
                    rows.extend((0..seeds).map(|seed| row(engine, nodes, loss, fault, seed)));
                }
            }
        }
    }
    rows
}

/// Numbers that look random (Steele, Lea and Flood's SplitMix).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Around one, now and then much more.
    fn around_one(&mut self, spread: f64) -> f64 {
        let sum: f64 = (0..6).map(|_| self.next()).sum::<f64>() / 6.0 - 0.5;
        (sum * spread * 4.0).exp()
    }
}

fn row(engine: usize, nodes: u16, loss: usize, fault: usize, seed: u64) -> Row {
    let point = ((engine as u64) << 40) | (u64::from(nodes) << 24) | (loss * 8 + fault) as u64;
    let mut dice = Dice(point * 7_919 + seed * 104_729);
    let n = f64::from(nodes);
    let lost = [0.0, 0.005, 0.01, 0.05, 0.1][loss];
    let slow = [1.0, 1.25, 1.6, 1.15][fault];
    let base_ms = [150.0, 95.0, 120.0][engine] * (n / 4.0).powf([0.12, 0.2, 0.35][engine]);
    let typical_ms = base_ms * slow * (1.0 + 9.0 * lost) * dice.around_one(0.06);
    let stall_ms = [0.0, 900.0, 5_000.0, 300.0][fault] * dice.around_one(0.2) + typical_ms * 2.0;
    let duration_ns = 60 * SECOND;
    let stuck = fault == 2 && loss == 4 && engine == 0 && nodes == 31;
    let heights = if stuck { 0 } else { ((60_000.0 - stall_ms) / (typical_ms * 1.4)) as u64 };
    let mut record = RunRecord { verdict: Verdict::Pass, ..RunRecord::default() };
    for height in 1..=heights {
        let tail = if dice.next() < 0.01 + lost { 2.0 + 6.0 * dice.next() } else { 1.0 };
        let latency_ns = (typical_ms * tail * dice.around_one(0.25) * 1e6) as u64;
        let at_ns = (height as f64 * typical_ms * 1.4e6
            + if height > heights / 3 { stall_ms * 1e6 } else { 0.0 }) as u64;
        record.commits.push(Commit { node: 0, height, round: 0, at_ns, latency_ns });
        let settled_ns = latency_ns + (typical_ms * 0.7e6 * dice.next()) as u64;
        for _ in 0..3 {
            record.commands.push(CommandDone { at_ns, latency_ns: settled_ns });
        }
    }
    let power = [1.0, 1.9, 2.0][engine];
    let messages =
        (heights as f64 * [6.0, 2.2, 3.0][engine] * n.powf(power) * (1.0 + lost) * dice.around_one(0.03))
            as u64;
    record.manifest = Manifest {
        scenario: "loss-and-faults".into(),
        seed,
        world: "lab".into(),
        engine: ENGINES[engine].into(),
        nodes,
        duration_ns,
        events: messages * 3,
        messages,
        command: format!(
            "bitcraps-sim run scenarios/loss-and-faults.yaml --seed {seed} --set consensus.engine={} --set \
             validators.count={nodes} --set links.default.loss='{}' --set faults.hit={}",
            ENGINES[engine], LOSSES[loss], FAULTS[fault]
        ),
        ..Manifest::default()
    };
    let mut row = Row::of(&record);
    row.faults = u64::from(fault > 0);
    row.faults_landed = row.faults;
    row.run = format!("{engine}{nodes:03}{loss}{fault}{seed:04}");
    for (key, value) in [
        ("consensus.engine", ENGINES[engine]),
        ("validators.count", &nodes.to_string()),
        ("links.default.loss", LOSSES[loss]),
        ("faults.hit", FAULTS[fault]),
    ] {
        row.point.insert(key.into(), value.into());
    }
    judge(&mut row, dice.next(), lost, fault, stuck);
    row
}

fn judge(row: &mut Row, chance: f64, lost: f64, fault: usize, stuck: bool) {
    if stuck {
        row.verdict = Verdict::Violated;
        row.violated.push("eventually height ≥ 60 within 20 s of healing".into());
    } else if fault == 2 && chance < 0.6 * lost {
        row.verdict = Verdict::Violated;
        row.violated.push("slo commit_latency_p99 ≤ 900 ms".into());
    } else if fault == 3 && row.engine == "simplex" && chance < 0.01 {
        row.verdict = Verdict::Violated;
        row.violated.push("agreement".into());
    } else if fault == 1 && chance > 0.98 {
        row.verdict = Verdict::Inconclusive;
        row.unjudged.push("sometimes view_change".into());
        row.faults_landed = 0;
    } else if chance > 0.999_5 {
        row.diverged = true;
    }
    if row.verdict != Verdict::Pass || row.diverged {
        row.report = format!("runs/{}/report.html", row.run);
    }
}
