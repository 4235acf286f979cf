#![no_main]

bitcraps_fuzz::target!(bitcraps_casino::fuzz::state, bitcraps_casino::fuzz::state_seeds, 4096);
