#![no_main]

bitcraps_fuzz::target!(bitcraps_quic::fuzz::stream, bitcraps_quic::fuzz::stream_seeds, 64);
