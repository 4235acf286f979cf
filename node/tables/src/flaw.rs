//! Flaws of dice that were shipped elsewhere, each a switch that puts it into [`roll`](crate::roll): a monitor of the dice
//! must see them.
//!
//! All tables of a network roll by the same code, and a simulated run has one thread: so the flaw is a thread's, as the
//! bugs of the engines are. Without the feature `byzantine` no thread has one, and the compiler removes the switches.

#[cfg(feature = "byzantine")]
pub use exhibit::{Exhibit, exhibit};

#[cfg(feature = "byzantine")]
pub(crate) use exhibit::has;

/// How dice can be made wrongly from random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// A die is a byte modulo 6: 43 of 256 for each of 1 to 4, 42 of 256 for 5 and 6.
    ByteModuloSix,
    /// A die is three bits modulo 6: 2 of 8 for 1 and 2, 1 of 8 for the others.
    BitsModuloSix,
}

#[cfg(feature = "byzantine")]
impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 2] = [Flaw::ByteModuloSix, Flaw::BitsModuloSix];

    /// The name in scenarios.
    pub const fn name(self) -> &'static str {
        match self {
            Flaw::ByteModuloSix => "byte-modulo-six",
            Flaw::BitsModuloSix => "bits-modulo-six",
        }
    }
}

/// Whether the dice of this thread have a flaw: in production none have.
#[cfg(not(feature = "byzantine"))]
pub(crate) const fn has(_: Flaw) -> bool {
    false
}

#[cfg(feature = "byzantine")]
mod exhibit {
    use super::Flaw;
    use std::cell::Cell;
    use std::marker::PhantomData;

    thread_local! {
        static EXHIBITED: Cell<Option<Flaw>> = const { Cell::new(None) };
    }

    /// While it lives, the dice of this thread have the flaw. Dropped, it gives them back what they had before.
    #[derive(Debug)]
    #[must_use = "the exhibition ends when this is dropped"]
    pub struct Exhibit {
        before: Option<Flaw>,
        /// It belongs to its thread.
        not_send: PhantomData<*const ()>,
    }

    /// Puts a flaw into the dice of this thread, or with `None` the right code.
    pub fn exhibit(flaw: Option<Flaw>) -> Exhibit {
        Exhibit { before: EXHIBITED.replace(flaw), not_send: PhantomData }
    }

    impl Drop for Exhibit {
        fn drop(&mut self) {
            EXHIBITED.set(self.before);
        }
    }

    /// Whether the dice of this thread have this flaw.
    pub(crate) fn has(flaw: Flaw) -> bool {
        EXHIBITED.get() == Some(flaw)
    }
}
