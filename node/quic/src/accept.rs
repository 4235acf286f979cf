//! Connections from outside: through the doors, through the handshake, and up.

use crate::close::CloseCode;
use crate::doors::Answer;
use crate::greeting::{Failed, Greeted, greet};
use crate::links::Shared;
use crate::observer::{QuicEvent, Refused, add};
use crate::timer::{TimedOut, Timer};
use crate::{HandshakeFailure, link};
use quinn::{Connecting, Incoming};
use std::net::SocketAddr;
use std::rc::Rc;

/// Takes connections until the endpoint is closed.
pub(crate) async fn accept(shared: Rc<Shared>) {
    while let Some(incoming) = shared.endpoint.accept().await {
        answer(&shared, incoming);
    }
}

fn answer(shared: &Rc<Shared>, incoming: Incoming) {
    let remote = incoming.remote_address();
    let links = shared.inbound_links();
    let validated = incoming.remote_address_validated();
    let answer = shared.doors.borrow_mut().knock(remote.ip(), validated, links, &shared.config);
    match answer {
        Answer::Enter { ticket, instead_of } => {
            let entering = shared.clone();
            let task = async move {
                let greeted = match incoming.accept() {
                    Ok(connecting) => shake_hands(&entering, connecting).await,
                    Err(error) => Err(error.into()),
                };
                entering.doors.borrow_mut().leave(remote.ip(), ticket);
                entering.handshakes.borrow_mut().remove(&ticket);
                enter(entering, remote, greeted).await;
            };
            let task = tokio::task::spawn_local(task).abort_handle();
            let mut handshakes = shared.handshakes.borrow_mut();
            handshakes.insert(ticket, (remote, task));
            if let Some((remote, task)) = instead_of.and_then(|ticket| handshakes.remove(&ticket)) {
                drop(handshakes);
                // What it holds of the connection goes with it, and that closes it.
                task.abort();
                shared.observer.note(&QuicEvent::Refused { remote, why: Refused::Handshakes });
            }
        }
        Answer::Retry => {
            add(&shared.observer.counters.retries, 1);
            // Who has a token is validated and never told to get one, so this does not fail.
            let _ = incoming.retry();
        }
        Answer::Refuse(why) => {
            incoming.refuse();
            shared.observer.note(&QuicEvent::Refused { remote, why });
        }
    }
}

async fn shake_hands(shared: &Shared, connecting: Connecting) -> Result<Greeted, Failed> {
    let mut timer = Timer::new(shared.environment.runtime.clone());
    let time = shared.config.handshake_timeout;
    let connection = match timer.limit(time, connecting).await {
        Ok(connected) => connected?,
        Err(TimedOut) => return Err(HandshakeFailure::TimedOut.into()),
    };
    greet(connection, &shared.config, &mut timer, time).await
}

async fn enter(shared: Rc<Shared>, remote: SocketAddr, greeted: Result<Greeted, Failed>) {
    match greeted {
        // Others came in while this one shook hands.
        Ok(greeted) if shared.inbound_links() >= shared.config.max_inbound => {
            CloseCode::Full.close(&greeted.connection);
            let why = HandshakeFailure::Full;
            shared.observer.note(&QuicEvent::InboundFailed { remote, why, by_peer: false });
        }
        Ok(greeted) => link::run(shared, greeted, None).await,
        Err(Failed { why, by_peer }) => {
            shared.observer.note(&QuicEvent::InboundFailed { remote, why, by_peer });
        }
    }
}
