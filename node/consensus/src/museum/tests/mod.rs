//! The exhibits break what they are said to break, and the clean engines, in the very same sequence, don't.

mod hotstuff;
mod pbft;
mod stage;
mod tendermint;

use super::*;
use bitcraps_types::Protocol;
use stage::Stage;
use std::collections::BTreeSet;
use std::panic;
use std::path::Path;

#[test]
fn every_bug_has_its_own_name_and_says_where_it_was_published() {
    let names: BTreeSet<&str> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    assert_eq!(names.len(), Bug::ALL.len());
    for bug in Bug::ALL {
        assert_eq!(Bug::parse(bug.name()), Some(bug));
        assert!(bug.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{bug:?}");
        assert!(!bug.reference().is_empty() && bug.what().ends_with('.') && !bug.attacks().is_empty());
    }
    assert_eq!(Bug::parse("none"), None);
}

/// What `docs/museum.md` says.
fn catalogue() -> String {
    let mut text = String::from(
        "# The bug museum

A test that can't fail proves nothing, and a search that finds nothing may be looking at nothing. The museum holds bugs
that others published of BFT consensus, each a switch that puts it into one of the engines: compiled for the testbed
alone (feature `byzantine`), never for a production node. Whoever builds a search or an oracle measures it here: how many
schedules it takes until the exhibit breaks its property, while the right engine breaks none.

`bitcraps_consensus::museum::exhibit(Some(bug))` puts a bug into all engines of the thread until its guard is dropped.
`node/consensus/src/museum/tests/` has for each bug the shortest schedule that we know, which the right engine survives.

| bug | engine | what the broken code does | breaks | published |
|---|---|---|---|---|
",
    );
    for bug in Bug::ALL {
        let (name, protocol, what) = (bug.name(), bug.protocol(), bug.what());
        let line = format!("| `{name}` | {protocol} | {what} | {} | {} |", bug.attacks(), bug.reference());
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn the_documentation_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/museum.md");
    if std::env::var_os("BITCRAPS_UPDATE_DOCS").is_some() {
        std::fs::write(&path, catalogue()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let how = "BITCRAPS_UPDATE_DOCS=1 cargo test -p bitcraps-consensus --features byzantine museum";
    assert!(written == catalogue(), "docs/museum.md is not what the catalogue says; write it again: {how}");
}

#[test]
fn an_exhibition_ends_with_its_guard_and_gives_back_what_was_there_before() {
    let [first, second, ..] = Bug::ALL;
    assert!(!has(first));
    let outer = exhibit(Some(first));
    {
        let _inner = exhibit(Some(second));
        assert!(has(second) && !has(first));
        let _clean = exhibit(None);
        assert!(!has(second));
    }
    assert!(has(first));
    drop(outer);
    assert!(!has(first));
}

#[test]
fn another_thread_sees_nothing_of_it() {
    let _exhibit = exhibit(Some(Bug::ALL[0]));
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(!has(Bug::ALL[0])));
    });
}

/// A sequence in which an exhibit breaks its property.
struct Scene {
    /// How many validators.
    n: usize,
    /// Which of them are Byzantine.
    byzantine: &'static [usize],
    play: fn(&mut Stage),
}

/// What goes wrong in the scene.
fn broken(bug: Option<Bug>, protocol: Protocol, scene: &Scene) -> BTreeSet<&'static str> {
    let _exhibit = exhibit(bug);
    let play = || {
        let mut stage = Stage::new(protocol, scene.n, scene.byzantine);
        (scene.play)(&mut stage);
        stage.broken
    };
    panic::catch_unwind(play).unwrap_or_else(|_| BTreeSet::from(["no_crash"]))
}

fn every_exhibit_of(protocol: Protocol) {
    let mut failed = Vec::new();
    for bug in Bug::ALL.into_iter().filter(|bug| bug.protocol() == protocol) {
        let scene = scene(bug);
        let (right, wrong) = (broken(None, protocol, &scene), broken(Some(bug), protocol, &scene));
        if !right.is_empty() {
            failed.push(format!("{}: the right engine breaks {right:?}", bug.name()));
        }
        if !wrong.contains(bug.attacks()) {
            failed.push(format!("{}: breaks {wrong:?} and not {}", bug.name(), bug.attacks()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_exhibit_of_pbft_breaks_its_property_where_the_right_engine_breaks_none() {
    every_exhibit_of(Protocol::Pbft);
}

#[test]
fn every_exhibit_of_tendermint_breaks_its_property_where_the_right_engine_breaks_none() {
    every_exhibit_of(Protocol::Tendermint);
}

#[test]
fn every_exhibit_of_hotstuff_breaks_its_property_where_the_right_engine_breaks_none() {
    every_exhibit_of(Protocol::HotStuff);
}

fn scene(bug: Bug) -> Scene {
    let (byzantine, play): (&'static [usize], fn(&mut Stage)) = match bug {
        Bug::ViewChangeWithoutPrepared => (&[], pbft::a_decided_value_is_left_behind),
        Bug::NewViewNotVerified => (&[1], pbft::the_new_primary_proposes_what_it_likes),
        Bug::PreparedClaimNotProven => (&[1], pbft::a_claim_out_of_thin_air),
        Bug::LowestCertificateWins => (&[], pbft::two_prepared_values),
        Bug::QuorumOfThree => (&[], pbft::two_sides_of_three),
        Bug::PrimaryCountedTwice => (&[0], pbft::an_equivocating_primary_prepares),
        Bug::PreparedNotRestored => (&[], pbft::a_crash_after_the_commit),
        Bug::ViewChangeNotRestored => (&[], pbft::a_crash_after_the_view_change),
        Bug::ViewChangeTimerNotStarted => (&[1], pbft::the_new_primary_is_silent),
        Bug::ViewChangeSaidOnce => (&[], pbft::all_view_changes_are_lost),
        Bug::RevoteIsEquivocation => (&[], pbft::a_value_is_carried_on),
        Bug::VoteBeforeDurable => (&[1], tendermint::a_crash_before_the_sync),
        Bug::LockNotRestored => (&[3], tendermint::a_locked_validator_restarts),
        Bug::UnlocksOnAnyPolka => (&[3], tendermint::an_old_polka_comes_back),
        Bug::NeverUnlocks => (&[3], tendermint::two_hidden_locks),
        Bug::PolkaOfOneSigner => (&[2], tendermint::a_proposer_makes_a_polka_alone),
        Bug::QuorumOfTwoFPlusOne => (&[], tendermint::two_sides_of_three),
        Bug::NilPrecommitsStartNoTimer => (&[1], tendermint::a_silent_proposer),
        Bug::PrecommitTimerNotReset => (&[1], tendermint::a_silent_proposer_in_its_second_turn),
        Bug::ProposeTimeoutCancelled => (&[3], tendermint::a_polka_that_only_its_proposer_knows),
        Bug::NoRoundSkip => (&[3], tendermint::one_falls_behind),
        Bug::SecondProposalPanics => (&[1], tendermint::two_proposals),
        Bug::ParentInsteadOfConsecutive => (&[], hotstuff::two_chains_with_gaps),
        Bug::RootNotChecked => (&[3], hotstuff::a_new_value_on_the_root),
        Bug::ValueNotOfItsCertificate => (&[3], hotstuff::a_new_value_on_an_old_certificate),
        Bug::RoundNotSigned => (&[3], hotstuff::an_old_certificate_is_given_a_later_round),
        Bug::TimeoutClaimNotSigned => (&[3], hotstuff::the_leader_makes_claims_less),
        Bug::VotesAfterTimeout => (&[3], hotstuff::a_late_proposal),
        Bug::LastVotedNotRestored => (&[1], hotstuff::a_crash_after_the_vote),
        Bug::SignerCountedTwice => (&[3], hotstuff::certificates_of_one_signer),
        Bug::EmbeddedCertificateNotVerified => (&[1], hotstuff::a_forged_certificate_in_a_timeout),
        Bug::ForeignVoteInCertificate => (&[0], hotstuff::one_votes_for_another_block),
        Bug::DecidesAgain => (&[], hotstuff::the_deciding_certificate_comes_twice),
        Bug::RecoveryIgnoresTimeouts => (&[2], hotstuff::all_restart_after_two_failed_rounds),
        Bug::TimeoutSaidOnce => (&[1], hotstuff::all_timeouts_are_lost),
        Bug::GhostCertificatePanics => (&[], hotstuff::a_proposal_is_lost),
    };
    Scene { n: bug.validators(), byzantine, play }
}
