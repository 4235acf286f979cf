//! Blobs from clients, on their way to the node: lists of bytes that consensus orders and that no state depends on, in
//! networks whose genesis allows them. Nobody signs them, so there is nothing to check but bounds.

use super::api::BlobsTaken;
use super::guard;
use super::problem::Problem;
use super::public::{Answer, json};
use super::service::Service;
use super::submit;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use bitcraps_casino::{Blobs, Block};
use bitcraps_types::ValidatorIndex;
use tokio::sync::oneshot;

/// The longest body, in bytes: no list is longer than what a block may hold.
pub(super) const MAX_BODY: usize = Block::MAX_BYTES;
/// So many bytes count as one request.
const BYTES_PER_REQUEST: usize = 4 << 10;

/// Hands blobs to the node: bytes that consensus orders and that no state depends on.
///
/// The body is how many they are (4 bytes, little endian), then each after its length (4 bytes): the borsh encoding of a
/// list of byte strings. A list counts as one request for each 4 KiB of it. The node takes as many of the first as it has
/// room for, and has them in its next blocks in that order; until then it alone has them.
#[utoipa::path(
    post, path = "/v1/blobs",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 202, description = "So many of the first wait for a block of this node's.", body = BlobsTaken),
        (status = 400, description = "The body is no such list, or an empty one.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The network takes no blobs, or the node is no validator and proposes no blocks.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long, or a blob is longer than a block may hold.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not application/octet-stream.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The node takes no more now.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn submit(service: web::Data<Service>, request: HttpRequest, body: web::Payload) -> Answer {
    submit::refuse_if_stopping(&service)?;
    let proposer = may_propose(&service)?;
    submit::check_media_type(&request, "application/octet-stream")?;
    // Not before: a node that takes no blobs takes no megabyte of them in either.
    let body = web::Bytes::from_request(&request, &mut body.into_inner()).await;
    let body = body.map_err(|error| submit::unread(&service, &error, MAX_BODY))?;
    let requests = body.len().div_ceil(BYTES_PER_REQUEST);
    let blobs = parse(&service, body)?;
    let more = u32::try_from(requests).unwrap_or(u32::MAX).saturating_sub(1);
    guard::admit(&service, request.peer_addr(), more)?;
    let place = service.blobs.try_reserve().map_err(|error| submit::no_place(&service, &error))?;
    let (tell, told) = oneshot::channel();
    place.send((blobs, tell));
    match told.await {
        Ok(0) => Err(submit::full(&service, "as many blobs wait for a block as may")),
        Ok(taken) => Ok(json(StatusCode::ACCEPTED, &BlobsTaken { taken, proposer: proposer.0 })),
        Err(_) => Err(submit::stopped(&service)),
    }
}

/// This node among the validators, if blobs may come to it.
fn may_propose(service: &Service) -> Result<ValidatorIndex, Problem> {
    let forbidden = |detail: &str| Problem::new(StatusCode::FORBIDDEN, detail);
    if service.genesis.blob_bytes == 0 {
        return Err(forbidden("this network takes no blobs: its genesis allows none"));
    }
    let me = service.validators().position(&service.me);
    me.ok_or_else(|| {
        forbidden("this node is no validator and proposes no blocks; hand blobs to one that does")
    })
}

fn parse(service: &Service, body: web::Bytes) -> Result<Blobs, Problem> {
    let blobs = Blobs::decode(body).map_err(|error| Problem::bad_request(error.to_string()))?;
    if blobs.is_empty() {
        return Err(Problem::bad_request("an empty list"));
    }
    let most = service.genesis.blob_bytes as usize;
    if blobs.iter().any(|blob| blob.len() > most) {
        let detail = format!("a block holds no blob of more than {most} bytes");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(blobs)
}
