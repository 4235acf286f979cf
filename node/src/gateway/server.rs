//! The gateway's threads and sockets.

use super::app;
use super::connection::{Addresses, Connection};
use super::service::{GatewayConfig, Node, Service};
use crate::metrics::Rejection;
use actix_http::error::DispatchError;
use actix_service::{ServiceFactoryExt, fn_service};
use actix_web::dev::{Server, ServerHandle};
use actix_web::rt::net::TcpStream;
use actix_web::{HttpServer, rt, web};
use bitcraps_consensus::ValidatorSetError;
use socket2::{Domain, SockRef, Socket, Type};
use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

/// How many connections wait to be accepted.
const BACKLOG: i32 = 1024;

/// Why the gateway can't start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// An address can't be listened on.
    #[error("can't listen on {address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// No thread.
    #[error("can't start a thread: {0}")]
    Thread(io::Error),
    /// The genesis' validators form no set.
    #[error("the validators of the genesis: {0}")]
    Validators(#[from] ValidatorSetError),
    /// The thread died before it said where it listens.
    #[error("the gateway's thread died at its start")]
    Died,
}

/// A running gateway. Dropped, it goes on; to end it, call [`Gateway::stop`].
pub struct Gateway {
    public: Listening,
    admin: Listening,
    thread: JoinHandle<()>,
}

/// One of its listeners.
#[derive(Clone)]
struct Listening {
    address: SocketAddr,
    handle: ServerHandle,
}

/// Starts the gateway on threads of its own; it listens when this returns.
pub fn start(node: Node, config: GatewayConfig) -> Result<Gateway, GatewayError> {
    let service = web::Data::new(Service::new(node, config)?);
    let (tell, told) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("gateway".into())
        .spawn(move || rt::System::new().block_on(serve(service, tell)))
        .map_err(GatewayError::Thread)?;
    let (public, admin) = told.recv().map_err(|_| GatewayError::Died)??;
    Ok(Gateway { public, admin, thread })
}

impl Gateway {
    /// Where clients are served.
    pub fn address(&self) -> SocketAddr {
        self.public.address
    }

    /// Where the operator is.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.address
    }

    /// Stops listening, lets requests that are being answered end, closes the rest, and waits for all that.
    pub fn stop(self) {
        // The order is given by the call; what it returns only tells when it is carried out.
        drop(self.public.handle.stop(true));
        drop(self.admin.handle.stop(true));
        if self.thread.join().is_err() {
            tracing::error!("the gateway's thread panicked");
        }
    }
}

type Started = Result<(Listening, Listening), GatewayError>;

async fn serve(service: web::Data<Service>, tell: mpsc::Sender<Started>) {
    let both = public_server(&service).and_then(|public| Ok((public, admin_server(&service)?)));
    let ((public_address, public), (admin_address, admin)) = match both {
        Ok(both) => both,
        Err(error) => return drop(tell.send(Err(error))),
    };
    let listening = |address, server: &Server| Listening { address, handle: server.handle() };
    let started = (listening(public_address, &public), listening(admin_address, &admin));
    if tell.send(Ok(started)).is_err() {
        return;
    }
    let admin = rt::spawn(admin);
    if let Err(error) = public.await {
        tracing::error!(%error, "the gateway's public listener failed");
    }
    if let Ok(Err(error)) = admin.await {
        tracing::error!(%error, "the gateway's admin listener failed");
    }
}

fn public_server(service: &web::Data<Service>) -> Result<(SocketAddr, Server), GatewayError> {
    let (config, service) = (&service.config, service.clone());
    let failed = |error| GatewayError::Listen { address: config.listen, error };
    let listener = listen(config.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let addresses = config.max_connections_per_address.map(Addresses::new);
    let server = Server::build()
        .workers(config.workers.max(1))
        .max_concurrent_connections(config.max_connections)
        .shutdown_timeout(2)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let server = server.listen("clients", listener, move || {
        let (entering, addresses, stopping) = (service.clone(), addresses.clone(), stopping.clone());
        let enter = move |stream| ready(enter(&entering, addresses.as_ref(), stream));
        let stopping = move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        };
        fn_service(enter).and_then(app::http(service.clone(), stopping))
    });
    Ok((address, server.map_err(failed)?.run()))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A connection that came, if its address may have one more; otherwise it is closed.
fn enter(
    service: &Service,
    addresses: Option<&Arc<Addresses>>,
    stream: TcpStream,
) -> Result<(Connection<TcpStream>, Option<SocketAddr>), DispatchError> {
    let from = stream.peer_addr().map_err(DispatchError::Io)?;
    let place = match addresses.map(|addresses| addresses.take(from.ip())) {
        Some(None) => {
            service.metrics.http.rejected(Rejection::Connections);
            return Err(DispatchError::Io(io::ErrorKind::QuotaExceeded.into()));
        }
        place => place.flatten(),
    };
    let stall = service.config.stall;
    // What the system holds for a client that is gone is no write that waits here.
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(stall));
    Ok((Connection::new(stream, stall, service.metrics.clone(), place), Some(from)))
}

fn admin_server(service: &web::Data<Service>) -> Result<(SocketAddr, Server), GatewayError> {
    let (data, address) = (service.clone(), service.config.admin);
    let server = HttpServer::new(move || app::admin(data.clone()));
    let server = server
        .workers(1)
        .max_connections(64)
        .shutdown_timeout(2)
        .disable_signals()
        .bind(address)
        .map_err(|error| GatewayError::Listen { address, error })?;
    Ok((bound(&server.addrs(), address), server.run()))
}

/// Where a listener listens that was told to listen on `asked`, of which the port may have been the system's choice.
fn bound(addresses: &[SocketAddr], asked: SocketAddr) -> SocketAddr {
    addresses.first().copied().unwrap_or(asked)
}
