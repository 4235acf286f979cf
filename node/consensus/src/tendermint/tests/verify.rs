//! What is believed: signatures, the proposer's turn, certificates.

use super::*;

fn check(message: Signed<TendermintMessage>) -> Result<(), Invalid> {
    Tendermint::verify(message, &validators(&[1; 4]), &CHAIN, &TagVerifier).map(|_| ())
}

fn proposal(author: usize, polka: Option<PolkaCertificate>) -> TendermintMessage {
    TendermintMessage::Proposal(Box::new(Proposal {
        height: 1,
        round: 2,
        author: v(author),
        value: value("x"),
        polka,
    }))
}

fn certificate() -> Certificate {
    let digest = value("x").digest();
    let sign = |i| (v(i), signed(vote(VoteKind::Precommit, 1, 0, i, Some(digest))).signature);
    Certificate { height: 1, round: 0, digest, signatures: [0, 1, 3].map(sign).to_vec() }
}

#[test]
fn the_signature_binds_author_chain_and_every_field() {
    let ballot = |kind, height, round, digest| vote(kind, height, round, 1, digest);
    let x = Some(value("x").digest());
    let original = ballot(VoteKind::Prevote, 1, 0, x);
    let signature = signed(original.clone()).signature;
    assert_eq!(check(Signed { message: original.clone(), signature }), Ok(()));
    for forged in [
        ballot(VoteKind::Precommit, 1, 0, x),
        ballot(VoteKind::Prevote, 2, 0, x),
        ballot(VoteKind::Prevote, 1, 1, x),
        ballot(VoteKind::Prevote, 1, 0, None),
        ballot(VoteKind::Prevote, 1, 0, Some(value("y").digest())),
    ] {
        assert_eq!(check(Signed { message: forged, signature }), Err(Invalid::Signature(v(1))));
    }
    let stolen = vote(VoteKind::Prevote, 1, 0, 2, x);
    assert_eq!(check(Signed { message: stolen, signature }), Err(Invalid::Signature(v(2))));
    let elsewhere = Signed::new(original, &Digest([8; 32]), &key(v(1)));
    assert_eq!(check(elsewhere), Err(Invalid::Signature(v(1))));
}

#[test]
fn a_stranger_is_refused() {
    assert_eq!(check(signed(vote(VoteKind::Prevote, 1, 0, 4, None))), Err(Invalid::NotAValidator(v(4))));
}

#[test]
fn only_the_rounds_proposer_proposes() {
    assert_eq!(check(signed(proposal(3, None))), Ok(()), "1 + 2 mod 4");
    assert!(matches!(check(signed(proposal(1, None))), Err(Invalid::Malformed(_))));
}

#[test]
fn the_signature_of_a_proposal_binds_its_valid_round() {
    let with = proposal(3, Some(polka(1, 0, &value("x"), &[0, 1, 2])));
    let signature = signed(with).signature;
    let without = Signed { message: proposal(3, None), signature };
    assert_eq!(check(without), Err(Invalid::Signature(v(3))));
}

#[test]
fn a_polka_with_a_forged_repeated_disordered_strange_or_missing_signature_is_refused() {
    let x = value("x");
    let good = polka(1, 1, &x, &[0, 1, 2]);
    let mut forged = good.clone();
    forged.signatures[1].1 = Signature([9; 64]);
    let mut repeated = good.clone();
    repeated.signatures[2] = repeated.signatures[1];
    let mut disordered = good.clone();
    disordered.signatures.swap(0, 1);
    let strange = polka(1, 1, &x, &[0, 1, 2, 7]);
    let missing = polka(1, 1, &x, &[0, 1]);
    let polka = |certificate: &PolkaCertificate| {
        let message = Polka { author: v(0), value: x.clone(), certificate: certificate.clone() };
        check(signed(TendermintMessage::Polka(Box::new(message))))
    };
    assert_eq!(check(signed(proposal(3, Some(good.clone())))), Ok(()));
    assert_eq!(polka(&good), Ok(()));
    for bad in [forged, repeated, disordered, strange, missing] {
        assert!(check(signed(proposal(3, Some(bad.clone())))).is_err(), "{bad:?}");
        assert!(polka(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_certificate_proves_a_decision_to_anyone() {
    let set = validators(&[1; 4]);
    let verdict = |certificate: &Certificate| certificate.verify(&set, &CHAIN, &TagVerifier);
    let good = certificate();
    assert_eq!(verdict(&good), Ok(()));
    let mut prevotes = good.clone();
    let sign = |i| (v(i), signed(vote(VoteKind::Prevote, 1, 0, i, Some(good.digest))).signature);
    prevotes.signatures = [0, 1, 3].map(sign).to_vec();
    let mut forged = good.clone();
    forged.signatures[2].1 = Signature([0; 64]);
    let mut repeated = good.clone();
    repeated.signatures[2] = repeated.signatures[1];
    let mut missing = good.clone();
    missing.signatures.pop();
    let other_value = Certificate { digest: value("y").digest(), ..good.clone() };
    let other_round = Certificate { round: 1, ..good.clone() };
    let other_height = Certificate { height: 2, ..good };
    for bad in [prevotes, forged, repeated, missing, other_value, other_round, other_height] {
        assert!(verdict(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_certificate_is_weighed_by_power() {
    let light = validators(&[1, 1, 5, 1]);
    let heavy = validators(&[5, 1, 1, 1]);
    let certificate = certificate();
    assert!(certificate.verify(&light, &CHAIN, &TagVerifier).is_err());
    assert!(certificate.verify(&heavy, &CHAIN, &TagVerifier).is_ok());
}
