//! What is believed: signatures, the leader's turn, certificates, and proposals that may be voted for.

use super::*;

fn check(message: HotStuffMessage) -> Result<(), Invalid> {
    check_signed(signed(message))
}

fn check_signed(message: Signed<HotStuffMessage>) -> Result<(), Invalid> {
    HotStuff::verify(message, &validators(&[1; 4]), &CHAIN, &TagVerifier).map(|_| ())
}

fn malformed(message: HotStuffMessage) -> bool {
    matches!(check(message), Err(Invalid::Malformed(_)))
}

fn x() -> Value {
    value("x")
}

/// A certificate of round `round`, on the one before it if there is one.
fn good(round: Round) -> QuorumCertificate {
    qc(round, &x(), round.checked_sub(1), &[0, 1, 2])
}

#[test]
fn the_signature_binds_author_chain_and_every_field() {
    let y = value("y");
    let original = HotStuffMessage::Vote(vote(3, &x(), Some(1), 1));
    let signature = signed(original.clone()).signature;
    assert_eq!(check_signed(Signed { message: original.clone(), signature }), Ok(()));
    let other_height = Vote { height: 2, ..vote(3, &x(), Some(1), 1) };
    for forged in [
        vote(2, &x(), Some(1), 1),
        vote(3, &y, Some(1), 1),
        vote(3, &x(), Some(0), 1),
        vote(3, &x(), None, 1),
        vote(3, &x(), Some(2), 1),
        other_height,
    ] {
        let message = HotStuffMessage::Vote(forged);
        assert_eq!(check_signed(Signed { message, signature }), Err(Invalid::Signature(v(1))));
    }
    let stolen = HotStuffMessage::Vote(vote(3, &x(), Some(1), 2));
    assert_eq!(check_signed(Signed { message: stolen, signature }), Err(Invalid::Signature(v(2))));
    let elsewhere = Signed::new(original, &Digest([8; 32]), &key(v(1)));
    assert_eq!(check_signed(elsewhere), Err(Invalid::Signature(v(1))));

    let signature = signed(timeout(3, Some(good(1)), 1)).signature;
    for forged in [timeout(3, None, 1), timeout(3, Some(good(2)), 1), timeout(4, Some(good(1)), 1)] {
        assert_eq!(check_signed(Signed { message: forged, signature }), Err(Invalid::Signature(v(1))));
    }
}

#[test]
fn a_stranger_is_refused() {
    let stranger = HotStuffMessage::Vote(vote(0, &x(), None, 4));
    assert_eq!(check(stranger), Err(Invalid::NotAValidator(v(4))));
}

#[test]
fn only_the_rounds_leader_proposes() {
    let HotStuffMessage::Proposal(mut proposed) = proposal(4, 0, None, None, Some(&x())) else {
        unreachable!("it is one")
    };
    assert_eq!(check(HotStuffMessage::Proposal(proposed.clone())), Ok(()));
    proposed.author = v(2);
    assert!(malformed(HotStuffMessage::Proposal(proposed)));
}

#[test]
fn a_block_follows_its_certificate_or_a_timeout_that_names_none_higher() {
    let claims = |round, highest| tc(round, &[(0, None), (1, highest), (3, None)]);
    let block = |round, justify: Option<Round>, tc: Option<TimeoutCertificate>, with_value: bool| {
        proposal(4, round, justify.map(good), tc, with_value.then(x).as_ref())
    };
    for allowed in [
        block(0, None, None, true),
        block(1, Some(0), None, false),
        block(1, None, Some(claims(0, None)), true),
        block(4, Some(1), Some(claims(3, Some(1))), true),
        block(4, Some(2), Some(claims(3, Some(1))), true),
        block(4, None, Some(claims(3, None)), true),
    ] {
        assert_eq!(check(allowed.clone()), Ok(()), "{allowed:?}");
    }
    for refused in [
        block(1, None, None, true),     // round 0 neither succeeded nor failed
        block(2, Some(0), None, false), // nor did round 1
        block(4, None, Some(claims(3, Some(0))), true), // lower than somebody knew
        block(4, Some(1), Some(claims(3, Some(2))), true), // lower than somebody knew
        block(4, Some(1), Some(claims(2, Some(1))), true), // another round failed
        block(4, Some(1), Some(claims(4, Some(1))), true), // another round failed
        block(4, Some(4), Some(claims(3, Some(1))), true), // a certificate of its own round
        block(4, Some(5), Some(claims(3, Some(1))), true), // and of a later one
        block(5, Some(5), None, false), // and of its own again
        block(4, Some(3), Some(claims(3, Some(1))), false), // a timeout that it does not need
        block(0, None, None, false),    // no value
        block(4, Some(1), Some(claims(3, Some(1))), false), // no value
        block(1, Some(0), None, true),  // a value that a quorum had just now
    ] {
        assert!(malformed(refused.clone()), "{refused:?}");
    }
}

#[test]
fn a_block_carries_the_value_and_the_height_of_the_block_that_it_extends() {
    let claims = tc(1, &[(0, None), (1, Some(0)), (3, None)]);
    let y = value("y");
    assert!(malformed(proposal(4, 2, Some(good(0)), Some(claims.clone()), Some(&y))));
    let mut of_height_2 = good(0);
    of_height_2.height = 2;
    assert!(malformed(proposal(4, 1, Some(of_height_2.clone()), None, None)));
    assert!(malformed(timeout(1, Some(of_height_2.clone()), 0)));
    assert!(malformed(sync_info(0, Some(of_height_2), None)));
    let later = TimeoutCertificate { height: 2, ..claims };
    assert!(malformed(proposal(4, 2, Some(good(0)), Some(later.clone()), Some(&x()))));
    assert!(malformed(sync_info(0, Some(good(0)), Some(later))));
}

#[test]
fn votes_and_timeouts_speak_of_earlier_certificates_only() {
    for (round, justify) in [(0, Some(0)), (3, Some(3)), (3, Some(4))] {
        assert!(malformed(HotStuffMessage::Vote(vote(round, &x(), justify, 1))));
        assert!(malformed(timeout(round, justify.map(good), 1)));
    }
    assert_eq!(check(timeout(3, Some(good(2)), 1)), Ok(()));
}

#[test]
fn passed_on_certificates_let_their_receiver_lead() {
    let claims = tc(3, &[(0, None), (1, Some(1)), (3, None)]);
    assert!(malformed(sync_info(0, None, None)));
    assert!(malformed(sync_info(0, None, Some(claims.clone()))));
    assert!(malformed(sync_info(0, Some(good(0)), Some(claims.clone()))));
    assert_eq!(check(sync_info(0, Some(good(1)), Some(claims.clone()))), Ok(()));
    assert_eq!(check(sync_info(0, Some(good(4)), Some(claims))), Ok(()));
}

#[test]
fn a_certificate_with_a_forged_repeated_disordered_strange_or_missing_signature_is_refused() {
    let good = good(1);
    let mut forged = good.clone();
    forged.signatures[1].1 = Signature([9; 64]);
    let mut repeated = good.clone();
    repeated.signatures[2] = repeated.signatures[1];
    let mut disordered = good.clone();
    disordered.signatures.swap(0, 1);
    let strange = qc(1, &x(), Some(0), &[0, 1, 2, 7]);
    let missing = qc(1, &x(), Some(0), &[0, 1]);
    let empty = qc(1, &x(), Some(0), &[]);
    for bad in [forged, repeated, disordered, strange, missing, empty] {
        for message in [
            proposal(4, 2, Some(bad.clone()), None, None),
            timeout(2, Some(bad.clone()), 0),
            sync_info(0, Some(bad.clone()), None),
        ] {
            assert!(check(message).is_err(), "{bad:?}");
        }
    }
}

#[test]
fn a_timeout_certificate_with_anything_forged_is_refused() {
    let good_tc = tc(3, &[(0, None), (1, Some(1)), (3, None)]);
    let mut forged = good_tc.clone();
    forged.timeouts[0].signature = Signature([9; 64]);
    let mut understated = good_tc.clone();
    understated.timeouts[1].high_qc_round = None;
    let mut overstated = good_tc.clone();
    overstated.timeouts[0].high_qc_round = Some(0);
    let mut repeated = good_tc.clone();
    repeated.timeouts[2] = repeated.timeouts[1];
    let mut disordered = good_tc.clone();
    disordered.timeouts.swap(0, 1);
    let other_round = TimeoutCertificate { round: 2, ..good_tc.clone() };
    let strange = tc(3, &[(0, None), (1, None), (2, None), (9, None)]);
    let missing = tc(3, &[(0, None), (1, Some(1))]);
    let knew_its_own = tc(3, &[(0, None), (1, Some(3)), (3, None)]);
    let with = |tc| sync_info(0, Some(good(1)), Some(tc));
    assert_eq!(check(with(good_tc)), Ok(()));
    for bad in
        [forged, understated, overstated, repeated, disordered, other_round, strange, missing, knew_its_own]
    {
        assert!(check(with(bad.clone())).is_err(), "{bad:?}");
    }
}

#[test]
fn certificates_are_weighed_by_power() {
    let message = signed(timeout(2, Some(qc(1, &x(), Some(0), &[0, 1, 3])), 0));
    let weighed =
        |powers: &[u64]| HotStuff::verify(message.clone(), &validators(powers), &CHAIN, &TagVerifier).is_ok();
    assert!(weighed(&[5, 1, 1, 1]));
    assert!(!weighed(&[1, 1, 5, 1]));
}

#[test]
fn only_the_certificate_of_the_second_of_two_consecutive_rounds_proves_a_decision() {
    let set = validators(&[1; 4]);
    let proves = |qc: &QuorumCertificate| {
        qc.decision().is_some_and(|proof| proof.verify(&set, &CHAIN, &TagVerifier).is_ok())
    };
    assert!(proves(&qc(1, &x(), Some(0), &[0, 1, 2])));
    assert!(!proves(&qc(0, &x(), None, &[0, 1, 2])));
    assert!(!proves(&qc(2, &x(), Some(0), &[0, 1, 2])));
    // Votes for a block on an older certificate, passed off as votes for one on the last.
    let mut passed_off = qc(2, &x(), Some(0), &[0, 1, 2]);
    passed_off.justify = Some(1);
    assert!(!proves(&passed_off));
    assert!(check(timeout(3, Some(passed_off), 0)).is_err());
}
