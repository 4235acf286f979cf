//! The end of a node that stops itself. Its actors may still take what waits in their mailboxes, until the node's thread
//! comes to end them: of that nobody is told, or a block whose write failed would be told of as decided twice.

use bitcraps_actors::ports::{Event, Probe};
use std::cell::Cell;
use std::rc::Rc;

/// Whether a node has stopped itself. Clones are of the same node.
#[derive(Clone, Default)]
pub struct Halted(Rc<Cell<bool>>);

impl Halted {
    /// It stops itself now. `false` if it had before.
    pub fn halt(&self) -> bool {
        !self.0.replace(true)
    }
}

/// Tells events until the node stops itself.
pub struct Fenced<P> {
    /// Who is told.
    pub probe: P,
    /// Until when.
    pub halted: Halted,
}

impl<P: Probe> Probe for Fenced<P> {
    fn event(&self, event: Event<'_>) {
        if !self.halted.0.get() {
            self.probe.event(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(Rc<Cell<u32>>);

    impl Probe for Count {
        fn event(&self, _: Event<'_>) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn after_a_node_stopped_itself_nothing_more_is_told_of_it() {
        let (told, halted) = (Rc::new(Cell::new(0)), Halted::default());
        let fenced = Fenced { probe: Count(told.clone()), halted: halted.clone() };
        fenced.event(Event::SyncStarted { from: 1, to: 2 });
        assert!(halted.halt() && !halted.halt(), "it stops once");
        fenced.event(Event::SyncStarted { from: 1, to: 2 });
        assert_eq!(told.get(), 1);
    }
}
