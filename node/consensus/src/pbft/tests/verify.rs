//! What is believed: signatures, the primary's turn, quorums, and that O follows from V.

use super::*;

fn check(message: PbftMessage) -> Result<(), Invalid> {
    check_signed(signed(message))
}

fn check_signed(signed: Signed<PbftMessage>) -> Result<(), Invalid> {
    Pbft::verify(signed, &validators(&[1; 4]), &CHAIN, &TagVerifier).map(|_| ())
}

fn refused(message: PbftMessage) {
    assert!(check(message.clone()).is_err(), "{message:?}");
}

#[test]
fn the_signature_binds_author_chain_and_every_field() {
    let (x, y) = (value("x"), value("y"));
    let ballot = |kind, height, view, value| vote(kind, height, view, 1, value);
    let original = ballot(VoteKind::Prepare, 1, 0, &x);
    let signature = signed(original.clone()).signature;
    assert_eq!(check(original.clone()), Ok(()));
    for forged in [
        ballot(VoteKind::Commit, 1, 0, &x),
        ballot(VoteKind::Prepare, 2, 0, &x),
        ballot(VoteKind::Prepare, 1, 2, &x),
        ballot(VoteKind::Prepare, 1, 0, &y),
    ] {
        assert_eq!(check_signed(Signed { message: forged, signature }), Err(Invalid::Signature(v(1))));
    }
    let stolen = vote(VoteKind::Prepare, 1, 0, 2, &x);
    assert_eq!(check_signed(Signed { message: stolen, signature }), Err(Invalid::Signature(v(2))));
    let elsewhere = Signed::new(original, &Digest([8; 32]), &key(v(1)));
    assert_eq!(check_signed(elsewhere), Err(Invalid::Signature(v(1))));
    assert_eq!(check(vote(VoteKind::Commit, 1, 0, 4, &x)), Err(Invalid::NotAValidator(v(4))));
}

#[test]
fn only_the_views_primary_pre_prepares_and_it_does_not_prepare() {
    let x = value("x");
    assert_eq!(check(bare(1, 5, 1, &x)), Ok(()), "5 mod 4, at every height");
    assert_eq!(check(bare(9, 5, 1, &x)), Ok(()));
    refused(bare(1, 5, 2, &x));
    refused(vote(VoteKind::Prepare, 1, 5, 1, &x));
    assert_eq!(check(vote(VoteKind::Commit, 1, 5, 1, &x)), Ok(()));
}

#[test]
fn the_signature_of_a_view_change_binds_its_claim() {
    let x = value("x");
    let with = signed(change(1, 1, 3, Some(prepared(4, 1, 0, &x, &[1, 3]))));
    let without = Signed { message: change(1, 1, 3, None), ..with.clone() };
    assert_eq!(check_signed(with), Ok(()));
    assert_eq!(check_signed(without), Err(Invalid::Signature(v(3))));
}

/// All the ways in which a certificate can be bad.
fn bad_certificates(x: &Value) -> Vec<PreparedCertificate> {
    let good = prepared(4, 1, 1, x, &[0, 2]);
    let with = |change: &dyn Fn(&mut PreparedCertificate)| {
        let mut certificate = good.clone();
        change(&mut certificate);
        certificate
    };
    vec![
        with(&|certificate| certificate.prepares[0].1 = Signature([9; 64])),
        with(&|certificate| certificate.pre_prepare = Signature([9; 64])),
        with(&|certificate| certificate.prepares[1] = certificate.prepares[0]),
        with(&|certificate| certificate.prepares.swap(0, 1)),
        with(&|certificate| certificate.digest = value("y").digest()),
        prepared(4, 1, 1, x, &[0]),
        prepared(4, 1, 1, x, &[0, 1]),
        prepared(4, 1, 1, x, &[0, 2, 7]),
        prepared(4, 2, 1, x, &[0, 2]),
        prepared(4, 1, 2, x, &[0, 1]),
    ]
}

#[test]
fn a_view_change_with_a_bad_certificate_is_refused() {
    let x = value("x");
    assert_eq!(check(change(1, 2, 3, Some(prepared(4, 1, 1, &x, &[0, 2])))), Ok(()));
    bad_certificates(&x).into_iter().for_each(|bad| refused(change(1, 2, 3, Some(bad))));
    refused(change(1, 0, 3, None));
}

#[test]
fn a_new_view_with_a_bad_certificate_is_refused() {
    let x = value("x");
    let with = |certificate: PreparedCertificate| {
        let claims =
            [change(1, 2, 0, None), change(1, 2, 1, Some(certificate.clone())), change(1, 2, 3, None)];
        new_view(pre_prepare(1, 2, 2, &x), &claims, Some(certificate))
    };
    assert_eq!(check(with(prepared(4, 1, 1, &x, &[0, 2]))), Ok(()));
    bad_certificates(&x).into_iter().for_each(|bad| refused(with(bad)));
}

#[test]
fn a_new_view_without_a_quorum_of_view_changes_is_refused() {
    let x = value("x");
    let of = |claims: &[PbftMessage]| new_view(pre_prepare(1, 2, 2, &x), claims, None);
    let claim = |author| change(1, 2, author, None);
    assert_eq!(check(of(&[claim(0), claim(1), claim(3)])), Ok(()));
    refused(of(&[claim(0), claim(1)]));
    refused(of(&[claim(0), claim(1), claim(1)]));
    refused(of(&[claim(1), claim(0), claim(3)]));
    refused(of(&[claim(0), claim(1), claim(7)]));
    refused(of(&[claim(0), claim(1), change(1, 1, 3, None)]));
    refused(of(&[claim(0), claim(1), change(2, 2, 3, None)]));
    let PbftMessage::NewView(mut forged) = of(&[claim(0), claim(1), claim(3)]) else { unreachable!() };
    forged.changes[1].signature = Signature([1; 64]);
    refused(PbftMessage::NewView(forged));
    refused(new_view(pre_prepare(1, 2, 1, &x), &[claim(0), claim(1), claim(3)], None));
}

#[test]
fn a_new_primary_that_lies_in_o_is_refused() {
    let (x, y) = (value("x"), value("y"));
    let (old, later) = (prepared(4, 1, 0, &x, &[1, 3]), prepared(4, 1, 1, &y, &[0, 2]));
    let claims =
        [change(1, 2, 0, Some(old.clone())), change(1, 2, 1, Some(later.clone())), change(1, 2, 3, None)];
    let o = |value: &Value, certificate| new_view(pre_prepare(1, 2, 2, value), &claims, certificate);
    assert_eq!(check(o(&y, Some(later.clone()))), Ok(()));
    refused(o(&value("z"), None));
    refused(o(&value("z"), Some(later.clone())));
    refused(o(&x, Some(later)));
    refused(o(&x, Some(old.clone())));
    let nobody = [change(1, 2, 0, None), change(1, 2, 1, None), change(1, 2, 3, None)];
    refused(new_view(pre_prepare(1, 2, 2, &x), &nobody, Some(old)));
}

#[test]
fn a_claim_that_contradicts_the_certificate_of_its_view_is_refused() {
    let (x, y) = (value("x"), value("y"));
    let (real, lie) = (prepared(4, 1, 1, &x, &[0, 2]), prepared(4, 1, 1, &y, &[0, 2]));
    let claims = [change(1, 2, 0, Some(real.clone())), change(1, 2, 1, Some(lie)), change(1, 2, 3, None)];
    refused(new_view(pre_prepare(1, 2, 2, &x), &claims, Some(real)));
}

#[test]
fn a_stable_checkpoint_needs_a_quorum_and_lies_below() {
    let x = value("x");
    let of = |height, signers: &[usize]| {
        let digest = x.digest();
        let sign = |&i: &usize| {
            let checkpoint = Checkpoint { height, author: v(i), digest };
            (v(i), signed(PbftMessage::Checkpoint(checkpoint)).signature)
        };
        let stable = StableCheckpoint { height, digest, signatures: signers.iter().map(sign).collect() };
        let message = ViewChange { height: 17, view: 1, author: v(1), stable: Some(stable), prepared: None };
        PbftMessage::ViewChange(Box::new(message))
    };
    assert_eq!(check(of(16, &[0, 1, 2])), Ok(()));
    refused(of(16, &[0, 1]));
    refused(of(15, &[0, 1, 2]));
    refused(of(32, &[0, 1, 2]));
    refused(of(0, &[0, 1, 2]));
    let PbftMessage::ViewChange(mut forged) = of(16, &[0, 1, 2]) else { unreachable!() };
    forged.stable.as_mut().unwrap().digest = value("y").digest();
    refused(PbftMessage::ViewChange(forged));
    let between = Checkpoint { height: 17, author: v(1), digest: x.digest() };
    refused(PbftMessage::Checkpoint(between));
}

#[test]
fn certificates_are_weighed_by_power() {
    let x = value("x");
    let claims = [change(1, 1, 1, None), change(1, 1, 2, None)];
    let verdict = |powers: &[u64]| {
        let set = validators(powers);
        let primary = Pbft::primary(&set, 1);
        let proposal = pre_prepare(1, 1, primary.index(), &x);
        Pbft::verify(signed(new_view(proposal, &claims, None)), &set, &CHAIN, &TagVerifier).is_ok()
    };
    assert!(verdict(&[1, 5, 1, 1]));
    assert!(!verdict(&[5, 1, 1, 1]));
}
