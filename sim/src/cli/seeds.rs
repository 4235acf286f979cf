//! Which seeds scenarios are run with: those of the file, those that are given, or those that follow from a text such as
//! the hash of a commit, so that each commit is tried with seeds of its own and anybody can try it with the same.

use super::RunArgs;
use crate::scenario::{Scenario, Seeds};

/// Of each 64 bits that are drawn so many are a seed: every reader of JSON keeps them exactly.
const BITS: u32 = 48;

/// How many runs a scenario gets.
pub(super) fn count(args: &RunArgs, scenario: &Scenario) -> u64 {
    match &args.seeds_of {
        Some(_) => args.count,
        None => given(args.seed, args.seeds, scenario).count(),
    }
}

/// The seed of each, in order.
pub(super) fn of(args: &RunArgs, scenario: &Scenario) -> Vec<u64> {
    match &args.seeds_of {
        Some(text) => derived(text).take(usize::try_from(args.count).unwrap_or(usize::MAX)).collect(),
        None => given(args.seed, args.seeds, scenario).iter().collect(),
    }
}

/// Those of the command line, or else the file's.
pub(super) fn given(seed: Option<u64>, seeds: Option<(u64, u64)>, scenario: &Scenario) -> Seeds {
    match (seed, seeds) {
        (Some(seed), _) => Seeds::One(seed),
        (None, Some((from, to))) => Seeds::Range(from, to),
        (None, None) => scenario.seeds,
    }
}

/// BLAKE3's output stream under a key of this purpose, eight bytes a seed, little-endian.
fn derived(text: &str) -> impl Iterator<Item = u64> {
    let mut stream = blake3::Hasher::new_derive_key("bitcraps 2026 seeds of a text")
        .update(text.as_bytes())
        .finalize_xof();
    std::iter::repeat_with(move || {
        let mut bytes = [0; 8];
        stream.fill(&mut bytes);
        u64::from_le_bytes(bytes) >> (u64::BITS - BITS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that reproduces a failure of last year's commit must still say the same seeds.
    #[test]
    fn the_seeds_of_a_text_stay_what_they_are() {
        let seeds: Vec<u64> = derived("27c14d3").take(3).collect();
        assert_eq!(seeds, [164_376_453_832_771, 134_201_936_151_894, 45_345_014_203_269]);
        assert_eq!(
            derived("27c14d3").take(2).collect::<Vec<_>>(),
            seeds[..2],
            "more seeds begin with the same"
        );
        assert_ne!(derived("27c14d4").next(), derived("27c14d3").next());
    }

    #[test]
    fn a_seed_is_a_number_that_json_keeps() {
        assert!(derived("x").take(1000).all(|seed| seed < 1 << 53));
    }
}
