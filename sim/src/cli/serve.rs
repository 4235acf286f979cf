//! `serve`: the folders of runs in a browser, reports and all their files. Read only, and by default for this machine alone.

use super::exit;
use super::say::say;
use actix_files::{Directory, Files};
use actix_web::dev::ServiceResponse;
use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What pages may do: show themselves, run their own scripts, fetch from here. Nothing of it reaches another place.
const POLICY: &str =
    "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'self'; form-action 'none'";

/// Serves until it is interrupted.
pub(super) fn serve(folder: &Path, listen: SocketAddr) -> u8 {
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return refuse(folder, "is no folder: name one that `run` wrote, such as runs"),
        Err(error) => return refuse(folder, &error.to_string()),
    }
    let served = folder
        .canonicalize()
        .and_then(|root| actix_web::rt::System::new().block_on(listen_and_serve(root, listen)));
    match served {
        Ok(()) => exit::PASS,
        Err(error) => {
            eprintln!("error: {listen}: {error}");
            if error.kind() == io::ErrorKind::AddrInUse {
                eprintln!(
                    "  another program listens there: `--listen {}` takes a free port",
                    SocketAddr::new(listen.ip(), 0)
                );
            }
            exit::IO
        }
    }
}

fn refuse(folder: &Path, why: &str) -> u8 {
    eprintln!("error: {}: {why}", folder.display());
    exit::IO
}

async fn listen_and_serve(folder: PathBuf, listen: SocketAddr) -> io::Result<()> {
    let shown = folder.display().to_string();
    let app = move || App::new().wrap(headers()).service(files(&folder));
    // One reader with a browser needs no thread per core.
    let server = HttpServer::new(app).workers(2).bind(listen)?;
    for address in server.addrs() {
        say(format_args!("{shown} at http://{address}/  (Ctrl-C ends it)"));
    }
    server.run().await
}

fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::CACHE_CONTROL, "no-cache"))
}

/// GET and HEAD of what is in the folder, also by links in it; a folder without a page of its own is listed.
fn files(root: &Path) -> Files {
    let inside = root.to_owned();
    Files::new("/", root)
        .path_filter(move |path, _| {
            inside.join(path).canonicalize().is_ok_and(|file| file.starts_with(&inside))
        })
        .index_file("index.html")
        .show_files_listing()
        .files_listing_renderer(listing)
        .redirect_to_slash_directory()
        .prefer_utf8(true)
}

/// What a folder has, folders first; of a run its verdict and its report.
fn listing(directory: &Directory, request: &HttpRequest) -> Result<ServiceResponse, io::Error> {
    let mut entries = Vec::new();
    for entry in directory.path.read_dir()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            entries.push(Entry { is_file: entry.file_type()?.is_file(), name, path: entry.path() });
        }
    }
    entries.sort();
    let response =
        HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page(request.path(), &entries));
    Ok(ServiceResponse::new(request.clone(), response))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    is_file: bool,
    name: String,
    path: PathBuf,
}

impl Entry {
    fn row(&self) -> String {
        let end = if self.is_file { "" } else { "/" };
        let (link, name) = (in_a_link(&self.name), in_html(&self.name));
        let mut row = format!("<tr><td><a href=\"{link}{end}\">{name}{end}</a></td>");
        let verdict = verdict(&self.path);
        let _ = write!(row, "<td class=\"{verdict}\">{verdict}</td><td>");
        if self.path.join("report.html").is_file() {
            let _ = write!(row, "<a href=\"{link}/report.html\">report</a>");
        }
        row.push_str("</td></tr>\n");
        row
    }
}

/// Of a run's folder.
fn verdict(folder: &Path) -> &'static str {
    let text = std::fs::read_to_string(folder.join("result.json")).unwrap_or_default();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match result["verdict"].as_str() {
        Some("pass") => "pass",
        Some("violated") => "violated",
        Some("inconclusive") => "inconclusive",
        _ => "",
    }
}

fn page(path: &str, entries: &[Entry]) -> String {
    let title = in_html(path);
    let up = if path == "/" { "" } else { "<p><a href=\"../\">up</a></p>\n" };
    let rows: String = entries.iter().map(Entry::row).collect();
    let empty = if entries.is_empty() { "<p>There is nothing here.</p>\n" } else { "" };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <style>:root {{ color-scheme: light dark }} body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; \
         max-width: 60rem; padding: 0 1rem; overflow-wrap: anywhere }} td {{ padding: .2rem 1.5rem .2rem 0; \
         vertical-align: top }} .violated {{ color: light-dark(#b3261e, #ff897d); font-weight: 600 }} .inconclusive \
         {{ color: light-dark(#7a5900, #f2bf48); font-weight: 600 }}</style></head>\n\
         <body><main><h1>{title}</h1>\n{up}{empty}<table>\n{rows}</table></main></body></html>\n"
    )
}

fn in_html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

/// A segment of a path (RFC 3986, section 3.3).
fn in_a_link(name: &str) -> String {
    let mut link = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(byte.into());
        } else {
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service};

    struct Answer {
        status: StatusCode,
        kind: String,
        policy: bool,
        text: String,
    }

    /// A folder with one run in it, and beside it a file that nobody may see.
    fn folder() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("runs/split & <heal> 2/7-abc");
        std::fs::create_dir_all(run.join("plots")).unwrap();
        let files = [
            ("report.html", "<p>report</p>"),
            ("result.json", "{\"verdict\":\"violated\"}"),
            ("plots/a.svg", "<svg/>"),
            (".hidden", "secret"),
        ];
        files.into_iter().for_each(|(name, text)| std::fs::write(run.join(name), text).unwrap());
        std::fs::write(place.path().join("outside.txt"), "secret").unwrap();
        std::os::unix::fs::symlink(place.path().join("outside.txt"), run.join("link.txt")).unwrap();
        place
    }

    fn ask(place: &tempfile::TempDir, method: Method, path: &str) -> Answer {
        actix_web::rt::System::new().block_on(async {
            let root = place.path().join("runs").canonicalize().unwrap();
            let app = App::new().wrap(headers()).service(files(&root));
            let app = init_service(app).await;
            let request = TestRequest::default().method(method).uri(path).to_request();
            let response = call_service(&app, request).await;
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let kind = header(header::CONTENT_TYPE).unwrap_or_default();
            let policy = header(header::CONTENT_SECURITY_POLICY).is_some();
            let status = response.status();
            let text = to_bytes(response.into_body()).await.unwrap_or_default();
            Answer { status, kind, policy, text: String::from_utf8_lossy(&text).into_owned() }
        })
    }

    const RUN: &str = "/split%20%26%20%3Cheal%3E%202/7-abc";

    #[test]
    fn files_come_with_their_types_and_nothing_may_be_loaded_from_elsewhere() {
        let place = folder();
        let report = ask(&place, Method::GET, &format!("{RUN}/report.html"));
        assert_eq!((report.status, &*report.text), (StatusCode::OK, "<p>report</p>"));
        assert_eq!(report.kind, "text/html; charset=utf-8");
        assert!(report.policy);
        assert_eq!(ask(&place, Method::GET, &format!("{RUN}/plots/a.svg")).kind, "image/svg+xml");
        let head = ask(&place, Method::HEAD, &format!("{RUN}/result.json"));
        assert_eq!((head.status, &*head.kind), (StatusCode::OK, "application/json"));
    }

    #[test]
    fn a_folder_without_a_page_is_listed_with_the_verdict_of_each_run() {
        let place = folder();
        let top = ask(&place, Method::GET, "/").text;
        assert!(
            top.contains("<a href=\"split%20%26%20%3Cheal%3E%202/\">split &amp; &lt;heal&gt; 2/</a>"),
            "{top}"
        );
        let runs = ask(&place, Method::GET, "/split%20%26%20%3Cheal%3E%202/").text;
        assert!(runs.contains("<td class=\"violated\">violated</td>"), "{runs}");
        assert!(runs.contains("<a href=\"7-abc/report.html\">report</a>"), "{runs}");
        std::fs::write(place.path().join("runs/index.html"), "<p>campaign</p>").unwrap();
        assert_eq!(ask(&place, Method::GET, "/").text, "<p>campaign</p>");
    }

    #[test]
    fn nothing_outside_the_folder_and_nothing_hidden_is_served() {
        let place = folder();
        let (hidden, link) = (format!("{RUN}/.hidden"), format!("{RUN}/link.txt"));
        for path in [
            "/../outside.txt",
            "/%2e%2e/outside.txt",
            "/..%2foutside.txt",
            "/%2e%2e%2foutside.txt",
            &hidden,
            &link,
        ] {
            let answer = ask(&place, Method::GET, path);
            assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
            assert!(!answer.text.contains("secret"), "{path}");
        }
        assert!(!ask(&place, Method::GET, &format!("{RUN}/")).text.contains("hidden"));
    }

    #[test]
    fn nothing_can_be_written() {
        let place = folder();
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = ask(&place, method.clone(), &format!("{RUN}/report.html"));
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        }
    }
}
