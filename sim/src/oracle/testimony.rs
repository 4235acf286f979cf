//! What was signed, as far as anybody honest knows: what honest nodes say, when they say it, and what others say, when
//! an honest node hears it, alone or inside a certificate.
//!
//! It judges nothing. Who breaks its lock, and who is to blame for a fork, is judged from it. Of whoever is not honest
//! only statements with a valid signature are taken; so nobody can be made to have said what it did not.

use super::definition::{Claim, Law, stated};
use super::fleet::Fleet;
use bitcraps_actors::ports::ConsensusMessage;
use bitcraps_consensus::{AnyStatement, Certificate, Signed};
use bitcraps_types::{Height, Round, Signature, ValidatorIndex};
use litemap::LiteMap;
use std::collections::BTreeMap;

/// All that was signed at the heights that somebody may still decide.
#[derive(Clone, Debug, Default)]
pub(super) struct Testimony {
    heights: BTreeMap<Height, Statements>,
    /// Heights below are forgotten.
    floor: Height,
    /// This one is not.
    kept: Option<Height>,
    /// It was remembered when that was asked for.
    whole: bool,
}

/// All that was signed at one height.
#[derive(Clone, Debug, Default)]
pub(super) struct Statements {
    by: LiteMap<ValidatorIndex, Vec<Signed<AnyStatement>>>,
    /// Who said so.
    backers: LiteMap<Claim, Vec<ValidatorIndex>>,
    /// A liar said more than is remembered.
    cut: bool,
}

static NOTHING: Statements = Statements { by: LiteMap::new(), backers: LiteMap::new(), cut: false };

impl Testimony {
    /// Takes note of what a validator signed. An honest node said it, so the signature is not checked.
    pub(super) fn said(&mut self, statement: Signed<AnyStatement>) {
        if let Some((author, height, claim)) = self.place(&statement.message) {
            self.heights.entry(height).or_default().add(author, claim, statement);
        }
    }

    /// Takes note of what a node has heard of a validator that may lie.
    pub(super) fn heard(&mut self, law: &Law, statement: Signed<AnyStatement>) {
        let Some((author, height, claim)) = self.place(&statement.message) else { return };
        let statements = self.heights.entry(height).or_default();
        if statements.knows(author, &statement.message) {
            return;
        }
        if statements.of(author).count() >= Statements::PER_LIAR {
            statements.cut = true;
        } else if law.signature_is_valid(&statement) {
            statements.add(author, claim, statement);
        }
    }

    /// The same for all that is signed inside a message.
    pub(super) fn heard_within(&mut self, law: &Law, message: &ConsensusMessage, fleet: &Fleet) {
        for enclosed in law.enclosed(message) {
            for (message, signature) in enclosed.parts {
                if stated(&message).is_some_and(|said| !fleet.is_honest(said.author.0)) {
                    self.heard(law, Signed { message, signature });
                }
            }
        }
    }

    /// The same for the votes that a decision is proved by.
    pub(super) fn decided(&mut self, law: &Law, certificate: &Certificate, fleet: &Fleet) {
        let signers = certificate.signatures.iter();
        let votes = signers.filter(|(signer, _)| !fleet.is_honest(signer.0));
        for (author, signature) in votes {
            if let Some(message) = law.commit(certificate, *author) {
                self.heard(law, Signed { message, signature: *signature });
            }
        }
    }

    fn place(&self, statement: &AnyStatement) -> Option<(ValidatorIndex, Height, Claim)> {
        let said = stated(statement)?;
        let is_kept = self.knows_of(said.height);
        is_kept.then_some((said.author, said.height, (said.round, said.kind, said.content)))
    }

    /// What was signed at a height; nothing, if that is forgotten.
    pub(super) fn at(&self, height: Height) -> &Statements {
        self.heights.get(&height).unwrap_or(&NOTHING)
    }

    /// Whether what was signed at a height is remembered.
    pub(super) fn knows_of(&self, height: Height) -> bool {
        height >= self.floor || self.kept == Some(height)
    }

    /// This height will be asked about; only the first counts.
    pub(super) fn keep(&mut self, height: Height) {
        if self.kept.is_none() {
            self.whole = self.knows_of(height);
            self.kept = Some(height);
        }
    }

    /// Whether all that was signed at the height that is kept is there.
    pub(super) fn is_whole(&self) -> bool {
        self.whole && self.kept.is_none_or(|height| self.at(height).is_whole())
    }

    pub(super) fn forget_below(&mut self, height: Height) {
        self.floor = self.floor.max(height);
        let Testimony { heights, floor, kept, .. } = self;
        heights.retain(|height, _| *height >= *floor || Some(*height) == *kept);
    }
}

impl Statements {
    /// No more statements of a liar are taken.
    const PER_LIAR: usize = 1024;

    /// Whether this is all that was said. If not, an absence proves nothing.
    pub(super) fn is_whole(&self) -> bool {
        !self.cut
    }

    fn add(&mut self, author: ValidatorIndex, claim: Claim, signed: Signed<AnyStatement>) {
        let said = self.by.entry(author).or_default();
        if said.iter().any(|before| before.message == signed.message) {
            return;
        }
        said.push(signed);
        let backers = self.backers.entry(claim).or_default();
        if !backers.contains(&author) {
            backers.push(author);
        }
    }

    /// All who said anything, with what they said, in the order in which it became known.
    pub(super) fn authors(&self) -> impl Iterator<Item = (ValidatorIndex, &[Signed<AnyStatement>])> {
        self.by.iter().map(|(author, said)| (*author, &said[..]))
    }

    /// What one validator said, in the order in which it became known.
    pub(super) fn of(
        &self,
        author: ValidatorIndex,
    ) -> impl DoubleEndedIterator<Item = &AnyStatement> + Clone {
        self.by.get(&author).map_or(&[][..], Vec::as_slice).iter().map(|signed| &signed.message)
    }

    /// Whether it said so.
    pub(super) fn knows(&self, author: ValidatorIndex, statement: &AnyStatement) -> bool {
        self.of(author).any(|said| said == statement)
    }

    /// Whether it signed exactly so.
    pub(super) fn knows_signature(
        &self,
        author: ValidatorIndex,
        statement: &AnyStatement,
        signature: &Signature,
    ) -> bool {
        let said = self.by.get(&author).map_or(&[][..], Vec::as_slice);
        said.iter().any(|signed| signed.signature == *signature && signed.message == *statement)
    }

    /// Who made a claim.
    pub(super) fn backers(&self, claim: &Claim) -> &[ValidatorIndex] {
        self.backers.get(claim).map_or(&[], Vec::as_slice)
    }

    /// Every claim, in the order of rounds, with those who made it.
    pub(super) fn claims(&self) -> impl Iterator<Item = (&Claim, &[ValidatorIndex])> {
        self.backers.iter().map(|(claim, backers)| (claim, &backers[..]))
    }

    /// The claims of one kind in one round, with those who made them.
    pub(super) fn claims_in(
        &self,
        round: Round,
        kind: &'static str,
    ) -> impl Iterator<Item = (&Claim, &[ValidatorIndex])> {
        self.backers
            .iter()
            .filter(move |(claim, _)| (claim.0, claim.1) == (round, kind))
            .map(|(claim, backers)| (claim, &backers[..]))
    }
}
