//! What each kind of fault does: to links, to a node's clock, disk and processor, to what a validator says.

use super::convert;
use super::players::Cheat;
use crate::lab::{BlockMode, DiskOp, EffectKind, Lab, Latency, Touched};
use crate::scenario::{
    self, Blocked, Cheater, Family, Fault, Hearers, Inject, MessageKind, Scenario, VoteKind,
};
use bitcraps_adversary::machine;
use bitcraps_adversary::orders::Order;
use bitcraps_adversary::puppet::{Groups, Kind, Kinds, Lie, Patience, Scope, Strategy};
use bitcraps_types::ValidatorIndex;
use std::collections::BTreeSet;
use std::time::Duration;

/// How many packets a clogged link holds before it refuses more.
const CLOG_LIMIT: usize = 1 << 16;

/// How many waits of a distribution a daemon with a slow disk is given to draw from.
const WAITS: usize = 256;

/// Whether a fault's chance is drawn for each message. A limit of a link is there or is not: its chance, as that of all
/// others, is drawn when it starts.
pub(super) fn is_by_message(inject: &Inject) -> bool {
    let limit = matches!(inject, Inject::Bandwidth { .. } | Inject::Queue { .. });
    (inject.family() == Family::Network && !limit) || inject.is_lie()
}

/// The chance that a fault of the network or a lie acts on one message.
pub(super) fn chance(fault: &Fault) -> f64 {
    fault.probability.map_or(1.0, |probability| probability.fraction())
}

/// What a fault of the network does to a link; `None` for other faults.
pub(super) fn network_effect(inject: &Inject) -> Option<EffectKind> {
    Some(match inject {
        Inject::Latency { add } => EffectKind::Latency(convert::latency(add)),
        Inject::Loss(loss) => EffectKind::Loss(convert::loss(loss)),
        Inject::Duplicate { rate } => EffectKind::Duplicate(rate.fraction()),
        Inject::Reorder { rate, window } => {
            EffectKind::Reorder { rate: rate.fraction(), window: window.duration() }
        }
        Inject::Corrupt { rate } => EffectKind::Corrupt(rate.fraction()),
        Inject::Partition { mode, .. } => EffectKind::Block {
            mode: match mode {
                Blocked::Drop => BlockMode::Drop,
                Blocked::Hold => BlockMode::Hold,
            },
        },
        Inject::Isolate { .. } => EffectKind::Block { mode: BlockMode::Drop },
        Inject::Clog {} => EffectKind::Clog { limit: CLOG_LIMIT },
        Inject::Bandwidth { rate } => EffectKind::Bandwidth(rate.bits_per_second()),
        Inject::Queue { limit } => EffectKind::Queue(limit.bytes()),
        _ => return None,
    })
}

/// Faults of one node's process, clock, disk and processor, from when they begin.
pub(super) fn degrade(inject: &Inject, node: u16, lab: &mut Lab) {
    match inject {
        Inject::Pause {} => _ = lab.pause(node),
        Inject::SlowCpu { factor } => lab.slow_cpu(node, *factor),
        Inject::Skew { offset } => lab.skew_clock(node, offset.nanos()),
        Inject::Drift { ppm } => lab.drift_clock(node, ppm.round() as i32),
        Inject::DiskError { op, rate } => {
            operations(*op).iter().for_each(|&op| lab.disk_error(node, op, rate.fraction()));
        }
        Inject::DiskFull { capacity } => {
            let full = lab.disk_used(node).saturating_add(capacity.bytes());
            lab.disk_full(node, full);
        }
        Inject::DiskSlow { latency } => lab.disk_slow(node, convert::latency(latency)),
        _ => {}
    }
}

/// The opposite of [`degrade`].
pub(super) fn repair(inject: &Inject, node: u16, lab: &mut Lab) {
    match inject {
        Inject::Pause {} => _ = lab.resume(node),
        Inject::SlowCpu { .. } => lab.slow_cpu(node, 1.0),
        Inject::Skew { .. } => lab.skew_clock(node, 0),
        Inject::Drift { .. } => lab.drift_clock(node, 0),
        Inject::DiskError { op, .. } => {
            operations(*op).iter().for_each(|&op| lab.disk_error(node, op, 0.0));
        }
        Inject::DiskFull { .. } => lab.disk_full(node, u64::MAX),
        Inject::DiskSlow { .. } => lab.disk_slow(node, Latency::Constant(Duration::ZERO)),
        _ => {}
    }
}

/// The same as [`degrade`], for a daemon that takes orders; nothing for faults that are made from outside of it.
pub(super) fn order(inject: &Inject, seed: u64) -> Option<Order> {
    Some(match inject {
        Inject::Skew { offset } => Order::Skew(offset.nanos()),
        Inject::Drift { ppm } => Order::Drift(ppm.round() as i32),
        Inject::DiskError { op, rate } => Order::DiskErrors(breakable(*op), rate.fraction()),
        Inject::DiskFull { capacity } => Order::DiskRoom(Some(capacity.bytes())),
        Inject::DiskSlow { latency } => Order::DiskWaits(convert::latency(latency).draw(seed, WAITS)),
        _ => return None,
    })
}

/// The opposite of [`order`].
pub(super) fn order_to_end(inject: &Inject) -> Option<Order> {
    Some(match inject {
        Inject::Skew { .. } => Order::Skew(0),
        Inject::Drift { .. } => Order::Drift(0),
        Inject::DiskError { op, .. } => Order::DiskErrors(breakable(*op), 0.0),
        Inject::DiskFull { .. } => Order::DiskRoom(None),
        Inject::DiskSlow { .. } => Order::DiskWaits(Vec::new()),
        _ => return None,
    })
}

fn breakable(op: scenario::DiskOp) -> machine::DiskOp {
    match op {
        scenario::DiskOp::Read => machine::DiskOp::Read,
        scenario::DiskOp::Write => machine::DiskOp::Write,
        scenario::DiskOp::Sync => machine::DiskOp::Sync,
    }
}

pub(super) fn operations(op: scenario::DiskOp) -> &'static [DiskOp] {
    match op {
        scenario::DiskOp::Read => &[DiskOp::Read],
        scenario::DiskOp::Write => &[DiskOp::Append, DiskOp::Replace],
        scenario::DiskOp::Sync => &[DiskOp::Sync],
    }
}

/// Of all that was done to a node, what a fault of this kind does.
pub(super) fn done_to(inject: &Inject, touched: &Touched) -> u64 {
    match inject {
        Inject::Pause {} => touched.paused,
        Inject::SlowCpu { .. } => touched.slowed,
        Inject::Skew { .. } => touched.skewed,
        Inject::Drift { .. } => touched.drifted,
        Inject::DiskError { .. } => touched.disk_errors,
        Inject::DiskFull { .. } => touched.disk_full,
        Inject::DiskSlow { .. } => touched.disk_slowed,
        _ => 0,
    }
}

/// What a fault has these `liars` say; `None` for other faults.
pub(super) fn lie(inject: &Inject, scenario: &Scenario, liars: &[u16]) -> Option<Lie> {
    let count = scenario.validators.count;
    let kinds = |kinds: &[MessageKind]| kinds.iter().copied().map(kind).collect();
    let victim = |victim: &u16| ValidatorIndex(*victim);
    Some(match inject {
        Inject::Silent {} => Lie::Silent,
        Inject::Withhold { kinds: withheld } => Lie::Withhold { kinds: kinds(withheld) },
        Inject::SelectiveSend { to } => Lie::SelectiveSend { to: set(to) },
        Inject::Equivocate { what, groups } => equivocation(count, liars, what, groups.as_ref()),
        Inject::Amnesia {} => Lie::Amnesia,
        Inject::ForceNil {} => Lie::ForceNil,
        Inject::InvalidSignature {} => Lie::InvalidSignature,
        Inject::GarbageBytes {} => Lie::GarbageBytes,
        Inject::InvalidValue {} => Lie::InvalidValue,
        Inject::WrongEpoch {} => Lie::WrongEpoch,
        Inject::Outdated { by } => Lie::Shift { rounds: -i64::from(*by) },
        Inject::Future { by } => Lie::Shift { rounds: i64::from(*by) },
        Inject::ConflictingCertificate {} => Lie::ConflictingCertificate,
        Inject::Impersonate { victim: of } => Lie::Impersonate { victim: victim(of) },
        Inject::Late { before } => Lie::Late { patience: patience(scenario), before: before.nanos() },
        Inject::Rushing { at_most } => {
            let liars = set(liars);
            let honest = (0..count).map(ValidatorIndex).filter(|node| !liars.contains(node)).collect();
            Lie::Rushing { honest, at_most: at_most.nanos() }
        }
        Inject::Flood { rate } => Lie::Flood { per_second: rate.per_second().ceil() as u32 },
        Inject::LieInSync {} => Lie::LieInSync,
        Inject::Frame { victim: of } => Lie::Frame { victim: victim(of) },
        Inject::DropInbound { kinds: unheard } => Lie::DropInbound { kinds: kinds(unheard) },
        Inject::InvalidBet(Cheater::Proposer { .. }) => Lie::InvalidBets,
        Inject::ReplayedBet(Cheater::Proposer { .. }) => Lie::ReplayedBets,
        Inject::TreasuryOverdraw(Cheater::Proposer { .. }) => Lie::Overdraw,
        Inject::FalsePayout {} => Lie::FalsePayout,
        Inject::WithheldRandomness {} => Lie::Withhold { kinds: [Kind::Dice, Kind::Sync].into() },
        Inject::BiasedRandomness { tries } => Lie::BiasedDice { tries: *tries },
        Inject::Mutate { scope, rounds } => {
            let scope = match scope {
                scenario::Scope::Small => Scope::Small,
                scenario::Scope::Any => Scope::Any,
            };
            Lie::Mutate { scope, rounds: *rounds }
        }
        Inject::Collude { strategy } => {
            let strategy = match strategy {
                scenario::Strategy::Fork => Strategy::Fork,
                scenario::Strategy::Amnesia => Strategy::Amnesia,
            };
            Lie::Collude { strategy, groups: Groups::halves(count, &set(liars)) }
        }
        _ => return None,
    })
}

/// What a fault has players do; `None` for other faults.
pub(super) fn cheat(inject: &Inject) -> Option<Cheat> {
    let often = |rate: &scenario::Rate| rate.per_second();
    Some(match inject {
        Inject::InvalidBet(Cheater::Players { rate }) => Cheat::InvalidBets { rate: often(rate) },
        Inject::ReplayedBet(Cheater::Players { rate }) => Cheat::ReplayedBets { rate: often(rate) },
        Inject::TreasuryOverdraw(Cheater::Players { rate }) => Cheat::Overdraw { rate: often(rate) },
        Inject::DoubleSpend { rate } => Cheat::DoubleSpends { rate: often(rate) },
        Inject::StalledTurn {} => Cheat::StalledTurn,
        _ => return None,
    })
}

fn set(nodes: &[u16]) -> BTreeSet<ValidatorIndex> {
    nodes.iter().copied().map(ValidatorIndex).collect()
}

fn kind(kind: MessageKind) -> Kind {
    match kind {
        MessageKind::Proposal => Kind::Proposal,
        MessageKind::Prevote => Kind::Prevote,
        MessageKind::Precommit => Kind::Precommit,
        MessageKind::ViewChange => Kind::ViewChange,
        MessageKind::Proof => Kind::Proof,
        MessageKind::Sync => Kind::Sync,
        MessageKind::Dice => Kind::Dice,
    }
}

/// How long the others wait.
fn patience(scenario: &Scenario) -> Patience {
    let timeouts = &scenario.consensus.timeouts;
    Patience {
        propose: timeouts.propose.nanos(),
        prevote: timeouts.prevote.nanos(),
        precommit: timeouts.precommit.nanos(),
        growth: timeouts.growth,
    }
}

/// Two faces: the groups of the file, everyone, or the others in two halves.
fn equivocation(count: u16, liars: &[u16], what: &[VoteKind], groups: Option<&Hearers>) -> Lie {
    let groups = match groups {
        Some(Hearers::Groups([first, second])) => Groups { first: set(first), second: set(second) },
        Some(Hearers::Everyone) => Groups::everyone_twice(count, &set(liars)),
        None => Groups::halves(count, &set(liars)),
    };
    let what = Kinds {
        proposal: what.contains(&VoteKind::Proposal),
        prevote: what.contains(&VoteKind::Prevote),
        precommit: what.contains(&VoteKind::Precommit),
    };
    Lie::Equivocate { what, groups }
}

/// What a fault is called in a report, and what its count counts.
pub(super) fn describe(fault: &Fault) -> (String, &'static str) {
    let unit = match (&fault.inject, fault.inject.family()) {
        (Inject::Pause {} | Inject::SlowCpu { .. }, _) => "events",
        (Inject::Jump { .. }, _) => "clocks",
        (_, Family::Network) => "frames",
        (inject, _) if inject.is_lie() => "messages",
        (_, Family::Application) => "commands",
        (_, Family::Disk) => "operations",
        (_, Family::Clock) => "readings",
        (_, Family::Meta) => "faults",
        _ => "nodes",
    };
    (fault.inject.name().replace('_', " "), unit)
}
