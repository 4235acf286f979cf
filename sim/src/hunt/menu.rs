//! Draws faults at random: which kind, when, on whom, for how long.
//!
//! Everything drawn is within the language and within the protocol's bounds: Byzantine faults strike only the case's
//! liars, who hold less than a third of the stake, and whatever is on ends at GST. Times are whole milliseconds and
//! rates whole percents, so that a find can be read.

use crate::scenario::{
    Blocked, Condition, CrashDisk, Direction, DiskOp, End, Fault, Hearers, Inject, Jittered, Latency, Loss,
    MessageKind, NodeState, Offset, Percent, Rate, Scenario, Scope, Selector, Shape, SourceSpan, Span, Split,
    Strategy, Trigger, Until, VoteKind,
};
use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

/// A kind of fault that a hunt can draw: its name in the language.
pub(super) type Kind = &'static str;

/// Every kind that can be drawn. `heal` ends faults and is none, `bandwidth` and `queue` only slow a network down.
pub(super) const KINDS: &[Kind] = &[
    "latency",
    "loss",
    "duplicate",
    "reorder",
    "corrupt",
    "partition",
    "isolate",
    "clog",
    "crash",
    "pause",
    "slow_cpu",
    "disk_error",
    "disk_slow",
    "skew",
    "drift",
    "jump",
    "silent",
    "withhold",
    "selective_send",
    "equivocate",
    "amnesia",
    "force_nil",
    "invalid_signature",
    "garbage_bytes",
    "invalid_value",
    "wrong_epoch",
    "outdated",
    "future",
    "conflicting_certificate",
    "impersonate",
    "late",
    "rushing",
    "flood",
    "lie_in_sync",
    "frame",
    "drop_inbound",
    "mutate",
    "collude",
];

/// Where faults are drawn for.
pub(super) struct Menu<'a> {
    pub(super) rng: &'a mut ChaCha8Rng,
    /// How many validators there are.
    count: u16,
    /// Faults begin before this.
    horizon: u64,
    /// Who may lie.
    liars: Vec<u16>,
}

const MS: u64 = 1_000_000;
const MESSAGES: [MessageKind; 4] =
    [MessageKind::Proposal, MessageKind::Prevote, MessageKind::Precommit, MessageKind::ViewChange];

impl<'a> Menu<'a> {
    pub(super) fn new(scenario: &Scenario, rng: &'a mut ChaCha8Rng) -> Menu<'a> {
        let liars = liars(scenario, rng);
        let horizon = scenario.gst.unwrap_or(scenario.duration).nanos();
        Menu { rng, count: scenario.validators.count, horizon, liars }
    }

    /// A fault of this kind, without a name.
    pub(super) fn fault(&mut self, kind: Kind) -> Fault {
        let inject = self.inject(kind);
        let lies = inject.is_lie();
        let on = match &inject {
            Inject::Partition { .. } => Selector::All,
            _ if lies => self.liar(),
            Inject::Crash { .. } | Inject::Pause {} | Inject::Isolate { .. } => self.victims(),
            _ => self.anyone(),
        };
        let moment = matches!(inject, Inject::Jump { .. });
        let restarts = matches!(inject, Inject::Crash { restart_after: Some(_), .. });
        let trigger = self.trigger();
        let mut end = End::default();
        if !moment && !restarts {
            end.lasts = Some(self.span());
        }
        let again = matches!(trigger, Trigger::Every(_));
        if !moment && !restarts && !again && self.rng.random_bool(0.15) {
            end = End { until: Some(Until::Height(self.height())), ..End::default() };
        }
        if let Trigger::Every(period) = trigger
            && let Some(lasts) = &mut end.lasts
        {
            // One is over before the next begins: delays that add up would outlast GST.
            *lasts = (*lasts).min(Span::from_nanos(period.mean.nanos() / 2 / MS * MS));
        }
        if moment {
            end.times = Some(1);
        } else if matches!(trigger, Trigger::Every(_) | Trigger::When(_)) && self.rng.random_bool(0.5) {
            end.times = Some(self.rng.random_range(1..=8));
        }
        let by_message = lies || matches!(inject, Inject::Partition { .. } | Inject::Isolate { .. });
        let probability = (by_message && self.rng.random_bool(0.25)).then(|| self.percent(10..=90));
        Fault {
            id: String::new(),
            trigger,
            probability,
            on,
            between: None,
            inject,
            end,
            survives_gst: false,
            source: SourceSpan::default(),
        }
    }

    fn inject(&mut self, kind: Kind) -> Inject {
        match kind {
            "latency" => Inject::Latency { add: self.latency() },
            "loss" => Inject::Loss(Loss::Rate { rate: self.percent(5..=90) }),
            "duplicate" => Inject::Duplicate { rate: self.percent(10..=100) },
            "reorder" => Inject::Reorder { rate: self.percent(10..=100), window: self.short() },
            "corrupt" => Inject::Corrupt { rate: self.percent(1..=50) },
            "partition" => self.partition(),
            "isolate" => {
                Inject::Isolate { direction: self.one_of(&[Direction::Both, Direction::In, Direction::Out]) }
            }
            "clog" => Inject::Clog {},
            "crash" => Inject::Crash {
                restart_after: Some(self.span()),
                disk: self.one_of(&[CrashDisk::LostUnsynced, CrashDisk::TornWrite, CrashDisk::Keep]),
            },
            "pause" => Inject::Pause {},
            "slow_cpu" => Inject::SlowCpu { factor: f64::from(self.rng.random_range(2..=200u32)) },
            "disk_error" => Inject::DiskError {
                op: self.one_of(&[DiskOp::Read, DiskOp::Write, DiskOp::Sync]),
                rate: self.percent(1..=50),
            },
            "disk_slow" => Inject::DiskSlow { latency: self.latency() },
            "skew" => Inject::Skew { offset: self.offset(Span::MAX) },
            // What is left of these after GST must be within what the nodes bear: 500 ms.
            "drift" => Inject::Drift { ppm: f64::from(self.rng.random_range(-20_000..=20_000i32)) },
            "jump" => Inject::Jump { by: self.offset(Span::from_millis(50)) },
            "silent" => Inject::Silent {},
            "equivocate" => self.equivocate(),
            "withhold" => Inject::Withhold { kinds: self.kinds() },
            "selective_send" => Inject::SelectiveSend { to: self.some_nodes() },
            "force_nil" => Inject::ForceNil {},
            "invalid_value" => Inject::InvalidValue {},
            "wrong_epoch" => Inject::WrongEpoch {},
            "outdated" => Inject::Outdated { by: self.rng.random_range(1..=3) },
            "future" => Inject::Future { by: self.rng.random_range(1..=3) },
            "conflicting_certificate" => Inject::ConflictingCertificate {},
            "impersonate" => Inject::Impersonate { victim: self.honest() },
            "late" => Inject::Late { before: self.short() },
            "rushing" => Inject::Rushing { at_most: self.short() },
            "flood" => Inject::Flood { rate: self.rate() },
            "lie_in_sync" => Inject::LieInSync {},
            "frame" => Inject::Frame { victim: self.honest() },
            "drop_inbound" => Inject::DropInbound { kinds: self.kinds() },
            "mutate" => Inject::Mutate {
                scope: self.one_of(&[Scope::Small, Scope::Any]),
                rounds: self.rng.random_bool(0.3).then(|| self.rng.random_range(1..=4)),
            },
            "collude" => Inject::Collude { strategy: Strategy::Fork },
            "amnesia" => Inject::Amnesia {},
            "invalid_signature" => Inject::InvalidSignature {},
            "garbage_bytes" => Inject::GarbageBytes {},
            other => unreachable!("{other} is not on the menu"),
        }
    }

    fn partition(&mut self) -> Inject {
        let mode = self.one_of(&[Blocked::Drop, Blocked::Drop, Blocked::Hold]);
        let shape = self.rng.random_bool(0.2);
        let split = if shape && self.count >= 4 {
            Split::Shape(self.one_of(&[Shape::Halves, Shape::Ring, Shape::Bridge, Shape::MajoritiesRing]))
        } else {
            Split::Groups(self.groups())
        };
        let two = matches!(&split, Split::Groups(groups) if groups.len() == 2);
        Inject::Partition { split, one_way: two && self.rng.random_bool(0.2), mode }
    }

    /// All nodes in two or three groups.
    fn groups(&mut self) -> Vec<Vec<u16>> {
        let parts = if self.count > 2 && self.rng.random_bool(0.2) { 3 } else { 2 };
        let mut nodes: Vec<u16> = (0..self.count).collect();
        nodes.shuffle(self.rng);
        let mut groups = vec![Vec::new(); parts];
        for (place, node) in nodes.into_iter().enumerate() {
            // The first ones make sure that no group is empty.
            let group = if place < parts { place } else { self.rng.random_range(0..parts) };
            groups[group].push(node);
        }
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups
    }

    fn equivocate(&mut self) -> Inject {
        let all = [VoteKind::Proposal, VoteKind::Prevote, VoteKind::Precommit];
        let mut what: Vec<VoteKind> = all.into_iter().filter(|_| self.rng.random_bool(0.6)).collect();
        if what.is_empty() {
            what.push(self.one_of(&all));
        }
        let liars = self.liars.clone();
        let mut first: Vec<u16> = (0..self.count).filter(|node| !liars.contains(node)).collect();
        first.shuffle(self.rng);
        let second = first.split_off(self.rng.random_range(1..first.len().max(2)));
        let mut groups = [first, second];
        groups.iter_mut().for_each(|group| group.sort_unstable());
        let told_apart = groups.iter().all(|group| !group.is_empty());
        let groups = match self.rng.random_bool(0.2) {
            true => Some(Hearers::Everyone),
            false => told_apart.then_some(Hearers::Groups(groups)),
        };
        Inject::Equivocate { what, groups }
    }

    fn trigger(&mut self) -> Trigger {
        match self.rng.random_range(0..10) {
            0..6 => Trigger::At(self.moment()),
            6..9 => Trigger::When(self.condition()),
            _ => {
                let mean = self.span();
                let jitter = Span::from_nanos(mean.nanos() / MS / 3 * MS);
                Trigger::Every(Jittered { mean, jitter })
            }
        }
    }

    fn condition(&mut self) -> Condition {
        match self.rng.random_range(0..5) {
            0 => Condition::Height(self.height()),
            1 => Condition::Round(self.rng.random_range(1..=4)),
            2 => Condition::ViewChange { count: self.rng.random_range(1..=6) },
            3 => {
                let is = [NodeState::Down, NodeState::Syncing, NodeState::Locked, NodeState::Leader];
                Condition::State { node: self.node(), is: self.one_of(&is) }
            }
            _ => Condition::Message { kind: self.one_of(&MESSAGES), nth: self.rng.random_range(1..=60) },
        }
    }

    /// Whose absence may matter: one, the leader, some of all.
    fn victims(&mut self) -> Selector {
        match self.rng.random_range(0..8) {
            0 => Selector::Leader,
            1 => Selector::NextLeader,
            2 => Selector::Random,
            3 => Selector::All,
            _ => self.some(),
        }
    }

    fn anyone(&mut self) -> Selector {
        if self.rng.random_bool(0.3) { Selector::All } else { self.some() }
    }

    fn some(&mut self) -> Selector {
        exactly(self.some_nodes())
    }

    fn some_nodes(&mut self) -> Vec<u16> {
        let mut nodes: Vec<u16> = (0..self.count).collect();
        nodes.shuffle(self.rng);
        nodes.truncate(self.rng.random_range(1..=usize::from(self.count.div_ceil(2))));
        nodes.sort_unstable();
        nodes
    }

    fn kinds(&mut self) -> Vec<MessageKind> {
        let mut kinds: Vec<MessageKind> =
            MESSAGES.into_iter().filter(|_| self.rng.random_bool(0.4)).collect();
        if kinds.is_empty() {
            kinds.push(self.one_of(&MESSAGES));
        }
        kinds
    }

    /// Somebody who does not lie.
    fn honest(&mut self) -> u16 {
        let honest: Vec<u16> = (0..self.count).filter(|node| !self.liars.contains(node)).collect();
        self.one_of(&honest)
    }

    fn rate(&mut self) -> Rate {
        let rate = self.rng.random_range(1..=500);
        Rate::parse(&format!("{rate}/s")).expect("a whole number per second is a rate")
    }

    fn liar(&mut self) -> Selector {
        if self.rng.random_bool(0.5) {
            exactly(self.liars.clone())
        } else {
            Selector::Node(*self.liars.choose(self.rng).expect("a lie is drawn only where somebody may lie"))
        }
    }

    /// Whether anybody may lie at all.
    pub(super) fn has_liars(&self) -> bool {
        !self.liars.is_empty()
    }

    fn node(&mut self) -> u16 {
        self.rng.random_range(0..self.count)
    }

    fn height(&mut self) -> u64 {
        self.rng.random_range(1..=20)
    }

    fn moment(&mut self) -> Span {
        Span::from_nanos(self.rng.random_range(0..(self.horizon / MS).max(1)) * MS)
    }

    /// From 20 ms to half of the time there is; short ones as often as long ones.
    fn span(&mut self) -> Span {
        let most = (self.horizon / MS / 2).max(40) as f64;
        Span::from_millis((20.0 * (most / 20.0).powf(self.rng.random_range(0.0..1.0))) as u64)
    }

    /// From 1 ms to 300 ms. Frames that were slowed down just before GST come so much after it.
    fn short(&mut self) -> Span {
        Span::from_millis(300f64.powf(self.rng.random_range(0.0..1.0)) as u64)
    }

    fn latency(&mut self) -> Latency {
        let (one, other) = (self.short(), self.short());
        match self.rng.random_range(0..3) {
            0 => Latency::Constant(one),
            1 => Latency::Exponential { mean: one },
            _ => Latency::Uniform { min: one.min(other), max: one.max(other) },
        }
    }

    fn offset(&mut self, most: Span) -> Offset {
        let span = self.span().min(most);
        let sign = if self.rng.random_bool(0.5) { "-" } else { "" };
        Offset::parse(&format!("{sign}{span}")).expect("a span with a sign is an offset")
    }

    fn percent(&mut self, range: std::ops::RangeInclusive<u32>) -> Percent {
        Percent::from_whole(self.rng.random_range(range))
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        *all.choose(self.rng).expect("there is always a choice")
    }
}

fn exactly(mut nodes: Vec<u16>) -> Selector {
    match nodes[..] {
        [node] => Selector::Node(node),
        _ => Selector::Nodes(std::mem::take(&mut nodes)),
    }
}

/// Who may lie in a case: those who do already, if any; otherwise in random order as many as hold less than a third.
/// Nobody more, where only the run tells who lies already.
fn liars(scenario: &Scenario, rng: &mut ChaCha8Rng) -> Vec<u16> {
    let lies: Vec<&Fault> = scenario.faults.iter().filter(|fault| fault.inject.is_lie()).collect();
    if !lies.is_empty() {
        let mut named: Vec<u16> = Vec::new();
        for fault in lies {
            match &fault.on {
                Selector::Node(node) => named.push(*node),
                Selector::Nodes(nodes) => named.extend(nodes),
                _ => return Vec::new(),
            }
        }
        named.sort_unstable();
        named.dedup();
        return named;
    }
    let weights = scenario.validators.weights();
    let total: u64 = weights.iter().sum();
    let mut order: Vec<u16> = (0..scenario.validators.count).collect();
    order.shuffle(rng);
    let (mut liars, mut lying) = (Vec::new(), 0);
    for node in order {
        let weight = weights[usize::from(node)];
        if 3 * (lying + weight) < total {
            lying += weight;
            liars.push(node);
        }
    }
    liars.sort_unstable();
    liars
}
