//! What runs on a node's host: its actors, and the daemon's gateway on turmoil's TCP.

use super::calendar::Calendar;
use super::network::PORT;
use super::ports::HostPorts;
use super::state::{Access, World};
use super::{Boot, Booted, socket};
use crate::lab::NodeIndex;
use crate::wire::Inbox;
use ::turmoil::net::{TcpListener, UdpSocket};
use bitcraps_node::gateway::{GatewayConfig, Streams};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use tokio::task::spawn_local;

/// The port of each node's gateway.
pub(super) const GATEWAY: u16 = 8080;

/// The life of one incarnation, from the first port to the power failure. A host that is not to be up waits.
pub(super) async fn host(
    world: World,
    node: NodeIndex,
    network: IpAddr,
    boot: Rc<Boot>,
    limits: GatewayConfig,
) -> ::turmoil::Result {
    let (is_up, incarnations, epoch) = {
        let mut world = world.borrow_mut();
        let node = world.node(node);
        (node.up, node.incarnations, node.epoch)
    };
    if !is_up {
        return std::future::pending().await;
    }
    let access = Access { world: world.clone(), node, epoch };
    let udp = Rc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, GATEWAY)).await?;
    let calendar = Rc::new(Calendar::default());
    world.borrow_mut().node(node).calendar = Some(calendar.clone());
    let inbox = Inbox::default();
    let socket = socket::socket(&access, &udp, network, inbox.clone());
    let ports = HostPorts::new(&access, &calendar, socket, network);
    let Booted { keep, gateway } = boot(node, incarnations - 1, ports);
    world.borrow_mut().node(node).keep = keep;
    spawn_local(calendar.run(access.clone()));
    spawn_local(socket::receive(udp, access, inbox));
    let Some(gateway) = gateway else { return std::future::pending().await };
    let gateway = Rc::new(Streams::new(gateway, limits).await?);
    loop {
        let (stream, from) = listener.accept().await?;
        let gateway = gateway.clone();
        spawn_local(async move { gateway.serve(stream, from).await });
    }
}
