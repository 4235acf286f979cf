//! What the ports promise, as one suite of contracts that every world is held to.
//!
//! The promises are those of [`bitcraps_actors::ports`]; a contract is a sentence and a function. A world implements
//! [`World`] with three nodes on which nothing runs but the [`Probe`] of this suite, and its test calls [`CONTRACTS`]
//! one by one, each with a [`Stage`] of its own. Where worlds differ by design, the world says so in its [`Traits`], and
//! the contract asks for that; `docs/worlds.md` has the table. What faults do, and that one seed gives one trace, is left
//! to each world's own tests.

mod disk;
pub mod lab;
mod links;
mod probe;
mod time;

pub use probe::{Boot, NodePorts, Probe};

use bitcraps_actors::ports::Address;
use bitcraps_types::PublicKey;
use std::rc::Rc;
use std::time::Duration;

/// Three nodes in a world, of which none is up at the start.
pub trait World {
    /// What this world is like.
    fn traits(&self) -> Traits;

    /// Where a node is dialed.
    fn address(&self, node: usize) -> Address;

    /// Starts a node that is down, with the files that it left. `boot` is called with its ports where its actors would
    /// be started: on the node's thread, in its `LocalSet`.
    fn start(&mut self, node: usize, boot: Boot);

    /// A node dies without a word.
    fn crash(&mut self, node: usize);

    /// Lets time pass in the world.
    fn pass(&mut self, time: Duration);

    /// From now on this share of the packets is lost. `false`: it can't be made here.
    fn lose(&mut self, share: f64) -> bool;
}

/// What may differ between worlds.
#[derive(Clone, Debug)]
pub struct Traits {
    /// Frames of at least so many bytes arrive in the order in which they were sent, and are not lost as long as the link
    /// is up. `None`: no frames do.
    pub reliable_from: Option<usize>,
    /// Every frame that is not lost arrives in order.
    pub in_order: bool,
    /// The keys that links prove, by node; none, if links prove none.
    pub identities: Vec<PublicKey>,
    /// How much a queue may take before it refuses, in bytes.
    pub queue_bytes: usize,
    /// The ports of a dead incarnation are there to be called, and do nothing.
    pub fences: bool,
    /// Another world that is made in the same way draws the same random numbers.
    pub seeded: bool,
    /// Costly work takes time on the world's clock.
    pub charges: bool,
    /// By then what was to happen has happened: in this world's time, with room to spare.
    pub patience: Duration,
    /// After so long without news, nothing more comes.
    pub quiet: Duration,
}

/// A promise, and whether a world keeps it.
pub struct Contract {
    /// The promise.
    pub name: &'static str,
    /// Panics if it is broken.
    pub check: fn(&mut Stage<'_>),
}

macro_rules! contracts {
    ($($module:ident: $($name:ident),+;)+) => {
        /// All promises.
        pub const CONTRACTS: &[Contract] =
            &[$($(Contract { name: stringify!($name), check: $module::$name }),+),+];
    };
}

contracts! {
    links:
        a_dial_brings_both_ends_up_and_only_the_dialer_has_the_address,
        a_dial_to_nobody_fails_once_and_brings_nothing_up,
        a_frame_of_any_length_up_to_the_mtu_comes_whole_and_unchanged,
        a_frame_longer_than_the_mtu_is_refused_and_the_link_goes_on,
        frames_come_at_most_once,
        frames_that_the_world_keeps_in_order_come_in_order,
        frames_that_the_world_keeps_come_all_through_loss,
        a_full_queue_refuses_at_once_and_takes_more_when_it_is_emptied,
        a_close_is_told_to_the_other_end_once_and_nothing_comes_after_it,
        no_link_has_the_name_of_an_earlier_one,
        the_links_of_a_dead_peer_go_down_and_it_can_be_reached_again;
    disk:
        a_file_that_does_not_exist_is_empty,
        what_is_appended_is_read_in_the_order_of_the_calls,
        a_replacement_takes_the_place_of_all_before_it_and_what_follows_is_added_to_it,
        operations_on_a_file_are_told_once_each_in_the_order_of_the_calls,
        what_was_synced_survives_a_crash_with_nothing_in_its_midst,
        a_sync_covers_what_was_appended_before_it_alone,
        a_replacement_is_the_old_file_or_the_new_one_and_once_told_the_new_one;
    time:
        the_clock_never_goes_back,
        an_alarm_rings_once_and_never_before_its_time,
        an_alarm_in_the_past_rings_at_once_and_may_be_set_again_when_it_rings,
        the_last_setting_of_an_alarm_counts_and_a_drop_cancels_it,
        a_stream_of_random_numbers_has_its_own_name_and_begins_anew_when_it_is_asked_for_again,
        each_node_and_each_incarnation_has_its_own_random_numbers,
        one_seed_gives_the_same_random_numbers_again,
        costly_work_is_answered_once_each_in_the_order_of_the_calls,
        costly_work_takes_its_cost,
        a_dead_incarnation_hears_nothing_and_does_nothing;
}

/// A world and what its nodes saw.
pub struct Stage<'a> {
    make: &'a dyn Fn() -> Box<dyn World>,
    world: Box<dyn World>,
    probes: [Option<Rc<Probe>>; 3],
}

impl<'a> Stage<'a> {
    /// A stage on which nobody is up. `make` gives the same world each time.
    pub fn new(make: &'a dyn Fn() -> Box<dyn World>) -> Stage<'a> {
        Stage { make, world: make(), probes: [None, None, None] }
    }

    /// Another world of the same kind and seed.
    fn again(&self) -> Stage<'a> {
        Stage::new(self.make)
    }

    fn traits(&self) -> Traits {
        self.world.traits()
    }

    /// Starts a node: a new incarnation, with a probe of its own.
    fn start(&mut self, node: usize) -> Rc<Probe> {
        let probe = Rc::new(Probe::default());
        let boots = probe.clone();
        self.world.start(node, Box::new(move |ports| boots.boot(ports)));
        self.probes[node] = Some(probe.clone());
        self.until("a node is up", || probe.is_up());
        probe
    }

    fn crash(&mut self, node: usize) {
        self.world.crash(node);
        let probe = self.probes[node].take().expect("a node that is up");
        probe.died();
    }

    /// Two nodes that are up, 0 and 1.
    fn two(&mut self) -> [Rc<Probe>; 2] {
        [self.start(0), self.start(1)]
    }

    /// Has node 0 dial node 1 until a link is up at both, which the network may need several tries for.
    fn link(&mut self, [a, b]: &[Rc<Probe>; 2]) -> [bitcraps_actors::ports::LinkId; 2] {
        let (mine, theirs) = (a.ups().len(), b.ups().len());
        let address = self.world.address(1);
        a.act(move |ports| ports.links.open(&address));
        self.until("a link is up at both ends", || a.ups().len() > mine && b.ups().len() > theirs);
        [a.ups()[mine], b.ups()[theirs]]
    }

    /// Lets time pass until it is so.
    ///
    /// # Panics
    /// If it is not so in time.
    fn until(&mut self, what: &str, mut is_so: impl FnMut() -> bool) {
        let mut left = self.traits().patience;
        while !is_so() {
            assert!(!left.is_zero(), "not in time: {what}");
            let step = left.min(Duration::from_millis(5));
            self.world.pass(step);
            left -= step;
        }
    }

    /// Lets time pass in which what must not happen would happen.
    fn quiet(&mut self) {
        let time = self.traits().quiet;
        self.world.pass(time);
    }
}
