#![no_main]

bitcraps_fuzz::target!(bitcraps_actors::fuzz::pool, bitcraps_actors::fuzz::pool_seeds, 1024);
