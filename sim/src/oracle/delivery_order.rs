//! Property `delivery_order`: each honest node delivers heights without gap and without repetition, and never another
//! value for a height that it has delivered. A crash may take it back to what was durable; a state sync is a jump that
//! it announces.

use super::chain::Chain;
use super::finding::Finding;
use bitcraps_types::{Digest, Height, Time};

#[derive(Clone, Debug)]
pub(super) struct DeliveryOrder {
    pub(super) finding: Finding,
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// The highest height ever delivered or jumped to.
    highest: Height,
    /// The highest height ever applied or jumped to.
    applied: Height,
    /// What must be delivered next; `None` after a start, until the node says.
    next: Option<Height>,
    /// What must be applied next; `None` after a start, which may apply again what is durable.
    next_applied: Option<Height>,
}

impl DeliveryOrder {
    pub(super) fn new(nodes: usize) -> DeliveryOrder {
        DeliveryOrder { finding: Finding::new("delivery_order"), nodes: vec![Node::default(); nodes] }
    }

    /// `earlier` is what the node itself decided at this height before, if it did.
    pub(super) fn decided(&mut self, chain: &Chain, at: Time, node: u16, height: Height, digest: Digest) {
        self.finding.judged();
        let state = &mut self.nodes[usize::from(node)];
        let before = *state;
        state.next = Some(height.saturating_add(1));
        state.highest = state.highest.max(height);
        let earlier = chain.decided_by(node, height).filter(|_| height <= before.highest);
        let wrong = match before.next {
            _ if earlier.is_some_and(|earlier| earlier != digest) => {
                Some(format!("decided {digest:?}, but had decided {earlier:?} before"))
            }
            Some(next) if height > next => Some(format!("skipped height {next}")),
            Some(next) if height < next => Some(format!("delivered it again: {next} was next")),
            None if height > before.highest + 1 => {
                Some(format!("had only reached {} before it restarted", before.highest))
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.finding.violated(at, format!("node {node}, height {height}: {wrong}"));
        }
    }

    pub(super) fn applied(&mut self, at: Time, node: u16, height: Height) {
        let state = &mut self.nodes[usize::from(node)];
        let before = *state;
        state.next_applied = Some(height.saturating_add(1));
        state.applied = state.applied.max(height);
        let in_order = match before.next_applied {
            Some(next) => height == next,
            None => height <= before.applied + 1,
        };
        if !in_order {
            let last = before.next_applied.map_or(before.applied, |next| next - 1);
            self.finding.violated(at, format!("node {node} applied block {height} after block {last}"));
        }
    }

    /// The node says where it goes on.
    pub(super) fn started(&mut self, at: Time, node: u16, height: Height) {
        let state = &mut self.nodes[usize::from(node)];
        state.next = Some(height);
        if height > state.highest + 1 {
            let reached = state.highest;
            let detail = format!("node {node} goes on with height {height}, but had only reached {reached}");
            self.finding.violated(at, detail);
        }
    }

    /// The node jumped to the state after `height`.
    pub(super) fn synced(&mut self, node: u16, height: Height) {
        let state = &mut self.nodes[usize::from(node)];
        state.next = Some(height.saturating_add(1));
        state.next_applied = state.next;
        state.highest = state.highest.max(height);
        state.applied = state.applied.max(height);
    }

    pub(super) fn restarted(&mut self, node: u16) {
        let state = &mut self.nodes[usize::from(node)];
        state.next = None;
        state.next_applied = None;
    }
}
