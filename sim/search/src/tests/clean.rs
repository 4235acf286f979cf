//! Clean engines survive.

use crate::*;
use bitcraps_types::Protocol;

#[test]
fn a_network_without_faults_decides() {
    for engine in Protocol::ALL {
        let outcome = run(&Schedule::quiet(engine, 4, 10)).unwrap();
        assert_eq!(outcome.violations, []);
        assert!(outcome.decided.values().all(|height| *height >= 9), "{outcome:?}");
    }
}
