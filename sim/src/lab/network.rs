//! The fate of each packet: the base model of its ordered pair, and then the effects in force, by the order in which
//! they were added.
//!
//! The base model draws first and from the pair's own stream, so that an effect shifts no base draw of another pair.

use super::NodeIndex;
use super::effects::{Active, BlockMode, Effect, EffectId, EffectKind, HOLD_LIMIT, Held};
use super::model::{LinkModel, Sampler, nanos, serialisation};
use super::random::Stream;
use super::tape::{Deck, Tape};

/// The state of one ordered pair. Small: there are n² of them.
struct Pair {
    stream: Stream,
    /// When the bandwidth is free again.
    busy_until: u64,
    /// When the last frame that keeps its place arrives.
    last_arrival: u64,
    model: u32,
    /// How many effects are in force here.
    effects: u16,
    /// The loss chain is in its bad state.
    bad: bool,
}

/// All pairs and effects. `P` is what travels; it is only kept here while an effect holds it.
pub(crate) struct Network<P> {
    nodes: usize,
    seed: u64,
    pairs: Vec<Pair>,
    models: Vec<(LinkModel, Sampler)>,
    deck: Deck,
    effects: Vec<Active<P>>,
    /// Frames changed, by effect.
    touched: Vec<u64>,
}

/// What becomes of a packet.
pub(crate) enum Verdict {
    /// Its sender is told that it cannot leave.
    Refused(Option<EffectId>),
    /// It is lost in silence.
    Lost(Option<EffectId>),
    /// It goes on.
    Pass(Passage),
}

/// How a packet passes.
pub(crate) struct Passage {
    pub(crate) arrival: u64,
    /// When its copy arrives, if it is duplicated.
    pub(crate) copy: Option<u64>,
    /// Seed of the bits to flip, if it is damaged.
    pub(crate) corrupt: Option<u64>,
    /// The last effect that changed it.
    pub(crate) effect: Option<EffectId>,
    /// The effect that keeps it, as a token for [`Network::hold`].
    pub(crate) held_by: Option<usize>,
}

impl<P> Network<P> {
    pub(crate) fn new(
        nodes: NodeIndex,
        seed: u64,
        base: &dyn Fn(NodeIndex, NodeIndex) -> LinkModel,
    ) -> Network<P> {
        let size = usize::from(nodes);
        let mut models: Vec<(LinkModel, Sampler)> = Vec::new();
        let mut pairs = Vec::with_capacity(size * size);
        for from in 0..nodes {
            let mut seeds = Stream::seeds(seed, "pair", u64::from(from));
            for to in 0..nodes {
                let model = base(from, to);
                // Most networks have few models; a network where all differ is not searched in vain.
                let recent = models.len().saturating_sub(32);
                let known =
                    models[recent..].iter().position(|(other, _)| *other == model).map(|at| at + recent);
                let index = known.unwrap_or_else(|| {
                    let sampler = Sampler::new(model.latency);
                    models.push((model, sampler));
                    models.len() - 1
                });
                let mut bytes = [0; 16];
                seeds.fill(&mut bytes);
                pairs.push(Pair {
                    stream: Stream::from_seed(bytes),
                    busy_until: 0,
                    last_arrival: 0,
                    model: index as u32,
                    effects: 0,
                    bad: false,
                });
            }
        }
        let deck = Deck::new(size, &Tape::new(), false);
        Network { nodes: size, seed, pairs, models, deck, effects: Vec::new(), touched: Vec::new() }
    }

    /// Plays a tape, or writes one.
    pub(super) fn with_deck(self, deck: Deck) -> Network<P> {
        Network { deck, ..self }
    }

    /// Judges a packet of `len` bytes that is sent at `now`. Only a frame is duplicated, reordered or damaged.
    pub(crate) fn judge(
        &mut self,
        now: u64,
        from: NodeIndex,
        to: NodeIndex,
        len: usize,
        frame: bool,
    ) -> Verdict {
        let index = usize::from(from) * self.nodes + usize::from(to);
        let pair = &mut self.pairs[index];
        let (model, sampler) = &self.models[pair.model as usize];
        let (mut bandwidth, mut queue, mut effect) = (model.bandwidth, model.queue_bytes, None);
        let mut refusing = None;
        if pair.effects > 0 {
            for active in self.effects.iter().filter(|active| active.effect.pairs.contains(from, to)) {
                let touched = &mut self.touched[active.id.0 as usize];
                match active.effect.kind {
                    EffectKind::Bandwidth(limit) if bandwidth.is_none_or(|other| other > limit) => {
                        bandwidth = Some(limit);
                        effect = Some(active.id);
                        *touched += 1;
                    }
                    EffectKind::Queue(limit) if limit < queue => {
                        queue = limit;
                        refusing = Some(active.id);
                    }
                    EffectKind::Clog { limit } if active.held.len() >= limit => {
                        *touched += 1;
                        return Verdict::Refused(Some(active.id));
                    }
                    _ => {}
                }
            }
        }
        let mut departure = now;
        if let Some(rate) = bandwidth {
            let start = now.max(pair.busy_until);
            let waiting = u128::from(start - now) * u128::from(rate) / 8_000_000_000;
            if waiting > 0 && waiting + len as u128 > u128::from(queue) {
                if let Some(id) = refusing {
                    self.touched[id.0 as usize] += 1;
                }
                return Verdict::Refused(refusing);
            }
            departure = start.saturating_add(serialisation(len, rate));
            pair.busy_until = departure;
        }
        let drawn = self.deck.next(index, || {
            let lost = model.loss.draw(&mut pair.bad, &mut pair.stream);
            (!lost).then(|| sampler.draw(&mut pair.stream))
        });
        let Some(travel) = drawn else { return Verdict::Lost(None) };
        let stream = &mut pair.stream;
        let mut arrival = departure.saturating_add(travel);
        let (mut copy, mut late, mut corrupt) = (None, None, None);
        if frame {
            if model.duplicate > 0.0 && stream.chance(model.duplicate) {
                copy = Some(departure.saturating_add(sampler.draw(stream)));
            }
            if let Some(reorder) = model.reorder
                && stream.chance(reorder.rate)
            {
                late = Some(stream.below(nanos(reorder.window).saturating_add(1)));
            }
            if model.corrupt > 0.0 && stream.chance(model.corrupt) {
                corrupt = Some(stream.next());
            }
        }
        let mut held_by = None;
        if pair.effects > 0 {
            for (index, active) in self.effects.iter_mut().enumerate() {
                if !active.effect.pairs.contains(from, to) {
                    continue;
                }
                let chance = active.effect.chance;
                if chance < 1.0 && !active.stream.chance(chance) {
                    continue;
                }
                let id = active.id;
                let touched = &mut self.touched[id.0 as usize];
                let hit = match active.effect.kind {
                    EffectKind::Latency(_) => {
                        let extra = active.draw_latency();
                        arrival = arrival.saturating_add(extra);
                        copy = copy.map(|copy| copy.saturating_add(extra));
                        true
                    }
                    EffectKind::Loss(loss) => {
                        if active.draw_loss(loss, from, to) {
                            *touched += 1;
                            return Verdict::Lost(Some(id));
                        }
                        false
                    }
                    EffectKind::Duplicate(rate) => {
                        let hit = frame && active.stream.chance(rate);
                        if hit {
                            copy = Some(departure.saturating_add(sampler.draw(&mut active.stream)));
                        }
                        hit
                    }
                    EffectKind::Reorder { rate, window } => {
                        let hit = frame && active.stream.chance(rate);
                        if hit {
                            let more = active.stream.below(nanos(window).saturating_add(1));
                            late = Some(late.unwrap_or(0).saturating_add(more));
                        }
                        hit
                    }
                    EffectKind::Corrupt(rate) => {
                        let hit = frame && active.stream.chance(rate);
                        if hit {
                            corrupt = Some(active.stream.next());
                        }
                        hit
                    }
                    EffectKind::Block { mode: BlockMode::Drop } => {
                        *touched += 1;
                        return Verdict::Lost(Some(id));
                    }
                    EffectKind::Block { mode: BlockMode::Hold } if active.held.len() >= HOLD_LIMIT => {
                        *touched += 1;
                        return Verdict::Lost(Some(id));
                    }
                    EffectKind::Block { mode: BlockMode::Hold } | EffectKind::Clog { .. } => {
                        held_by = held_by.or(Some(index));
                        true
                    }
                    EffectKind::Bandwidth(_) | EffectKind::Queue(_) => false,
                };
                if hit {
                    *touched += 1;
                    effect = Some(id);
                }
            }
        }
        if held_by.is_some() {
            copy = None;
        } else if let Some(late) = late {
            arrival = arrival.saturating_add(late);
        } else {
            arrival = in_order(&mut pair.last_arrival, arrival);
        }
        let copy = copy.map(|copy| in_order(&mut pair.last_arrival, copy));
        Verdict::Pass(Passage { arrival, copy, corrupt, effect, held_by })
    }

    /// Keeps a packet until the effect is removed. `remaining` is the time that it travels after that.
    pub(crate) fn hold(&mut self, effect: usize, from: NodeIndex, to: NodeIndex, packet: P, remaining: u64) {
        self.effects[effect].held.push_back(Held { from, to, packet, remaining });
    }

    pub(crate) fn add(&mut self, effect: Effect) -> EffectId {
        assert_eq!(effect.pairs.nodes(), self.nodes, "a set of pairs of another network");
        let id = EffectId(u32::try_from(self.touched.len()).expect("fewer than 2^32 effects"));
        self.touched.push(0);
        self.each_pair(&effect, |pair| pair.effects += 1);
        self.effects.push(Active::new(id, effect, self.seed));
        id
    }

    /// Removes an effect. What it held arrives as told to `arrive`, in order, or is held by the next holding effect.
    pub(crate) fn remove(&mut self, id: EffectId, now: u64, mut arrive: impl FnMut(u64, P)) -> bool {
        let Some(at) = self.effects.iter().position(|active| active.id == id) else { return false };
        let active = self.effects.remove(at);
        self.each_pair(&active.effect, |pair| pair.effects -= 1);
        for held in active.held {
            let (from, to) = (held.from, held.to);
            let next = self.effects.iter_mut().find(|active| {
                let kind = &active.effect.kind;
                let holds =
                    matches!(kind, EffectKind::Block { mode: BlockMode::Hold } | EffectKind::Clog { .. });
                holds && active.effect.pairs.contains(from, to)
            });
            if let Some(next) = next {
                next.held.push_back(held);
                continue;
            }
            let pair = &mut self.pairs[usize::from(from) * self.nodes + usize::from(to)];
            arrive(in_order(&mut pair.last_arrival, now.saturating_add(held.remaining)), held.packet);
        }
        true
    }

    /// What the links drew, if it was written down.
    pub(super) fn recorded(&self) -> Tape {
        self.deck.recorded()
    }

    pub(crate) fn touched(&self, id: EffectId) -> u64 {
        self.touched.get(id.0 as usize).copied().unwrap_or(0)
    }

    fn each_pair(&mut self, effect: &Effect, mut change: impl FnMut(&mut Pair)) {
        for (index, pair) in self.pairs.iter_mut().enumerate() {
            let (from, to) = (index / self.nodes, index % self.nodes);
            if effect.pairs.contains(from as NodeIndex, to as NodeIndex) {
                change(pair);
            }
        }
    }
}

/// First in, first out: no earlier than the frame before.
fn in_order(last: &mut u64, arrival: u64) -> u64 {
    *last = arrival.max(*last);
    *last
}
