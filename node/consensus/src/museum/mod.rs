//! The bug museum: published bugs of BFT consensus, each a switch that puts it into one of the engines.
//!
//! Who builds a checker must know what it finds. Each [`Bug`] was found in a system or in a paper ([`Bug::reference`]);
//! a search that is worth its time finds it again here, and the clean engines pass. `docs/museum.md` is the catalogue;
//! `tests` has for each exhibit a sequence in which it breaks what it is said to break and the clean engine does not.
//!
//! A whole network runs the same broken code, [`crate::Engine::verify`] is a static function, and a run has one thread:
//! so the exhibit is a thread's, not an engine's, and no engine has a field for it. In the engines each bug is a
//! condition on [`has`], at the rule that it breaks. Without the feature `byzantine` it is constantly false, and the
//! compiler removes it.

mod catalogue;
#[cfg(all(test, feature = "byzantine"))]
mod tests;

pub use catalogue::Bug;

#[cfg(feature = "byzantine")]
pub use exhibit::{Exhibit, exhibit};

#[cfg(feature = "byzantine")]
pub(crate) use exhibit::has;

/// Whether the engines of this thread have a bug: in production none has.
#[cfg(not(feature = "byzantine"))]
pub(crate) const fn has(_: Bug) -> bool {
    false
}

#[cfg(feature = "byzantine")]
mod exhibit {
    use super::Bug;
    use std::cell::Cell;
    use std::marker::PhantomData;

    thread_local! {
        static EXHIBITED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// While it lives, the engines of this thread have the bug. Dropped, it gives them back what they had before.
    #[derive(Debug)]
    #[must_use = "the exhibition ends when this is dropped"]
    pub struct Exhibit {
        before: Option<Bug>,
        /// It belongs to its thread.
        not_send: PhantomData<*const ()>,
    }

    /// Puts a bug into the engines of this thread, or with `None` the right code.
    pub fn exhibit(bug: Option<Bug>) -> Exhibit {
        Exhibit { before: EXHIBITED.replace(bug), not_send: PhantomData }
    }

    impl Drop for Exhibit {
        fn drop(&mut self) {
            EXHIBITED.set(self.before);
        }
    }

    /// Whether the engines of this thread have this bug.
    pub(crate) fn has(bug: Bug) -> bool {
        EXHIBITED.get() == Some(bug)
    }
}
