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
    /// How many validators it takes: four, but what is wrong about the size of a quorum is right among four.
    pub const fn validators(self) -> usize {
        match self {
            Bug::QuorumOfThree | Bug::QuorumOfTwoFPlusOne => 6,
            _ => 4,
        }
    }

    /// The bug of this name.
    pub fn parse(name: &str) -> Option<Bug> {
        Bug::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

exhibits! {
    Pbft ViewChangeWithoutPrepared {
        "view-change-without-prepared",
        breaks "agreement",
        "A VIEW-CHANGE claims nothing: what was prepared in the views below is dropped.",
        "johnhenry/raijin #8"
    }
    Pbft NewViewNotVerified {
        "new-view-not-verified",
        breaks "agreement",
        "A backup takes whatever value a NEW-VIEW proposes, without computing from its VIEW-CHANGEs what it must be.",
        "johnhenry/raijin #7; microsoft/CCF #1171"
    }
    Pbft PreparedClaimNotProven {
        "prepared-claim-not-proven",
        breaks "agreement",
        "The claim in a VIEW-CHANGE to be prepared is believed without its PREPAREs.",
        "sigp/anchor #549"
    }
    Pbft LowestCertificateWins {
        "lowest-certificate-wins",
        breaks "agreement",
        "Of several prepared values the new view carries on that of the lowest view instead of the highest.",
        "0xPolygon/go-ibft #52"
    }
    Pbft QuorumOfThree {
        "quorum-of-three",
        breaks "agreement",
        "Three are a quorum, however many validators there are.",
        "happybigmtn/bitchat-rust services/consensus/service.rs: min(2 * BYZANTINE_THRESHOLD + 1, active)"
    }
    Pbft PrimaryCountedTwice {
        "primary-counted-twice",
        breaks "liveness",
        "The primary's PREPARE is counted beside its PRE-PREPARE, so that one backup and an equivocating primary are prepared.",
        "hyperledger/sawtooth-pbft #111"
    }
    Pbft PreparedNotRestored {
        "prepared-not-restored",
        breaks "vote_once",
        "A restarted validator has forgotten that it was prepared, and says so in its next VIEW-CHANGE.",
        "hyperledger/fabric #1551"
    }
    Pbft ViewChangeNotRestored {
        "view-change-not-restored",
        breaks "vote_once",
        "A validator that stopped between a VIEW-CHANGE and its NEW-VIEW takes part in the old view again.",
        "vmware/concord-bft #805"
    }
    Pbft ViewChangeTimerNotStarted {
        "view-change-timer-not-started",
        breaks "liveness",
        "Nobody times a new primary that never begins its view.",
        "hyperledger-labs/minbft #180; relab/hotstuff #106"
    }
    Pbft ViewChangeSaidOnce {
        "view-change-said-once",
        breaks "liveness",
        "A VIEW-CHANGE is sent once: those who lose enough of them wait for ever.",
        "hyperledger/fabric #1917; vmware/concord-bft #704"
    }
    Pbft RevoteIsEquivocation {
        "revote-is-equivocation",
        breaks "no_false_accusation",
        "Who votes for a value again, in the view that carries it on, is accused of equivocation.",
        "happybigmtn/bitchat-rust byzantine_engine.rs, receive_vote"
    }

    Tendermint VoteBeforeDurable {
        "vote-before-durable",
        breaks "vote_once",
        "A message is signed and sent before the write that remembers it is durable.",
        "gnolang/gno #5915 (tmkms); cometbft #6031; telcoin-network #934"
    }
    Tendermint LockNotRestored {
        "lock-not-restored",
        breaks "agreement",
        "A restarted validator has forgotten its lock.",
        "celo-org/celo-blockchain #396; asonnino/hotstuff issue 15"
    }
    Tendermint UnlocksOnAnyPolka {
        "unlocks-on-any-polka",
        breaks "agreement",
        "A locked validator prevotes another value on any proof of lock, also one of a round before its own lock.",
        "tendermint/spec light-client/accountability, 'amnesia'; the rule: arXiv:1807.04938, line 29"
    }
    Tendermint NeverUnlocks {
        "never-unlocks",
        breaks "liveness",
        "A locked validator keeps its lock whatever a quorum prevoted later.",
        "0xPolygon/pbft-consensus #29 and #82; ConsenSys/quorum #305; arXiv:1901.07160 §7.1"
    }
    Tendermint PolkaOfOneSigner {
        "polka-of-one-signer",
        breaks "agreement",
        "The signatures of a polka are counted without looking whether they are of different validators.",
        "besu #1736"
    }
    Tendermint QuorumOfTwoFPlusOne {
        "quorum-of-two-f-plus-one",
        breaks "agreement",
        "A quorum is 2f + 1 also where n is not 3f + 1: three of five or of six.",
        "celo-org/celo-blockchain #253; klaytn #1403; arXiv:1901.07160"
    }
    Tendermint NilPrecommitsStartNoTimer {
        "nil-precommits-start-no-timer",
        breaks "liveness",
        "A quorum that precommitted nil does not start the timer that ends the round.",
        "tendermint #3003 (genki-3000)"
    }
    Tendermint PrecommitTimerNotReset {
        "precommit-timer-not-reset",
        breaks "liveness",
        "Whether the precommit timer was started is not forgotten at a new round: it runs once in a node's life.",
        "tendermint #3199 and #3302; irisnet/irishub #1646"
    }
    Tendermint ProposeTimeoutCancelled {
        "propose-timeout-cancelled",
        breaks "liveness",
        "A proposal with a valid round ends the propose timeout, though it can't be prevoted before that round's prevotes come.",
        "circlefin/malachite #850 and #862"
    }
    Tendermint NoRoundSkip {
        "no-round-skip",
        breaks "liveness",
        "Rounds follow local timers alone; nobody joins f + 1 who are in a later round.",
        "SOVEREIGN-NET/The-Sovereign-Network #2591"
    }
    Tendermint SecondProposalPanics {
        "second-proposal-panics",
        breaks "no_crash",
        "That a round has one proposal is an assertion, which its proposer can make false.",
        "asonnino/mysticeti #227"
    }

    HotStuff ParentInsteadOfConsecutive {
        "parent-instead-of-consecutive",
        breaks "agreement",
        "A certified child decides its certified parent, whether or not their rounds follow each other.",
        "relab/hotstuff #249; Fast-HotStuff in Bano et al., Twins (OPODIS'21)"
    }
    HotStuff RootNotChecked {
        "root-not-checked",
        breaks "agreement",
        "A block without a certificate is not held against what those who timed out knew.",
        "projnanda/nandatown #191"
    }
    HotStuff ValueNotOfItsCertificate {
        "value-not-of-its-certificate",
        breaks "agreement",
        "A block may carry another value than the certificate that it extends.",
        "relab/hotstuff #283"
    }
    HotStuff RoundNotSigned {
        "round-not-signed",
        breaks "agreement",
        "A vote's signature does not cover its round, so that a certificate can be given a later one.",
        "relab/hotstuff #291; tari-ootle #2492"
    }
    HotStuff TimeoutClaimNotSigned {
        "timeout-claim-not-signed",
        breaks "agreement",
        "A timeout's signature does not cover the certificate that its author knows, so that a leader can make it less.",
        "tari-ootle #2636"
    }
    HotStuff VotesAfterTimeout {
        "votes-after-timeout",
        breaks "agreement",
        "A validator votes in a round that it gave up.",
        "ava-labs/Simplex #280; relab/hotstuff #222"
    }
    HotStuff LastVotedNotRestored {
        "last-voted-not-restored",
        breaks "vote_once",
        "A restarted validator votes again in the round in which it voted before.",
        "asonnino/hotstuff issue 15; telcoin-network #934"
    }
    HotStuff SignerCountedTwice {
        "signer-counted-twice",
        breaks "certificates",
        "The signers of a certificate are counted without looking whether they are different.",
        "category-labs/monad-bft #2086 and #1323"
    }
    HotStuff EmbeddedCertificateNotVerified {
        "embedded-certificate-not-verified",
        breaks "certificates",
        "The certificate inside a timeout is believed without its signatures.",
        "relab/hotstuff #224"
    }
    HotStuff ForeignVoteInCertificate {
        "foreign-vote-in-certificate",
        breaks "certificates",
        "The votes of a round are counted together, whichever block they are for, and all go into the certificate.",
        "tari-ootle #2459; CVE-2020-15091"
    }
    HotStuff DecidesAgain {
        "decides-again",
        breaks "delivery_order",
        "What is decided is delivered again when its certificate comes again.",
        "asonnino/hotstuff core.rs, commit() (pull request 84)"
    }
    HotStuff RecoveryIgnoresTimeouts {
        "recovery-ignores-timeouts",
        breaks "liveness",
        "A restarted validator takes its round from the highest quorum certificate alone.",
        "radixdlt/babylon-node #243"
    }
    HotStuff TimeoutSaidOnce {
        "timeout-said-once",
        breaks "liveness",
        "A timeout is sent once: when too many of them are lost, no certificate forms.",
        "category-labs/monad-bft #1670"
    }
    HotStuff GhostCertificatePanics {
        "ghost-certificate-panics",
        breaks "no_crash",
        "That the block of a certificate is known is an assertion; the block may have been lost.",
        "relab/hotstuff #285"
    }
}
