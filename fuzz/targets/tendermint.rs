#![no_main]

bitcraps_fuzz::target!(bitcraps_consensus::fuzz::steps, bitcraps_consensus::fuzz::steps_seeds, 4096);
