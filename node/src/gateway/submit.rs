//! Commands from clients, on their way to the node: one at a time, or a list. Their signatures are checked here, all of a
//! list at once.

use super::api::{self, HandedIn, Statuses, Submissions};
use super::guard;
use super::problem::Problem;
use super::public::{Answer, json};
use super::service::Service;
use crate::metrics::Rejection;
use crate::view::CommandView;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use bitcraps_actors::ports::turned_away;
use bitcraps_casino::SignedCommand;
use bitcraps_types::ed25519::Ed25519Verifier;
use std::time::Duration;
use tokio::sync::mpsc::Permit;
use tokio::sync::mpsc::error::TrySendError;

/// Hands a signed command to the node, or a list of them.
///
/// A list counts as so many requests as it has commands. Either the node has room for all of it or it is refused as a
/// whole; which commands are forged is told of each.
#[utoipa::path(
    post, path = "/v1/commands", request_body = Submissions,
    responses(
        (status = 202, description = "It is on its way; ask for its status with the id. Of a list: the status of each, `turned_away` if its signature is wrong.", body = Statuses),
        (status = 400, description = "The body is no command, or a list with one that is none.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The signature is not valid.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The node takes no more now.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn submit(
    service: web::Data<Service>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Answer {
    refuse_if_stopping(&service)?;
    check_media_type(&request, "application/json")?;
    let body = body.map_err(|error| unread(&service, &error, service.config.max_body))?;
    let statuses = match Submissions::parse(&body).map_err(|error| Problem::bad_request(error.to_string()))? {
        HandedIn::One(signed) => Statuses::One(one(&service, *signed)?),
        HandedIn::List(commands) => {
            let count = u32::try_from(commands.len()).unwrap_or(u32::MAX);
            guard::admit(&service, request.peer_addr(), count - 1)?;
            Statuses::List(list(&service, commands)?)
        }
    };
    Ok(json(StatusCode::ACCEPTED, &statuses))
}

/// A place in the queue comes before the costly check: under overload forgeries cost no more than others.
fn one(service: &Service, signed: SignedCommand) -> Result<api::Status, Problem> {
    let place = service.submit.try_reserve().map_err(|error| no_place(service, &error))?;
    if !signed.verify(&service.chain, &Ed25519Verifier) {
        let detail = format!("the signature is not the key's over this command on chain {}", service.chain);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(hand_on(service, place, signed))
}

fn list(service: &Service, commands: Vec<SignedCommand>) -> Result<Vec<api::Status>, Problem> {
    let places = service.submit.try_reserve_many(commands.len());
    let mut places = places.map_err(|error| no_place(service, &error))?;
    let verdicts = SignedCommand::verify_each(&commands, &service.chain, &Ed25519Verifier);
    let forged = CommandView::TurnedAway { why: turned_away::FORGED };
    let handed_on = commands.into_iter().zip(verdicts).map(|(signed, good)| match places.next() {
        Some(place) if good => hand_on(service, place, signed),
        _ => api::Status::of(signed.id(), &forged),
    });
    Ok(handed_on.collect())
}

fn hand_on(service: &Service, place: Permit<'_, SignedCommand>, signed: SignedCommand) -> api::Status {
    let id = signed.id();
    service.view.submitted(id);
    place.send(signed);
    let view = service.view.command(&id).unwrap_or(CommandView::Submitted);
    api::Status::of(id, &view)
}

pub(super) fn refuse_if_stopping(service: &Service) -> Result<(), Problem> {
    if service.health.is_draining() {
        service.metrics.http.rejected(Rejection::Draining);
        return Err(Problem::unavailable("the node is stopping", Duration::from_secs(10)));
    }
    Ok(())
}

pub(super) fn no_place(service: &Service, error: &TrySendError<()>) -> Problem {
    match error {
        TrySendError::Full(()) => {
            full(service, "the node has more of what clients handed in to look at than it takes")
        }
        TrySendError::Closed(()) => stopped(service),
    }
}

pub(super) fn full(service: &Service, why: &str) -> Problem {
    service.metrics.http.rejected(Rejection::QueueFull);
    Problem::unavailable(why, Duration::from_secs(1))
}

pub(super) fn stopped(service: &Service) -> Problem {
    service.metrics.http.rejected(Rejection::Draining);
    Problem::unavailable("the node has stopped", Duration::from_secs(10))
}

pub(super) fn check_media_type(request: &HttpRequest, expected: &str) -> Result<(), Problem> {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let detail = format!("the body must be {expected}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// Why a body of at most `most` bytes was not read.
pub(super) fn unread(service: &Service, error: &actix_web::Error, most: usize) -> Problem {
    let status = error.as_response_error().status_code();
    if status != StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::bad_request(format!("the body could not be read: {error}"));
    }
    service.metrics.http.rejected(Rejection::TooLarge);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {most} bytes"))
}
