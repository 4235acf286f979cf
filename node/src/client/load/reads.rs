//! How fast a gateway answers reads, beside a bare handler on the same framework that answers the same bytes: the ratio
//! is what the gateway's own work costs, whatever the machine.

use super::super::error::ClientError;
use super::connection::Connection;
use super::{beside, now, pause};
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use serde_json::json;
use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What is read, by turns.
const PATHS: [&str; 2] = ["/v1/chain", "/v1/tables"];
/// The parts into which each measurement is cut: gateway and bare handler take turns, so that what else the machine
/// does falls on both.
const TURNS: u32 = 4;

/// Requests per second.
pub(super) struct Measured {
    connections: u32,
    gateway: f64,
    bare: f64,
    bytes: usize,
}

/// Measures each for about half of `duration`.
pub(super) fn measure(url: &str, connections: u32, duration: Duration) -> Result<Measured, ClientError> {
    let unreachable =
        |error: io::Error| ClientError::Unreachable { gateway: url.into(), why: error.to_string() };
    let mut bodies = Vec::new();
    for path in PATHS {
        bodies.push(Connection::to(url).get(path).map_err(unreachable)?.body.to_vec());
    }
    let bytes = bodies.iter().map(Vec::len).sum::<usize>() / bodies.len();
    let bare_url = serve_bare(bodies)?;
    let turn = duration / (2 * TURNS);
    let (mut gateway, mut bare) = (0, 0);
    for _ in 0..TURNS {
        gateway += hammer(url, connections, turn).map_err(unreachable)?;
        bare += hammer(&bare_url, connections, turn).map_err(unreachable)?;
    }
    let per_second = |count: u64| count as f64 / (turn * TURNS).as_secs_f64();
    Ok(Measured { connections, gateway: per_second(gateway), bare: per_second(bare), bytes })
}

/// How many requests were answered in a time.
fn hammer(url: &str, connections: u32, time: Duration) -> io::Result<u64> {
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let (mut connection, stop, answered) = (Connection::to(url), stop.clone(), answered.clone());
            beside(move || -> io::Result<()> {
                for path in PATHS.iter().cycle() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    match connection.get(path)?.status {
                        200 => answered.fetch_add(1, Ordering::Relaxed),
                        status => return Err(io::Error::other(format!("it answers with {status}"))),
                    };
                }
                Ok(())
            })
        })
        .collect();
    let until = now() + time;
    pause(until.saturating_duration_since(now()));
    let count = answered.load(Ordering::Relaxed);
    stop.store(true, Ordering::Relaxed);
    threads.into_iter().try_for_each(|thread| thread.join().expect("a reader does not panic"))?;
    Ok(count)
}

/// Serves the same bytes without a node, a limiter, a log or a counter, on as many threads as a gateway has.
fn serve_bare(bodies: Vec<Vec<u8>>) -> Result<String, ClientError> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let app = move || {
        PATHS.iter().zip(&bodies).fold(App::new(), |app, (path, body)| {
            let body = web::Bytes::from(body.clone());
            let answer = move || {
                let body = body.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(body) }
            };
            app.route(path, web::get().to(answer))
        })
    };
    // It ends with the process.
    beside(move || {
        rt::System::new().block_on(async move {
            HttpServer::new(app).workers(2).disable_signals().listen(listener)?.run().await
        })
    });
    Ok(format!("http://{address}"))
}

impl Measured {
    pub(super) fn tell(&self, as_json: bool, out: &mut dyn Write) -> Result<(), ClientError> {
        let Measured { connections, gateway, bare, bytes } = self;
        let ratio = gateway / bare;
        if as_json {
            let json = json!({
                "connections": connections, "gateway_per_second": gateway.round(), "bare_per_second": bare.round(),
                "ratio": (ratio * 1000.0).round() / 1000.0, "bytes": bytes,
            });
            writeln!(out, "{json:#}")?;
            return Ok(());
        }
        writeln!(
            out,
            "gateway       {gateway:.0} reads/s over {connections} connections, {bytes} bytes each"
        )?;
        writeln!(out, "bare handler  {bare:.0} reads/s")?;
        writeln!(out, "ratio         {ratio:.2}")?;
        Ok(())
    }
}
