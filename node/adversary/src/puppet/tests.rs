//! Equivocation, amnesia and noise on hand-made messages of Tendermint's, and the switchboard. The other behaviours,
//! under every engine, are in [`lies`] and [`timing`]; what colluders do to a network is in [`fork`].

mod cheats;
mod fork;
mod lies;
mod speech;
mod timing;

use super::*;
use bitcraps_consensus::tendermint::{Polka, PolkaCertificate, Proposal, TendermintMessage, Vote, VoteKind};
use bitcraps_consensus::{AnyMessage, Message, Validator};
use bitcraps_types::{Digest, PublicKey, Signature, Value, Verify};
use rand::SeedableRng;
use std::collections::BTreeSet;

const CHAIN: ChainId = Digest([3; 32]);

fn v(index: u16) -> ValidatorIndex {
    ValidatorIndex(index)
}

fn liars(indices: &[u16]) -> BTreeSet<ValidatorIndex> {
    indices.iter().copied().map(v).collect()
}

/// A tag in the place of a signature. Whoever knows the public key can make it; in these tests nobody does for another.
struct Tag(PublicKey);

impl Tag {
    fn of(author: ValidatorIndex) -> Tag {
        Tag(PublicKey([author.0 as u8 + 1; 32]))
    }
}

impl Sign for Tag {
    fn public_key(&self) -> PublicKey {
        self.0
    }

    fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(blake3::keyed_hash(&self.0.0, message).as_bytes());
        Signature(bytes)
    }
}

struct Tags;

impl Verify for Tags {
    fn verify(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        Tag(*key).sign(message) == *signature
    }
}

fn puppet(me: u16) -> Puppet {
    puppet_of(me, 4)
}

fn validators(count: u16) -> ValidatorSet {
    let validator = |i| Validator { key: Tag::of(v(i)).public_key(), power: 1 };
    ValidatorSet::new((0..count).map(validator).collect()).unwrap()
}

fn puppet_of(me: u16, count: u16) -> Puppet {
    let validators = validators(count);
    let identity = Identity { me: v(me), chain: CHAIN, validators, signer: Rc::new(Tag::of(v(me))) };
    Puppet::new(identity, ChaCha8Rng::seed_from_u64(u64::from(me)))
}

fn signed(message: TendermintMessage) -> Signed<ConsensusMessage> {
    let signer = Tag::of(message.author());
    Signed::new(message.into(), &CHAIN, &signer)
}

fn is_signed_by_its_author(signed: &Signed<ConsensusMessage>) -> bool {
    let key = Tag::of(signed.message.author()).public_key();
    Tags.verify(&key, &signed.message.sign_bytes(&CHAIN), &signed.signature)
}

fn vote(kind: VoteKind, author: u16, round: u32, digest: Option<Digest>) -> Signed<ConsensusMessage> {
    signed(TendermintMessage::Vote(Vote { kind, height: 5, round, author: v(author), digest }))
}

fn proposal(author: u16, value: &Value) -> Signed<ConsensusMessage> {
    let value = value.clone();
    signed(TendermintMessage::Proposal(Box::new(Proposal {
        height: 5,
        round: 0,
        author: v(author),
        value,
        polka: None,
    })))
}

/// What one recipient gets, if it is messages only.
fn told(puppet: &Puppet, to: u16, message: &Signed<ConsensusMessage>) -> Vec<Signed<ConsensusMessage>> {
    let outgoing = puppet.outgoing(Time::ZERO, v(to), message).into_iter();
    outgoing
        .map(|outgoing| match outgoing {
            Outgoing::Message(signed) => *signed,
            Outgoing::Raw(bytes) => panic!("{} raw bytes", bytes.len()),
        })
        .collect()
}

fn digests(votes: &[Signed<ConsensusMessage>], kind: VoteKind) -> Vec<Option<Digest>> {
    let all = votes.iter().filter_map(|signed| match &signed.message {
        AnyMessage::Tendermint(TendermintMessage::Vote(vote)) if vote.kind == kind => Some(vote.digest),
        _ => None,
    });
    all.collect()
}

fn equivocate(what: Kinds, groups: Groups) -> Behaviour {
    Behaviour::from(&Lie::Equivocate { what, groups })
}

#[test]
fn without_an_active_fault_a_puppet_is_honest() {
    let puppet = puppet(0);
    let vote = vote(VoteKind::Prevote, 0, 0, None);
    assert!(!puppet.active() && !puppet.amnesia());
    assert_eq!(told(&puppet, 1, &vote), [vote]);
}

#[test]
fn a_silent_validator_sends_nothing_until_the_fault_ends() {
    let puppet = puppet(0);
    let vote = vote(VoteKind::Prevote, 0, 0, None);
    puppet.activate("mute", Behaviour::from(&Lie::Silent));
    assert!(puppet.active() && told(&puppet, 1, &vote).is_empty() && told(&puppet, 2, &vote).is_empty());
    assert!(puppet.deactivate("mute") && !puppet.deactivate("mute"));
    assert!(!puppet.active());
    assert_eq!(told(&puppet, 1, &vote), [vote]);
    assert_eq!((puppet.touched("mute"), puppet.touched("never")), (2, 0));
}

#[test]
fn a_lie_with_a_chance_touches_about_that_share_of_the_messages() {
    let puppet = puppet(0);
    let vote = vote(VoteKind::Prevote, 0, 0, None);
    puppet.activate_at_times("mute", Behaviour::from(&Lie::Silent), 0.25);
    let heard = (0..1000).filter(|_| !told(&puppet, 1, &vote).is_empty()).count() as u64;
    assert!((700..800).contains(&heard), "{heard} of 1000");
    assert_eq!(puppet.touched("mute"), 1000 - heard);
}

#[test]
fn an_invalid_signature_differs_and_does_not_verify() {
    let puppet = puppet(0);
    puppet.activate("bad", Behaviour::from(&Lie::InvalidSignature));
    let vote = vote(VoteKind::Precommit, 0, 0, Some(Digest([1; 32])));
    for _ in 0..50 {
        let sent = told(&puppet, 1, &vote);
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].message, vote.message);
        assert!(!is_signed_by_its_author(&sent[0]));
    }
    assert_eq!(puppet.touched("bad"), 50);
}

#[test]
fn garbage_comes_in_all_its_forms_and_is_the_same_for_the_same_seed() {
    let run = || {
        let puppet = puppet(0);
        puppet.activate("noise", Behaviour::from(&Lie::GarbageBytes));
        let vote = vote(VoteKind::Prevote, 0, 0, Some(Digest([1; 32])));
        let valid = borsh::to_vec(&vote).unwrap();
        let (mut noise, mut along, mut prefix) = (Vec::new(), 0, 0);
        for _ in 0..100 {
            for outgoing in puppet.outgoing(Time::ZERO, v(1), &vote) {
                match outgoing {
                    Outgoing::Message(_) => along += 1,
                    Outgoing::Raw(bytes) => {
                        assert!(!bytes.is_empty() && bytes != valid);
                        prefix += usize::from(bytes.len() > 8 && valid.starts_with(&bytes[..8]));
                        noise.push(bytes);
                    }
                }
            }
        }
        assert!(noise.len() == 100 && along > 10 && prefix > 10 && along < 90, "{along} {prefix}");
        noise
    };
    assert_eq!(run(), run());
}

#[test]
fn an_equivocating_proposer_shows_two_valid_blocks() {
    let puppet = puppet(0);
    puppet.activate(
        "lie",
        equivocate(
            Kinds { proposal: true, prevote: false, precommit: false },
            Groups::halves(4, &liars(&[0])),
        ),
    );
    let block = fork::block(5, 0);
    let truth = proposal(0, &block);
    let (first, also_first, second) =
        (told(&puppet, 1, &truth), told(&puppet, 2, &truth), told(&puppet, 3, &truth));
    assert_eq!((&first, &also_first), (&vec![truth.clone()], &vec![truth.clone()]));
    let [second] = &second[..] else { panic!("one proposal each: {second:?}") };
    let AnyMessage::Tendermint(TendermintMessage::Proposal(other)) = &second.message else {
        panic!("{second:?}")
    };
    assert_ne!(other.value, block);
    assert_eq!((other.height, other.round, other.author), (5, 0, v(0)));
    assert!(is_signed_by_its_author(second));
    bitcraps_casino::Block::decode(other.value.bytes()).unwrap();
    assert_eq!(puppet.touched("lie"), 1);
    assert_eq!(told(&puppet, 3, &truth), std::slice::from_ref(second), "a repetition says the same");
    let vote = vote(VoteKind::Prevote, 0, 0, None);
    assert_eq!(told(&puppet, 3, &vote), [vote], "only proposals were asked for");
}

#[test]
fn with_one_value_the_second_group_is_told_nil() {
    let puppet = puppet(0);
    let what = Kinds { proposal: false, prevote: true, precommit: true };
    puppet.activate("lie", equivocate(what, Groups::halves(4, &liars(&[0]))));
    let value = Some(Digest([9; 32]));
    for kind in [VoteKind::Prevote, VoteKind::Precommit] {
        let truth = vote(kind, 0, 0, value);
        assert_eq!(told(&puppet, 1, &truth), std::slice::from_ref(&truth));
        let second = told(&puppet, 3, &truth);
        assert_eq!((second.len(), digests(&second, kind)), (1, vec![None]));
        assert!(second.iter().all(is_signed_by_its_author));
    }
    let nil = vote(VoteKind::Prevote, 0, 1, None);
    assert_eq!(told(&puppet, 1, &nil), [nil], "no value of this round is known");
}

#[test]
fn liars_that_double_proposals_wait_for_a_turn_of_their_own() {
    let puppet = puppet(0);
    puppet.activate("fork", equivocate(Kinds::ALL, Groups::halves(4, &liars(&[0, 1]))));
    let truth = vote(VoteKind::Prevote, 0, 0, Some(Digest([9; 32])));
    for to in 1..4 {
        assert_eq!(told(&puppet, to, &truth), std::slice::from_ref(&truth));
    }
    assert_eq!(puppet.touched("fork"), 0);
}

#[test]
fn who_stands_in_both_groups_gets_the_evidence() {
    let puppet = puppet(2);
    let what = Kinds { proposal: false, prevote: true, precommit: false };
    puppet.activate("lie", equivocate(what, Groups::everyone_twice(4, &liars(&[2]))));
    let value = Some(Digest([9; 32]));
    let both = told(&puppet, 0, &vote(VoteKind::Prevote, 2, 0, value));
    assert_eq!(digests(&both, VoteKind::Prevote), [value, None]);
    assert!(both.iter().all(is_signed_by_its_author));
}

#[test]
fn colluders_vote_for_each_groups_own_block_whatever_their_engines_say() {
    let (proposer, voter) = (puppet(2), puppet(3));
    let lie = equivocate(Kinds::ALL, Groups::halves(4, &liars(&[2, 3])));
    proposer.activate("fork", lie.clone());
    voter.activate("fork", lie);
    let block = fork::block(5, 0);
    let truth = proposal(2, &block);
    let AnyMessage::Tendermint(TendermintMessage::Proposal(other)) =
        told(&proposer, 1, &truth).remove(0).message
    else {
        panic!()
    };
    let (first, second) = (Some(block.digest()), Some(other.value.digest()));
    // The voter's engine saw no proposal in time.
    let nil = vote(VoteKind::Prevote, 3, 0, None);
    for (to, value) in [(0, first), (1, second)] {
        let sent = told(&voter, to, &nil);
        assert_eq!(digests(&sent, VoteKind::Prevote), [value]);
        assert_eq!(
            digests(&sent, VoteKind::Precommit),
            [value],
            "the precommit does not wait for the engine"
        );
        assert!(sent.iter().all(is_signed_by_its_author));
    }
    assert_eq!(told(&voter, 2, &nil), std::slice::from_ref(&nil), "among liars nothing is hidden");
    assert_eq!(voter.touched("fork"), 2);
}

#[test]
fn colluders_do_not_show_one_group_the_other_groups_polka() {
    let proposer = puppet(2);
    proposer.activate("fork", equivocate(Kinds::ALL, Groups::halves(4, &liars(&[2, 3]))));
    let value = fork::block(5, 0);
    told(&proposer, 0, &proposal(2, &value));
    let certificate =
        PolkaCertificate { height: 5, round: 0, digest: value.digest(), signatures: Vec::new() };
    let polka = signed(TendermintMessage::Polka(Box::new(Polka { author: v(2), value, certificate })));
    assert_eq!(told(&proposer, 0, &polka), std::slice::from_ref(&polka));
    assert!(told(&proposer, 1, &polka).is_empty());
}

#[test]
fn what_others_signed_is_relayed_as_it_is() {
    let puppet = puppet(0);
    puppet.activate("lie", equivocate(Kinds::ALL, Groups::halves(4, &liars(&[0]))));
    let theirs = vote(VoteKind::Prevote, 1, 0, Some(Digest([9; 32])));
    assert_eq!(told(&puppet, 3, &theirs), [theirs]);
}

#[test]
fn amnesia_counts_prevotes_after_a_forgotten_lock_once_each() {
    let puppet = puppet(0);
    puppet.activate("forget", Behaviour::from(&Lie::Amnesia));
    assert!(puppet.amnesia());
    let value = Some(Digest([9; 32]));
    let says = |message: &Signed<ConsensusMessage>| {
        for to in [1, 2, 3] {
            assert_eq!(told(&puppet, to, message), std::slice::from_ref(message));
        }
        puppet.touched("forget")
    };
    assert_eq!(says(&vote(VoteKind::Prevote, 0, 0, value)), 0);
    assert_eq!(says(&vote(VoteKind::Precommit, 0, 0, value)), 0, "now it would be locked");
    assert_eq!(says(&vote(VoteKind::Prevote, 0, 1, Some(Digest([8; 32])))), 1);
    assert_eq!(says(&vote(VoteKind::Prevote, 0, 2, None)), 2);
    puppet.deactivate("forget");
    assert!(!puppet.amnesia());
}

#[test]
fn behaviours_act_in_the_order_of_their_activation() {
    let puppet = puppet(0);
    let what = Kinds { proposal: false, prevote: true, precommit: false };
    puppet.activate("lie", equivocate(what, Groups::everyone_twice(4, &liars(&[0]))));
    puppet.activate("bad", Behaviour::from(&Lie::InvalidSignature));
    let sent = told(&puppet, 1, &vote(VoteKind::Prevote, 0, 0, Some(Digest([9; 32]))));
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|signed| !is_signed_by_its_author(signed)));
    assert_eq!((puppet.touched("lie"), puppet.touched("bad")), (1, 2));
    puppet.activate("mute", Behaviour::from(&Lie::Silent));
    assert!(told(&puppet, 1, &vote(VoteKind::Prevote, 0, 0, None)).is_empty());
}

/// Two equivocators without a shared memory, and what the second has heard from the first on their line.
fn on_a_line(what: Kinds, groups: &Groups) -> (Puppet, Puppet) {
    let behaviours = [0, 1].map(|_| equivocate(what, groups.clone()));
    let [one, other] = behaviours.each_ref().map(|equivocation| equivocation.collusion().unwrap());
    for (from, to) in [(one, other.clone()), (other, one.clone())] {
        from.borrow_mut().set_line(Box::new(move |said| to.borrow_mut().learn(said)));
    }
    let puppets = (puppet(2), puppet(3));
    let [one, other] = behaviours;
    puppets.0.activate("fork", one);
    puppets.1.activate("fork", other);
    puppets
}

#[test]
fn colluders_in_two_processes_tell_each_group_the_same_if_they_have_a_line() {
    let (proposer, voter) = on_a_line(Kinds::ALL, &Groups::halves(4, &liars(&[2, 3])));
    let block = fork::block(5, 0);
    let AnyMessage::Tendermint(TendermintMessage::Proposal(other)) =
        told(&proposer, 1, &proposal(2, &block)).remove(0).message
    else {
        panic!("a proposal")
    };
    let nil = vote(VoteKind::Prevote, 3, 0, None);
    for (to, value) in [(0, block.digest()), (1, other.value.digest())] {
        assert_eq!(digests(&told(&voter, to, &nil), VoteKind::Prevote), [Some(value)]);
    }
}

#[test]
fn a_second_value_belongs_to_its_first() {
    let mut collusion = Collusion::new(Groups::default());
    let [first, other, second] = [1, 2, 3].map(|byte| Digest([byte; 32]));
    let said = |first, second| Said { height: 5, round: 0, first, second };
    collusion.learn(said(first, None));
    collusion.learn(said(other, Some(second)));
    assert_eq!(collusion.votes(5, 0, None), Some((first, None)));
    collusion.learn(said(first, Some(second)));
    assert_eq!(collusion.votes(5, 0, None), Some((first, Some(second))));
}

#[test]
fn what_one_liar_votes_for_the_other_knows_and_no_value_takes_the_first_ones_place() {
    let what = Kinds { proposal: false, prevote: true, precommit: true };
    let (one, other) = on_a_line(what, &Groups::halves(4, &liars(&[2, 3])));
    let value = Some(Digest([9; 32]));
    told(&one, 0, &vote(VoteKind::Prevote, 2, 0, value));
    for engine in [None, Some(Digest([8; 32]))] {
        let sent = told(&other, 0, &vote(VoteKind::Prevote, 3, 0, engine));
        assert_eq!(digests(&sent, VoteKind::Prevote), [value]);
    }
}
