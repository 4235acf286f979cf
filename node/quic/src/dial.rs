//! Connections to peers.

use crate::failure::HandshakeFailure;
use crate::greeting::{Failed, Greeted, greet};
use crate::links::Shared;
use crate::observer::QuicEvent;
use crate::timer::{TimedOut, Timer};
use crate::tls::{self, NO_NAME};
use crate::{Environment, link};
use bitcraps_actors::ports::{Address, LinkEvent};
use bitcraps_types::PublicKey;
use quinn::{ClientConfig, Connecting};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// Dials, and then is the link.
pub(crate) async fn dial(shared: Rc<Shared>, address: Address, pin: PublicKey) {
    let outcome = reach(&shared, &address, pin).await;
    shared.dials.borrow_mut().remove(&address);
    match outcome {
        Ok(greeted) => link::run(shared, greeted, Some(address)).await,
        Err(failed) => fail(&shared, address, failed),
    }
}

/// Tells that a dial failed.
pub(crate) fn fail(shared: &Shared, address: Address, Failed { why, by_peer }: Failed) {
    shared.observer.note(&QuicEvent::DialFailed { address: address.clone(), why, by_peer });
    shared.tell(LinkEvent::OpenFailed { address });
}

async fn reach(shared: &Shared, address: &Address, pin: PublicKey) -> Result<Greeted, Failed> {
    let mut timer = Timer::new(shared.environment.runtime.clone());
    let time = shared.config.handshake_timeout;
    let connecting = async {
        let remote = resolve(&shared.environment, address).await?;
        connect(shared, remote, pin)?.await.map_err(Failed::from)
    };
    let connection = match timer.limit(time, connecting).await {
        Ok(connected) => connected?,
        Err(TimedOut) => return Err(HandshakeFailure::TimedOut.into()),
    };
    greet(connection, &shared.config, &mut timer, time).await
}

async fn resolve(environment: &Environment, address: &Address) -> Result<SocketAddr, HandshakeFailure> {
    match address.0.parse() {
        Ok(literal) => Ok(literal),
        Err(_) => (environment.resolve)(&address.0).await.map_err(|_| HandshakeFailure::Unresolved),
    }
}

fn connect(shared: &Shared, remote: SocketAddr, pin: PublicKey) -> Result<Connecting, HandshakeFailure> {
    let tls = tls::client(&shared.environment, &shared.identity, pin);
    let mut config = ClientConfig::new(Arc::new(tls.map_err(|_| HandshakeFailure::Other)?));
    config.transport_config(shared.transport.clone());
    if let Some(first_cid) = shared.environment.first_cid.clone() {
        config.initial_dst_cid_provider(first_cid);
    }
    shared.endpoint.connect_with(config, remote, NO_NAME).map_err(|error| match error {
        quinn::ConnectError::EndpointStopping => HandshakeFailure::Shutdown,
        _ => HandshakeFailure::Other,
    })
}
