//! The applications of both listeners. Who accepts their connections is another matter: the system's sockets
//! ([`start`](super::start)), or any streams ([`Streams`](super::Streams)).

use super::service::Service;
use super::{admin as operator, guard, public as client};
use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::map_config;
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How long a client may take to close its side after the last answer.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

/// What clients are served.
pub(super) fn public(service: web::Data<Service>) -> App<impl Application<BoxBody>> {
    let max_body = service.config.max_body;
    App::new()
        .app_data(service)
        .wrap(from_fn(guard::guard))
        .configure(|config| client::configure(config, max_body))
}

/// The protocol by which clients are served, on streams of any kind. When what `stopping` gives is done, each connection
/// ends after the answer that it is about.
pub(super) fn http<T: AsyncRead + AsyncWrite + Unpin + 'static, S: Future<Output = ()> + 'static>(
    service: web::Data<Service>,
    stopping: impl Fn() -> S + 'static,
) -> impl ServiceFactory<
    (T, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
    Service: 'static,
    Future: 'static,
> {
    HttpService::build()
        .keep_alive(service.config.keep_alive)
        .client_request_timeout(service.config.timeout)
        .client_disconnect_timeout(GOODBYE)
        .graceful_shutdown_signal(stopping)
        .h1(map_config(public(service), |()| AppConfig::default()))
}

/// What the operator is served.
pub(super) fn admin(service: web::Data<Service>) -> App<impl Application<BoxBody>> {
    App::new().app_data(service).configure(operator::configure)
}

/// What [`App`] asks of its parts.
pub(super) trait Application<B>:
    ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
{
}

impl<A, B> Application<B> for A where
    A: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        >
{
}
