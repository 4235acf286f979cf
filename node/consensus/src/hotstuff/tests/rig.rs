//! One engine under test, driven by hand: the test says what comes in and looks at what goes out.

use super::*;
use crate::Certificate;

/// Height 1, equal validators unless said otherwise; the leader of round r is validator (1 + r) mod n.
pub(super) struct Rig {
    pub(super) engine: HotStuff,
    pub(super) now: Time,
    pub(super) set: ValidatorSet,
    /// Everything written, as if each write were durable at once.
    pub(super) log: Vec<Entry>,
    /// Whether the application answers at once that a value is valid.
    pub(super) accepts: bool,
    /// All outputs since the last [`Rig::take`].
    out: Vec<Output<HotStuff>>,
}

impl Rig {
    /// Validator 0 of `n`, started. It leads first in round n − 1, and collects the votes of round n − 2.
    pub(super) fn new(n: usize) -> Rig {
        Rig::weighted(&vec![1; n], Some(0))
    }

    /// This validator of four.
    pub(super) fn of_four(me: usize) -> Rig {
        Rig::weighted(&[1; 4], Some(me))
    }

    pub(super) fn weighted(powers: &[u64], me: Option<usize>) -> Rig {
        let mut rig = Rig::unstarted(powers, me);
        rig.input(Input::Start);
        rig
    }

    pub(super) fn unstarted(powers: &[u64], me: Option<usize>) -> Rig {
        let set = validators(powers);
        Rig {
            engine: HotStuff::new(config(me), set.clone(), 1),
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
        rig.engine = HotStuff::new(self.engine.config.clone(), self.set.clone(), 1);
        rig.engine.restore(rig.log.clone());
        rig.input(Input::Start);
        rig
    }

    /// One input, and those that follow from it: own messages come back, the application answers.
    pub(super) fn input(&mut self, input: Input<HotStuff>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Vec::new();
            self.engine.step(self.now, input, &mut out);
            for output in &out {
                match output {
                    Output::Persist { entry, .. } => self.log.push(entry.clone()),
                    Output::Sign { message, .. } => {
                        let own = signed(message.clone());
                        let own = HotStuff::verify(own, &self.set, &CHAIN, &TagVerifier);
                        inputs.insert(0, Input::Message(own.expect("what it says is valid")));
                    }
                    Output::Validate { height, value, .. } if self.accepts => {
                        let digest = value.digest();
                        inputs.insert(0, Input::Verdict { height: *height, digest, valid: true });
                    }
                    _ => {}
                }
            }
            self.out.extend(out);
        }
    }

    /// A message by another validator, verified as a host does.
    pub(super) fn hear(&mut self, message: HotStuffMessage) {
        let verified = HotStuff::verify(signed(message), &self.set, &CHAIN, &TagVerifier);
        self.input(Input::Message(verified.expect("the test sends valid messages")));
    }

    /// The proposal of round 0.
    pub(super) fn first_proposal(&mut self, value: &Value) {
        let author = HotStuff::leader(&self.set, 1, 0);
        let value = Some(value.clone());
        let proposal = Proposal { height: 1, round: 0, author, justify: None, tc: None, value };
        self.hear(HotStuffMessage::Proposal(Box::new(proposal)));
    }

    pub(super) fn votes(&mut self, round: Round, value: &Value, justify: Option<Round>, authors: &[usize]) {
        for &author in authors {
            self.hear(HotStuffMessage::Vote(vote(round, value, justify, author)));
        }
    }

    /// Timeouts by validators who know no certificate.
    pub(super) fn timeouts(&mut self, round: Round, authors: &[usize]) {
        authors.iter().for_each(|&author| self.hear(timeout(round, None, author)));
    }

    pub(super) fn answer(&mut self, round: Round, value: &Value) {
        self.input(Input::Proposed { height: 1, round, value: value.clone() });
    }

    /// Lets a timer ring at its time.
    pub(super) fn ring(&mut self, kind: TimerKind) {
        let timer = match kind {
            TimerKind::Rebroadcast => self.engine.gossip_timer().expect("started"),
            _ => Timer { kind, height: self.engine.height, round: self.engine.round },
        };
        self.now = self.now + Duration::from_millis(500);
        self.input(Input::Timer(timer));
    }

    /// The outputs since the last call.
    pub(super) fn take(&mut self) -> Vec<Output<HotStuff>> {
        mem::take(&mut self.out)
    }

    /// What was signed, and for whom, since the last call of this or of [`Rig::take`].
    pub(super) fn said_to(&mut self) -> Vec<(Dest, HotStuffMessage)> {
        let sign = |output| match output {
            Output::Sign { message, to, .. } => Some((to, message)),
            _ => None,
        };
        self.take().into_iter().filter_map(sign).collect()
    }

    pub(super) fn said(&mut self) -> Vec<HotStuffMessage> {
        self.said_to().into_iter().map(|(_, message)| message).collect()
    }

    /// What was signed since, without what is in it.
    pub(super) fn stated(&mut self) -> Vec<Statement> {
        self.said().iter().map(Message::statement).collect()
    }

    /// What was sent on since the last call of this or of [`Rig::take`].
    pub(super) fn relayed(&mut self) -> Vec<(Dest, HotStuffMessage)> {
        let relay = |output| match output {
            Output::Relay { to, message } => Some((to, message.message)),
            _ => None,
        };
        self.take().into_iter().filter_map(relay).collect()
    }

    /// The names of the paper's transitions since the last call of this or of [`Rig::take`].
    pub(super) fn transitions(&mut self) -> Vec<&'static str> {
        let name = |output| match output {
            Output::Transition(name) => name.strip_prefix("Jolteon "),
            _ => None,
        };
        self.take().into_iter().filter_map(name).collect()
    }

    /// What was decided since the last call of this or of [`Rig::take`].
    pub(super) fn decided(&mut self) -> Option<(Value, Certificate)> {
        self.take().into_iter().find_map(|output| match output {
            Output::Decide { value, certificate, .. } => Some((value, certificate)),
            _ => None,
        })
    }

    pub(super) fn accused(&mut self) -> Vec<Evidence<HotStuffMessage>> {
        let accuse = |output| match output {
            Output::Accuse(evidence) => Some(*evidence),
            _ => None,
        };
        self.take().into_iter().filter_map(accuse).collect()
    }
}
