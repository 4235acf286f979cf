//! The applications of both listeners. Who accepts their connections is another matter: the system's sockets
//! ([`start`](super::start)), or any streams ([`Streams`](super::Streams)).

use super::service::Service;
use super::{admin as operator, guard, public as client};
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};
use std::time::Duration;

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
