//! What every request passes on its way in and out: the address's rate, a deadline, counters, the log, and the promise
//! that every error is a problem document.

use super::problem::{MEDIA_TYPE, Problem};
use super::service::Service;
use super::trace::{HEADER, TraceParent};
use crate::metrics::Rejection;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::timeout;
use tracing::debug;

/// The middleware of the public listener.
pub(super) async fn guard(
    service: web::Data<Service>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = service.health.now();
    let trace = request.headers().get(HEADER).filter(|value| TraceParent::parse(value).is_some()).cloned();
    let mut response = match admit(&service, request.peer_addr(), 1) {
        Err(problem) => refuse(request, &problem),
        Ok(()) => answer(&service, request, next).await?,
    };
    let took = service.health.now().since(began);
    let status = response.status();
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("none");
    service.metrics.http.answered(route, status.as_u16(), took);
    let id = trace.as_ref().and_then(TraceParent::parse);
    debug!(
        target: "bitcraps_node::gateway",
        method = %response.request().method(),
        path = response.request().path(),
        status = status.as_u16(),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        trace_id = id.map(|id| id.trace),
        parent_id = id.map(|id| id.parent),
        "request"
    );
    if let Some(trace) = trace {
        response.headers_mut().insert(HeaderName::from_static(HEADER), trace);
    }
    Ok(response)
}

/// Lets a request pass, as many as it counts for; or says when to come again.
pub(super) fn admit(service: &Service, from: Option<SocketAddr>, count: u32) -> Result<(), Problem> {
    let Some(limiter) = &service.limiter else { return Ok(()) };
    let from = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    let now = service.health.now();
    let admitted = limiter.lock().unwrap_or_else(PoisonError::into_inner).admit_all(now, from, count);
    admitted.map_err(|wait| {
        service.metrics.http.rejected(Rejection::Rate);
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "more requests than one address may send")
            .retry_after(wait)
    })
}

/// Has a request answered. It must not be cloned before: the router takes it for its own.
async fn answer(
    service: &Service,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let most = service.config.timeout + service.config.max_wait;
    let Ok(answered) = timeout(most, next.call(request)).await else {
        service.metrics.http.answered("none", 503, most);
        let detail = format!("no answer after {} s", most.as_secs());
        return Err(Problem::unavailable(detail, Duration::from_secs(1)).into());
    };
    answered.map(|response| with_problem(response.map_into_boxed_body()))
}

/// An error that a library answered with becomes a problem document.
fn with_problem(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let told = |value: &actix_web::http::header::HeaderValue| value.as_bytes() == MEDIA_TYPE.as_bytes();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().get(CONTENT_TYPE).is_some_and(told) {
        return response;
    }
    let reason = response.response().error().map(ToString::to_string);
    let reason = reason.unwrap_or_else(|| "the request was not understood".into());
    let problem = Problem::new(status, reason).error_response();
    response.into_response(problem)
}

fn refuse(request: ServiceRequest, problem: &Problem) -> ServiceResponse<BoxBody> {
    request.into_response(problem.error_response())
}
