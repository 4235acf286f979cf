//! Asking the running node, at its admin address.

use super::{Context, Failure, code};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// The answer to a GET; an error if nobody answers.
pub(super) fn get(context: &Context, path: &str) -> Result<Answer, Failure> {
    ask(reachable(context.config()?.gateway.admin), path)
}

/// How the node of this home is; an error if another network's node answers, as one does whose port this configuration names
/// by mistake.
pub(super) fn status(context: &Context) -> Result<serde_json::Value, Failure> {
    let status = json(&get(context, "/status")?)?;
    let ours =
        context.home.read_genesis().map(|genesis| status["chain_id"] == genesis.chain_id().to_string());
    if ours.unwrap_or(true) {
        return Ok(status);
    }
    let network = status["network"].as_str().unwrap_or("no name");
    let address = reachable(context.config()?.gateway.admin);
    let message = format!(
        "at http://{address} answers a node of another network, {network}: does this home's node run, and with this \
         configuration?"
    );
    Err(Failure::new(code::DATA, message))
}

/// The answer of the node with that admin address.
pub(super) fn ask(address: SocketAddr, path: &str) -> Result<Answer, Failure> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .build()
        .new_agent();
    let unreachable = |error: ureq::Error| {
        let message = format!(
            "no node answers at http://{address}{path}: {error}; does it run, and with this configuration?"
        );
        Failure::new(code::UNAVAILABLE, message)
    };
    let mut response = agent.get(format!("http://{address}{path}")).call().map_err(unreachable)?;
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string().map_err(unreachable)?;
    Ok(Answer { status, body })
}

/// The JSON of an answer, which must be a success.
pub(super) fn json(answer: &Answer) -> Result<serde_json::Value, Failure> {
    if answer.status != 200 {
        return Err(Failure::new(
            code::UNAVAILABLE,
            format!("the node answers {}: {}", answer.status, answer.body),
        ));
    }
    serde_json::from_str(&answer.body)
        .map_err(|error| Failure::new(code::DATA, format!("the node's answer makes no sense: {error}")))
}

/// Where to reach what listens everywhere.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(host, listen.port())
}
