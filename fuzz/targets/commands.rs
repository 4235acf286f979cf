#![no_main]

bitcraps_fuzz::target!(bitcraps_node::fuzz::commands, bitcraps_node::fuzz::commands_seeds, 256);
