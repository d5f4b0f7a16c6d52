//! A tenant in a process of its own: `auditform emulate`, with its request log and its state. It
//! ends with the test.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde::Deserialize;
use serde_json::Value;

use super::{World, credential, wait_for};

/// One line of the request log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Request {
    pub(crate) time: jiff::Timestamp,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) cmdlet: Option<String>,
    pub(crate) anchor: Option<String>,
    pub(crate) status: u16,
    pub(crate) fault: Option<String>,
}

impl Request {
    /// The cmdlet, or nothing for discovery and tokens.
    pub(crate) fn cmdlet(&self) -> &str {
        self.cmdlet.as_deref().unwrap_or_default()
    }

    pub(crate) fn anchor(&self) -> &str {
        self.anchor.as_deref().unwrap_or_default()
    }

    pub(crate) fn writes(&self) -> bool {
        !self.cmdlet().is_empty() && !self.cmdlet().starts_with("Get-")
    }

    /// Whether it could change the directory.
    pub(crate) fn writes_to_the_directory(&self) -> bool {
        let is_graph = ["/v1.0/", "/beta/"].iter().any(|start| self.path.starts_with(start));
        is_graph && self.method != "GET"
    }

    /// Whether it asked the sign-in service for a token.
    pub(crate) fn asks_for_a_token(&self) -> bool {
        self.path.ends_with("/oauth2/v2.0/token")
    }
}

/// A tenant that is being served.
pub(crate) struct Emulator {
    process: Child,
    log: PathBuf,
    ready: Value,
    pub(crate) base_url: String,
    pub(crate) organization: String,
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) certificate: PathBuf,
    pub(crate) certificate_pfx: PathBuf,
}

impl Emulator {
    /// The tenant of a seed.
    pub(crate) fn start(world: &World, seed: &str) -> Self {
        Self::with(world, seed, &[])
    }

    /// The same with further options.
    pub(crate) fn with(world: &World, seed: &str, options: &[&str]) -> Self {
        world.write("emulator/seed.toml", seed);
        // A credential beside the state is taken up, which saves making a key for each test.
        let pair = credential::shared();
        world.write("emulator/tenant.state.credentials/application.pem", pair.pem());
        world.write("emulator/tenant.state.credentials/application.pfx", pair.pfx(""));
        Self::launch(world, options)
    }

    /// The process; also for taking up a tenant that was stopped.
    pub(crate) fn launch(world: &World, options: &[&str]) -> Self {
        let fixed = "emulate --quiet --seed emulator/seed.toml --state emulator/tenant.state \
                     --request-log emulator/requests.log --ready-file emulator/ready.json";
        let arguments: Vec<&str> =
            fixed.split_whitespace().chain(options.iter().copied()).collect();
        let ready = world.path("emulator/ready.json");
        let _ = fs::remove_file(&ready);
        let process = world.command(&arguments).stdout(Stdio::null()).spawn().unwrap();
        let text = wait_for("the ready file", || fs::read_to_string(&ready).ok());
        let ready: Value = serde_json::from_str(&text).unwrap();
        let field = |name: &str| ready[name].as_str().unwrap().to_owned();
        assert_eq!(ready["pid"], process.id());
        Self {
            log: world.path("emulator/requests.log"),
            base_url: field("base_url"),
            organization: field("organization"),
            tenant_id: field("tenant_id"),
            client_id: field("client_id"),
            certificate: PathBuf::from(field("certificate_pem")),
            certificate_pfx: PathBuf::from(field("certificate_pfx")),
            ready,
            process,
        }
    }

    /// What else the ready file says: `ca_file`, `proxy_url`.
    pub(crate) fn ready(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// The whole tenant.
    pub(crate) fn state(&self) -> Value {
        serde_json::from_str(&self.state_text()).unwrap()
    }

    /// The same, byte for byte.
    pub(crate) fn state_text(&self) -> String {
        self.get("/_emulator/state")
    }

    /// Its mailboxes by name.
    pub(crate) fn mailboxes(&self) -> BTreeMap<String, Value> {
        let state = self.state();
        let mailboxes = state["Mailboxes"].as_array().unwrap();
        let name = |mailbox: &Value| mailbox["UserPrincipalName"].as_str().unwrap().to_owned();
        mailboxes.iter().map(|mailbox| (name(mailbox), mailbox.clone())).collect()
    }

    /// One of them.
    pub(crate) fn mailbox(&self, upn: &str) -> Value {
        self.mailboxes().remove(upn).unwrap()
    }

    /// What clients asked so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        // The last line may be on its way.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str::<Request>(line).unwrap())
            .filter(|request| !request.path.starts_with("/_emulator/"))
            .collect()
    }

    /// Those of them that could change something.
    pub(crate) fn writes(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::writes).collect()
    }

    /// Those that could change the directory.
    pub(crate) fn directory_writes(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::writes_to_the_directory).collect()
    }

    /// All of these: what could change anything.
    pub(crate) fn all_writes(&self) -> Vec<Request> {
        let writes = |request: &Request| request.writes() || request.writes_to_the_directory();
        self.requests().into_iter().filter(writes).collect()
    }

    /// Those for a token.
    pub(crate) fn token_requests(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::asks_for_a_token).collect()
    }

    /// Those that ran this cmdlet.
    pub(crate) fn ran(&self, cmdlet: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.cmdlet() == cmdlet).collect()
    }

    /// A token of the generated application for a service, as a machine in Azure would get it.
    pub(crate) fn token(&self, resource: &str) -> String {
        let path = format!("/msi/token?api-version=2019-08-01&resource={resource}");
        let answer: Value = serde_json::from_str(&self.get(&path)).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A token of a job in GitHub Actions.
    pub(crate) fn workload_token(&self) -> String {
        let path = "/_emulator/oidc/token?audience=api://AzureADTokenExchange";
        let answer: Value = serde_json::from_str(&self.get(path)).unwrap();
        answer["value"].as_str().unwrap().to_owned()
    }

    /// HTTP/1.0, so that the answer ends with the connection. The two headers are what the
    /// emulator's doors for machines want to see; their values do not matter.
    fn get(&self, path: &str) -> String {
        let address = self.base_url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).unwrap();
        let headers = format!("Host: {address}\r\nX-IDENTITY-HEADER: x\r\nAuthorization: Bearer x");
        write!(stream, "GET {path} HTTP/1.0\r\n{headers}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{head}");
        body.to_owned()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
