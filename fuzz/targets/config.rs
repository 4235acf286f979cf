#![no_main]

bitcraps_fuzz::target!(bitcraps_node::fuzz::config, bitcraps_node::fuzz::config_seeds, 4096);
