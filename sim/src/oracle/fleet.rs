//! Who is judged, who is up, and how far everyone is.

use bitcraps_types::Height;

/// The nodes of the run.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    honest: bool,
    up: bool,
    height: Height,
}

impl Fleet {
    pub(super) fn new(honest: &[bool]) -> Fleet {
        Fleet { nodes: honest.iter().map(|&honest| Node { honest, up: true, height: 0 }).collect() }
    }

    pub(super) fn is_honest(&self, node: u16) -> bool {
        self.nodes.get(usize::from(node)).is_some_and(|node| node.honest)
    }

    pub(super) fn is_up(&self, node: u16) -> bool {
        self.nodes.get(usize::from(node)).is_some_and(|node| node.up)
    }

    pub(super) fn set_up(&mut self, node: u16, up: bool) {
        if let Some(node) = self.nodes.get_mut(usize::from(node)) {
            node.up = up;
        }
    }

    /// The highest that a node has decided or synced to.
    pub(super) fn height(&self, node: u16) -> Height {
        self.nodes.get(usize::from(node)).map_or(0, |node| node.height)
    }

    pub(super) fn reached(&mut self, node: u16, height: Height) {
        if let Some(node) = self.nodes.get_mut(usize::from(node)) {
            node.height = node.height.max(height);
        }
    }

    /// The honest nodes that are up.
    pub(super) fn judged(&self) -> impl Iterator<Item = u16> + '_ {
        (0..).zip(&self.nodes).filter(|(_, node)| node.honest && node.up).map(|(i, _)| i)
    }

    /// The lowest height among the honest nodes that are up.
    pub(super) fn floor(&self) -> Height {
        self.judged().map(|node| self.height(node)).min().unwrap_or(0)
    }

    /// The highest height among all honest nodes.
    pub(super) fn top(&self) -> Height {
        self.nodes.iter().filter(|node| node.honest).map(|node| node.height).max().unwrap_or(0)
    }
}
