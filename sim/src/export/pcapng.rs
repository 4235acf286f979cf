//! A capture for Wireshark: the datagrams that reached nodes, as a tap at each node's network card would have written them.
//!
//! Only worlds with real QUIC have datagrams. The headers before them are made up: IPv4 and UDP with correct lengths and
//! checksums, between the addresses that the nodes have in that world. A datagram that was lost reached nobody and is not
//! in it. The format is pcapng (IETF draft-ietf-opsawg-pcapng): an interface per node, time in nanoseconds.

use super::{Export, Sink, Stretch};
use crate::lab::FrameRecord;
use crate::run::{Onlooker, Outcome};
use crate::wire::address;
use std::io::{self, Write};
use std::net::SocketAddrV4;

/// Types of blocks.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Packets begin with an IPv4 or IPv6 header (LINKTYPE_RAW).
const RAW_IP: u16 = 101;
/// Options: of all blocks, of a section, of an interface, of a packet.
const END_OF_OPTIONS: u16 = 0;
const WRITTEN_BY: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const TIME_RESOLUTION: u16 = 9;
const FLAGS: u16 = 2;
/// The packet came in.
const INBOUND: u32 = 1;
/// 10^-9 s.
const NANOSECONDS: u8 = 9;

const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const UDP: u8 = 17;

/// See the module.
pub(crate) struct Capture<W> {
    sink: Sink<W>,
    stretch: Stretch,
    /// Virtual time begins here, in nanoseconds since 1970.
    epoch_ns: u64,
    packets: u64,
    /// The identification field of the last IP header.
    identification: u16,
}

impl<W: Write> Capture<W> {
    /// For a run of so many nodes.
    pub(crate) fn new(out: W, stretch: Stretch, nodes: u16, epoch_ns: u64) -> Capture<W> {
        let mut sink = Sink::new(out);
        sink.put(&section());
        (0..nodes).for_each(|node| sink.put(&interface(node)));
        Capture { sink, stretch, epoch_ns, packets: 0, identification: 0 }
    }
}

impl<W: Write + Send> Onlooker for Capture<W> {
    fn frame(&mut self, frame: &FrameRecord<'_>) {
        let Some(at) = frame.received.filter(|at| frame.datagram && self.stretch.contains(*at)) else {
            return;
        };
        self.identification = self.identification.wrapping_add(1);
        let packet = ip_packet(address(frame.from), address(frame.to), self.identification, frame.bytes);
        self.sink.put(&packet_block(frame.to, self.epoch_ns.saturating_add(at.0), &packet));
        self.packets += 1;
    }
}

impl<W: Write + Send> Export for Capture<W> {
    fn finish(&mut self, _: &Outcome) -> io::Result<String> {
        let bytes = self.sink.finish()?;
        Ok(format!("{} datagrams, {bytes} bytes", self.packets))
    }
}

/// A block: type, length, body, options, length again. All in the order of little-endian machines.
fn block(kind: u32, body: &[u8], options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut content = body.to_vec();
    pad(&mut content);
    for (code, value) in options {
        content.extend(code.to_le_bytes());
        content.extend((value.len() as u16).to_le_bytes());
        content.extend(*value);
        pad(&mut content);
    }
    content.extend(END_OF_OPTIONS.to_le_bytes());
    content.extend(0u16.to_le_bytes());
    let length = content.len() as u32 + 12;
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), &content, &length.to_le_bytes()].concat()
}

/// To a multiple of four bytes.
fn pad(content: &mut Vec<u8>) {
    content.resize(content.len().next_multiple_of(4), 0);
}

fn section() -> Vec<u8> {
    let (major, minor, unknown_length) = (1u16, 0u16, u64::MAX);
    let mut body = BYTE_ORDER.to_le_bytes().to_vec();
    body.extend(major.to_le_bytes());
    body.extend(minor.to_le_bytes());
    body.extend(unknown_length.to_le_bytes());
    let program = concat!("bitcraps-sim ", env!("CARGO_PKG_VERSION"));
    block(SECTION, &body, &[(WRITTEN_BY, program.as_bytes())])
}

fn interface(node: u16) -> Vec<u8> {
    let mut body = RAW_IP.to_le_bytes().to_vec();
    body.extend([0; 2]);
    let any_length = 0u32;
    body.extend(any_length.to_le_bytes());
    let name = format!("node{node}");
    block(INTERFACE, &body, &[(INTERFACE_NAME, name.as_bytes()), (TIME_RESOLUTION, &[NANOSECONDS])])
}

fn packet_block(node: u16, at_ns: u64, packet: &[u8]) -> Vec<u8> {
    let length = packet.len() as u32;
    let words = [u32::from(node), (at_ns >> 32) as u32, at_ns as u32, length, length];
    let mut body: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    body.extend_from_slice(packet);
    block(PACKET, &body, &[(FLAGS, &INBOUND.to_le_bytes())])
}

/// A datagram with its headers (RFC 791, RFC 768).
fn ip_packet(from: SocketAddrV4, to: SocketAddrV4, identification: u16, payload: &[u8]) -> Vec<u8> {
    let udp_length = (UDP_HEADER + payload.len()) as u16;
    let mut udp = Vec::with_capacity(usize::from(udp_length));
    for word in [from.port(), to.port(), udp_length, 0] {
        udp.extend(word.to_be_bytes());
    }
    udp.extend_from_slice(payload);
    let mut pseudo = [from.ip().octets(), to.ip().octets()].concat();
    pseudo.extend([0, UDP]);
    pseudo.extend(udp_length.to_be_bytes());
    // Zero would say that there is no checksum.
    let sum = match checksum(&[&pseudo, &udp]) {
        0 => u16::MAX,
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum.to_be_bytes());

    let (version_and_words, dont_fragment, hops) = (0x45, 0x4000u16, 64);
    let mut ip = vec![version_and_words, 0];
    for word in [IP_HEADER as u16 + udp_length, identification, dont_fragment] {
        ip.extend(word.to_be_bytes());
    }
    ip.extend([hops, UDP, 0, 0]);
    ip.extend(from.ip().octets());
    ip.extend(to.ip().octets());
    let sum = checksum(&[&ip]);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    ip.extend(udp);
    ip
}

/// The Internet checksum (RFC 1071) over pieces of which all but the last have an even length.
fn checksum(pieces: &[&[u8]]) -> u16 {
    let words = pieces.iter().flat_map(|piece| piece.chunks(2));
    let sum: u64 =
        words.map(|word| u64::from(word[0]) << 8 | u64::from(word.get(1).copied().unwrap_or(0))).sum();
    let once = (sum & 0xffff) + (sum >> 16);
    let twice = (once & 0xffff) + (once >> 16);
    !(twice as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071, section 3.
    #[test]
    fn a_checksum_is_that_of_the_standard() {
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03], &[0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2]]), !(0x0001 + 0xf200), "an odd byte stands high");
    }

    #[test]
    fn a_packet_sums_up_to_nothing_with_its_own_checksums() {
        let [from, to] = [0, 2].map(address);
        let packet = ip_packet(from, to, 7, b"quic!");
        assert_eq!(packet.len(), IP_HEADER + UDP_HEADER + 5);
        assert_eq!(packet[2..4], 33u16.to_be_bytes(), "the total length");
        assert_eq!(checksum(&[&packet[..IP_HEADER]]), 0);
        let pseudo = [&packet[12..20], &[0, UDP, 0, 13]].concat();
        assert_eq!(checksum(&[&pseudo, &packet[IP_HEADER..]]), 0);
        assert_eq!(packet[12..20], [10, 0, 0, 1, 10, 0, 0, 3]);
    }

    #[test]
    fn a_block_is_padded_and_ends_with_its_own_length() {
        let block = packet_block(3, 1 << 32 | 5, b"abcde");
        assert_eq!(block.len() % 4, 0);
        let length = (block.len() as u32).to_le_bytes();
        assert_eq!((&block[4..8], &block[block.len() - 4..]), (&length[..], &length[..]));
        let words: Vec<u32> =
            block[8..28].chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
        assert_eq!(words, [3, 1, 5, 5, 5], "interface, time, lengths");
        assert_eq!(&block[28..36], b"abcde\0\0\0");
        assert_eq!(&block[36..44], [2, 0, 4, 0, 1, 0, 0, 0], "inbound");
    }
}
