//! Who hears the node's events, each told in turn.

use crate::address_book::AddressBook;
use crate::archive::Archive;
use crate::event_log::EventLog;
use crate::gateway::Health;
use crate::logs;
use crate::metrics::Metrics;
use crate::view::View;
use crate::world::SystemClock;
use bitcraps_actors::files::Decided;
use bitcraps_actors::ports::{Clock, Event, Probe};
use std::sync::Arc;

/// Everyone who hears the node's events.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) health: Arc<Health>,
    pub(super) view: Arc<View>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) archive: Arc<Archive>,
    pub(super) book: Arc<AddressBook>,
    pub(super) clock: SystemClock,
    pub(super) event_log: Option<Arc<EventLog>>,
}

impl Probe for Watched {
    fn event(&self, event: Event<'_>) {
        if let Some(log) = &self.event_log {
            log.write(&event, self.clock.wall());
        }
        logs::event(&event);
        self.metrics.event(&event);
        if let Event::Started { .. } = event {
            self.health.restored();
        }
        self.view.event(&event);
        self.book.event(&event, self.clock.wall());
        // What is applied again at the start was taken from the node's file.
        if let Event::Applied { value, certificate, dice, .. } = event
            && self.health.has_restored()
        {
            let decided =
                Decided { value: value.clone(), certificate: certificate.clone(), dice: dice.copied() };
            self.archive.push(decided);
            self.metrics.disk.archive_failed.set(i64::from(self.archive.has_failed()));
        }
    }
}
