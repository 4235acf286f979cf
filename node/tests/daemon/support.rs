//! Real processes of `bitcraps-node` on loopback, in a temporary directory. Whatever is waited for has a deadline.

use serde_json::Value;
use std::fs::OpenOptions;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take. Long: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);

/// The program with its arguments, in an environment that says nothing.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitcraps-node"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program runs")
}

/// Runs the program, which must succeed; what it printed.
pub(crate) fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let (code, said) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs the program, which must fail; its exit code and what it said.
pub(crate) fn fail(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments);
    let code = output.status.code().expect("it ends by itself");
    (code, String::from_utf8(output.stderr).expect("text"))
}

/// Waits until something is so; says what, if it never is.
pub(crate) fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(now() < deadline, "not in time: {what}");
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "real processes take real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "between two looks at a process")]
fn pause() {
    std::thread::sleep(PAUSE);
}

/// A network made by `testnet`, and its running nodes. Dropped, they are killed.
pub(crate) struct Network {
    directory: TempDir,
    nodes: Vec<Option<Child>>,
    base_port: u16,
}

impl Network {
    /// Writes one. Nothing runs yet.
    pub(crate) fn new(validators: u16) -> Network {
        Network::with(validators, &[])
    }

    /// The same, with more words for `testnet`.
    pub(crate) fn with(validators: u16, more: &[&str]) -> Network {
        let directory = tempfile::tempdir().expect("a directory");
        let base_port = free_ports(validators);
        let (dir, count, port) =
            (directory.path().join("net"), validators.to_string(), base_port.to_string());
        let dir = dir.to_str().unwrap();
        let testnet = ["testnet", "--validators", &count, "--dir", dir, "--base-port", &port];
        succeed(&[&testnet[..], more].concat());
        Network { directory, nodes: (0..validators).map(|_| None).collect(), base_port }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("net").join(name)
    }

    /// The home of a node.
    pub(crate) fn home(&self, node: usize) -> String {
        self.path(&format!("node{node}")).to_str().unwrap().to_owned()
    }

    pub(crate) fn gateway(&self, node: usize) -> String {
        format!("http://127.0.0.1:{}", usize::from(self.base_port) + 10 * node + 1)
    }

    /// Where a node's operator asks it.
    pub(crate) fn admin(&self, node: usize) -> String {
        format!("127.0.0.1:{}", usize::from(self.base_port) + 10 * node + 2)
    }

    pub(crate) fn start(&mut self, node: usize) {
        self.start_with(node, &["run"]);
    }

    /// Starts a node with a command line of its own.
    pub(crate) fn start_with(&mut self, node: usize, arguments: &[&str]) {
        let log = OpenOptions::new().create(true).append(true).open(self.log(node)).expect("a log");
        let log: Stdio = log.into();
        let home = self.home(node);
        let arguments = [&["--home", &home][..], arguments].concat();
        let child = command(&arguments).stderr(log).spawn().expect("it starts");
        self.nodes[node] = Some(child);
    }

    fn log(&self, node: usize) -> PathBuf {
        self.path(&format!("node{node}/log"))
    }

    /// What a node logged.
    pub(crate) fn logged(&self, node: usize) -> String {
        std::fs::read_to_string(self.log(node)).unwrap_or_default()
    }

    /// Kills a node without a warning.
    pub(crate) fn kill(&mut self, node: usize) {
        let mut child = self.nodes[node].take().expect("it runs");
        child.kill().and_then(|()| child.wait()).expect("it dies");
    }

    /// Sends a signal to a node.
    pub(crate) fn signal(&self, node: usize, name: &str) {
        let pid = self.nodes[node].as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("`kill` runs");
        assert!(sent.success());
    }

    /// Asks a node to stop, and waits until it has.
    pub(crate) fn stop(&mut self, node: usize) -> ExitStatus {
        self.signal(node, "TERM");
        let mut child = self.nodes[node].take().expect("it runs");
        until("the node stops", || child.try_wait().expect("it is ours"))
    }

    /// What `status` says of a node; nothing if it does not answer.
    pub(crate) fn status(&self, node: usize) -> Option<Value> {
        let output = run(&["--home", &self.home(node), "status", "--json"]);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
    }

    /// What a node counts.
    pub(crate) fn metrics(&self, node: usize) -> String {
        let mut answer =
            ureq::get(format!("http://{}/metrics", self.admin(node))).call().expect("it answers");
        answer.body_mut().read_to_string().expect("text")
    }

    pub(crate) fn height(&self, node: usize) -> u64 {
        self.status(node).and_then(|status| status["height"].as_u64()).unwrap_or(0)
    }

    /// Waits until a node is at a height.
    pub(crate) fn reach(&self, node: usize, height: u64) {
        until(&format!("node {node} reaches height {height}"), || {
            (self.height(node) >= height).then_some(())
        });
    }

    /// The height up to which a node's key has spoken, and its floor.
    pub(crate) fn signed(&self, node: usize) -> (u64, u64) {
        let shown = succeed(&["--home", &self.home(node), "keys", "show", "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        (shown["highest_signed"].as_u64().expect("a height"), shown["floor"].as_u64().expect("a height"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_some() {
                self.kill(node);
            }
            if std::thread::panicking() {
                let log = self.logged(node);
                let tail: Vec<&str> = log.lines().rev().take(15).collect();
                eprintln!("node {node}:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
        }
    }
}

/// A base port all of whose ports are free now.
fn free_ports(validators: u16) -> u16 {
    let start = 20_000 + (std::process::id() % 200) as u16 * 100;
    let free = |base: &u16| {
        (0..validators).all(|i| {
            let port = |which: u16| ("127.0.0.1", base + 10 * i + which);
            UdpSocket::bind(port(0)).is_ok()
                && TcpListener::bind(port(1)).is_ok()
                && TcpListener::bind(port(2)).is_ok()
        })
    };
    let unlike = usize::from(START.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) * 3;
    (start..=50_000).step_by(100).skip(unlike).find(free).expect("free ports")
}

static START: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);

/// Rewrites a file.
pub(crate) fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(path).expect("a file");
    std::fs::write(path, change(text)).expect("it can be written");
}
