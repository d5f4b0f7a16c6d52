//! What the end-to-end tests stand on: a sealed directory to run the real binary in, a tenant in
//! another process, and servers that misbehave. Nothing of the machine gets in: no environment,
//! no home, no colour settings. The only waiting for time is in here, and it is bounded.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failed assumption is a failed test, and tests hand the environment on"
)]

pub(crate) mod credential;
pub(crate) mod emulator;
pub(crate) mod front;
pub(crate) mod graph;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use emulator::{Emulator, Request};

/// A directory of its own for one test, removed at its end.
pub(crate) struct World {
    directory: TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// 128 and the signal's number where a signal ended it.
    pub(crate) code: i32,
}

impl Output {
    /// The document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Itself, if it ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn of(output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let code = code(output.status);
        Self { stdout: text(&output.stdout), stderr: text(&output.stderr), code }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::Builder::new().prefix("auditform-e2e-").tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The spec `auditform.toml`: the way to this tenant, and `body`.
    pub(crate) fn spec(&self, emulator: &Emulator, body: &str) {
        self.spec_at(&emulator.base_url, emulator, body);
    }

    /// The same, reaching the tenant by another URL.
    pub(crate) fn spec_at(&self, url: &str, emulator: &Emulator, body: &str) {
        let head = tenant(&emulator.organization, url, &emulator.client_id, &emulator.certificate);
        self.write("auditform.toml", format!("{head}\n{body}"));
    }

    /// The example of this name, reaching this tenant instead of the embedded one.
    pub(crate) fn example_spec(&self, name: &str, emulator: &Emulator) {
        let example = example(name, "auditform.toml");
        let (_, body) = example.split_once("endpoint = \"embedded\"").unwrap();
        self.spec(emulator, body);
    }

    /// The binary in this directory, sealed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_auditform"));
        command.args(arguments).stdin(Stdio::null());
        self.seal(&mut command);
        command
    }

    /// Takes the machine's settings away from a command.
    pub(crate) fn seal(&self, command: &mut Command) {
        let home = self.directory.path();
        command.env_clear().current_dir(home).env("HOME", home).env("TMPDIR", home);
        // Windows starts no sockets without its root.
        for name in ["PATH", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Output::of(&self.command(arguments).output().unwrap())
    }

    /// Runs it with these variables in its environment.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.command(arguments);
        Output::of(&command.envs(variables.iter().copied()).output().unwrap())
    }

    /// Runs it without waiting; both streams are kept.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        Running { process, stdout: Kept::read(stdout), stderr: Kept::read(stderr) }
    }

    /// Runs it on a terminal of its own, which `script` (util-linux) opens and where these keys are
    /// pressed. Both streams come as one.
    #[cfg(target_os = "linux")]
    pub(crate) fn on_a_terminal(&self, arguments: &str, keys: &str) -> Output {
        use std::io::Write;
        let mut command = Command::new("script");
        let inner = format!("'{}' {arguments}", env!("CARGO_BIN_EXE_auditform"));
        command.args(["--quiet", "--return", "--command", &inner, "/dev/null"]);
        self.seal(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("`script` of util-linux opens the terminal");
        child.stdin.take().unwrap().write_all(keys.as_bytes()).unwrap();
        Output::of(&child.wait_with_output().unwrap())
    }

    /// A text without what differs from run to run.
    pub(crate) fn redact(&self, text: &str) -> String {
        let text = text.replace(&self.directory.path().display().to_string(), "<dir>");
        redact_log_times(&redact_durations(&redact_ports(&redact_digests(&redact_guids(&text)))))
    }
}

/// A command under way.
pub(crate) struct Running {
    process: Child,
    stdout: Kept,
    stderr: Kept,
}

/// What came out of a stream so far, and the thread that reads on.
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Kept {
    fn read(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&bytes);
        let reading = std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut chunk) {
                all.lock().unwrap().extend_from_slice(&chunk[..count]);
            }
        });
        Self { bytes, reading }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}

impl Running {
    /// Sends it a signal by name.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Kills it when so much time has gone by, if it is not over before.
    pub(crate) fn kill_after(&mut self, time: Duration) {
        let started = Instant::now();
        while let Some(left) = time.checked_sub(started.elapsed())
            && !self.has_ended()
        {
            std::thread::sleep(left.min(Duration::from_millis(5)));
        }
        // Already gone is as good.
        let _ = self.process.kill();
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        wait_for(text, || self.stderr.so_far().contains(text).then_some(()));
    }

    /// Whether it is over.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    pub(crate) fn wait(mut self) -> Output {
        let code = code(self.process.wait().unwrap());
        let all = |kept: Kept| {
            kept.reading.join().unwrap();
            String::from_utf8(std::mem::take(&mut kept.bytes.lock().unwrap())).unwrap()
        };
        Output { stdout: all(self.stdout), stderr: all(self.stderr), code }
    }
}

fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal.map(|number: i32| 128 + number)).unwrap()
}

/// The way to a tenant, as the head of a spec.
pub(crate) fn tenant(organization: &str, url: &str, client_id: &str, certificate: &Path) -> String {
    let certificate = certificate.display();
    format!(
        "version = 1\n\n[tenant]\norganization = \"{organization}\"\nendpoint = \"{url}\"\n\n\
         [tenant.sign_in]\nmethod = \"certificate\"\nclient_id = \"{client_id}\"\n\
         certificate = '{certificate}'\n"
    )
}

/// A file of the package.
pub(crate) fn package(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A file of an example.
pub(crate) fn example(name: &str, file: &str) -> String {
    package(&format!("examples/{name}/{file}"))
}

/// Waits until `get` gives something, for twenty seconds at most.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut get: impl FnMut() -> Option<T>) -> T {
    for _ in 0..2000 {
        if let Some(found) = get() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come within twenty seconds")
}

fn redact_guids(text: &str) -> String {
    let is_guid = |word: &str| {
        word.len() == 36
            && word.bytes().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    let mut redacted = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.get(..36).is_some_and(is_guid) {
            redacted.push_str("<guid>");
            rest = &rest[36..];
        } else {
            redacted.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    redacted
}

fn redact_digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_digest = digits == 64;
        redacted.push_str(if is_digest { "sha256:<digest>" } else { "sha256:" });
        redacted.push_str(&part[if is_digest { digits } else { 0 }..]);
    }
    redacted
}

fn redact_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        redacted.push_str("127.0.0.1:<port>");
        redacted.push_str(part.trim_start_matches(|byte: char| byte.is_ascii_digit()));
    }
    redacted
}

/// `1 try in 0.3 s`: how long it took says nothing here.
fn redact_durations(text: &str) -> String {
    let mut parts = text.split(" in ");
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        redacted.push_str(" in ");
        let rest = part.trim_start_matches(|byte: char| byte.is_ascii_digit() || byte == '.');
        let is_duration = rest.len() < part.len() && rest.starts_with(" s");
        redacted.push_str(if is_duration { "<time>" } else { "" });
        redacted.push_str(if is_duration { rest } else { part });
    }
    redacted
}

/// The time before a line of the log.
fn redact_log_times(text: &str) -> String {
    let redact = |line: &str| match line.split_once("  WARN ") {
        Some((time, rest)) if time.parse::<jiff::Timestamp>().is_ok() => {
            format!("<now>  WARN {rest}")
        }
        _ => line.to_owned(),
    };
    text.split('\n').map(redact).collect::<Vec<_>>().join("\n")
}
