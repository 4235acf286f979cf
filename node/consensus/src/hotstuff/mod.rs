//! HotStuff in its two-chain form: Jolteon (Gelashvili et al., arXiv:2106.10362), which is DiemBFTv4. HotStuff-2
//! (Malkhi and Nayak, eprint 2023/397) locks and commits by the same rules and changes rounds otherwise.
//!
//! # The protocol
//!
//! Each height holds a chain of its own. Its root is the decision before it. Round r = 0, 1, … has a leader, whose
//! turn it is ([`ValidatorSet::in_turn`]). A block is a round, a value, and the quorum certificate (QC) of the block
//! that it extends; a certificate is a quorum's votes for one block.
//!
//! - **Propose.** The leader of round r extends the certificate of round r − 1 (in round 0 the root). Or, if a quorum
//!   gave round r − 1 up (a timeout certificate, TC), the highest certificate that it knows, with the TC as the proof
//!   that it hides none. On a certificate the block carries the value of the certificate; on the root a new one.
//! - **Vote** for a block of round r, if r is the current round, this validator neither voted in it nor gave it up,
//!   the application accepts the value, and the block either carries the certificate of round r − 1, or the TC of
//!   round r − 1 and a certificate at least as high as the highest that its signers claim to know. The root counts
//!   as round −1 and is lower than any certificate. The vote goes to the leader of round r + 1.
//! - **Lock.** A validator's highest certificate, however it came, is its lock. Nothing else is locked.
//! - **Commit.** The certificate of a block of round r + 1 that carries the certificate of round r decides. The
//!   rounds must be consecutive; that one block is the other's parent is not enough. The root is no certificate, so
//!   round 0 decides nothing.
//! - **Time out.** When the round's timer rings, or when those who gave up this round or a later one hold more than
//!   a third of the power, a validator gives the round up: it votes and proposes in it no more, and tells all its
//!   highest certificate.
//! - **Advance** to round r + 1 with a certificate or a TC of round r, whichever way it comes.
//!
//! Why two blocks of different values are never decided: let the certificate of round r + 1 on that of round r decide
//! x. Its signers knew the certificate of round r when they voted in round r + 1, so whatever they said when they
//! gave up round r + 1 or a later one names a certificate as high. A block of a later round than r + 1 needs such a
//! certificate: it has a TC in which at least one correct signer says so, or extends a block that has. By induction
//! each carries x.
//!
//! Why a decision comes after GST: a correct leader extends a certificate that every correct validator accepts, for it
//! is as high as the TC says; so the rounds of two leaders in a row, both correct, decide. The first must have the
//! value. Of the highest certificate's value some correct validators have it: who votes keeps what it votes for, also
//! through a crash, until it knows a certificate as high. Once one of them leads, all have it.
//!
//! # Where the engine differs, and why it is as safe and as live
//!
//! - **A chain per height.** The host wants one decision per height, and sync brings whole heights. So the second
//!   block of the chain proposes the first one's value again. It is left out of the message: the quorum of the round
//!   before had it. After a TC the value is in the message.
//! - **The vote that completes a two-chain signs [`crate::commit_bytes`]**, so that the deciding certificate is the
//!   decision's [`Certificate`](crate::Certificate). That loses nothing: a vote for round r that signs these bytes
//!   says that its block carried the certificate of round r − 1. All other votes sign the round of the certificate
//!   that their block carries, which the papers find by the block's hash.
//! - **The leader waits for nothing.** In HotStuff-2 a leader without the certificate of the round before waits for a
//!   Δ, in which the highest may still come. Here, as in Jolteon, the TC says what its signers knew, and so what the
//!   leader must extend. It never comes alone: a certificate as high as it demands is in the same message
//!   ([`SyncInfo`], [`Proposal`]), or in the timeouts that it is made of.
//! - **Votes of a failed round go to all.** When a validator gives a round up it also sends its vote of that round to
//!   all. A leader that is silent then loses the time, but not the round's certificate: in the papers three leaders
//!   in a row must be correct (one proposes, one carries the certificate, one collects what decides).
//! - **The deciding certificate is broadcast** by the leader of the next round, as there may be no next block.
//! - **A timeout may be joined from an earlier round.** Round entry needs no proof: a round that was entered without
//!   one offers no new vote.
//! - **A value counts as known however it came**, and a leader may carry on a certificate whose value it lacks.
//! - **A round's timer** is [`Config::propose`] and [`Config::prevote`] together, grown by the round
//!   ([`Config::growth`]); it does not shrink within a height, as two rounds in a row must succeed.
//! - **Links lose messages**, so a timer repeats, and those who are ahead help those who are behind (`sync`).
//!
//! A decision without faults costs 5(n − 1) messages: two proposals, two votes from each, one certificate. A failed
//! round costs O(n²).
//!
//! # Accountability
//!
//! `statement` says which two statements convict. They are complete: let two certificates decide x and y, x in round
//! r + 1, and let s be the lowest round from r on with a certificate for another value. In rounds r and r + 1 those
//! who signed both voted twice. A later one, by the voting rule, stands on a TC of a round ≥ r + 1 that demands no
//! certificate as high as r: whoever signed it and the vote for x claimed to know less than it knew. Each time that
//! is more than a third of the power.
//!
//! What a host must do is as in [`crate::tendermint`]: it makes the log that it read durable before
//! [`Input::Start`]; the numbers of writes begin at 1 in each incarnation; and it syncs on [`Output::Behind`], also
//! when a value is decided whose bytes never came.

mod certificates;
mod journal;
mod known;
mod message;
mod pacemaker;
mod proposals;
mod rules;
mod statement;
mod sync;
#[cfg(test)]
mod tests;
mod timeouts;
mod verify;
mod votes;
mod window;
mod witness;

pub use certificates::{QuorumCertificate, TimeoutCertificate, TimeoutSignature};
pub use journal::Entry;
pub use message::{HotStuffMessage, Proposal, SyncInfo, Timeout};
pub use statement::{Statement, Vote};

use crate::inbox::Inbox;
use crate::values::Values;
use crate::{Config, Engine, Input, Invalid, Message, Output, Signed, ValidatorSet, Verified};
use bitcraps_types::{ChainId, Height, Round, Signature, Time, ValidatorIndex, Verify};
use journal::Journal;
use proposals::Proposals;
use std::mem;
use sync::Gossip;
use timeouts::Timeouts;
use votes::Votes;
use window::remembers;
use witness::Witness;

/// A validator's (or a follower's) state in HotStuff.
#[derive(Clone, Debug)]
pub struct HotStuff {
    config: Config,
    validators: ValidatorSet,
    height: Height,
    round: Round,
    started: bool,
    /// The highest certificate: the lock.
    high_qc: Option<QuorumCertificate>,
    /// The highest timeout certificate.
    high_tc: Option<TimeoutCertificate>,
    /// The last round that was voted in or given up: no vote in it or before it any more.
    last_voted: Option<Round>,
    /// The certificate that decides, once there is one.
    commit: Option<QuorumCertificate>,
    /// The round of that certificate, once its value is known. Then the engine waits for [`Input::Advance`].
    decided: Option<Round>,
    proposals: Proposals,
    votes: Votes,
    timeouts: Timeouts,
    /// This validator's last timeout, signed.
    own_timeout: Option<Signed<HotStuffMessage>>,
    values: Values,
    witness: Witness,
    journal: Journal,
    gossip: Gossip,
    inbox: Inbox<HotStuffMessage>,
    previous: Option<Previous>,
}

/// What is remembered of the height before: what is said late is still evidence.
#[derive(Clone, Debug)]
struct Previous {
    height: Height,
    last_round: Round,
    /// The round of the deciding certificate, if this engine saw it.
    decided: Option<Round>,
    witness: Witness,
}

impl Engine for HotStuff {
    type Message = HotStuffMessage;
    type Entry = Entry;

    fn restore(&mut self, entries: Vec<Entry>) {
        self.replay(entries);
    }

    fn take_place(&mut self, me: ValidatorIndex) {
        self.config.me = Some(me);
    }

    fn step(&mut self, now: Time, input: Input<Self>, out: &mut Vec<Output<Self>>) {
        match input {
            Input::Start => self.start(now, out),
            Input::Message(message) => self.receive(now, message, out),
            Input::Reachable(validator) => self.greet(validator, out),
            Input::Timer(timer) => self.timer(now, timer, out),
            Input::Proposed { height, round, value } => self.proposed(height, round, value, out),
            Input::Verdict { height, digest, valid } => {
                if height == self.height {
                    self.values.answer(&digest, valid);
                }
            }
            Input::Advance { height, validators } => self.advance(now, height, validators, out),
        }
        self.apply_rules(now, out);
    }

    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn conflicting(first: &Statement, second: &Statement) -> bool {
        statement::conflicting(first, second)
    }

    fn knows(&self, message: &HotStuffMessage, signature: &Signature) -> bool {
        HotStuff::knows(self, message, signature)
    }

    fn waiting(&self, author: ValidatorIndex) -> usize {
        self.inbox.waiting(author)
    }

    fn verify(
        message: Signed<HotStuffMessage>,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<Verified<HotStuffMessage>, Invalid> {
        verify::verify(message, validators, chain, verify)
    }

    #[cfg(feature = "byzantine")]
    fn forget_lock(&mut self) {
        self.high_qc = None;
        self.last_voted = None;
    }
}

impl HotStuff {
    /// An engine about to begin `height`.
    pub fn new(config: Config, validators: ValidatorSet, height: Height) -> Self {
        HotStuff {
            gossip: Gossip::new(&config, validators.len()),
            inbox: Inbox::new(validators.len()),
            votes: Votes::new(height, validators.clone()),
            timeouts: Timeouts::new(height, validators.clone()),
            witness: Witness::new(&validators),
            config,
            validators,
            height,
            round: 0,
            started: false,
            high_qc: None,
            high_tc: None,
            last_voted: None,
            commit: None,
            decided: None,
            proposals: Proposals::default(),
            own_timeout: None,
            values: Values::default(),
            journal: Journal::default(),
            previous: None,
        }
    }

    /// Who leads this round of this height.
    pub fn leader(validators: &ValidatorSet, height: Height, round: Round) -> ValidatorIndex {
        validators.in_turn(height.wrapping_add(u64::from(round)))
    }

    /// Who leads the round after this one, and so collects its votes.
    fn next_leader(&self, round: Round) -> ValidatorIndex {
        self.validators.in_turn(self.height.wrapping_add(u64::from(round)).wrapping_add(1))
    }

    /// This node's position, if it is a validator of this height.
    fn me(&self) -> Option<ValidatorIndex> {
        self.config.me.filter(|me| self.validators.get(*me).is_some())
    }

    fn start(&mut self, now: Time, out: &mut Vec<Output<Self>>) {
        if self.started {
            return;
        }
        self.started = true;
        self.begin_gossip(now, out);
        self.enter(now, self.resume_round(), out);
        self.repeat_after_restart(out);
    }

    /// Begins the next height. The current one was decided, here or elsewhere.
    fn advance(&mut self, now: Time, height: Height, validators: ValidatorSet, out: &mut Vec<Output<Self>>) {
        if height <= self.height {
            return;
        }
        let follows = height == self.height + 1;
        let same_validators = validators == self.validators;
        let witness = mem::replace(&mut self.witness, Witness::new(&validators));
        self.previous = follows.then_some(Previous {
            height: self.height,
            last_round: self.round,
            decided: self.commit.as_ref().map(|qc| qc.round),
            witness,
        });
        let early = self.inbox.take(validators.len());
        self.gossip.next_height((!same_validators).then_some(validators.len()));
        self.votes = Votes::new(height, validators.clone());
        self.timeouts = Timeouts::new(height, validators.clone());
        self.validators = validators;
        self.height = height;
        self.started = true;
        self.high_qc = None;
        self.high_tc = None;
        self.last_voted = None;
        self.commit = None;
        self.decided = None;
        self.proposals = Proposals::default();
        self.own_timeout = None;
        self.values.clear();
        self.journal.clear();
        self.begin_gossip(now, out);
        self.enter(now, 0, out);
        // A message that was verified against other validators proves nothing now.
        if follows && same_validators {
            for signed in early {
                self.take(now, signed, out);
            }
        }
    }

    /// A verified message of any height.
    fn receive(&mut self, now: Time, message: Verified<HotStuffMessage>, out: &mut Vec<Output<Self>>) {
        let (author, height) = (message.message().author(), message.message().height());
        if height < self.height {
            self.late(now, message.into_signed(), out);
        } else if self.validators.get(author).is_none() {
            // The host verified it against the validators of another height.
        } else if height == self.height {
            self.gossip.saw(author, height);
            self.take(now, message.into_signed(), out);
        } else {
            let news = self.gossip.saw(author, height);
            if height == self.height + 1 {
                self.inbox.push(message.into_signed(), HotStuffMessage::proposed_round);
            } else if news {
                out.push(Output::Behind { seen: height, from: author });
            }
        }
    }

    /// A message of this height: first the certificates that it carries, which may end this round.
    fn take(&mut self, now: Time, signed: Signed<HotStuffMessage>, out: &mut Vec<Output<Self>>) {
        let (qc, tc) = signed.message.certificates();
        qc.into_iter().for_each(|qc| self.learn_qc(qc, out));
        tc.into_iter().for_each(|tc| self.learn_tc(tc, out));
        if self.started && self.commit.is_none() {
            self.advance_by_certificate(now, out);
        }
        let statement = signed.message.statement();
        let contradicts = self.witness(statement, signed.signature, out);
        match &signed.message {
            HotStuffMessage::Proposal(proposal) => {
                let first = self.proposals.get(proposal.round).is_none();
                // Also of the second of two: it may be the one that the others vote for.
                let counts = (first || contradicts) && remembers(self.round, proposal.round);
                let decides = self.commit.as_ref().is_some_and(|qc| qc.digest == proposal.digest());
                if counts || decides {
                    proposal.value.iter().for_each(|value| self.values.learn(value));
                }
                self.proposals.add(&signed, self.round);
            }
            HotStuffMessage::Vote(vote) => self.count_vote(*vote, signed.signature, out),
            HotStuffMessage::Timeout(timeout) => {
                if Some(timeout.author) == self.me() {
                    self.own_timeout = Some(signed.clone());
                }
                self.count_timeout(timeout, signed.signature, out);
            }
            HotStuffMessage::SyncInfo(_) => {}
        }
    }

    fn count_vote(&mut self, vote: Vote, signature: Signature, out: &mut Vec<Output<Self>>) {
        if let Some(qc) = self.votes.add(vote, signature, self.round) {
            out.push(Output::Transition("Jolteon qc"));
            let undecided = self.commit.is_none();
            self.learn_qc(&qc, out);
            if undecided {
                self.announce_commit(out);
            }
        }
    }

    fn count_timeout(&mut self, timeout: &Timeout, signature: Signature, out: &mut Vec<Output<Self>>) {
        let Timeout { author, round, .. } = *timeout;
        if let Some(tc) = self.timeouts.add(author, round, timeout.high_qc_round(), signature, self.round) {
            out.push(Output::Transition("Jolteon tc"));
            self.learn_tc(&tc, out);
        }
        self.help(author, round, out);
    }

    /// Notes what somebody stated; true if it contradicts what it stated before.
    fn witness(&mut self, statement: Statement, signature: Signature, out: &mut Vec<Output<Self>>) -> bool {
        let evidence = self.witness.hear(statement, signature, self.round);
        let contradicts = evidence.is_some();
        out.extend(evidence.map(Output::Accuse));
        contradicts
    }
}
