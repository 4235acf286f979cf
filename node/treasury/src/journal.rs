//! The journal: every event of the ledger, in pages of which each is a leaf of the [log](crate::log).

use crate::{Event, Log, log};
use bitcraps_types::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// The open page, and the log of those that are full.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Journal {
    log: Log,
    /// Empty between two blocks.
    #[borsh(skip)]
    open: Page,
    #[borsh(skip)]
    events_on_open: usize,
    #[borsh(skip)]
    kept: Option<Vec<Page>>,
}

/// Events that follow one another, at most [`Page::EVENTS`]: a leaf of the log, and so what a proof of one of them shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page(Vec<u8>);

impl Page {
    /// The most events on a page.
    pub const EVENTS: usize = 32;

    /// The page with these events.
    pub fn of(events: &[Event]) -> Page {
        let mut page = Page::default();
        events.iter().for_each(|event| page.add(event));
        page
    }

    /// Its bytes: the encodings of the events, one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The events on it.
    pub fn events(&self) -> io::Result<Vec<Event>> {
        let mut rest = &self.0[..];
        std::iter::from_fn(|| (!rest.is_empty()).then(|| Event::deserialize(&mut rest))).collect()
    }

    /// The hash of the leaf that it is.
    pub fn leaf(&self) -> Digest {
        log::leaf_hash(&self.0)
    }

    fn add(&mut self, event: &Event) {
        event.serialize(&mut self.0).expect("a vector takes all bytes");
    }
}

impl Journal {
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Whether no page is open.
    pub(crate) fn is_closed(&self) -> bool {
        self.events_on_open == 0
    }

    pub(crate) fn write(&mut self, event: &Event) {
        self.open.add(event);
        self.events_on_open += 1;
        if self.events_on_open == Page::EVENTS {
            self.close();
        }
    }

    /// Closes the open page, if anything is on it.
    pub(crate) fn close(&mut self) {
        if self.is_closed() {
            return;
        }
        self.log.append(self.open.leaf());
        self.kept.iter_mut().for_each(|kept| kept.push(self.open.clone()));
        self.open.0.clear();
        self.events_on_open = 0;
    }

    pub(crate) fn keep(&mut self) {
        self.kept.get_or_insert_default();
    }

    pub(crate) fn take_kept(&mut self) -> Vec<Page> {
        self.kept.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
