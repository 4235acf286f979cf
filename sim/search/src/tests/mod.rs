//! The search, tested on clean engines and on those of the museum.

mod changes;
mod clean;
mod explored;
mod museum;
mod text;
