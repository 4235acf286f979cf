//! The scheduler: a madsim node per node of the lab, a madsim task per actor.
//!
//! madsim draws which of the tasks that are ready runs next, among those of all nodes, and lets 50 to 100 ns pass for
//! each. The lab's turn, in which it handles the next event that is due, is one of these tasks. It wakes up to
//! [`OVERSLEEP`] late, as systems do: what came due in the meantime is handled in one go, so that there is an order to
//! be drawn.

use crate::stranger::Stranger;
use bitcraps_sim::lab::{NodeIndex, Schedule, Scheduler, Turn};
use madsim::Config;
use madsim::rand::{GlobalRng, Rng, thread_rng};
use madsim::runtime::{NodeHandle, Runtime};
use madsim::task::NodeId;
use madsim::time::TimeHandle;
use send_wrapper::SendWrapper;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The lab's turn comes up to this late, in nanoseconds.
const OVERSLEEP: u64 = 100_000;

/// See the module.
pub(crate) struct Machines {
    runtime: Runtime,
    time: TimeHandle,
    rng: RefCell<GlobalRng>,
    nodes: Vec<NodeId>,
    /// What must live as long as the actors of each node.
    kept: RefCell<Vec<Vec<Box<dyn Any>>>>,
    inside: Rc<Inside>,
}

/// What all nodes share.
struct Inside {
    stranger: Stranger,
    /// The node whose code ran last.
    last: Cell<NodeIndex>,
}

/// A node while it is up.
struct Place {
    node: NodeIndex,
    handle: NodeHandle,
    inside: Rc<Inside>,
}

impl Machines {
    pub(crate) fn new(schedule: Schedule) -> Rc<Machines> {
        // The stranger comes first, and asks for a time that is only known later.
        let run: Rc<RefCell<Option<TimeHandle>>> = Rc::default();
        let known = run.clone();
        let now = move || known.borrow().as_ref().map_or(Duration::ZERO, TimeHandle::elapsed);
        let stranger = Stranger::new(schedule, now);
        let runtime = Runtime::with_seed_and_config(schedule.seed, Config::default());
        let (time, rng) = runtime.block_on(async { (TimeHandle::current(), thread_rng()) });
        run.replace(Some(time.clone()));
        let node = |index| runtime.create_node().name(format!("node {index}")).build().id();
        let nodes = (0..schedule.nodes).map(node).collect();
        let inside = Rc::new(Inside { stranger, last: Cell::new(0) });
        Rc::new(Machines {
            runtime,
            time,
            rng: RefCell::new(rng),
            kept: RefCell::new((0..schedule.nodes).map(|_| Vec::new()).collect()),
            nodes,
            inside,
        })
    }

    fn id(&self, node: NodeIndex) -> NodeId {
        self.nodes[usize::from(node)]
    }

    /// Sees to it that the task of `context` is woken at `at`, a little late.
    fn wake_at(&self, at: u64, context: &mut Context<'_>) -> u64 {
        let late = at.saturating_add(self.rng.borrow_mut().gen_range(0..OVERSLEEP));
        let ahead = Duration::from_nanos(late).saturating_sub(self.time.elapsed());
        let mut sleep = pin!(self.time.sleep(ahead));
        // A sleep is made no shorter than 1 ms. What it is set to afterwards it keeps to.
        sleep.as_mut().reset(self.time.now_instant() + ahead);
        if sleep.poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
        late
    }
}

impl Scheduler for Machines {
    fn clock(&self) -> Rc<dyn Fn() -> u64> {
        let time = self.time.clone();
        Rc::new(move || nanos(time.elapsed()))
    }

    fn start(&self, node: NodeIndex, boot: Box<dyn FnOnce() -> Vec<Box<dyn Any>> + '_>) {
        let machines = self.runtime.handle();
        machines.restart(self.id(node));
        let handle = machines.get_node(self.id(node)).expect("a node that was made");
        let kept = Rc::new(Place { node, handle, inside: self.inside.clone() }).visit(boot);
        self.kept.borrow_mut()[usize::from(node)] = kept;
    }

    fn stop(&self, node: NodeIndex) {
        self.runtime.handle().kill(self.id(node));
        let kept = std::mem::take(&mut self.kept.borrow_mut()[usize::from(node)]);
        self.inside.stranger.meet(|| drop(kept));
    }

    fn pause(&self, node: NodeIndex) {
        self.runtime.handle().pause(self.id(node));
    }

    fn resume(&self, node: NodeIndex) {
        self.runtime.handle().resume(self.id(node));
    }

    fn run(&self, turn: &mut dyn FnMut(&Waker) -> Turn) -> Result<(), NodeIndex> {
        // madsim can't take a timer back. One that will ring in time anyway is not set again.
        let mut set = BTreeSet::new();
        let turns = poll_fn(|context| {
            match turn(context.waker()) {
                Turn::Last => return Poll::Ready(()),
                Turn::Soon => context.waker().wake_by_ref(),
                Turn::At(at) => {
                    let now = nanos(self.time.elapsed());
                    set.retain(|&due| due > now);
                    if set.first().is_none_or(|&due| due > at.saturating_add(OVERSLEEP)) {
                        set.insert(self.wake_at(at, context));
                    }
                }
            }
            Poll::Pending
        });
        let ran = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(turns)));
        ran.map_err(|_| self.inside.last.get())
    }
}

impl Drop for Machines {
    /// madsim drops the tasks of a node that was stopped when it comes to them.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(async {})));
        }
    }
}

impl Place {
    /// Runs code of the node: libc is a stranger to it, and the tasks that it spawns are the node's.
    fn visit<T>(self: &Rc<Self>, code: impl FnOnce() -> T) -> T {
        /// The scheduler from before, to be put back even if the code unwinds.
        struct Before(Option<actix_rt::Scheduler>);
        impl Drop for Before {
            fn drop(&mut self) {
                actix_rt::replace_scheduler(self.0.take());
            }
        }
        let place = self.clone();
        let _before = Before(actix_rt::replace_scheduler(Some(Rc::new(move |task| place.spawn(task)))));
        self.inside.last.set(self.node);
        self.inside.stranger.meet(code)
    }

    fn spawn(self: &Rc<Self>, task: actix_rt::Task) {
        self.handle.spawn(SendWrapper::new(Visitor { place: self.clone(), task: Some(task) }));
    }
}

/// A task of an actor, polled and dropped as code of its node.
struct Visitor {
    place: Rc<Place>,
    task: Option<actix_rt::Task>,
}

impl Future for Visitor {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Visitor { place, task } = &mut *self;
        let Some(task) = task else { return Poll::Ready(()) };
        place.visit(|| task.as_mut().poll(context))
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let task = self.task.take();
        self.place.visit(|| drop(task));
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
