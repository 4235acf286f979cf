//! Repetition, polkas that are passed on, the next height's messages, and who is ahead or behind.

use super::rig::Rig;
use super::*;
use crate::inbox::PER_AUTHOR;

/// What was relayed since the last look, with its destination.
fn relayed(rig: &mut Rig) -> Vec<(Dest, TendermintMessage)> {
    let relay = |output| match output {
        Output::Relay { to, message } => Some((to, message.message)),
        _ => None,
    };
    rig.take().into_iter().filter_map(relay).collect()
}

fn to_all(rig: &mut Rig) -> Vec<TendermintMessage> {
    relayed(rig).into_iter().filter(|(to, _)| *to == Dest::All).map(|(_, message)| message).collect()
}

fn ahead(rig: &mut Rig) -> Vec<(usize, Height)> {
    let ahead = |output| match output {
        Output::Ahead { of, height } => Some((of.index(), height)),
        _ => None,
    };
    rig.take().into_iter().filter_map(ahead).collect()
}

fn behind(rig: &mut Rig) -> Vec<Height> {
    let behind = |output| match output {
        Output::Behind { seen, .. } => Some(seen),
        _ => None,
    };
    rig.take().into_iter().filter_map(behind).collect()
}

#[test]
fn it_repeats_what_it_said_when_nothing_moved_and_not_before() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.ring(TimerKind::Rebroadcast);
    assert!(to_all(&mut rig).is_empty());
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(to_all(&mut rig), [Rig::my_prevote(0, Some(x.digest()))]);
    rig.prevotes(0, Some(x.digest()), &[1, 2]);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert!(to_all(&mut rig).is_empty(), "it moved to the precommit");
}

#[test]
fn one_who_comes_within_reach_hears_what_it_said_in_this_round() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.take();
    rig.input(Input::Reachable(ValidatorIndex(2)));
    assert_eq!(relayed(&mut rig), [(Dest::One(ValidatorIndex(2)), Rig::my_prevote(0, Some(x.digest())))]);
}

#[test]
fn while_it_waits_for_the_next_height_it_sends_its_votes_to_a_few_once() {
    let x = value("x");
    let mut rig = Rig::new(10);
    rig.proposal(0, &x);
    let others: Vec<usize> = (1..10).collect();
    rig.prevotes(0, Some(x.digest()), &others);
    rig.precommits(0, Some(x.digest()), &others);
    assert!(rig.decided().is_some());
    let mut told: Vec<Vec<Dest>> = Vec::new();
    for _ in 0..12 {
        rig.ring(TimerKind::Rebroadcast);
        let mut to: Vec<Dest> = relayed(&mut rig).into_iter().map(|(to, _)| to).collect();
        to.dedup();
        told.push(to);
    }
    let few: Vec<usize> = told.iter().map(Vec::len).collect();
    assert_eq!(few, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_ne!(told[0], told[1]);
}

#[test]
fn it_also_repeats_its_last_precommit_of_an_earlier_round_and_its_polka() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.prevotes(0, Some(x.digest()), &[1, 2]);
    rig.fail_round();
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    let out = rig.take();
    let repeated = |output: &Output<Tendermint>| match output {
        Output::Relay { to: Dest::All, message } => message.message == Rig::my_precommit(0, Some(x.digest())),
        _ => false,
    };
    assert!(out.iter().any(repeated));
    let polka = |output: &Output<Tendermint>| {
        matches!(output, Output::Sign { message: TendermintMessage::Polka(_), after: 1.., .. })
    };
    assert!(out.iter().any(polka), "once the write of the valid value is durable");
}

#[test]
fn each_ring_sends_the_votes_it_holds_to_the_next_validator() {
    let mut rig = Rig::new(4);
    rig.prevotes(0, None, &[1, 2]);
    rig.take();
    let mut seen = Vec::new();
    for _ in 0..4 {
        rig.ring(TimerKind::Rebroadcast);
        let mut to_one: Vec<(Dest, TendermintMessage)> = relayed(&mut rig);
        to_one.retain(|(to, _)| *to != Dest::All);
        assert_eq!(to_one.len(), 2);
        seen.push(to_one[0].0);
    }
    assert_eq!(seen, [v(1), v(2), v(3), v(1)].map(Dest::One));
}

/// What brought one validator into a round brings the others too, even if a Byzantine validator told it to one only.
#[test]
fn one_who_is_stuck_sends_the_votes_that_brought_it_into_its_round() {
    let mut rig = Rig::new(4);
    rig.precommits(0, None, &[1, 2, 3]);
    rig.fail_round();
    rig.prevotes(900, None, &[3]);
    rig.ring(TimerKind::Rebroadcast);
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    let mut sent = relayed(&mut rig);
    sent.retain(|(to, _)| *to != Dest::All);
    let sent: Vec<(&str, Round)> =
        sent.iter().map(|(_, message)| (message.kind(), message.round())).collect();
    let precommit = ("precommit", 0);
    assert_eq!(sent, [precommit, precommit, precommit, precommit, ("prevote", 900)]);
}

#[test]
fn votes_of_the_last_height_are_sent_too() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.precommits(0, Some(x.digest()), &[1, 2, 3]);
    rig.input(Input::Advance { height: 2, validators: rig.set.clone() });
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    let heights: Vec<Height> = relayed(&mut rig).iter().map(|(_, message)| message.height()).collect();
    assert_eq!(heights, [1; 4], "its own prevote and three precommits");
}

#[test]
fn the_timer_keeps_its_deadline_through_heights() {
    let mut rig = Rig::new(4);
    let deadline = |rig: &mut Rig| {
        rig.take().into_iter().find_map(|output| match output {
            Output::SetTimer { timer, at } if timer.kind == TimerKind::Rebroadcast => Some(at),
            _ => None,
        })
    };
    let first = deadline(&mut rig);
    rig.now = rig.now + Duration::from_millis(20);
    rig.input(Input::Advance { height: 2, validators: rig.set.clone() });
    assert!(first.is_some());
    assert_eq!(deadline(&mut rig), first, "or it would never ring where heights are short");
}

/// Malachite #956: validator 0 alone is locked on x; the others never saw its polka. Told, they can prevote x.
#[test]
fn a_polka_is_passed_on_when_its_round_failed() {
    let x = value("x");
    let mut locked = Rig::new(4);
    locked.proposal(0, &x);
    locked.prevotes(0, Some(x.digest()), &[1, 3]);
    locked.take();
    locked.fail_round();
    let passed_on = locked.said().into_iter().find(|message| message.kind() == "polka").unwrap();

    let mut other = Rig::weighted(&[1; 4], Some(2));
    other.ring(TimerKind::Propose);
    other.ring(TimerKind::Prevote);
    other.hear(passed_on);
    other.take();
    other.ring(TimerKind::Precommit);
    let proposal = other.said().into_iter().find_map(|message| match message {
        TendermintMessage::Proposal(proposal) => Some(proposal),
        _ => None,
    });
    let proposal = proposal.expect("validator 2 proposes in round 1");
    assert_eq!((proposal.value.clone(), proposal.valid_round()), (x, Some(0)));
}

#[test]
fn a_polka_of_this_round_completes_the_prevotes_and_brings_the_value() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.ring(TimerKind::Propose);
    rig.take();
    let certificate = polka(1, 0, &x, &[1, 2, 3]);
    rig.hear(TendermintMessage::Polka(Box::new(Polka { author: v(1), value: x.clone(), certificate })));
    assert_eq!(rig.said(), [Rig::my_precommit(0, Some(x.digest()))]);
}

#[test]
fn messages_of_the_next_height_wait_for_it() {
    let x = value("x");
    let mut rig = Rig::new(4);
    let proposal = Proposal { height: 2, round: 0, author: v(2), value: x.clone(), polka: None };
    for author in [1, 2, 3] {
        rig.hear(vote(VoteKind::Precommit, 2, 0, author, Some(x.digest())));
    }
    rig.hear(TendermintMessage::Proposal(Box::new(proposal)));
    assert_eq!(rig.engine.height(), 1);
    rig.input(Input::Advance { height: 2, validators: rig.set.clone() });
    assert_eq!(rig.decided().unwrap().0, x);
}

#[test]
fn what_waits_is_bounded_per_author_and_the_latest_stays() {
    let mut rig = Rig::new(4);
    for round in 0..1_000 {
        rig.hear(vote(VoteKind::Prevote, 2, round, 1, None));
        rig.hear(vote(VoteKind::Prevote, 2, round, 1, None));
    }
    let waiting = rig.engine.inbox.take(4);
    let rounds: Vec<Round> = waiting.iter().map(|signed| signed.message.round()).collect();
    assert_eq!(rounds, (1_000 - PER_AUTHOR as Round..1_000).collect::<Vec<_>>());
}

#[test]
fn messages_verified_against_other_validators_are_not_replayed() {
    let x = value("x");
    let mut rig = Rig::new(4);
    for author in [1, 2, 3] {
        rig.hear(vote(VoteKind::Prevote, 2, 0, author, Some(x.digest())));
    }
    rig.input(Input::Advance { height: 2, validators: validators(&[1, 1, 1, 2]) });
    assert_eq!(rig.engine.votes.held(), 0);
}

#[test]
fn a_message_from_beyond_the_next_height_says_once_that_we_are_behind() {
    let mut rig = Rig::new(4);
    rig.take();
    for round in 0..3 {
        rig.hear(vote(VoteKind::Prevote, 9, round, 1, None));
    }
    assert_eq!(behind(&mut rig), [9]);
}

#[test]
fn f_plus_one_in_the_next_height_say_at_each_repetition_that_we_are_behind() {
    let mut rig = Rig::new(4);
    rig.hear(vote(VoteKind::Prevote, 2, 0, 1, None));
    rig.ring(TimerKind::Rebroadcast);
    rig.ring(TimerKind::Rebroadcast);
    assert!(behind(&mut rig).is_empty(), "one may lie");
    rig.hear(vote(VoteKind::Prevote, 3, 0, 2, None));
    rig.take();
    rig.ring(TimerKind::Rebroadcast);
    assert_eq!(behind(&mut rig), [2]);
}

/// At height 3; validators 1 and 2 were seen there, 3 was not.
fn at_height_3() -> Rig {
    let mut rig = Rig::new(4);
    for height in [2, 3] {
        rig.input(Input::Advance { height, validators: rig.set.clone() });
    }
    rig.hear(vote(VoteKind::Prevote, 3, 0, 1, None));
    rig.hear(vote(VoteKind::Prevote, 3, 0, 2, None));
    rig.take();
    rig
}

#[test]
fn one_who_speaks_of_an_old_height_is_behind_and_is_named_once_per_height() {
    let mut rig = at_height_3();
    rig.hear(vote(VoteKind::Prevote, 1, 0, 3, None));
    rig.hear(vote(VoteKind::Precommit, 1, 0, 3, None));
    assert_eq!(ahead(&mut rig), [(3, 1)]);
    rig.input(Input::Advance { height: 4, validators: rig.set.clone() });
    rig.hear(vote(VoteKind::Precommit, 1, 4, 3, None));
    assert_eq!(ahead(&mut rig), [(3, 1)]);
}

#[test]
fn one_who_was_seen_later_is_not_behind() {
    let mut rig = at_height_3();
    rig.hear(vote(VoteKind::Prevote, 1, 0, 1, None));
    rig.hear(vote(VoteKind::Prevote, 2, 0, 1, None));
    assert!(ahead(&mut rig).is_empty());
}

#[test]
fn a_vote_of_the_last_height_is_merely_late_until_an_interval_has_passed() {
    let mut rig = at_height_3();
    rig.hear(vote(VoteKind::Precommit, 2, 0, 3, None));
    assert!(ahead(&mut rig).is_empty());
    rig.now = rig.now + Duration::from_millis(500);
    rig.hear(vote(VoteKind::Precommit, 2, 0, 3, None));
    assert_eq!(ahead(&mut rig), [(3, 2)]);
}

#[cfg(feature = "byzantine")]
#[test]
fn amnesia_forgets_the_lock_and_keeps_the_valid_value() {
    let x = value("x");
    let mut rig = Rig::new(4);
    rig.proposal(0, &x);
    rig.prevotes(0, Some(x.digest()), &[1, 2]);
    rig.fail_round();
    rig.engine.forget_lock();
    rig.take();
    rig.proposal(1, &value("y"));
    assert_eq!(rig.said(), [Rig::my_prevote(1, Some(value("y").digest()))]);
    assert!(rig.engine.valid.is_some());
}
