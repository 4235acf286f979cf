//! What clients ask for. Each handler reads the view; [`submit`] hands commands on, and [`blobs`] hands on blobs.

use super::api;
use super::problem::Problem;
use super::service::Service;
use super::{blobs, handovers, openapi, stream, submit};
use crate::hex::{self, Hex};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use bitcraps_types::{AccountId, Digest, Height, PublicKey, TableId, WallTime};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::timeout;

pub(super) type Answer = Result<HttpResponse, Problem>;

/// Registers the resources, and how what can't be read of a request is answered.
pub(super) fn configure(config: &mut web::ServiceConfig, max_body: usize) {
    let path = |error| Problem::bad_request(format!("the path: {error}"));
    let query = |error| Problem::bad_request(format!("the query: {error}"));
    config
        .app_data(web::PayloadConfig::new(max_body))
        .app_data(web::PathConfig::default().error_handler(move |error, _| path(error).into()))
        .app_data(web::QueryConfig::default().error_handler(move |error, _| query(error).into()));
    let get = |path: &'static str, route: actix_web::Route| {
        web::resource(path).route(route).default_service(web::to(only_get))
    };
    config
        .service(
            web::resource("/v1/commands")
                .route(web::post().to(submit::submit))
                .default_service(web::to(only_post)),
        )
        .service(
            web::resource("/v1/blobs")
                .app_data(web::PayloadConfig::new(blobs::MAX_BODY))
                .route(web::post().to(blobs::submit))
                .default_service(web::to(only_post)),
        )
        .service(
            web::resource("/v1/handovers")
                .app_data(web::PayloadConfig::new(handovers::MAX_BODY))
                .route(web::get().to(handovers::all))
                .route(web::post().to(handovers::hand_in))
                .default_service(web::to(get_or_post)),
        )
        .service(get("/v1/commands/{id}", web::get().to(command)))
        .service(get("/v1/accounts/{id}", web::get().to(account)))
        .service(get("/v1/tables", web::get().to(tables)))
        .service(get("/v1/tables/{id}", web::get().to(table)))
        .service(get("/v1/blocks/{height}", web::get().to(block)))
        .service(get("/v1/validators", web::get().to(validators)))
        .service(get("/v1/chain", web::get().to(chain)))
        .service(get("/v1/events", web::get().to(stream::events)))
        .service(get("/openapi.json", web::get().to(openapi_json)))
        .default_service(web::to(nothing_here));
}

async fn only_get(request: HttpRequest) -> Answer {
    Err(Problem::method_not_allowed(request.method(), "GET"))
}

async fn get_or_post(request: HttpRequest) -> Answer {
    Err(Problem::method_not_allowed(request.method(), "GET, POST"))
}

async fn only_post(request: HttpRequest) -> Answer {
    Err(Problem::method_not_allowed(request.method(), "POST"))
}

pub(super) async fn nothing_here(request: HttpRequest) -> Answer {
    let path: String = request.path().chars().take(100).collect();
    Err(Problem::not_found(format!("there is nothing at {path}; /openapi.json lists what there is")))
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(value) {
        Ok(body) => HttpResponse::build(status).content_type("application/json").body(body),
        Err(error) => HttpResponse::from_error(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the answer can't be told: {error}"),
        )),
    }
}

fn ok(value: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, value))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitQuery {
    wait: Option<String>,
}

/// What became of a command. With `wait`, answers when something did, or after that time. Of one that is long settled
/// it tells the block alone.
#[utoipa::path(
    get, path = "/v1/commands/{id}",
    params(
        ("id" = String, Path, description = "The command's id: 64 hexadecimal digits."),
        ("wait" = Option<String>, Query, description = "How long to wait for an end of `pending`: `5s`, `300ms`."),
    ),
    responses(
        (status = 200, body = api::Status),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "It never came here, or it stands in a block that the node never had.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn command(
    service: web::Data<Service>,
    id: web::Path<String>,
    query: web::Query<WaitQuery>,
) -> Answer {
    let id = Digest(bytes(&id, "a command's id")?);
    let wait = query.wait.as_deref().map(|text| parse_wait(text, service.config.max_wait)).transpose()?;
    let mut changes = service.view.changes();
    let status = || service.view.command(&id).map(|view| api::Status::of(id, &view));
    let settled = async {
        while !status().is_some_and(|status| status.is_final()) && changes.changed().await.is_ok() {}
    };
    if let Some(wait) = wait {
        // Whether or not something came of it: what is known now is the answer.
        let _ = timeout(wait, settled).await;
    }
    if let Some(status) = status() {
        return ok(&status);
    }
    let index = service.command_index.clone();
    match web::block(move || index(id)).await.unwrap_or_default() {
        Some(height) => ok(&api::Status::archived(id, height)),
        None => Err(Problem::not_found(format!("no command {id} is known here"))),
    }
}

fn parse_wait(text: &str, most: Duration) -> Result<Duration, Problem> {
    let (digits, unit) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('s').unwrap_or_default(), 1000),
    };
    let count: Option<u64> =
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match count.and_then(|count| count.checked_mul(unit)) {
        Some(ms) => Ok(Duration::from_millis(ms).min(most)),
        None => {
            Err(Problem::bad_request(format!("`wait` must be like 5s or 300ms, at most {}s", most.as_secs())))
        }
    }
}

/// An account, by its id or by the key that controls it.
#[utoipa::path(
    get, path = "/v1/accounts/{id}",
    params(("id" = String, Path, description = "The account's id or its public key: 64 hexadecimal digits.")),
    responses(
        (status = 200, body = api::Account),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn account(service: web::Data<Service>, id: web::Path<String>) -> Answer {
    let bytes = bytes(&id, "an account's id or key")?;
    let by_key = || AccountId::of_key(&PublicKey(bytes));
    let found = [AccountId(Digest(bytes)), by_key()]
        .into_iter()
        .find_map(|account| service.view.account(&account).map(|view| api::Account::of(account, &view)));
    match found {
        Some(account) => ok(&account),
        None => Err(Problem::not_found(format!("there is no account {id}: nobody sent it any money yet"))),
    }
}

/// All tables.
#[utoipa::path(get, path = "/v1/tables", responses((status = 200, body = api::Tables)))]
pub(super) async fn tables(service: web::Data<Service>) -> Answer {
    let tables = service.view.tables();
    ok(&api::Tables { tables: tables.iter().map(|table| api::TableSummary::from(&**table)).collect() })
}

/// A table with its bets and last rolls.
#[utoipa::path(
    get, path = "/v1/tables/{id}",
    params(("id" = u32, Path, description = "The table's number.")),
    responses(
        (status = 200, body = api::Table),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn table(service: web::Data<Service>, id: web::Path<String>) -> Answer {
    let number: u32 = number(&id, "a table's number")?;
    match service.view.table(TableId(number)) {
        Some(table) => ok(&api::Table::from(&*table)),
        None => Err(Problem::not_found(format!("there is no table {number}; /v1/tables lists them"))),
    }
}

/// A block with its certificate, and the raw bytes of both.
#[utoipa::path(
    get, path = "/v1/blocks/{height}",
    params(("height" = String, Path, description = "The block's height, or `latest`.")),
    responses(
        (status = 200, body = api::Block),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn block(service: web::Data<Service>, height: web::Path<String>) -> Answer {
    let tip = service.view.head().map_or(0, |head| head.height);
    let height: Height = if *height == "latest" { tip } else { number(&height, "a height, or `latest`")? };
    let found = match service.view.block(height) {
        Some(block) => Some(block.decided.clone()),
        None if height > tip || height == 0 => None,
        None => {
            let archive = service.archive.clone();
            web::block(move || archive(height)).await.unwrap_or_default()
        }
    };
    let block = found.and_then(|decided| api::Block::of(&decided));
    match block {
        Some(block) => ok(&block),
        None => Err(Problem::not_found(format!("block {height} is not here; the chain ends at {tip}"))),
    }
}

/// The validators.
#[utoipa::path(get, path = "/v1/validators", responses((status = 200, body = api::Validators)))]
pub(super) async fn validators(service: web::Data<Service>) -> Answer {
    let offences = service.view.network().offences;
    let set = service.validators();
    let validators = set.iter().map(|(index, validator)| api::Validator {
        index: index.0,
        key: Hex(validator.key.0),
        power: validator.power,
        offences: offences.iter().filter(|(_, offender)| *offender == index.0).count(),
    });
    let validators = validators.collect();
    ok(&api::Validators { total_power: set.total_power(), validators })
}

/// The chain: its genesis and its end.
#[utoipa::path(get, path = "/v1/chain", responses((status = 200, body = api::Chain)))]
pub(super) async fn chain(service: web::Data<Service>) -> Answer {
    let nothing =
        crate::view::Head { height: 0, digest: service.chain, root: Digest::ZERO, time: WallTime(0) };
    let head = service.view.head().unwrap_or(nothing);
    ok(&api::Chain::of(&service.genesis, &service.chain, &head))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json")))]
pub(super) async fn openapi_json() -> Answer {
    Ok(HttpResponse::Ok().content_type("application/json").body(openapi::document()))
}

fn bytes<const N: usize>(text: &str, what: &str) -> Result<[u8; N], Problem> {
    hex::decode_exactly(text).map_err(|error| Problem::bad_request(format!("{what}: {error}")))
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| {
        let text: String = text.chars().take(40).collect();
        Problem::bad_request(format!("`{text}` is not {what}"))
    })
}
