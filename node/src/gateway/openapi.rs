//! The OpenAPI document, put together from the handlers and the types that they speak.

use super::{api, blobs, handovers, problem::Problem, public, stream, submit};
use std::sync::LazyLock;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "BitCraps gateway",
        version = "1",
        description = "Play, read and watch a BitCraps casino. Errors are application/problem+json (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        submit::submit,
        public::command,
        blobs::submit,
        handovers::all,
        handovers::hand_in,
        public::account,
        public::tables,
        public::table,
        public::block,
        public::validators,
        public::chain,
        stream::events,
        public::openapi_json
    ),
    components(schemas(Problem, api::Event))
)]
struct Document;

/// The document's text.
pub fn document() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| Document::openapi().to_json().expect("the document is plain data"));
    &TEXT
}
