//! The public listener's application on streams that somebody else accepted: those of a network that is not this
//! machine's.
//!
//! Routes, limits of requests and errors are the daemon's, since the application is. Left to who accepts: how many
//! connections there may be, and cutting one whose other side takes nothing, which the daemon has the system do.

use super::app;
use super::service::{GatewayConfig, Node, Service};
use actix_http::error::DispatchError;
use actix_service::boxed::{self, BoxService};
use actix_service::{Service as _, ServiceFactory};
use actix_web::web;
use bitcraps_consensus::ValidatorSetError;
use std::future::pending;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};

/// See the module. It lives on one thread, with a `LocalSet` and tokio's time.
pub struct Streams<T>(BoxService<(T, Option<SocketAddr>), (), DispatchError>);

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Streams<T> {
    /// The gateway of a node.
    ///
    /// # Errors
    /// If the genesis' validators form no set.
    ///
    /// # Panics
    /// Never: no part of the application can fail to start.
    pub async fn new(node: Node, config: GatewayConfig) -> Result<Streams<T>, ValidatorSetError> {
        let service = web::Data::new(Service::new(node, config)?);
        let http = app::http(service, pending::<()>);
        let http = http.new_service(()).await.expect("no part of the application can fail to start");
        Ok(Streams(boxed::service(http)))
    }

    /// Answers the requests of one connection until it ends.
    pub async fn serve(&self, stream: T, from: SocketAddr) {
        if let Err(error) = self.0.call((stream, Some(from))).await {
            tracing::debug!(%error, %from, "a connection ended");
        }
    }
}
