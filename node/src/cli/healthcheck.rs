//! `healthcheck`: whether the running node is ready, as an exit code.

use super::{Context, Failure, code, remote, say};
use clap::Args;

/// `healthcheck`.
#[derive(Args, Debug)]
pub(super) struct Healthcheck {}

impl Healthcheck {
    pub(super) fn perform(self, context: &Context) -> Result<(), Failure> {
        let no = |failure| Failure { code: code::NO, ..failure };
        remote::status(context).map_err(no)?;
        let answer = remote::get(context, "/ready").map_err(no)?;
        if answer.status == 200 {
            return say("ready");
        }
        Err(Failure::new(code::NO, format!("not ready: {}", answer.body.trim())))
    }
}
