#![no_main]

bitcraps_fuzz::target!(bitcraps_node::fuzz::requests, bitcraps_node::fuzz::requests_seeds, 4096);
