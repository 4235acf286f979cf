//! Every promise of the ports, held against each world: `cargo nextest run -p bitcraps-sim --test conformance`.

mod production;

use bitcraps_sim::conformance::lab::LabWorld;
use bitcraps_sim::conformance::{CONTRACTS, Stage, World};
use libtest_mimic::{Arguments, Trial};
use production::Production;

type Make = fn() -> Box<dyn World>;

const WORLDS: [(&str, Make); 3] = [
    ("lab", || Box::new(LabWorld::modelled())),
    ("wire", || Box::new(LabWorld::wire())),
    ("production", || Box::new(Production::new())),
];

fn main() {
    let arguments = Arguments::from_args();
    let trials = WORLDS.iter().flat_map(|&(world, make)| {
        CONTRACTS.iter().map(move |contract| {
            Trial::test(format!("{world}::{}", contract.name), move || {
                (contract.check)(&mut Stage::new(&make));
                Ok(())
            })
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
