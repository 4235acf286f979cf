//! How a type becomes a message that nobody answers. All messages between the actors are of that kind: an answer is
//! another message, so that no actor ever waits for one.

use actix::Message;

macro_rules! message {
    ($($name:ty),+) => {
        $(impl actix::Message for $name {
            type Result = ();
        })+
    };
}
pub(crate) use message;

/// The actor's alarm rang.
pub(crate) struct Ring;

impl Message for Ring {
    type Result = ();
}
