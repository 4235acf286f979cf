//! The gateway's threads and sockets.

use super::service::{GatewayConfig, Node, Service};
use super::{admin, guard, public};
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, rt, web};
use bitcraps_consensus::ValidatorSetError;
use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

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
    let config = &service.config;
    let (data, max_body, stall) = (service.clone(), config.max_body, config.stall);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .wrap(from_fn(guard::guard))
            .configure(|config| public::configure(config, max_body))
    });
    let server = server
        .workers(config.workers.max(1))
        .max_connections(config.max_connections)
        .client_request_timeout(config.timeout)
        .client_disconnect_timeout(Duration::from_secs(1))
        .keep_alive(config.keep_alive)
        .shutdown_timeout(2)
        .disable_signals()
        .on_connect(move |connection, _| cut_when_stalled(connection, stall))
        .bind(config.listen)
        .map_err(|error| GatewayError::Listen { address: config.listen, error })?;
    Ok((bound(&server.addrs(), config.listen), server.run()))
}

fn admin_server(service: &web::Data<Service>) -> Result<(SocketAddr, Server), GatewayError> {
    let (data, address) = (service.clone(), service.config.admin);
    let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(admin::configure));
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

/// Has the system drop a connection whose other side takes nothing for so long, whatever is to be sent to it.
fn cut_when_stalled(connection: &dyn Any, after: Duration) {
    if let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() {
        let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(after));
    }
}
