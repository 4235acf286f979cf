#![no_main]

bitcraps_fuzz::target!(bitcraps_transport::fuzz::frames, bitcraps_transport::fuzz::frames_seeds, 1024);
