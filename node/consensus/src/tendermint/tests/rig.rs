//! One engine under test, driven by hand: the test says what comes in and looks at what goes out.

use super::*;

/// Height 1, equal validators unless said otherwise; the proposer of round r is validator (1 + r) mod n.
pub(super) struct Rig {
    pub(super) engine: Tendermint,
    pub(super) now: Time,
    pub(super) set: ValidatorSet,
    /// Everything written, as if each write were durable at once.
    pub(super) log: Vec<Entry>,
    /// Whether the application answers at once that a value is valid.
    pub(super) accepts: bool,
    /// All outputs since the last [`Rig::take`].
    out: Vec<Output<Tendermint>>,
}

impl Rig {
    /// Validator 0 of `n`, started. It proposes first in round n − 1.
    pub(super) fn new(n: usize) -> Rig {
        Rig::weighted(&vec![1; n], Some(0))
    }

    pub(super) fn weighted(powers: &[u64], me: Option<usize>) -> Rig {
        let mut rig = Rig::unstarted(powers, me);
        rig.input(Input::Start);
        rig
    }

    pub(super) fn unstarted(powers: &[u64], me: Option<usize>) -> Rig {
        let set = validators(powers);
        Rig {
            engine: Tendermint::new(config(me), set.clone(), 1),
            now: Time(1),
            set,
            log: Vec::new(),
            accepts: true,
            out: Vec::new(),
        }
    }

    /// The same validator after a crash that kept the first `writes` writes.
    pub(super) fn restarted(&self, writes: usize) -> Rig {
        let mut rig = Rig::unstarted(&[1], None);
        rig.set = self.set.clone();
        rig.log = self.log[..writes].to_vec();
        rig.engine = Tendermint::new(self.engine.config.clone(), self.set.clone(), 1);
        rig.engine.restore(rig.log.clone());
        rig.input(Input::Start);
        rig
    }

    /// One input, and those that follow from it: own messages come back, the application answers.
    pub(super) fn input(&mut self, input: Input<Tendermint>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Vec::new();
            self.engine.step(self.now, input, &mut out);
            for output in &out {
                match output {
                    Output::Persist { entry, .. } => self.log.push(entry.clone()),
                    Output::Sign { message, .. } => {
                        let own = Verified::own(message.clone(), &CHAIN, &key(message.author()));
                        inputs.insert(0, Input::Message(own));
                    }
                    Output::Validate { height, value, .. } if self.accepts => {
                        inputs.insert(
                            0,
                            Input::Verdict { height: *height, digest: value.digest(), valid: true },
                        );
                    }
                    _ => {}
                }
            }
            self.out.extend(out);
        }
    }

    /// A message by another validator, verified as a host does.
    pub(super) fn hear(&mut self, message: TendermintMessage) {
        let verified = Tendermint::verify(signed(message), &self.set, &CHAIN, &TagVerifier);
        self.input(Input::Message(verified.expect("the test sends valid messages")));
    }

    pub(super) fn proposal(&mut self, round: Round, value: &Value) {
        let author = Tendermint::proposer(&self.set, 1, round);
        self.hear(TendermintMessage::Proposal(Box::new(Proposal {
            height: 1,
            round,
            author,
            value: value.clone(),
            polka: None,
        })));
    }

    pub(super) fn proposal_again(&mut self, round: Round, value: &Value, polka: PolkaCertificate) {
        let author = Tendermint::proposer(&self.set, 1, round);
        let polka = Some(polka);
        let value = value.clone();
        self.hear(TendermintMessage::Proposal(Box::new(Proposal { height: 1, round, author, value, polka })));
    }

    pub(super) fn prevotes(&mut self, round: Round, digest: Option<Digest>, authors: &[usize]) {
        authors.iter().for_each(|&author| self.hear(vote(VoteKind::Prevote, 1, round, author, digest)));
    }

    pub(super) fn precommits(&mut self, round: Round, digest: Option<Digest>, authors: &[usize]) {
        authors.iter().for_each(|&author| self.hear(vote(VoteKind::Precommit, 1, round, author, digest)));
    }

    /// Lets a timer ring at its time.
    pub(super) fn ring(&mut self, kind: TimerKind) {
        let round = self.engine.round;
        let timer = match kind {
            TimerKind::Rebroadcast => self.engine.gossip_timer().expect("started"),
            _ => Timer { kind, height: self.engine.height, round },
        };
        self.now = self.now + Duration::from_millis(500);
        self.input(Input::Timer(timer));
    }

    /// Prevotes nil, precommits nil, next round.
    pub(super) fn fail_round(&mut self) {
        let round = self.engine.round;
        if self.engine.step == Step::Propose {
            self.ring(TimerKind::Propose);
        }
        if self.engine.step == Step::Prevote {
            self.ring(TimerKind::Prevote);
        }
        self.ring(TimerKind::Precommit);
        assert_eq!(self.engine.round, round + 1);
    }

    /// The outputs since the last call.
    pub(super) fn take(&mut self) -> Vec<Output<Tendermint>> {
        mem::take(&mut self.out)
    }

    /// What was signed since the last call of this or of [`Rig::take`].
    pub(super) fn said(&mut self) -> Vec<TendermintMessage> {
        let sign = |output| match output {
            Output::Sign { message, .. } => Some(message),
            _ => None,
        };
        self.take().into_iter().filter_map(sign).collect()
    }

    /// The lines of the paper since the last call of this or of [`Rig::take`].
    pub(super) fn lines(&mut self) -> Vec<&'static str> {
        let line = |output| match output {
            Output::Transition(line) => Some(line),
            _ => None,
        };
        self.take().into_iter().filter_map(line).collect()
    }

    /// What was decided since the last call of this or of [`Rig::take`].
    pub(super) fn decided(&mut self) -> Option<(Value, Certificate)> {
        self.take().into_iter().find_map(|output| match output {
            Output::Decide { value, certificate, .. } => Some((value, certificate)),
            _ => None,
        })
    }

    pub(super) fn my_prevote(round: Round, digest: Option<Digest>) -> TendermintMessage {
        vote(VoteKind::Prevote, 1, round, 0, digest)
    }

    pub(super) fn my_precommit(round: Round, digest: Option<Digest>) -> TendermintMessage {
        vote(VoteKind::Precommit, 1, round, 0, digest)
    }
}
