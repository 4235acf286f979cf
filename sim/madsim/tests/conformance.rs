//! Every promise of the ports, held against the lab on madsim's scheduler.

use bitcraps_madsim::lend;
use bitcraps_sim::conformance::lab::LabWorld;
use bitcraps_sim::conformance::{CONTRACTS, Stage, World};
use libtest_mimic::{Arguments, Trial};

fn main() {
    let make = || Box::new(LabWorld::scheduled(lend)) as Box<dyn World>;
    let trials = CONTRACTS.iter().map(|contract| {
        Trial::test(format!("madsim::{}", contract.name), move || {
            (contract.check)(&mut Stage::new(&make));
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
