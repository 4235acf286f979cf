//! A network whose schedule the test writes: no message comes and no timer rings unless it says so. The test speaks
//! for the Byzantine validators, and can't forge what an honest one never signed.
//!
//! What goes wrong is judged by the right code, whatever is exhibited, and noted under the name of the property.

use crate::museum::exhibit;
use crate::tests::{CHAIN, TagVerifier, config, key, signed, v, validators, value};
use crate::{
    AnyEngine, AnyEntry, AnyMessage, AnyStatement, Certificate, Dest, Engine, Evidence, Input, Message,
    Output, Seq, Signed, Timer, TimerKind, ValidatorSet, Verified,
};
use bitcraps_types::{Height, Protocol, Time, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::time::Duration;

/// How long a message takes while the network runs by itself.
const DELAY: Duration = Duration::from_millis(5);

pub(super) struct Stage {
    protocol: Protocol,
    set: ValidatorSet,
    now: Time,
    /// None: the test speaks for it.
    nodes: Vec<Option<Node>>,
    mail: VecDeque<Letter>,
    /// Blocks on their way to those who asked for them.
    blocks: VecDeque<(usize, Height, Value, Certificate)>,
    /// Nodes of different groups don't hear each other.
    pub(super) groups: Vec<usize>,
    /// Whether the network runs by itself; then those who are behind are brought blocks.
    runs: bool,
    chain: BTreeMap<Height, Value>,
    /// The properties that were broken.
    pub(super) broken: BTreeSet<&'static str>,
}

struct Node {
    engine: AnyEngine,
    log: Vec<AnyEntry>,
    durable: usize,
    /// How long the log was when this life began.
    base: usize,
    slow_disk: bool,
    slow_application: bool,
    waiting: Vec<(Seq, Dest, AnyMessage)>,
    timers: BTreeMap<Timer, Time>,
    /// What left this validator, through all its lives.
    spoken: Vec<AnyStatement>,
    blocks: BTreeMap<Height, (Value, Certificate)>,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    at: Time,
    pub(super) from: usize,
    pub(super) to: usize,
    signed: Signed<AnyMessage>,
}

impl Letter {
    pub(super) fn is(&self, kind: &str) -> bool {
        self.signed.message.kind() == kind
    }
}

type Inputs = VecDeque<Input<AnyEngine>>;

impl Stage {
    /// All honest validators of equal power have begun height 1.
    pub(super) fn new(protocol: Protocol, n: usize, byzantine: &[usize]) -> Stage {
        let set = validators(&vec![1; n]);
        let node = |i| Node {
            engine: AnyEngine::new(protocol, config(Some(i)), set.clone(), 1),
            log: Vec::new(),
            durable: 0,
            base: 0,
            slow_disk: false,
            slow_application: false,
            waiting: Vec::new(),
            timers: BTreeMap::new(),
            spoken: Vec::new(),
            blocks: BTreeMap::new(),
        };
        let nodes = (0..n).map(|i| (!byzantine.contains(&i)).then(|| node(i))).collect();
        let mut stage = Stage {
            protocol,
            set,
            now: Time(1),
            nodes,
            mail: VecDeque::new(),
            blocks: VecDeque::new(),
            groups: vec![0; n],
            runs: false,
            chain: BTreeMap::new(),
            broken: BTreeSet::new(),
        };
        stage.honest().into_iter().for_each(|i| stage.step(i, Input::Start));
        stage
    }

    pub(super) fn honest(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|i| self.nodes[*i].is_some()).collect()
    }

    fn node(&mut self, i: usize) -> &mut Node {
        self.nodes[i].as_mut().expect("an honest validator")
    }

    /// Writes of this validator are not durable from now on, until [`Stage::sync`].
    pub(super) fn slow_disk(&mut self, i: usize) {
        self.node(i).slow_disk = true;
    }

    /// All that was written is durable, and what waited for it leaves.
    pub(super) fn sync(&mut self, i: usize) {
        let node = self.node(i);
        node.slow_disk = false;
        node.durable = node.log.len();
        let mut inputs = Inputs::new();
        self.release(i, &mut inputs);
        inputs.into_iter().for_each(|input| self.step(i, input));
    }

    /// This validator's application never gets done with what is decided, so that its engine stays at its height.
    pub(super) fn slow_application(&mut self, i: usize) {
        self.node(i).slow_application = true;
    }

    /// What was not durable is lost, and the validator comes back at once.
    pub(super) fn restart(&mut self, i: usize) {
        let (protocol, set) = (self.protocol, self.set.clone());
        let node = self.node(i);
        node.log.truncate(node.durable);
        node.base = node.log.len();
        node.waiting.clear();
        node.timers.clear();
        let height = node.blocks.last_key_value().map_or(1, |(height, _)| height + 1);
        node.engine = AnyEngine::new(protocol, config(Some(i)), set, height);
        node.engine.restore(node.log.clone());
        self.step(i, Input::Start);
    }

    /// All can reach all again.
    pub(super) fn reconnect(&mut self) {
        for i in self.honest() {
            for j in self.honest().into_iter().filter(|j| *j != i) {
                self.step(i, Input::Reachable(v(j)));
            }
        }
    }

    /// A timer of this kind rings at these validators, if it is set. The one of the highest round.
    pub(super) fn ring(&mut self, kind: TimerKind, nodes: &[usize]) {
        for &i in nodes {
            let set = &self.node(i).timers;
            let Some((timer, at)) = set.iter().rfind(|(timer, _)| timer.kind == kind) else { continue };
            let (timer, at) = (*timer, *at);
            self.ring_at(i, timer, at);
        }
    }

    fn ring_at(&mut self, i: usize, timer: Timer, at: Time) {
        self.now = self.now.max(at);
        self.node(i).timers.remove(&timer);
        self.step(i, Input::Timer(timer));
    }

    /// What is on its way and is wanted comes, and so does what is said upon it.
    pub(super) fn deliver(&mut self, wanted: impl Fn(&Letter) -> bool) {
        while let Some(position) = self.mail.iter().position(&wanted) {
            let letter = self.mail.remove(position).expect("it was just found");
            self.hand(letter);
        }
    }

    pub(super) fn deliver_all(&mut self) {
        self.deliver(|_| true);
    }

    /// A second copy of what is on its way and is wanted.
    pub(super) fn repeat(&mut self, wanted: impl Fn(&Letter) -> bool) {
        let copies: Vec<Letter> = self.mail.iter().filter(|letter| wanted(letter)).cloned().collect();
        self.mail.extend(copies);
    }

    /// What is on its way is lost.
    pub(super) fn lose_all(&mut self) {
        self.mail.clear();
    }

    /// The votes that are on their way are lost.
    pub(super) fn lose_votes(&mut self) {
        self.mail.retain(|letter| !letter.is("vote"));
    }

    /// As a host takes a message: it drops what says nothing new, and what is not valid.
    fn hand(&mut self, letter: Letter) {
        if self.node(letter.to).engine.knows(&letter.signed.message, &letter.signed.signature) {
            return;
        }
        if let Ok(verified) = AnyEngine::verify(letter.signed, &self.set, &CHAIN, &TagVerifier) {
            self.step(letter.to, Input::Message(verified));
        }
    }

    /// A Byzantine validator says this to some, who hear it at once, if it is valid.
    pub(super) fn tell(&mut self, to: &[usize], message: impl Into<AnyMessage>) {
        let message = message.into();
        let from = message.author().index();
        assert!(self.nodes[from].is_none(), "an honest validator speaks for itself");
        let signed = signed(message);
        to.iter().for_each(|&to| self.hand(Letter { at: self.now, from, to, signed: signed.clone() }));
    }

    /// Whether the author signed this: what is Byzantine signs anything.
    pub(super) fn has_said(&self, statement: impl Into<AnyStatement>) -> bool {
        let statement = statement.into();
        let author = &self.nodes[statement.author().index()];
        author.as_ref().is_none_or(|node| node.spoken.contains(&statement))
    }

    /// From now on the network is perfect, within the groups; the Byzantine are silent.
    pub(super) fn run(&mut self, limit: Duration, done: impl Fn(&Stage) -> bool) -> bool {
        let end = self.now + limit;
        self.runs = true;
        while !done(self) {
            if let Some((to, height, value, certificate)) = self.blocks.pop_front() {
                if self.node(to).engine.height() == height {
                    self.decided(to, height, value, certificate);
                }
                continue;
            }
            let timer = self.next_timer();
            let letter = self.mail.front().map(|letter| letter.at);
            match (letter, timer) {
                (Some(letter), timer) if timer.is_none_or(|(at, ..)| letter <= at) && letter <= end => {
                    self.now = self.now.max(letter);
                    let letter = self.mail.pop_front().expect("it was just seen");
                    self.hand(letter);
                }
                (_, Some((at, i, timer))) if at <= end => self.ring_at(i, timer, at),
                _ => break,
            }
        }
        self.runs = false;
        done(self)
    }

    /// [`Stage::run`] until all decided this height: they must.
    pub(super) fn settle(&mut self, height: Height) {
        let decided = |node: &Node| node.blocks.contains_key(&height);
        let all = |stage: &Stage| stage.nodes.iter().flatten().all(decided);
        if !self.run(Duration::from_secs(120), all) {
            self.broken.insert("liveness");
        }
    }

    fn next_timer(&self) -> Option<(Time, usize, Timer)> {
        let timers = |(i, node): (usize, &Option<Node>)| {
            let first = node.as_ref()?.timers.iter().min_by_key(|(_, at)| **at)?;
            Some((*first.1, i, *first.0))
        };
        self.nodes.iter().enumerate().filter_map(timers).min()
    }

    fn step(&mut self, i: usize, input: Input<AnyEngine>) {
        let mut inputs = Inputs::from([input]);
        while let Some(input) = inputs.pop_front() {
            let (now, mut out) = (self.now, Vec::new());
            self.node(i).engine.step(now, input, &mut out);
            out.into_iter().for_each(|output| self.output(i, output, &mut inputs));
            self.release(i, &mut inputs);
        }
    }

    fn output(&mut self, i: usize, output: Output<AnyEngine>, inputs: &mut Inputs) {
        let node = self.nodes[i].as_mut().expect("an honest validator");
        match output {
            Output::Persist { entry, .. } => {
                node.log.push(entry);
                if !node.slow_disk {
                    node.durable = node.log.len();
                }
            }
            Output::Sign { message, after, to } => node.waiting.push((after, to, message)),
            Output::Relay { to, message } => self.send(i, to, &message),
            Output::SetTimer { timer, at } => drop(node.timers.insert(timer, at)),
            Output::Propose { height, round } => {
                let value = value(&format!("{height}/{round} by {i}"));
                inputs.push_back(Input::Proposed { height, round, value });
            }
            Output::Validate { height, value, .. } => {
                inputs.push_back(Input::Verdict { height, digest: value.digest(), valid: true });
            }
            Output::Decide { height, value, certificate } => {
                if node.blocks.contains_key(&height) {
                    self.broken.insert("delivery_order");
                } else {
                    self.decided(i, height, value, certificate);
                }
            }
            Output::Accuse(evidence) => self.judge_accusation(&evidence),
            Output::Behind { from, .. } if self.runs => {
                let height = node.engine.height();
                self.bring(height, from.index(), i);
            }
            Output::Ahead { of, height } if self.runs => self.bring(height, i, of.index()),
            _ => {}
        }
    }

    /// Signs what no longer waits for the disk, sends it, and gives it back.
    fn release(&mut self, i: usize, inputs: &mut Inputs) {
        let node = self.node(i);
        let durable = (node.durable.max(node.base) - node.base) as Seq;
        let (ready, waiting): (Vec<_>, Vec<_>) =
            mem::take(&mut node.waiting).into_iter().partition(|(after, ..)| *after <= durable);
        node.waiting = waiting;
        for (_, to, message) in ready {
            self.judge_speech(i, message.statement());
            self.send(i, to, &signed(message.clone()));
            inputs.push_back(Input::Message(Verified::own(message, &CHAIN, &key(v(i)))));
        }
    }

    fn send(&mut self, from: usize, to: Dest, signed: &Signed<AnyMessage>) {
        let addressed = |i: &usize| match to {
            Dest::All => *i != from,
            Dest::One(one) => *i == one.index() && *i != from,
        };
        let at = self.now + DELAY;
        let reached = self.honest().into_iter().filter(|i| self.groups[*i] == self.groups[from]);
        let letters = reached.filter(addressed).map(|to| Letter { at, from, to, signed: signed.clone() });
        let letters: Vec<Letter> = letters.collect();
        self.mail.extend(letters);
    }

    fn bring(&mut self, height: Height, from: usize, to: usize) {
        if self.groups[from] != self.groups[to] || self.nodes[to].is_none() {
            return;
        }
        let block = self.nodes[from].as_ref().and_then(|node| node.blocks.get(&height));
        if let Some((value, certificate)) = block.cloned() {
            self.blocks.push_back((to, height, value, certificate));
        }
    }

    fn decided(&mut self, i: usize, height: Height, value: Value, certificate: Certificate) {
        {
            let _right = exhibit(None);
            let proven = certificate.verify(&self.set, &CHAIN, &TagVerifier).is_ok();
            if !proven || (certificate.height, certificate.digest) != (height, value.digest()) {
                self.broken.insert("certificates");
            }
        }
        if *self.chain.entry(height).or_insert_with(|| value.clone()) != value {
            self.broken.insert("agreement");
        }
        let validators = self.set.clone();
        let node = self.node(i);
        node.blocks.insert(height, (value, certificate));
        if !node.slow_application {
            self.step(i, Input::Advance { height: height + 1, validators });
        }
    }

    fn judge_speech(&mut self, i: usize, statement: AnyStatement) {
        let _right = exhibit(None);
        let spoken = &mut self.node(i).spoken;
        let contradicts = spoken.iter().any(|before| AnyEngine::conflicting(before, &statement));
        spoken.push(statement);
        if contradicts {
            self.broken.insert("vote_once");
        }
    }

    fn judge_accusation(&mut self, evidence: &Evidence<AnyMessage>) {
        let _right = exhibit(None);
        let proven = evidence.check::<AnyEngine>(&self.set, &CHAIN, &TagVerifier).is_ok();
        if !proven || self.nodes[evidence.offender().index()].is_some() {
            self.broken.insert("no_false_accusation");
        }
    }
}
