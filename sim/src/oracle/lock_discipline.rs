//! Property `lock_discipline`: an honest validator never speaks against what it is bound by, unless it was shown the
//! proof that the protocol demands; not even with a crash in between. And it never binds itself without such a proof.
//!
//! What binds and what unbinds is each protocol's definition: in Tendermint a polka of the lock's round or a later one
//! (arXiv:1807.04938, L28 and L36); in PBFT a VIEW-CHANGE that claims every prepared certificate, and a NEW-VIEW that
//! follows from a quorum of them (OSDI 1999, §4.4); in HotStuff the certificate that a block extends, and a quorum that
//! gave the round before up without knowing a higher one (arXiv:2106.10362). All is judged from what was signed.
//! Published bugs of this class: polygon's pbft-consensus #29 did not lock again; nandatown #191 compared no round.

use super::definition::{Law, stated};
use super::finding::Finding;
use super::testimony::Testimony;
use bitcraps_consensus::AnyStatement;
use bitcraps_types::Time;

#[derive(Clone, Debug)]
pub(super) struct LockDiscipline {
    pub(super) finding: Finding,
    /// Whether all that honest nodes hear is known.
    hears: bool,
}

impl LockDiscipline {
    /// Where the world does not tell what nodes hear, a proof may be there that the oracle never sees. Nothing is judged.
    pub(super) fn new(hears: bool) -> LockDiscipline {
        let mut finding = Finding::new("lock_discipline");
        if !hears {
            finding.does_not_apply("in this world nobody tells what was heard");
        }
        LockDiscipline { finding, hears }
    }

    /// An honest node signs. `testimony` does not hold the statement yet.
    pub(super) fn signed(
        &mut self,
        (law, testimony): (&Law, &Testimony),
        at: Time,
        node: u16,
        statement: &AnyStatement,
    ) {
        let Some(said) = stated(statement).filter(|said| said.author.0 == node && self.hears) else { return };
        let record = testimony.at(said.height);
        // What is said again after a crash was judged when it was said.
        if !testimony.knows_of(said.height) || !record.is_whole() || record.knows(said.author, statement) {
            return;
        }
        self.finding.judged();
        if let Some(why) = law.unbound(record, statement) {
            let of = said.content.0.map_or("nothing".to_owned(), |digest| digest.short());
            let detail = format!(
                "node {node}, height {}, round {}: signed a {} for {of}, but {why}",
                said.height, said.round, said.kind
            );
            self.finding.violated(at, detail);
        }
    }
}
