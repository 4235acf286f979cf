#![no_main]

bitcraps_fuzz::target!(bitcraps_consensus::fuzz::pbft_steps, bitcraps_consensus::fuzz::pbft_steps_seeds, 4096);
