//! From logged events to the events that oracles judge. What a block did is not logged: it is computed here, once, by
//! the sequential core. A node whose state root is another is judged by that root.

use super::log::Told;
use crate::run::network::Network;
use crate::run::shared::Shared;
use bitcraps_actors::event_log::Logged;
use bitcraps_actors::ports::{Event, TURNED_AWAY};
use bitcraps_casino::{Block, Casino, Refusal, TableReport};
use bitcraps_consensus::Certificate;
use bitcraps_treasury::Ledger;
use bitcraps_types::{ChainId, Digest, Height, ThresholdSignature, Value, Verify};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A decided block, and the ledger after it.
struct Done {
    value: Value,
    certificate: Certificate,
    block: Block,
    ledger: Ledger,
    reports: Vec<TableReport>,
    refusals: Vec<Refusal>,
}

/// The chain as it was decided first.
pub(super) struct Replay {
    chain: ChainId,
    verifier: Rc<dyn Verify>,
    casino: Casino,
    blocks: BTreeMap<Height, Done>,
    /// The first decision of each height that nobody was seen to apply.
    decided: BTreeMap<Height, (Value, Certificate)>,
    told: u64,
}

impl Replay {
    pub(super) fn new(network: &Network) -> Replay {
        Replay {
            chain: network.chain,
            verifier: network.keyring.verifier(),
            casino: Casino::genesis(&network.genesis).expect("the scenario was checked"),
            blocks: BTreeMap::new(),
            decided: BTreeMap::new(),
            told: 0,
        }
    }

    /// How many events were told.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// Tells one event.
    pub(super) fn tell(&mut self, told: &Told, shared: &Shared) {
        self.told += 1;
        let observe = |event: &Event<'_>| shared.observe(told.at, told.node, event);
        match &told.event {
            Logged::Started { height, journal } => {
                observe(&Event::Started { height: *height, journal: *journal as usize });
            }
            Logged::Round { height, round, proposer, after_failure } => {
                observe(&Event::Round {
                    height: *height,
                    round: *round,
                    proposer: *proposer,
                    after_failure: *after_failure,
                });
            }
            Logged::Locked { height, round, digest } => {
                observe(&Event::Locked { height: *height, round: *round, digest: *digest });
            }
            Logged::Proposed { height, round, digest } => {
                observe(&Event::Proposed { height: *height, round: *round, digest: *digest });
            }
            Logged::Signed(signed) => observe(&Event::Signed(signed)),
            Logged::Decided { value, certificate, synced } => {
                let height = certificate.height;
                observe(&Event::Decided { height, value, certificate, synced: *synced });
                let decided = || (value.clone(), certificate.clone());
                self.decided.entry(height).or_insert_with(decided);
            }
            Logged::Applied { height, digest, root, dice } => {
                self.apply(*height, dice.as_ref());
                if let Some(done) = self.blocks.get(height) {
                    observe(&done.applied(*height, *digest, *root, dice.as_ref()));
                }
            }
            Logged::StateSynced { height, root } => {
                observe(&Event::StateSynced { height: *height, root: *root });
            }
            Logged::Accused(evidence) => observe(&Event::Accused(evidence)),
            Logged::OffenceRecorded { offender, height } => {
                observe(&Event::OffenceRecorded { offender: *offender, height: *height });
            }
            Logged::DiceSigned(height) => observe(&Event::DiceSigned { height: *height }),
            Logged::BadDice(validator) => observe(&Event::BadDice(*validator)),
            Logged::PeerUp(peer) => observe(&Event::PeerUp(*peer)),
            Logged::PeerDown(peer) => observe(&Event::PeerDown(*peer)),
            Logged::Refused { peer, why } => observe(&Event::Refused { peer: *peer, why: *why }),
            Logged::SyncStarted { from, to } => observe(&Event::SyncStarted { from: *from, to: *to }),
            Logged::SyncEnded { height } => observe(&Event::SyncEnded { height: *height }),
            Logged::CommandAccepted(id) => observe(&Event::CommandAccepted(*id)),
            Logged::CommandRefused(id, why) => {
                if let Some(why) = TURNED_AWAY.get(usize::from(*why)) {
                    observe(&Event::CommandRefused(*id, why));
                }
            }
        }
    }

    /// The first decision of a height is applied, with the dice of the first who applied it; whether others agree is the
    /// oracles' business.
    fn apply(&mut self, height: Height, dice: Option<&ThresholdSignature>) {
        let next = self.blocks.keys().next_back().map_or(1, |height| height + 1);
        if height != next {
            return;
        }
        let Some((value, certificate)) = self.decided.remove(&height) else { return };
        let Ok(block) = Block::decode(value.bytes()) else { return };
        let (_, reports) = self.casino.apply_and_report(&block, dice, &self.chain, &*self.verifier);
        let bank = self.casino.bank();
        let (ledger, refusals) = (bank.ledger().clone(), bank.refusals().to_vec());
        self.blocks.insert(height, Done { value, certificate, block, ledger, reports, refusals });
    }
}

impl Done {
    fn applied<'a>(
        &'a self,
        height: Height,
        digest: Digest,
        root: Digest,
        dice: Option<&'a ThresholdSignature>,
    ) -> Event<'a> {
        Event::Applied {
            height,
            block: &self.block,
            value: &self.value,
            certificate: &self.certificate,
            dice,
            digest,
            root,
            ledger: &self.ledger,
            reports: &self.reports,
            refusals: &self.refusals,
        }
    }
}
