#![no_main]

bitcraps_fuzz::target!(bitcraps_consensus::fuzz::messages, bitcraps_consensus::fuzz::messages_seeds, 64);
