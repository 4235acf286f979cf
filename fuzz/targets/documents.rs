#![no_main]

bitcraps_fuzz::target!(bitcraps_node::fuzz::documents, bitcraps_node::fuzz::documents_seeds, 256);
