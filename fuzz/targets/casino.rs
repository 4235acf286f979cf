#![no_main]

bitcraps_fuzz::target!(bitcraps_casino::fuzz::play, bitcraps_casino::fuzz::play_seeds, 4096);
