//! The gateway: the node over HTTP. Clients hand commands in, read tables, balances and blocks, and watch what happens
//! on a WebSocket; the operator has a listener of their own with metrics and health.
//!
//! It runs on threads of its own and shares with the node's thread only the [`View`](crate::view::View), bounded
//! queues of commands and of blobs, and counters. It checks signatures before the node hears of a command, so that forgeries cost
//! the node nothing; it decides nothing. `docs/gateway.md` shows how to use it.

mod admin;
pub mod api;
mod app;
mod blobs;
mod connection;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod guard;
mod handovers;
mod health;
mod limiter;
mod openapi;
mod problem;
mod public;
mod queue;
mod server;
mod service;
mod stream;
mod streams;
mod submit;
mod trace;

#[cfg(test)]
mod tests;

pub use health::{Clock, Health};
pub use limiter::Rate;
pub use openapi::document;
pub use problem::Problem;
pub use queue::{blob_queue, hand_on, hand_on_blobs, hand_on_handovers, handover_queue, queue};
pub use server::{Gateway, GatewayError, start};
pub use service::{Archive, BlobsHandedIn, CommandIndex, GatewayConfig, HandoverHandedIn, Node};
pub use streams::Streams;

/// A resource of the public listener: method and path.
pub type Route = (&'static str, &'static str);

/// All that the public listener serves.
pub const ROUTES: &[Route] = &[
    ("POST", "/v1/commands"),
    ("GET", "/v1/commands/{id}"),
    ("POST", "/v1/blobs"),
    ("GET", "/v1/handovers"),
    ("POST", "/v1/handovers"),
    ("GET", "/v1/accounts/{id}"),
    ("GET", "/v1/tables"),
    ("GET", "/v1/tables/{id}"),
    ("GET", "/v1/blocks/{height}"),
    ("GET", "/v1/validators"),
    ("GET", "/v1/chain"),
    ("GET", "/v1/events"),
    ("GET", "/openapi.json"),
];

/// All that the admin listener serves.
pub const ADMIN_ROUTES: &[Route] = &[
    ("GET", "/metrics"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/status"),
    ("GET", "/peers"),
    ("GET", "/version"),
];
