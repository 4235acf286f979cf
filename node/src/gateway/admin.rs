//! What the operator asks for, on a listener of its own.

use super::health::checks;
use super::problem::Problem;
use super::public::{json, nothing_here};
use super::service::Service;
use crate::hex;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::json as object;

/// Registers the resources.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    let get = |path: &'static str, route: actix_web::Route| {
        web::resource(path).route(route).default_service(web::to(only_get))
    };
    config
        .service(get("/metrics", web::get().to(metrics)))
        .service(get("/health", web::get().to(health)))
        .service(get("/ready", web::get().to(ready)))
        .service(get("/status", web::get().to(status)))
        .service(get("/peers", web::get().to(peers)))
        .service(get("/version", web::get().to(version)))
        .default_service(web::to(nothing_here));
}

async fn only_get(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed(request.method(), "GET"))
}

async fn metrics(service: web::Data<Service>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(service.metrics.text())
}

/// Alive: the node's loop runs. Trouble with others does not make it dead.
async fn health(service: web::Data<Service>) -> HttpResponse {
    let alive = service.health.is_alive();
    let status = if alive { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let silence = u64::try_from(service.health.silence().as_millis()).unwrap_or(u64::MAX);
    json(status, &object!({ "alive": alive, "ticked_ms_ago": silence }))
}

/// Ready to serve clients.
async fn ready(service: web::Data<Service>) -> HttpResponse {
    let checks = checks(&service);
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &object!({ "ready": ready, "checks": checks }))
}

#[derive(Serialize)]
struct Status {
    version: &'static str,
    network: String,
    chain_id: String,
    key: String,
    validator: Option<u16>,
    height: u64,
    root: Option<String>,
    round: u32,
    behind: Option<u64>,
    peers: usize,
    accounts: usize,
    draining: bool,
}

async fn status(service: web::Data<Service>) -> HttpResponse {
    let (head, network) = (service.view.head(), service.view.network());
    let status = Status {
        version: service.version,
        network: service.genesis.name.clone(),
        chain_id: service.chain.to_string(),
        key: hex::encode(&service.me.0),
        validator: service.validators().position(&service.me).map(|index| index.0),
        height: head.map_or(0, |head| head.height),
        root: head.map(|head| head.root.to_string()),
        round: network.round.1,
        behind: network.behind,
        peers: network.peers.len(),
        accounts: service.view.account_count(),
        draining: service.health.is_draining(),
    };
    json(StatusCode::OK, &status)
}

async fn peers(service: web::Data<Service>) -> HttpResponse {
    let network = service.view.network();
    let peers = network.peers.iter().map(|key| {
        let validator = service.validators().position(key).map(|index| index.0);
        object!({ "key": hex::encode(&key.0), "validator": validator })
    });
    json(StatusCode::OK, &object!({ "peers": peers.collect::<Vec<_>>() }))
}

async fn version(service: web::Data<Service>) -> HttpResponse {
    json(StatusCode::OK, &object!({ "version": service.version }))
}
