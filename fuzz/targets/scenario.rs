#![no_main]

bitcraps_fuzz::target!(bitcraps_sim::scenario::fuzz::scenario, bitcraps_sim::scenario::fuzz::scenario_seeds, 16384);
