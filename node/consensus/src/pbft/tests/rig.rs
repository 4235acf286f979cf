//! One engine under test, driven by hand: the test says what comes in and looks at what goes out.

use super::*;

/// Height 1, equal validators unless said otherwise; the primary of view v is validator v mod n.
pub(super) struct Rig {
    pub(super) engine: Pbft,
    pub(super) now: Time,
    pub(super) set: ValidatorSet,
    /// Everything written, as if each write were durable at once.
    pub(super) log: Vec<Entry>,
    /// Whether the application answers at once that a value is valid.
    pub(super) accepts: bool,
    /// All outputs since the last [`Rig::take`].
    out: Vec<Output<Pbft>>,
}

impl Rig {
    /// A backup of four, started: validator 3, whose turn as primary is the last.
    pub(super) fn new() -> Rig {
        Rig::of(4, Some(3))
    }

    pub(super) fn of(n: usize, me: Option<usize>) -> Rig {
        Rig::weighted(&vec![1; n], me)
    }

    pub(super) fn weighted(powers: &[u64], me: Option<usize>) -> Rig {
        let mut rig = Rig::unstarted(powers, me, 1, &[]);
        rig.input(Input::Start);
        rig
    }

    pub(super) fn unstarted(powers: &[u64], me: Option<usize>, height: Height, log: &[Entry]) -> Rig {
        let set = validators(powers);
        let mut engine = Pbft::new(config(me), set.clone(), height);
        engine.restore(log.to_vec());
        Rig { engine, now: Time(1), set, log: log.to_vec(), accepts: true, out: Vec::new() }
    }

    /// The same validator after a crash that kept the first `writes` writes.
    pub(super) fn restarted(&self, writes: usize) -> Rig {
        let powers: Vec<u64> = self.set.iter().map(|(_, validator)| validator.power).collect();
        let me = self.engine.config.me.map(ValidatorIndex::index);
        let mut rig = Rig::unstarted(&powers, me, self.engine.height, &self.log[..writes]);
        rig.input(Input::Start);
        rig
    }

    /// One input, and those that follow from it: own messages come back, the application answers.
    pub(super) fn input(&mut self, input: Input<Pbft>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Vec::new();
            self.engine.step(self.now, input, &mut out);
            for output in &out {
                match output {
                    Output::Persist { entry, .. } => self.log.push(entry.clone()),
                    Output::Sign { message, .. } => {
                        let own = Pbft::verify(signed(message.clone()), &self.set, &CHAIN, &TagVerifier);
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
    pub(super) fn hear(&mut self, message: PbftMessage) {
        let verified = Pbft::verify(signed(message), &self.set, &CHAIN, &TagVerifier);
        self.input(Input::Message(verified.expect("the test sends valid messages")));
    }

    /// The PRE-PREPARE of view 0.
    pub(super) fn pre_prepare(&mut self, value: &Value) {
        let height = self.engine.height;
        self.hear(bare(height, 0, 0, value));
    }

    pub(super) fn prepares(&mut self, view: Round, value: &Value, authors: &[usize]) {
        let height = self.engine.height;
        authors.iter().for_each(|&i| self.hear(vote(VoteKind::Prepare, height, view, i, value)));
    }

    pub(super) fn commits(&mut self, view: Round, value: &Value, authors: &[usize]) {
        let height = self.engine.height;
        authors.iter().for_each(|&i| self.hear(vote(VoteKind::Commit, height, view, i, value)));
    }

    /// Empty-handed VIEW-CHANGEs.
    pub(super) fn changes(&mut self, view: Round, authors: &[usize]) {
        let height = self.engine.height;
        authors.iter().for_each(|&author| self.hear(change(height, view, author, None)));
    }

    pub(super) fn advance(&mut self) {
        let height = self.engine.height + 1;
        self.input(Input::Advance { height, validators: self.set.clone() });
    }

    /// Lets a timer ring at its time.
    pub(super) fn ring(&mut self, kind: TimerKind) {
        let timer = match kind {
            TimerKind::Rebroadcast => self.engine.gossip_timer().expect("started"),
            _ => Timer { kind, height: self.engine.height, round: self.engine.view },
        };
        self.now = self.now + Duration::from_millis(500);
        self.input(Input::Timer(timer));
    }

    /// The request timer rings.
    pub(super) fn time_out(&mut self) {
        self.ring(TimerKind::Propose);
    }

    /// The outputs since the last call.
    pub(super) fn take(&mut self) -> Vec<Output<Pbft>> {
        mem::take(&mut self.out)
    }

    fn pick<T>(&mut self, pick: impl FnMut(Output<Pbft>) -> Option<T>) -> Vec<T> {
        self.take().into_iter().filter_map(pick).collect()
    }

    /// What was signed since the last call of this or of [`Rig::take`].
    pub(super) fn said(&mut self) -> Vec<PbftMessage> {
        self.pick(|output| match output {
            Output::Sign { message, .. } => Some(message),
            _ => None,
        })
    }

    /// The kinds and views of what was signed since the last call of this or of [`Rig::take`].
    pub(super) fn spoke(&mut self) -> Vec<(&'static str, Round)> {
        self.said().iter().map(|message| (message.kind(), message.view())).collect()
    }

    /// The VIEW-CHANGE that was signed since the last call of this or of [`Rig::take`].
    pub(super) fn changed(&mut self) -> Option<ViewChange> {
        self.said().into_iter().find_map(|message| match message {
            PbftMessage::ViewChange(change) => Some(*change),
            _ => None,
        })
    }

    /// The NEW-VIEW that was signed since the last call of this or of [`Rig::take`].
    pub(super) fn new_view(&mut self) -> Option<NewView> {
        self.said().into_iter().find_map(|message| match message {
            PbftMessage::NewView(new_view) => Some(*new_view),
            _ => None,
        })
    }

    /// The transitions since the last call of this or of [`Rig::take`].
    pub(super) fn transitions(&mut self) -> Vec<&'static str> {
        self.pick(|output| match output {
            Output::Transition(name) => Some(name),
            _ => None,
        })
    }

    /// What was decided since the last call of this or of [`Rig::take`].
    pub(super) fn decided(&mut self) -> Option<(Value, Certificate)> {
        self.pick(|output| match output {
            Output::Decide { value, certificate, .. } => Some((value, certificate)),
            _ => None,
        })
        .pop()
    }

    /// What was sent on since the last call of this or of [`Rig::take`], to whom.
    pub(super) fn relayed(&mut self) -> Vec<(Dest, PbftMessage)> {
        self.pick(|output| match output {
            Output::Relay { to, message } => Some((to, message.message)),
            _ => None,
        })
    }

    /// Who was accused since the last call of this or of [`Rig::take`], by checked evidence.
    pub(super) fn accused(&mut self) -> Vec<Evidence<PbftMessage>> {
        let all = self.pick(|output| match output {
            Output::Accuse(evidence) => Some(*evidence),
            _ => None,
        });
        all.iter().for_each(|evidence| {
            evidence.check::<Pbft>(&self.set, &CHAIN, &TagVerifier).expect("proven");
        });
        all
    }

    /// The deadline of the request timer, if it was set since the last call of this or of [`Rig::take`]: how long
    /// from now.
    pub(super) fn timer_set(&mut self) -> Option<Duration> {
        let now = self.now;
        self.pick(|output| match output {
            Output::SetTimer { timer, at } if timer.kind == TimerKind::Propose => Some(at.since(now)),
            _ => None,
        })
        .pop()
    }
}
