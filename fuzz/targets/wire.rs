#![no_main]

bitcraps_fuzz::target!(bitcraps_actors::fuzz::wire, bitcraps_actors::fuzz::wire_seeds, 64);
