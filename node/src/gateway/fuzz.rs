//! The gateway under bytes that a stranger chose: bodies for `fuzz/`.

use super::api::{Action, BetName, CommandForm, HandedIn, Submissions};
use super::problem::MEDIA_TYPE;
use super::service::Service;
use super::trace::{HEADER, TraceParent};
use super::{GatewayConfig, Health, Node, Rate, app};
use crate::testing::{House, account};
use actix_web::body::MessageBody;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::{rt, test, web};
use bitcraps_casino::SignedCommand;
use bitcraps_types::Time;
use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::mpsc;

/// Ends a request. No text in UTF-8 has it.
const SEPARATOR: u8 = 0xc0;

/// The body of `POST /v1/commands`.
///
/// Held: of commands that are taken, the form and the encoding are taken for the same command; a list is within its
/// bound; a bet's name is the name of what it names.
pub fn commands(bytes: &[u8]) {
    let commands = match Submissions::parse(bytes) {
        Ok(HandedIn::One(command)) => vec![*command],
        Ok(HandedIn::List(commands)) => commands,
        Err(error) => return assert!(error.to_string().len() < 1000 + 6 * bytes.len()),
    };
    assert!((1..=Submissions::MOST).contains(&commands.len()));
    for command in commands {
        let form = CommandForm::from(&command);
        if let Action::Bet { bet, .. } = &form.action {
            assert_eq!(bet.to_string().parse(), Ok(BetName(bet.0)));
        }
        let bytes = borsh::to_vec(&command).expect("a vector takes all bytes");
        let encoded = serde_json::json!({ "borsh": crate::hex::encode(&bytes) }).to_string();
        for text in [serde_json::to_string(&form).expect("text is JSON"), encoded] {
            let again = Submissions::parse(text.as_bytes());
            assert!(again.is_ok_and(|again| again == HandedIn::One(Box::new(command))), "{text}");
        }
    }
}

/// Requests to a gateway that has rates and few places, before the wire format: the first line of the bytes is the
/// method and the target, then come headers up to an empty line, then the body; a byte that no text has ends a request.
///
/// Held: every request is answered, none with 5xx save that there is no place, and every error is a problem document.
/// A WebSocket's frames are the body of the request that opens it.
pub fn requests(bytes: &[u8]) {
    GATEWAY.with(|gateway| {
        let system = &gateway.system;
        for request in bytes.split(|byte| *byte == SEPARATOR).take(8) {
            if let Some(request) = read(request) {
                system.block_on(gateway.ask(request));
            }
        }
        while gateway.submitted.borrow_mut().try_recv().is_ok() {}
    });
}

thread_local! {
    /// Never dropped: what its runtime keeps in the thread would be gone first.
    static GATEWAY: &'static Gateway = Box::leak(Box::new(Gateway::new()));
}

type Answer = Result<actix_web::dev::ServiceResponse<actix_web::body::BoxBody>, actix_web::Error>;
type Ask = Rc<dyn Fn(test::TestRequest) -> std::pin::Pin<Box<dyn Future<Output = Answer>>>>;

/// The public listener's application, without sockets.
struct Gateway {
    system: rt::SystemRunner,
    ask: Ask,
    submitted: RefCell<mpsc::Receiver<SignedCommand>>,
    _house: House,
}

impl Gateway {
    fn new() -> Gateway {
        let mut house = House::new(3);
        let signed = house.sign(1, 1, transfer());
        house.decide(vec![signed]);
        let (submit, submitted) = mpsc::channel(4);
        let node = Node {
            view: house.view.clone(),
            genesis: house.genesis.clone(),
            me: house.genesis.validators[0].key,
            submit,
            blobs: mpsc::channel(1).0,
            handovers: mpsc::channel(1).0,
            health: Arc::new(Health::new(Arc::new(|| Time(1)))),
            metrics: house.metrics.clone(),
            archive: Arc::new(|_| None),
            command_index: Arc::new(|_| None),
            version: "1.2.3",
        };
        let config = GatewayConfig {
            max_body: 4096,
            max_wait: Duration::from_millis(1),
            rate: Some(Rate { per_second: u32::MAX, burst: u32::MAX }),
            ..GatewayConfig::default()
        };
        let service = web::Data::new(Service::new(node, config).expect("the validators form a set"));
        let system = rt::System::new();
        let app = Rc::new(system.block_on(test::init_service(app::public(service))));
        let ask: Ask = Rc::new(move |request| {
            let app = app.clone();
            Box::pin(async move { test::try_call_service(&*app, request.to_request()).await })
        });
        Gateway { system, ask, submitted: RefCell::new(submitted), _house: house }
    }

    async fn ask(&self, request: test::TestRequest) {
        let response = match (self.ask)(request).await {
            Ok(response) => response,
            Err(error) => panic!("no answer: {error}"),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        assert!(!status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
        if status.is_client_error() || status.is_server_error() {
            assert_eq!(headers.get("content-type").map(HeaderValue::as_bytes), Some(MEDIA_TYPE.as_bytes()));
        }
        if let Some(trace) = headers.get(HEADER) {
            assert!(TraceParent::parse(trace).is_some());
        }
        // A stream of events has no end: what there is now will do, and then the client is gone.
        let mut body = pin!(response.into_body());
        for _ in 0..20 {
            rt::task::yield_now().await;
            let next = std::future::poll_fn(|cx| Poll::Ready(body.as_mut().poll_next(cx))).await;
            if let Poll::Ready(None | Some(Err(_))) = next {
                break;
            }
        }
    }
}

fn read(bytes: &[u8]) -> Option<test::TestRequest> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let (method, target) = first.trim_end().split_once(' ')?;
    let target: Uri = target.parse().ok()?;
    let mut request = test::TestRequest::default().method(Method::from_bytes(method.as_bytes()).ok()?);
    request = request.uri(&target.to_string());
    let mut read = first.len();
    for line in lines {
        read += line.len();
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request = request.append_header((name, value));
    }
    Some(request.set_payload(bytes[read..].to_vec()))
}

fn transfer() -> bitcraps_casino::Action {
    bitcraps_casino::Action::Transfer { to: account(2), amount: 5 }
}

/// A command in both forms, a list of each action, and bets by all names.
pub fn commands_seeds() -> Vec<Vec<u8>> {
    let (key, signature) = ("ab".repeat(32), "cd".repeat(64));
    let one = |action: &str| {
        format!(r#"{{"key":"{key}","sequence":7,"action":{action},"signature":"{signature}"}}"#)
    };
    let bet = |name: &str| one(&format!(r#"{{"bet":{{"table":1,"bet":"{name}","stake":5}}}}"#));
    let transfer = one(&format!(r#"{{"transfer":{{"to":"{key}","amount":5}}}}"#));
    let down = one(&format!(r#"{{"take_down":{{"table":1,"bet":{{"account":"{key}","sequence":3}}}}}}"#));
    let names = ["pass_line", "place:6", "hardway:8", "odds:12", "lay:3", "field", "any_craps"];
    let house = House::new(1);
    let encoded = borsh::to_vec(&house.sign(1, 1, self::transfer())).expect("a vector takes all bytes");
    let encoded = format!(r#"{{"borsh":"{}"}}"#, crate::hex::encode(&encoded));
    let list = format!("[{transfer},{down},{encoded}]");
    let bets = format!("[{}]", names.map(bet).join(","));
    [transfer, encoded, list, bets].into_iter().map(String::into_bytes).collect()
}

/// One request to each resource, and a WebSocket with a few frames.
pub fn requests_seeds() -> Vec<Vec<u8>> {
    let id = "ab".repeat(32);
    let paths = [
        &format!("/v1/commands/{id}?wait=1ms"),
        &format!("/v1/accounts/{}", account(1).0),
        "/v1/tables",
        "/v1/tables/1",
        "/v1/blocks/latest",
        "/v1/blocks/1",
        "/v1/validators",
        "/v1/chain",
    ];
    let get = |path: &&str| format!("GET {path}\ntraceparent: 00-{}-{}-01\n", &id[..32], &id[..16]);
    let all: Vec<Vec<u8>> = paths.iter().map(|path| get(path).into_bytes()).collect();
    let post = |body: &[u8]| [&b"POST /v1/commands\ncontent-type: application/json\n\n"[..], body].concat();
    let socket = format!(
        "GET /v1/events?table=1&account={id}&kinds=block,roll\nupgrade: websocket\nconnection: upgrade\n\
         sec-websocket-version: 13\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
    );
    // A ping, a text and a close, each masked with zeros.
    let frames = b"\x89\x82\x01\x01\x01\x01hi\x81\x83\x01\x01\x01\x01abc\x88\x82\x01\x01\x01\x01\x02\xe9";
    let mut seeds: Vec<Vec<u8>> = commands_seeds().iter().map(|body| post(body)).collect();
    seeds.extend([all.join(&[SEPARATOR][..]), [socket.as_bytes(), frames].concat()]);
    seeds
}
