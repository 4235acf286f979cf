//! Taking over a snapshot of a peer's, once what proves it is checked.

use super::Sync;
use super::catch_up::Downloaded;
use super::messages::TakenOver;
use super::snapshot::{self, Snapshot};
use crate::chain::DecidedBlock;
use crate::committee::{Law, Succession};
use crate::dice::Ended;
use crate::disk;
use crate::journal;
use crate::ports::Event;
use crate::treasury::Restore;
use crate::wire::{Decided, Manifest};
use actix::Handler;
use bitcraps_types::PublicKey;

impl Sync {
    /// A peer describes its snapshot.
    pub(super) fn take_manifest(&mut self, from: PublicKey, manifest: Box<Manifest>) {
        let now = self.now();
        let height = snapshot::described(&manifest).filter(|_| self.check_manifest(&manifest).is_some());
        match height {
            Some(height) => {
                let useful = (height > self.tip.height).then_some((height, manifest));
                self.catch_up.manifest_came(now, &from, useful);
            }
            None => self.punish(from),
        }
    }

    /// The block after a snapshot, if the committee that the handovers lead to decided it.
    fn check_manifest(&self, manifest: &Manifest) -> Option<DecidedBlock> {
        let mut succession = self.succession.clone();
        let (chain, verify, keys) = (&self.chain, &*self.verifications, &*self.ports.dice);
        succession.follow(self.unknown(manifest), Law { chain, verify, keys })?;
        self.check(manifest.next.clone(), &succession.acting)
    }

    /// The handovers of a manifest that are above the tip. This node may have come further since it asked.
    fn unknown<'a>(&self, manifest: &'a Manifest) -> &'a [Decided] {
        let handovers = manifest.handovers.as_slice();
        let known = handovers.partition_point(|decided| decided.certificate.height <= self.tip.height);
        &handovers[known..]
    }

    /// A snapshot is whole. If the certified block after it carries its state root, it is taken over.
    pub(super) fn take_over(&mut self, Downloaded { peer, manifest, chunks }: Downloaded) {
        let handovers = [&self.handovers[..], self.unknown(&manifest)].concat();
        let opened = self.check_manifest(&manifest).and_then(|next| {
            let (snapshot, casino) =
                Snapshot::proven(manifest.last.clone(), handovers, &chunks, &next.block)?;
            let committees = casino.bank().committees().clone();
            let succession = Succession::new(committees, &*self.ports.dice).ok()?;
            Some((snapshot, casino, next, succession))
        });
        let Some((snapshot, casino, next, succession)) = opened else {
            return self.punish(peer);
        };
        if snapshot.height() <= self.tip.height {
            return;
        }
        let (height, root) = (snapshot.height(), next.block.state_root);
        let me = self.address.clone();
        let done = Box::new(move |outcome| me.do_send(TakenOver(outcome)));
        self.ports.disk.replace(journal::SNAPSHOT, snapshot.file(), done);
        self.tip = snapshot.tip();
        self.root = root;
        self.bets_are_up = casino.bank().bets_are_up();
        self.applied = height;
        self.rolling = None;
        self.dice.do_send(Ended(height));
        if self.succession.committees != succession.committees {
            self.succession = succession;
            self.handovers = snapshot.handovers().to_vec();
            self.tell_handover();
        }
        self.taking_over = Some((snapshot, next));
        self.ports.probe.event(Event::StateSynced { height, root });
        let handovers = self.handovers.clone();
        self.treasury.do_send(Restore { casino: Box::new(casino), tip: self.tip, handovers });
    }
}

impl Handler<TakenOver> for Sync {
    type Result = ();

    fn handle(&mut self, TakenOver(outcome): TakenOver, _: &mut Self::Context) {
        if let Err(error) = outcome {
            return disk::halt(&self.ports, journal::SNAPSHOT, &error);
        }
        if let Some((snapshot, next)) = self.taking_over.take() {
            self.durable = snapshot.height();
            self.snapshot = Some(snapshot);
            self.decide(next, true);
            self.pursue();
        }
    }
}
