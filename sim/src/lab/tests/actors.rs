//! The actors of these tests: one that talks, one that writes, and some that misbehave.

use super::super::{NodeIndex, Observer, WorldPorts, address_of};
use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use bitcraps_actors::ports::{Alarm, DiskError, LinkEvent, LinkId};
use bitcraps_types::Time;
use bytes::Bytes;
use rand::Rng;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// What actors tell the test: lab time, node, words.
#[derive(Clone, Default)]
pub(super) struct Log(Rc<RefCell<Vec<(Time, NodeIndex, String)>>>);

impl Log {
    pub(super) fn add(&self, observer: &Observer, words: impl Into<String>) {
        self.0.borrow_mut().push((observer.now(), observer.node(), words.into()));
    }

    pub(super) fn all(&self) -> Vec<(Time, NodeIndex, String)> {
        self.0.borrow().clone()
    }

    /// Times and words at one node, of entries that start with `prefix`.
    pub(super) fn of(&self, node: NodeIndex, prefix: &str) -> Vec<(Time, String)> {
        let entries = self.0.borrow();
        let matching = entries.iter().filter(|(_, at, words)| *at == node && words.starts_with(prefix));
        matching.map(|(time, _, words)| (*time, words.clone())).collect()
    }

    /// Words alone.
    pub(super) fn words(&self, node: NodeIndex, prefix: &str) -> Vec<String> {
        self.of(node, prefix).into_iter().map(|(_, words)| words).collect()
    }
}

/// What a test or a port tells an actor.
pub(super) enum Do {
    Link(LinkEvent),
    Open(NodeIndex),
    /// Sends each text to all links.
    Say(Vec<String>),
    CloseAll,
    /// Sets the alarm this far ahead on the node's clock.
    Ring(Duration),
    Rang,
    Panic,
    Halt,
    /// Sends itself this message for ever.
    Spin,
    Compute(Duration),
    Computed,
    Append(String),
    Sync,
    Replace(String),
    Read,
    Done(Result<(), DiskError>),
    Content(Result<Vec<u8>, DiskError>),
}

impl Message for Do {
    type Result = ();
}

/// Talks over links and logs what it hears: `up`, `heard TEXT`, `down`, `failed`, `rang`.
pub(super) struct Chatter {
    node: NodeIndex,
    incarnation: u32,
    ports: WorldPorts,
    log: Log,
    links: Vec<LinkId>,
    alarm: Option<Box<dyn Alarm>>,
}

impl Chatter {
    pub(super) fn start_at(node: NodeIndex, incarnation: u32, ports: WorldPorts, log: Log) -> Addr<Chatter> {
        Chatter { node, incarnation, ports, log, links: Vec::new(), alarm: None }.start()
    }

    fn log(&self, words: impl Into<String>) {
        self.log.add(&self.ports.observer, words);
    }
}

impl Actor for Chatter {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let address = context.address();
        self.ports.links.listen(Box::new(move |event| address.do_send(Do::Link(event))));
        let address = context.address();
        self.alarm = Some(self.ports.clock.alarm(Box::new(move || address.do_send(Do::Rang))));
        let draw = self.ports.entropy.stream("chatter", "test").next_u64();
        self.log(format!("started {} {draw}", self.incarnation));
        let address = context.address();
        ADDRESSES.with_borrow_mut(|all| all.push((self.node, address)));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let _ = self.ports.disk.append("last words", b"alas");
        for link in &self.links {
            self.ports.links.send(*link, Bytes::from_static(b"alas"));
        }
        self.ports.observer.note(b"alas");
        self.log(format!("stopped live={}", self.ports.observer.is_live()));
    }
}

thread_local! {
    /// The chatters of this thread's lab, so that tests can speak to them from outside, as a workload does.
    static ADDRESSES: RefCell<Vec<(NodeIndex, Addr<Chatter>)>> = const { RefCell::new(Vec::new()) };
}

/// Tells the last chatter that started at `node`.
pub(super) fn tell(node: NodeIndex, message: Do) {
    ADDRESSES.with_borrow(|all| {
        let (_, address) = all.iter().rev().find(|(at, _)| *at == node).expect("a chatter at that node");
        address.do_send(message);
    });
}

impl Handler<Do> for Chatter {
    type Result = ();

    fn handle(&mut self, message: Do, context: &mut Self::Context) {
        match message {
            Do::Link(LinkEvent::Up { link, dialed, mtu, .. }) => {
                self.links.push(link);
                self.log(format!("up {} {mtu}", dialed.map_or_else(|| "-".to_owned(), |address| address.0)));
            }
            Do::Link(LinkEvent::Frame { bytes, .. }) => {
                self.log(format!("heard {}", String::from_utf8_lossy(&bytes)));
            }
            Do::Link(LinkEvent::Down { link }) => {
                self.links.retain(|other| *other != link);
                self.log("down");
            }
            Do::Link(LinkEvent::OpenFailed { address }) => self.log(format!("failed {}", address.0)),
            Do::Open(peer) => self.ports.links.open(&address_of(peer)),
            Do::Say(texts) => {
                for text in texts {
                    for link in &self.links {
                        if !self.ports.links.send(*link, Bytes::from(text.clone())) {
                            self.log(format!("refused {text}"));
                        }
                    }
                }
            }
            Do::CloseAll => self.links.drain(..).for_each(|link| self.ports.links.close(link)),
            Do::Ring(after) => {
                let at = self.ports.clock.now() + after;
                self.alarm.as_ref().expect("set in started").set(Some(at));
            }
            Do::Rang => self.log("rang"),
            Do::Panic => panic!("boom from a test"),
            Do::Halt => (self.ports.halt)("asked to"),
            Do::Spin => {
                let _ = self.ports.clock.now();
                context.address().do_send(Do::Spin);
            }
            Do::Compute(cost) => {
                let address = context.address();
                self.ports.compute.run(cost, Box::new(move || address.do_send(Do::Computed)));
            }
            Do::Computed => self.log("computed"),
            _ => {}
        }
    }
}

/// Writes to the file `journal` and logs what comes of it.
pub(super) struct Journal {
    incarnation: u32,
    ports: WorldPorts,
    log: Log,
}

impl Journal {
    pub(super) fn start_with(incarnation: u32, ports: WorldPorts, log: Log) -> Addr<Journal> {
        Journal { incarnation, ports, log }.start()
    }
}

thread_local! {
    static JOURNAL: RefCell<Option<Addr<Journal>>> = const { RefCell::new(None) };
}

/// Tells the last journal that started on this thread.
pub(super) fn write(message: Do) {
    JOURNAL.with_borrow(|journal| journal.as_ref().expect("a journal").do_send(message));
}

impl Actor for Journal {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.log.add(&self.ports.observer, format!("started {}", self.incarnation));
        JOURNAL.set(Some(context.address()));
    }
}

impl Handler<Do> for Journal {
    type Result = ();

    fn handle(&mut self, message: Do, context: &mut Self::Context) {
        let address = context.address();
        let done = move |result| address.do_send(Do::Done(result));
        match message {
            Do::Append(text) => {
                if let Err(error) = self.ports.disk.append("journal", text.as_bytes()) {
                    self.log.add(&self.ports.observer, format!("append: {error}"));
                }
            }
            Do::Sync => self.ports.disk.sync("journal", Box::new(done)),
            Do::Replace(text) => self.ports.disk.replace("journal", text.into_bytes(), Box::new(done)),
            Do::Read => {
                let address = context.address();
                self.ports.disk.read("journal", Box::new(move |read| address.do_send(Do::Content(read))));
            }
            Do::Done(result) => self.log.add(&self.ports.observer, format!("done {result:?}")),
            Do::Content(result) => {
                let text = result.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                self.log.add(&self.ports.observer, format!("read {text:?}"));
            }
            Do::Halt => (self.ports.halt)("asked to"),
            _ => {}
        }
    }
}
