//! The exhibits: name, engine, what the broken code does, what it breaks, and who published it.

#[cfg(feature = "byzantine")]
use bitcraps_types::Protocol;

/// One exhibit a paragraph.
macro_rules! exhibits {
    ($($protocol:ident $bug:ident { $name:literal, breaks $attacks:literal, $what:literal, $reference:literal })+) => {
        /// A published bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $(#[doc = $what] $bug),+
        }

        #[cfg(feature = "byzantine")]
        impl Bug {
            /// All of them.
            pub const ALL: [Bug; [$($name),+].len()] = [$(Bug::$bug),+];

            /// The name in scenarios and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Bug::$bug => $name),+ }
            }

            /// The engine that has it.
            pub const fn protocol(self) -> Protocol {
                match self { $(Bug::$bug => Protocol::$protocol),+ }
            }

            /// What the broken code does.
            pub const fn what(self) -> &'static str {
                match self { $(Bug::$bug => $what),+ }
            }

            /// The property that it breaks, as the testbed's oracles name it.
            pub const fn attacks(self) -> &'static str {
                match self { $(Bug::$bug => $attacks),+ }
            }

            /// Where it was published.
            pub const fn reference(self) -> &'static str {
                match self { $(Bug::$bug => $reference),+ }
            }
        }
    };
}

#[cfg(feature = "byzantine")]
impl Bug {
    /// The bug of this name.
    pub fn parse(name: &str) -> Option<Bug> {
        Bug::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

exhibits! {
    Pbft NewViewNotVerified {
        "new-view-not-verified",
        breaks "agreement",
        "A backup takes whatever value a NEW-VIEW proposes, without computing from its VIEW-CHANGEs what it must be.",
        "bluzelle/swarmDB #176 (is_valid_newview_message); Castro, Liskov, OSDI'99 §4.4"
    }
    Tendermint UnlocksOnAnyPolka {
        "unlocks-on-any-polka",
        breaks "agreement",
        "A locked validator prevotes another value if the proposal has any proof of lock, also of a round before its own lock.",
        "tendermint spec, fork accountability: amnesia; Buchman et al., arXiv:1807.04938, line 29"
    }
    HotStuff ParentInsteadOfConsecutive {
        "parent-instead-of-consecutive",
        breaks "agreement",
        "A certified child decides its certified parent, whether or not their rounds follow each other.",
        "relab/hotstuff #249; Fast-HotStuff in Bano et al., Twins (OPODIS'21)"
    }
}
