//! Handovers from one committee to the next: those that were, with their proofs, and a new one on its way to the node.

use super::api::{Block, HandoverForm, HandoverTaken, Handovers};
use super::problem::Problem;
use super::public::{Answer, json};
use super::service::Service;
use super::submit;
use crate::hex;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use bitcraps_casino::Handover;
use tokio::sync::oneshot;

/// The blocks that handed over, ascending. Who knows the genesis and checks each of them against the committee before
/// knows who decides now.
#[utoipa::path(get, path = "/v1/handovers", responses((status = 200, body = Handovers)))]
pub(super) async fn all(service: web::Data<Service>) -> Answer {
    let handovers = service.view.handovers().iter().filter_map(Block::of).collect();
    Ok(json(StatusCode::OK, &Handovers { handovers }))
}

/// Hands a handover to the node, which tells the other validators: whoever of them proposes first at a height where it may
/// happen puts it into that block. A node that restarts before forgets it.
#[utoipa::path(
    post, path = "/v1/handovers", request_body = HandoverForm,
    responses(
        (status = 202, description = "It waits for a block.", body = HandoverTaken),
        (status = 400, description = "The body is no handover.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The node is no validator and proposes no blocks.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It may not happen: the reason is told.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The node takes no more now.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn hand_in(
    service: web::Data<Service>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Answer {
    submit::refuse_if_stopping(&service)?;
    submit::check_media_type(&request, "application/json")?;
    let Some(proposer) = service.validators().position(&service.me) else {
        let detail = "this node is no validator and proposes no blocks; hand it to one that does";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    };
    let body = body.map_err(|error| submit::unread(&service, &error, MAX_BODY))?;
    let handover = parse(&body).map_err(Problem::bad_request)?;
    let place = service.handovers.try_reserve().map_err(|error| submit::no_place(&service, &error))?;
    let (tell, told) = oneshot::channel();
    place.send((handover, tell));
    match told.await {
        Ok(Ok(())) => Ok(json(StatusCode::ACCEPTED, &HandoverTaken { proposer: proposer.0 })),
        Ok(Err(why)) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)),
        Err(_) => Err(submit::stopped(&service)),
    }
}

/// The longest body, in bytes: a handover of the largest committees, in hexadecimal digits.
pub(super) const MAX_BODY: usize = 1 << 20;

fn parse(body: &[u8]) -> Result<Handover, String> {
    let form: HandoverForm = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let bytes = hex::decode(&form.borsh).map_err(|error| error.to_string())?;
    borsh::from_slice(&bytes).map_err(|error| format!("no handover: {error}"))
}
