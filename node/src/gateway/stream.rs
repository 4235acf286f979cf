//! The stream of events on a WebSocket. What a client may be behind is bounded: one that reads more slowly than things
//! happen is cut off with a close code, and can come again and read the state.

use super::api::Event;
use super::problem::Problem;
use super::service::Service;
use crate::hex::Hex;
use crate::metrics::Rejection;
use crate::view::News;
use actix_web::http::StatusCode;
use actix_web::rt::task::JoinHandle;
use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use bitcraps_types::{AccountId, Digest, TableId};
use serde::Deserialize;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

/// So long without news, and a ping tells whether the client is there.
const QUIET: Duration = Duration::from_secs(20);

/// The longest message of a client, in bytes. It has nothing to say.
const MAX_FRAME: usize = 1 << 10;

/// What a client wants to hear.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Rolls and bets of this table alone.
    table: Option<u32>,
    /// Bets and commands of this account alone.
    account: Option<Hex<32>>,
    /// These kinds alone: `block`, `roll`, `bet`, `command`, with commas between.
    kinds: Option<String>,
}

/// Events as they happen, on a WebSocket; each text message is one. A client that reads too slowly is closed with 1008.
#[utoipa::path(
    get, path = "/v1/events",
    params(
        ("table" = Option<u32>, Query, description = "Rolls and bets of this table alone."),
        ("account" = Option<String>, Query, description = "Bets and commands of this account alone."),
        ("kinds" = Option<String>, Query, description = "These kinds alone: `block`, `roll`, `bet`, `command`, with commas between."),
    ),
    responses(
        (status = 101, description = "The stream begins. Each text message is an event.", body = super::api::Event),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "As many watch as may.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn events(
    service: web::Data<Service>,
    request: HttpRequest,
    filter: web::Query<Filter>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let wanted = Wanted::of(&filter)?;
    let seat = Seat::take(service)
        .ok_or_else(|| Problem::unavailable("as many clients watch as may", Duration::from_secs(5)))?;
    let news = seat.0.view.subscribe();
    let (response, session, messages) = actix_ws::handle(&request, body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("this is a WebSocket: {error}")))?;
    let hears = rt::spawn(hear(session.clone(), messages.max_frame_size(MAX_FRAME)));
    let stopping = Box::pin(seat.0.health.draining());
    rt::spawn(Writer { seat, session, wanted, news, stopping, hears }.run());
    Ok(response)
}

/// One of the places of those who watch.
struct Seat(web::Data<Service>);

impl Seat {
    fn take(service: web::Data<Service>) -> Option<Seat> {
        let most = service.config.max_websockets;
        let more = |count| (count < most).then_some(count + 1);
        if service.watching.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            service.metrics.http.rejected(Rejection::TooManyClients);
            return None;
        }
        service.metrics.http.websockets.inc();
        Some(Seat(service))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.watching.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.http.websockets.dec();
    }
}

struct Wanted {
    table: Option<TableId>,
    account: Option<AccountId>,
    blocks: bool,
    rolls: bool,
    bets: bool,
    commands: bool,
}

impl Wanted {
    fn of(filter: &Filter) -> Result<Wanted, Problem> {
        let (table, account) = (filter.table.map(TableId), filter.account.map(|id| AccountId(Digest(id.0))));
        let all = filter.kinds.is_none();
        let mut wanted = Wanted { table, account, blocks: all, rolls: all, bets: all, commands: all };
        for kind in filter.kinds.iter().flat_map(|kinds| kinds.split(',')) {
            match kind {
                "block" => wanted.blocks = true,
                "roll" => wanted.rolls = true,
                "bet" => wanted.bets = true,
                "command" => wanted.commands = true,
                _ => return Err(Problem::bad_request("`kinds` are block, roll, bet and command")),
            }
        }
        Ok(wanted)
    }

    /// The events of some news that the client wants.
    fn events(&self, news: &News) -> Vec<Event> {
        let at_table = |table| self.table.is_none_or(|wanted| wanted == table);
        let of_account = |account| self.account.is_none_or(|wanted| wanted == account);
        match news {
            News::Block(block) => {
                let height = block.head.height;
                let mut events = Vec::new();
                if self.blocks {
                    events.push(Event::block(block));
                }
                if self.rolls {
                    let rolls = block.rolls.iter().filter(|roll| at_table(roll.table));
                    events.extend(rolls.filter_map(|roll| Event::roll(height, roll)));
                }
                if self.bets {
                    let bets = block.bets.iter();
                    let bets = bets.filter(|bet| at_table(bet.table) && of_account(bet.id.account));
                    events.extend(bets.map(|bet| Event::bet(height, bet)));
                }
                if self.commands {
                    let commands = block.commands.iter().filter(|command| of_account(command.account));
                    events.extend(commands.map(Event::command));
                }
                events
            }
            // Whose it was is not known; who handed it in knows its id.
            News::TurnedAway { id, why } if self.commands && self.account.is_none() => {
                let status = super::api::Status::of(*id, &crate::view::CommandView::TurnedAway { why });
                vec![Event::Command { account: None, status }]
            }
            News::TurnedAway { .. } => Vec::new(),
            News::Restored(head) => vec![Event::Restored { height: head.height, root: Hex(head.root.0) }],
        }
    }
}

/// Answers pings, until the client closes or says what it may not; then the session is closed for its writer too.
async fn hear(mut session: Session, mut messages: MessageStream) {
    let reason = loop {
        match messages.recv().await {
            Some(Ok(Message::Ping(bytes))) => {
                if session.pong(&bytes).await.is_err() {
                    return;
                }
            }
            Some(Ok(Message::Close(reason))) => break reason,
            Some(Ok(_)) => {}
            Some(Err(_)) => break Some(CloseCode::Protocol.into()),
            None => break None,
        }
    };
    let _ = session.close(reason).await;
}

/// Tells one client the news.
struct Writer {
    seat: Seat,
    session: Session,
    wanted: Wanted,
    news: Receiver<News>,
    /// Is done when the node stops.
    stopping: Pin<Box<dyn Future<Output = ()>>>,
    hears: JoinHandle<()>,
}

/// Why a stream ends.
enum End {
    /// The client is gone.
    Gone,
    /// It reads more slowly than things happen.
    Slow,
    /// The node stops.
    Stopped,
}

impl Writer {
    async fn run(mut self) {
        let stall = self.seat.0.config.stall;
        let reason = match self.tell(stall).await {
            End::Gone => None,
            End::Slow => {
                self.seat.0.metrics.http.rejected(Rejection::SlowClient);
                let description = Some("more happened than was read; come again".into());
                Some(CloseReason { code: CloseCode::Policy, description })
            }
            End::Stopped => Some(CloseReason { code: CloseCode::Away, description: Some("stopping".into()) }),
        };
        if let Some(reason) = reason {
            // A client that reads nothing at all never hears the reason: its connection is cut.
            let _ = timeout(stall, self.session.close(Some(reason))).await;
        }
        self.hears.abort();
    }

    /// What happens next. The end of the node comes first.
    async fn next(&mut self) -> Result<News, End> {
        let Writer { news, stopping, .. } = self;
        let mut news = pin!(news.recv());
        poll_fn(|cx| match stopping.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(End::Stopped)),
            Poll::Pending => news.as_mut().poll(cx).map_err(|error| match error {
                RecvError::Lagged(_) => End::Slow,
                RecvError::Closed => End::Stopped,
            }),
        })
        .await
    }

    async fn tell(&mut self, stall: Duration) -> End {
        loop {
            let sent = match timeout(QUIET, self.next()).await {
                Err(_) => timeout(stall, self.session.ping(b"")).await.map_err(|_| End::Slow),
                Ok(Ok(news)) => self.send(&news, stall).await,
                Ok(Err(end)) => Err(end),
            };
            match sent {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return End::Gone,
                Err(end) => return end,
            }
        }
    }

    async fn send(&mut self, news: &News, stall: Duration) -> Result<Result<(), actix_ws::Closed>, End> {
        for event in self.wanted.events(news) {
            let text = serde_json::to_string(&event).unwrap_or_default();
            match timeout(stall, self.session.text(text)).await {
                Ok(Ok(())) => {}
                Ok(Err(closed)) => return Ok(Err(closed)),
                Err(_) => return Err(End::Slow),
            }
        }
        Ok(Ok(()))
    }
}
