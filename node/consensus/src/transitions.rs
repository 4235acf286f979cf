//! The transitions that the engines name ([`crate::Output::Transition`]), by the line or section of their papers: what
//! coverage is measured against.

use bitcraps_types::Protocol;

/// Each transition of an engine, in the order of its paper.
pub const fn transitions(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Pbft => PBFT,
        Protocol::Tendermint => TENDERMINT,
        Protocol::HotStuff => HOTSTUFF,
    }
}

/// Castro and Liskov, OSDI 1999.
const PBFT: &[&str] = &[
    "PBFT §4.2 pre-prepare",
    "PBFT §4.2 prepare",
    "PBFT §4.2 prepared",
    "PBFT §4.2 committed",
    "PBFT §4.3 checkpoint",
    "PBFT §4.3 stable checkpoint",
    "PBFT §4.4 timeout",
    "PBFT §4.4 view-change",
    "PBFT §4.4 new-view",
    "PBFT §4.4 enter the new view",
    "PBFT §4.4 catch up with the view",
    "PBFT §4.5.2 join",
    "PBFT §4.5.2 wait for the new view",
];

/// Buchman, Kwon and Milosevic, arXiv:1807.04938, Algorithm 1.
const TENDERMINT: &[&str] =
    &["L11", "L22", "L28", "L34", "L36", "L42", "L44", "L47", "L49", "L55", "L57", "L61", "L65"];

/// Gelashvili et al., arXiv:2106.10362, Figure 2, and DiemBFTv4's pacemaker.
const HOTSTUFF: &[&str] = &[
    "Jolteon propose",
    "Jolteon vote",
    "Jolteon vote-2chain",
    "Jolteon qc",
    "Jolteon lock",
    "Jolteon commit",
    "Jolteon timeout",
    "Jolteon join-timeout",
    "Jolteon tc",
    "Jolteon skip",
    "Jolteon advance-qc",
    "Jolteon advance-tc",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every text in an engine's source that begins like a transition's name.
    fn named(folder: &str, begins: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let sources = files.filter(|file| file.is_file()).map(|file| std::fs::read_to_string(file).unwrap());
        sources
            .flat_map(|source| source.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
            .filter(|text| begins(text))
            .collect()
    }

    #[test]
    fn the_lists_are_what_the_engines_name() {
        let line = |text: &str| text.strip_prefix('L').is_some_and(|rest| rest.parse::<u8>().is_ok());
        for (protocol, folder, begins) in [
            (Protocol::Pbft, "pbft", &(|text: &str| text.starts_with("PBFT §")) as &dyn Fn(&str) -> bool),
            (Protocol::Tendermint, "tendermint", &line),
            (Protocol::HotStuff, "hotstuff", &|text: &str| text.starts_with("Jolteon ")),
        ] {
            let listed: BTreeSet<String> =
                transitions(protocol).iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(listed, named(folder, begins), "{protocol}");
        }
    }
}
