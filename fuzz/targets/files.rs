#![no_main]

bitcraps_fuzz::target!(bitcraps_actors::fuzz::files, bitcraps_actors::fuzz::files_seeds, 1024);
