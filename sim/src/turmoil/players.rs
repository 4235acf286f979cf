//! The players: one host that hands commands to the nodes' gateways, over a kept HTTP connection to each.
//!
//! The trace has each request as it leaves, and of each answer the status and the body. Not its head: the web server
//! stamps it with the real date, and its order of headers is its own.

use super::gateway::GATEWAY;
use super::state::World;
use crate::lab::NodeIndex;
use crate::lab::trace::Kind;
use ::turmoil::net::TcpStream;
use bitcraps_casino::SignedCommand;
use bitcraps_node::client::http;
use bitcraps_node::gateway::api::CommandForm;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;
use tokio::time::timeout;

/// How long a gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to the players: one queue for each gateway.
pub(super) struct Post(Vec<UnboundedSender<Vec<u8>>>);

impl Post {
    /// Has a command handed to a node's gateway.
    pub(super) fn submit(&self, node: NodeIndex, command: &SignedCommand) {
        let json = serde_json::to_vec(&CommandForm::from(command)).expect("a command is plain data");
        self.send(node, http::post("gateway", "/v1/commands", "application/json", &json));
    }

    /// Has a request sent to a node's gateway.
    pub(super) fn send(&self, node: NodeIndex, request: Vec<u8>) {
        self.0[usize::from(node)].send(request).expect("the players' host lives as long as the world");
    }
}

/// The players' host, and the way to it.
pub(super) fn players(
    world: &World,
    nodes: &[IpAddr],
) -> (Post, impl Future<Output = ::turmoil::Result> + use<>) {
    let (mut post, mut couriers) = (Vec::new(), Vec::new());
    for (node, address) in nodes.iter().enumerate() {
        let (sender, requests) = unbounded_channel();
        post.push(sender);
        let gateway = SocketAddr::new(*address, GATEWAY);
        couriers.push(Courier {
            world: world.clone(),
            node: node as NodeIndex,
            gateway,
            kept: None,
            requests,
        });
    }
    let host = async move {
        couriers.into_iter().for_each(|courier| _ = spawn_local(courier.run()));
        std::future::pending().await
    };
    (Post(post), host)
}

/// Carries requests to one gateway, one after the other.
struct Courier {
    world: World,
    node: NodeIndex,
    gateway: SocketAddr,
    kept: Option<TcpStream>,
    requests: UnboundedReceiver<Vec<u8>>,
}

impl Courier {
    async fn run(mut self) {
        while let Some(request) = self.requests.recv().await {
            {
                let mut world = self.world.borrow_mut();
                world.requests += 1;
                world.record(Kind::Asked, self.node, self.node, 0, &request);
            }
            let answer = timeout(PATIENCE, self.exchange(&request)).await;
            let (status, body) = match answer {
                Ok(Ok(answer)) => answer,
                // A gateway that is down or full takes no command; the record counts what was not settled.
                Ok(Err(_)) | Err(_) => {
                    self.kept = None;
                    (0, Vec::new())
                }
            };
            let mut world = self.world.borrow_mut();
            world.unsuccessful += u64::from(!(200..300).contains(&status));
            world.record(Kind::Answered, self.node, self.node, u64::from(status), &body);
        }
    }

    /// A kept connection may have ended meanwhile; then another is opened.
    async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        if let Some(kept) = self.kept.take()
            && let Ok(answer) = self.ask(kept, request).await
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(self.gateway).await?;
        self.ask(stream, request).await
    }

    async fn ask(&mut self, mut stream: TcpStream, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        stream.write_all(request).await?;
        let (mut received, mut chunk) = (Vec::new(), vec![0; 16 << 10]);
        loop {
            match stream.read(&mut chunk).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => received.extend_from_slice(&chunk[..read]),
            }
            if let Some((status, body)) = http::whole(&received)? {
                self.kept = Some(stream);
                return Ok((status, received.split_off(body)));
            }
        }
    }
}
