//! How a coalition of more than f forks HotStuff, in the two rounds that a decision takes.
//!
//! It waits until a member leads a round in which it may propose a new value, and a member leads the next one too. Then:
//!
//! 1. The first group is proposed one value, the second another.
//! 2. Each group votes for its own; the votes go to the next leader, a member. With those of all members, who vote for
//!    both, each makes a quorum: two certificates of one round.
//! 3. The next leader extends both, each for its own group.
//! 4. The votes for these decide. They go to a leader who may be honest, and who sees too few of them: the members keep
//!    theirs. When the honest give the round up, each tells all how it voted, and the coalition makes both deciding
//!    certificates.
//! 5. It shows each group its own.
//!
//! The height at which it first hears anything it leaves alone: that one may be half decided. If some of this is lost,
//! the honest repeat themselves and decide nothing. Then its members follow the protocol again, and wait for another
//! height.

use super::{Lies, Members};
use crate::puppet::variant;
use bitcraps_consensus::hotstuff::{HotStuffMessage, Proposal, QuorumCertificate, SyncInfo, Vote};
use bitcraps_consensus::{HotStuff, Message};
use bitcraps_types::{Digest, Height, Round, Signature, ValidatorIndex};
use std::collections::{BTreeMap, BTreeSet};

/// How often each of the honest is heard before it is given up. A handful of messages is all that it takes.
const PATIENCE: usize = 16;

/// What a vote is for.
type Block = (Round, Digest, Option<Round>);

/// The attack under way, if there is one.
#[derive(Default)]
pub(super) struct Plan {
    attack: Option<Attack>,
    /// The height at which it first heard anything.
    began: Option<Height>,
}

struct Attack {
    height: Height,
    /// How many messages of the honest were heard since.
    heard: usize,
    failed: bool,
    /// The value of each group.
    values: [Digest; 2],
    votes: BTreeMap<Block, BTreeMap<ValidatorIndex, Signature>>,
    /// The blocks that have a certificate.
    certified: BTreeSet<Block>,
    /// By group: the certificate that decides.
    deciding: [Option<QuorumCertificate>; 2],
    told: bool,
}

impl Plan {
    /// Whether the plan speaks at this height, or has spoken.
    pub(super) fn speaks_at(&self, height: Height) -> bool {
        self.attack.as_ref().is_some_and(|attack| height <= attack.height && !attack.failed)
    }

    /// What to say after a message of a member's or of an honest validator's.
    pub(super) fn learn(
        &mut self,
        members: &Members,
        message: &HotStuffMessage,
        signature: Signature,
    ) -> Lies {
        let mut lies = Lies::new();
        let (author, height) = (message.author(), message.height());
        let began = *self.began.get_or_insert(height);
        if let Some(attack) = self.attack.as_mut().filter(|attack| attack.height == height) {
            attack.heard += usize::from(!members.has(author));
            let honest = members.groups.first.len() + members.groups.second.len();
            let each = honest * members.by_place.len();
            attack.failed |= attack.heard > PATIENCE * each;
        }
        match message {
            HotStuffMessage::Proposal(proposal) if height > began => {
                self.begin(members, proposal, &mut lies);
            }
            HotStuffMessage::Vote(vote) if !members.has(vote.author) => {
                if let Some(attack) = self.attack.as_mut().filter(|attack| attack.height == vote.height) {
                    attack.count(*vote, signature);
                    attack.go_on(members, &mut lies);
                }
            }
            _ => {}
        }
        lies
    }

    /// A member proposes: its moment, if another leads next, and the height before is behind.
    fn begin(&mut self, members: &Members, truth: &Proposal, lies: &mut Lies) {
        let (height, round) = (truth.height, truth.round);
        let Some(identity) = members.by_place.get(&truth.author) else { return };
        let next = HotStuff::leader(&identity.validators, height, round.saturating_add(1));
        let new = self.attack.as_ref().is_none_or(|attack| attack.height < height);
        let (Some(value), None, true, true) = (&truth.value, &truth.justify, new, members.has(next)) else {
            return;
        };
        let Some(other) = variant::of(value) else { return };
        let mut attack = Attack {
            height,
            heard: 0,
            failed: false,
            values: [value.digest(), other.digest()],
            votes: BTreeMap::new(),
            certified: BTreeSet::new(),
            deciding: [None, None],
            told: false,
        };
        for (group, value) in [value.clone(), other].into_iter().enumerate() {
            attack.propose(members, group, Proposal { value: Some(value), ..truth.clone() }, lies);
        }
        attack.go_on(members, lies);
        self.attack = Some(attack);
    }
}

impl Attack {
    /// Shows a group a block, for which all members vote.
    fn propose(&mut self, members: &Members, group: usize, proposal: Proposal, lies: &mut Lies) {
        let (height, round, digest) = (proposal.height, proposal.round, proposal.digest());
        let justify = proposal.justify_round();
        for &author in members.by_place.keys() {
            let vote = Vote { height, round, author, digest, justify };
            if let Some(signed) = members.sign(HotStuffMessage::Vote(vote).into()) {
                self.count(vote, signed.signature);
            }
        }
        let to = [&members.groups.first, &members.groups.second][group];
        members.tell(to, HotStuffMessage::Proposal(Box::new(proposal)).into(), lies);
    }

    fn count(&mut self, vote: Vote, signature: Signature) {
        let block = (vote.round, vote.digest, vote.justify);
        self.votes.entry(block).or_default().insert(vote.author, signature);
    }

    /// Makes the certificates that the votes suffice for, and extends them or keeps them for the end.
    fn go_on(&mut self, members: &Members, lies: &mut Lies) {
        while let Some(qc) = self.next_certificate(members) {
            let Some(group) = self.values.iter().position(|digest| *digest == qc.digest) else { continue };
            if qc.commits() {
                self.deciding[group].get_or_insert(qc);
            } else {
                self.extend(members, group, qc, lies);
            }
        }
        if let ([Some(first), Some(second)], false) = (&self.deciding, self.told) {
            self.told = true;
            let groups = [(&members.groups.first, first), (&members.groups.second, second)];
            for (group, qc) in groups {
                let Some(&author) = members.by_place.keys().next() else { return };
                let info = SyncInfo { height: self.height, author, qc: Some(qc.clone()), tc: None };
                members.tell(group, HotStuffMessage::SyncInfo(Box::new(info)).into(), lies);
            }
        }
    }

    fn next_certificate(&mut self, members: &Members) -> Option<QuorumCertificate> {
        let validators = &members.by_place.values().next()?.validators;
        let is_new = |(block, votes): &(&Block, &BTreeMap<_, _>)| {
            let power = votes.keys().map(|signer| validators.power(*signer)).sum();
            !self.certified.contains(*block) && validators.is_quorum(power)
        };
        let (&block, votes) = self.votes.iter().find(is_new)?;
        let (round, digest, justify) = block;
        let signatures = votes.iter().map(|(signer, signature)| (*signer, *signature)).collect();
        self.certified.insert(block);
        Some(QuorumCertificate { height: self.height, round, digest, justify, signatures })
    }

    /// The next leader, if it is a member, goes on with a group's block.
    fn extend(&mut self, members: &Members, group: usize, qc: QuorumCertificate, lies: &mut Lies) {
        let Some(round) = qc.round.checked_add(1) else { return };
        let Some(identity) = members.by_place.values().next() else { return };
        let author = HotStuff::leader(&identity.validators, self.height, round);
        if members.has(author) {
            let height = self.height;
            let proposal = Proposal { height, round, author, justify: Some(qc), tc: None, value: None };
            self.propose(members, group, proposal, lies);
        }
    }
}
