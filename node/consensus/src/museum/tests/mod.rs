//! The exhibits break what they are said to break, and the clean engines, in the very same sequence, don't.

use super::*;
use std::collections::BTreeSet;

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
