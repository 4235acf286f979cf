//! Byzantine validators that try to keep two values alive: as leaders they give each group another value, and carry
//! each on to its own group; they vote for everything that anyone proposes; they give up every round that anyone
//! gives up and claim to know no certificate; they propose what no correct validator may vote for; and what decides a
//! value they tell to one only.

use super::*;
use crate::tests::net::{Lie, Played, Scene};
use bitcraps_types::Height;
use std::collections::{BTreeMap, BTreeSet};

type Lies = Vec<Lie<HotStuffMessage>>;
type Block = (Height, Round, Digest, Option<Round>);
/// What each claims to know, with its signature.
type Claims = BTreeMap<ValidatorIndex, (Option<Round>, Signature)>;

/// What they know together.
#[derive(Default)]
pub(crate) struct Coalition {
    votes: BTreeMap<Block, BTreeMap<ValidatorIndex, Signature>>,
    timeouts: BTreeMap<(Height, Round), Claims>,
    qcs: BTreeMap<(Height, Round, Digest), QuorumCertificate>,
    tcs: BTreeMap<(Height, Round), TimeoutCertificate>,
    values: BTreeMap<Digest, Value>,
    /// The group that each of their own values is for.
    meant_for: BTreeMap<Digest, usize>,
    /// Each thing is said once to each.
    told: BTreeSet<(usize, Vec<u8>)>,
}

impl Played for HotStuff {
    type Coalition = Coalition;

    fn begin(config: Config, validators: ValidatorSet, height: Height) -> HotStuff {
        HotStuff::new(config, validators, height)
    }

    fn collude(coalition: &mut Coalition, scene: &Scene, _: usize, heard: &Signed<HotStuffMessage>) -> Lies {
        let mut lies = Vec::new();
        coalition.hear(scene, heard, &mut lies);
        let (height, round) = (heard.message.height(), heard.message.round());
        coalition.make_certificates(scene, height, &mut lies);
        for round in round.saturating_sub(1)..=round.saturating_add(2) {
            coalition.lead(scene, height, round, &mut lies);
        }
        if round > 0 {
            coalition.lead(scene, height + 1, 0, &mut lies);
        }
        lies
    }
}

impl Coalition {
    fn hear(&mut self, scene: &Scene, heard: &Signed<HotStuffMessage>, lies: &mut Lies) {
        let (qc, tc) = heard.message.certificates();
        qc.into_iter().for_each(|qc| self.keep_qc(qc));
        if let Some(tc) = tc {
            self.tcs.entry((tc.height, tc.round)).or_insert_with(|| tc.clone());
        }
        match &heard.message {
            HotStuffMessage::Proposal(proposal) => {
                if let Some(value) = &proposal.value {
                    self.values.insert(value.digest(), value.clone());
                }
                self.vote(scene, proposal, lies);
            }
            HotStuffMessage::Vote(vote) => self.keep_vote(*vote, heard.signature),
            HotStuffMessage::Timeout(timeout) => {
                let Timeout { height, round, author, .. } = **timeout;
                self.keep_timeout(height, round, author, timeout.high_qc_round(), heard.signature);
                for &by in &scene.byzantine {
                    let forgetful = Timeout { height, round, author: v(by), high_qc: None };
                    let lie = signed(HotStuffMessage::Timeout(Box::new(forgetful)));
                    self.keep_timeout(height, round, v(by), None, lie.signature);
                    scene.correct().for_each(|to| self.tell(by, to, &lie.message, lies));
                }
            }
            HotStuffMessage::SyncInfo(_) => {}
        }
    }

    fn keep_qc(&mut self, qc: &QuorumCertificate) {
        self.qcs.entry((qc.height, qc.round, qc.digest)).or_insert_with(|| qc.clone());
    }

    fn keep_vote(&mut self, vote: Vote, signature: Signature) {
        let block = (vote.height, vote.round, vote.digest, vote.justify);
        self.votes.entry(block).or_default().insert(vote.author, signature);
    }

    fn keep_timeout(
        &mut self,
        height: Height,
        round: Round,
        author: ValidatorIndex,
        high_qc_round: Option<Round>,
        signature: Signature,
    ) {
        self.timeouts.entry((height, round)).or_default().entry(author).or_insert((high_qc_round, signature));
    }

    /// Each of them votes for the block, and lets all whom its value is for know.
    fn vote(&mut self, scene: &Scene, proposal: &Proposal, lies: &mut Lies) {
        let (height, round, digest) = (proposal.height, proposal.round, proposal.digest());
        for &by in &scene.byzantine {
            let vote = Vote { height, round, author: v(by), digest, justify: proposal.justify_round() };
            let vote = signed(HotStuffMessage::Vote(vote));
            if let HotStuffMessage::Vote(content) = vote.message {
                self.keep_vote(content, vote.signature);
            }
            let to_whom: Vec<usize> = scene.correct().filter(|to| self.is_for(scene, *to, &digest)).collect();
            to_whom.into_iter().for_each(|to| self.tell(by, to, &vote.message, lies));
        }
    }

    /// A value of a correct leader's is for all.
    fn is_for(&self, scene: &Scene, node: usize, digest: &Digest) -> bool {
        self.meant_for.get(digest).is_none_or(|group| *group == scene.group(node))
    }

    fn make_certificates(&mut self, scene: &Scene, height: Height, lies: &mut Lies) {
        let power = |signers: &mut dyn Iterator<Item = ValidatorIndex>| -> u64 {
            signers.map(|signer| scene.set.power(signer)).sum()
        };
        let blocks = (height, 0, Digest::ZERO, None)..(height + 1, 0, Digest::ZERO, None);
        let mut made = Vec::new();
        for (&(height, round, digest, justify), votes) in self.votes.range(blocks) {
            let new = !self.qcs.contains_key(&(height, round, digest));
            if new && scene.set.is_quorum(power(&mut votes.keys().copied())) {
                let signatures = votes.iter().map(|(author, signature)| (*author, *signature)).collect();
                made.push(QuorumCertificate { height, round, digest, justify, signatures });
            }
        }
        for qc in made {
            self.keep_qc(&qc);
            if let Some(&by) = scene.byzantine.first().filter(|_| qc.commits()) {
                let info = SyncInfo { height, author: v(by), qc: Some(qc.clone()), tc: None };
                let info = HotStuffMessage::SyncInfo(Box::new(info));
                let victim = scene.correct().find(|to| self.is_for(scene, *to, &qc.digest));
                victim.into_iter().for_each(|to| self.tell(by, to, &info, lies));
            }
        }
        for (&(height, round), timeouts) in self.timeouts.range((height, 0)..(height + 1, 0)) {
            if scene.set.is_quorum(power(&mut timeouts.keys().copied())) {
                let timeouts = timeouts
                    .iter()
                    .map(|(&signer, &(high_qc_round, signature))| TimeoutSignature {
                        signer,
                        high_qc_round,
                        signature,
                    })
                    .collect();
                let tc = TimeoutCertificate { height, round, timeouts };
                self.tcs.entry((height, round)).or_insert(tc);
            }
        }
    }

    /// If one of them leads this round, it proposes whatever lets somebody vote.
    fn lead(&mut self, scene: &Scene, height: Height, round: Round, lies: &mut Lies) {
        let leader = HotStuff::leader(&scene.set, height, round);
        if !scene.byzantine.contains(&leader.index()) {
            return;
        }
        let all = |qcs: &BTreeMap<_, QuorumCertificate>, round| -> Vec<QuorumCertificate> {
            qcs.range((height, round, Digest::ZERO)..(height, round + 1, Digest::ZERO))
                .map(|(_, qc)| qc.clone())
                .collect()
        };
        if let Some(before) = round.checked_sub(1) {
            for qc in all(&self.qcs, before) {
                self.propose(scene, leader, (height, round), Some(qc), None, None, lies);
            }
            let Some(tc) = self.tcs.get(&(height, before)).cloned() else {
                return;
            };
            // A new value even if the timeouts forbid it: who votes for it has not checked them.
            self.propose_new(scene, leader, (height, round), Some(tc.clone()), lies);
            let Some(high) = tc.high_qc_round() else {
                return;
            };
            // As low as the timeouts let it.
            for qc in all(&self.qcs, high).into_iter().filter(|_| high < before) {
                let value = self.values.get(&qc.digest).cloned();
                if value.is_some() {
                    self.propose(scene, leader, (height, round), Some(qc), Some(tc.clone()), value, lies);
                }
            }
        } else {
            self.propose_new(scene, leader, (height, round), None, lies);
        }
    }

    fn propose_new(
        &mut self,
        scene: &Scene,
        leader: ValidatorIndex,
        (height, round): (Height, Round),
        tc: Option<TimeoutCertificate>,
        lies: &mut Lies,
    ) {
        for group in 0..2 {
            let value = value(&format!("{height}/{round} for group {group}"));
            self.values.insert(value.digest(), value.clone());
            self.meant_for.insert(value.digest(), group);
            self.propose(scene, leader, (height, round), None, tc.clone(), Some(value), lies);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of a proposal")]
    fn propose(
        &mut self,
        scene: &Scene,
        author: ValidatorIndex,
        (height, round): (Height, Round),
        justify: Option<QuorumCertificate>,
        tc: Option<TimeoutCertificate>,
        value: Option<Value>,
        lies: &mut Lies,
    ) {
        let proposal = Proposal { height, round, author, justify, tc, value };
        let digest = proposal.digest();
        self.vote(scene, &proposal, lies);
        let message = HotStuffMessage::Proposal(Box::new(proposal));
        let to_whom: Vec<usize> = scene.correct().filter(|to| self.is_for(scene, *to, &digest)).collect();
        to_whom.into_iter().for_each(|to| self.tell(author.index(), to, &message, lies));
    }

    fn tell(&mut self, by: usize, to: usize, message: &HotStuffMessage, lies: &mut Lies) {
        let statement = borsh::to_vec(&message.statement()).unwrap();
        if self.told.insert((to, statement)) {
            lies.push(Lie { by, to, message: message.clone() });
        }
    }
}
