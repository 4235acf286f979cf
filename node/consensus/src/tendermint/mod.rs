//! Tendermint: Buchman, Kwon, Milosevic, *The latest gossip on BFT consensus* (arXiv:1807.04938), Algorithm 1.
//!
//! `rules` holds the paper's `upon` rules, each named by its lines; this file holds the state and takes the
//! inputs apart. Where the engine differs from the paper, and why it is as safe:
//!
//! - There is no gossip layer. A proposal carries its proof of lock, a failed round's polka is passed on
//!   ([`Polka`]), and a timer repeats what may have been lost (`gossip`).
//! - A value counts as known however it came, not only in a proposal of the round (lines 36 and 49). A quorum's
//!   votes prove that correct validators saw it proposed.
//! - A polka of an earlier round than the current one also updates the valid value (line 42, never the lock).
//!   What line 28 accepts needs a quorum of prevotes, whichever round they are of.
//! - A round skip counts validators that are at least in a round (`Votes::skip_target`).
//! - The proposer too waits no longer than its timeout (line 21), for its value comes from outside.
//!
//! What a host must do, beyond the contract in [`crate::engine`]:
//!
//! - [`Output::Sign`] with `after: 0` waits for nothing: what it repeats was durable before the restart. So a host
//!   makes the log that it read durable (sync) before [`Input::Start`].
//! - The numbers of writes begin at 1 in each incarnation.
//! - When a quorum precommitted a value whose bytes never came, the engine can't decide: it gives
//!   [`Output::Behind`] with the next height as `seen`, and again at each repetition. The value comes with block
//!   sync. So it does when more than a third of the power is seen at the next height.
//! - [`Output::Ahead`] names the author of the latest message, if it is of a decided height; `gossip` has the rule.

mod gossip;
mod journal;
mod known;
mod message;
mod proposals;
mod rules;
mod statement;
#[cfg(test)]
mod tests;
mod verify;
mod votes;

pub use journal::Entry;
pub use message::{Polka, PolkaCertificate, Proposal, TendermintMessage, Vote, VoteKind};
pub use statement::Statement;

use crate::inbox::Inbox;
use crate::museum::{Bug, has};
use crate::values::Values;
use crate::{Config, Engine, Input, Invalid, Message, Output, Seq, Signed, ValidatorSet, Verified};
use bitcraps_types::{ChainId, Digest, Height, Round, Signature, Time, ValidatorIndex, Value, Verify};
use gossip::Gossip;
use journal::Journal;
use litemap::LiteMap;
use proposals::{Heard, Proposals};
use std::mem;
use votes::{Added, Votes};

/// A validator's (or a follower's) state in Tendermint.
#[derive(Clone, Debug)]
pub struct Tendermint {
    config: Config,
    validators: ValidatorSet,
    height: Height,
    round: Round,
    step: Step,
    started: bool,
    /// The round of the deciding quorum, once there is one. Then the engine waits for [`Input::Advance`].
    decided: Option<Round>,
    locked: Option<Lock>,
    valid: Option<ValidValue>,
    votes: Votes,
    proposals: Proposals,
    values: Values,
    /// By round: the value that a quorum prevoted.
    polkas: LiteMap<Round, KnownPolka>,
    /// By round: the value that a quorum precommitted.
    commits: LiteMap<Round, Digest>,
    /// What has happened "for the first time" in this round.
    once: Once,
    journal: Journal,
    gossip: Gossip,
    inbox: Inbox<TendermintMessage>,
    previous: Option<Previous>,
}

/// The paper's `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Propose,
    Prevote,
    Precommit,
}

/// The paper's `lockedValue` and `lockedRound`.
#[derive(Clone, Debug)]
struct Lock {
    round: Round,
    value: Value,
}

/// The paper's `validValue` and `validRound`, with the proof.
#[derive(Clone, Debug)]
struct ValidValue {
    value: Value,
    certificate: PolkaCertificate,
    /// The write that holds it.
    written: Seq,
    /// Whether the others were told.
    announced: bool,
}

/// A quorum's prevotes. The certificate is absent while it can be made from the votes.
#[derive(Clone, Debug)]
struct KnownPolka {
    digest: Digest,
    certificate: Option<PolkaCertificate>,
}

/// The rules of a round that fire once.
#[derive(Clone, Copy, Debug, Default)]
struct Once {
    /// Line 34.
    prevote_timer: bool,
    /// Line 36.
    polka: bool,
    /// Line 47.
    precommit_timer: bool,
}

/// What is remembered of the height before: late votes are still evidence, and help those who are late.
#[derive(Clone, Debug)]
struct Previous {
    height: Height,
    last_round: Round,
    decided: Option<Round>,
    votes: Votes,
    proposals: Proposals,
}

impl Engine for Tendermint {
    type Message = TendermintMessage;
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

    fn knows(&self, message: &TendermintMessage, signature: &Signature) -> bool {
        Tendermint::knows(self, message, signature)
    }

    fn waiting(&self, author: ValidatorIndex) -> usize {
        self.inbox.waiting(author)
    }

    fn verify(
        message: Signed<TendermintMessage>,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<Verified<TendermintMessage>, Invalid> {
        verify::verify(message, validators, chain, verify)
    }

    #[cfg(feature = "byzantine")]
    fn forget_lock(&mut self) {
        self.locked = None;
    }
}

impl Tendermint {
    /// An engine about to begin `height`.
    pub fn new(config: Config, validators: ValidatorSet, height: Height) -> Self {
        Tendermint {
            gossip: Gossip::new(&config, validators.len()),
            inbox: Inbox::new(validators.len()),
            votes: Votes::new(height, validators.clone()),
            config,
            validators,
            height,
            round: 0,
            step: Step::Propose,
            started: false,
            decided: None,
            locked: None,
            valid: None,
            proposals: Proposals::default(),
            values: Values::default(),
            polkas: LiteMap::new(),
            commits: LiteMap::new(),
            once: Once::default(),
            journal: Journal::default(),
            previous: None,
        }
    }

    /// Who proposes in this round of this height.
    pub fn proposer(validators: &ValidatorSet, height: Height, round: Round) -> ValidatorIndex {
        validators.in_turn(height.wrapping_add(u64::from(round)))
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
        match self.resume_point() {
            None => self.start_round(now, 0, out),
            Some((round, step)) => self.resume(now, round, step, out),
        }
    }

    /// Begins the next height. The current one was decided, here or elsewhere.
    fn advance(&mut self, now: Time, height: Height, validators: ValidatorSet, out: &mut Vec<Output<Self>>) {
        if height <= self.height {
            return;
        }
        let follows = height == self.height + 1;
        let same_validators = validators == self.validators;
        let votes = mem::replace(&mut self.votes, Votes::new(height, validators.clone()));
        let proposals = mem::take(&mut self.proposals);
        self.previous = follows.then_some(Previous {
            height: self.height,
            last_round: self.round,
            decided: self.decided,
            votes,
            proposals,
        });
        let early = self.inbox.take(validators.len());
        self.gossip.next_height((!same_validators).then_some(validators.len()));
        self.validators = validators;
        self.height = height;
        self.started = true;
        self.decided = None;
        self.locked = None;
        self.valid = None;
        self.values.clear();
        self.polkas.clear();
        self.commits.clear();
        self.journal.clear();
        self.begin_gossip(now, out);
        self.start_round(now, 0, out);
        // A message that was verified against other validators proves nothing now.
        if follows && same_validators {
            for signed in early {
                self.take(signed, out);
            }
        }
    }

    /// A verified message of any height.
    fn receive(&mut self, now: Time, message: Verified<TendermintMessage>, out: &mut Vec<Output<Self>>) {
        let (author, height) = (message.message().author(), message.message().height());
        if height < self.height {
            self.late(now, message.into_signed(), out);
        } else if self.validators.get(author).is_none() {
            // The host verified it against the validators of another height.
        } else if height == self.height {
            self.gossip.saw(author, height);
            self.take(message.into_signed(), out);
        } else {
            let news = self.gossip.saw(author, height);
            if height == self.height + 1 {
                self.inbox.push(message.into_signed(), TendermintMessage::proposed_round);
            } else if news {
                out.push(Output::Behind { seen: height, from: author });
            }
        }
    }

    /// A message of this height.
    fn take(&mut self, signed: Signed<TendermintMessage>, out: &mut Vec<Output<Self>>) {
        match &signed.message {
            TendermintMessage::Vote(vote) => self.count(*vote, signed.signature, out),
            TendermintMessage::Polka(polka) => {
                self.values.learn(&polka.value);
                self.learn_polka(&polka.certificate, out);
            }
            TendermintMessage::Proposal(proposal) => {
                match self.proposals.add(&signed, self.round) {
                    Heard::Nothing => return,
                    Heard::New => {}
                    Heard::Conflict(evidence) => out.push(Output::Accuse(evidence)),
                }
                // Also the second of two: it may be the one that the others vote for.
                self.values.learn(&proposal.value);
                if let Some(polka) = proposal.polka.as_ref().filter(|_| !has(Bug::ProposeTimeoutCancelled)) {
                    self.learn_polka(polka, out);
                }
            }
        }
    }

    fn count(&mut self, vote: Vote, signature: Signature, out: &mut Vec<Output<Self>>) {
        match self.votes.add(vote, signature, self.round) {
            Added::Nothing | Added::Quorum(None) => {}
            Added::Conflict(evidence) => out.push(Output::Accuse(evidence)),
            Added::Quorum(Some(digest)) => match vote.kind {
                VoteKind::Prevote => {
                    self.polkas.entry(vote.round).or_insert(KnownPolka { digest, certificate: None });
                }
                VoteKind::Precommit => {
                    self.commits.entry(vote.round).or_insert(digest);
                }
            },
        }
    }

    /// A verified certificate: a polka, and news of each signer's prevote.
    fn learn_polka(&mut self, certificate: &PolkaCertificate, out: &mut Vec<Output<Self>>) {
        let known = self.polkas.get(&certificate.round);
        if known.is_some_and(|known| known.digest == certificate.digest) {
            return;
        }
        self.polkas.entry(certificate.round).or_insert_with(|| KnownPolka {
            digest: certificate.digest,
            certificate: Some(certificate.clone()),
        });
        for (vote, signature) in certificate.prevotes() {
            self.count(vote, signature, out);
        }
    }

    /// The proof that a quorum prevoted in this round.
    fn polka_certificate(&self, round: Round, polka: &KnownPolka) -> PolkaCertificate {
        polka.certificate.clone().unwrap_or_else(|| PolkaCertificate {
            height: self.height,
            round,
            digest: polka.digest,
            signatures: self.votes.signatures(VoteKind::Prevote, round, Some(polka.digest)),
        })
    }
}
