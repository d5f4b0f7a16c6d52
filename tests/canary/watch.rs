//! A world whose every output is kept, with the secrets that were given to it. Everything that a run
//! leaves behind is searched, save the files that are there to hold a secret.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::search::Secrets;
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, Output, World, credential};

/// The password of every `.pfx`, with signs that every writing escapes in its own way.
pub(super) const PASSWORD: &str = r#"Kanari-7f3b "&%+=\ Zug"#;

pub(super) const SEED: &str =
    "[tenant]\nunified_audit_log = false\n[generate]\nmailboxes = 5\nseed = 4\n";

/// The issuer and the workflow that the emulator vouches for.
const TRUST: &str = "[[federated_credential]]\n\
                     issuer = \"https://token.actions.githubusercontent.com\"\n\
                     subject = \"repo:contoso/audit:ref:refs/heads/main\"\n";

/// See the module.
pub(super) struct Watch {
    pub(super) world: World,
    pub(super) emulator: Emulator,
    /// Sees all requests on their way to the emulator.
    pub(super) front: Front,
    pub(super) secrets: Secrets,
    outputs: RefCell<Vec<(String, Output)>>,
}

impl Watch {
    pub(super) fn start(options: &[&str]) -> Self {
        let world = World::new();
        let emulator = Emulator::with(&world, &format!("{SEED}{TRUST}"), options);
        let front = Front::before(&emulator.base_url, |_| Reply::Forward);
        world.write("application.pfx", credential::shared().pfx(PASSWORD));
        let mut secrets = Secrets::default();
        secrets.word("the password", PASSWORD);
        secrets.key(&credential::shared().key());
        Self { world, emulator, front, secrets, outputs: RefCell::default() }
    }

    /// The spec with this after `[tenant]`, by the front.
    pub(super) fn spec(&self, rest: &str) {
        let (organization, url) = (&self.emulator.organization, self.front.url());
        let head = format!("organization = \"{organization}\"\nendpoint = \"{url}\"");
        self.world.write("auditform.toml", format!("version = 1\n\n[tenant]\n{head}\n\n{rest}"));
    }

    /// Runs it as talkative as it can be, with the password at hand.
    pub(super) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let talkative = ["--log-level", "trace"];
        let password = [("PFX_PASSWORD", PASSWORD)];
        let variables = [&password[..], variables].concat();
        // Once into a file, once among what is printed; only reading is done twice.
        let logged = [arguments, &talkative, &["--log-file", "log.txt"]].concat();
        if arguments.first() == Some(&"plan") {
            let output = self.world.run_with(&[arguments, &talkative].concat(), &variables);
            self.outputs.borrow_mut().push((arguments.join(" "), output));
        }
        let output = self.world.run_with(&logged, &variables);
        let copy = Output {
            stdout: output.stdout.clone(),
            stderr: output.stderr.clone(),
            code: output.code,
        };
        self.outputs.borrow_mut().push((arguments.join(" "), copy));
        output
    }

    pub(super) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.world.path(name)).unwrap()
    }

    /// What was sent in this field of forms.
    pub(super) fn sent(&self, field: &str) -> Vec<String> {
        let seen = self.front.seen();
        let fields = seen.iter().flat_map(|seen| {
            let text = seen.text();
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            let pairs = url::form_urlencoded::parse(body.as_bytes()).into_owned();
            pairs.collect::<Vec<_>>()
        });
        fields.filter(|(name, _)| name == field).map(|(_, value)| value).collect()
    }

    #[track_caller]
    pub(super) fn finds_nothing(&self) {
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "{leaks:#?}");
        let outputs = self.outputs.borrow();
        assert!(!outputs.is_empty());
        let log = self.file("log.txt");
        let said = |level: &str| {
            log.contains(level) || outputs.iter().any(|(_, output)| output.stderr.contains(level))
        };
        let made_calls = !self.front.seen().is_empty();
        assert!(!made_calls || said("DEBUG") || said("TRACE"), "the log was talkative");
    }

    /// Every secret that is where it does not belong, and where.
    pub(super) fn leaks(&self) -> Vec<String> {
        let mut secrets = self.secrets.clone();
        let mut files = Vec::new();
        walk(self.world.path(""), &mut files);
        for file in files.iter().filter(|file| holds_a_key(file)) {
            for key in keys(&fs::read_to_string(file).unwrap()) {
                secrets.key(&key);
            }
        }
        for code in self.sent("device_code") {
            secrets.word("a device code", &code);
        }
        let mut leaks = Vec::new();
        for (name, output) in self.outputs.borrow().iter() {
            for text in [&output.stdout, &output.stderr] {
                leaks.extend(secrets.find(text.as_bytes()).map(|leak| format!("{name}: {leak:?}")));
            }
        }
        for file in files.iter().filter(|file| !is_for_secrets(file)) {
            let leak = secrets.find(&fs::read(file).unwrap());
            leaks.extend(leak.map(|leak| format!("{}: {leak:?}", file.display())));
        }
        // Tokens, and what proves whoever asks for one, are what requests are for.
        let sent = self.secrets.but_tokens();
        for seen in self.front.seen().iter().filter(|seen| !proves(seen)) {
            let leak = sent.find(seen.text().as_bytes());
            leaks.extend(leak.map(|leak| format!("a request of {}: {leak:?}", seen.target)));
        }
        leaks
    }
}

/// Requests to whoever wants the secret of a job or of a machine.
fn proves(seen: &Seen) -> bool {
    ["/_emulator/oidc/", "/msi/"].iter().any(|start| seen.target.starts_with(start))
}

fn walk(directory: PathBuf, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(path, files);
        } else {
            files.push(path);
        }
    }
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

fn holds_a_key(file: &Path) -> bool {
    file.extension().is_some_and(|form| form == "pem") && !name(file).starts_with("cut")
}

/// The `.pem` of a certificate, the token of a workload, the emulator's own keys.
fn is_for_secrets(file: &Path) -> bool {
    let directory = name(file.parent().unwrap());
    let is_emulators = directory == "tenant.state.credentials" || directory == "credentials";
    holds_a_key(file) || is_emulators || ["secret.jwt", "cut.pem"].contains(&&*name(file))
}

/// The private keys of a PEM.
fn keys(pem: &str) -> Vec<Vec<u8>> {
    let blocks = pem.split("-----BEGIN ").filter(|block| block.starts_with("PRIVATE KEY-----"));
    let body = |block: &str| -> String {
        block.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect()
    };
    blocks.map(|block| STANDARD.decode(body(block)).unwrap()).collect()
}

/// A spec that makes an application which works in Exchange, with a password wherever one can be;
/// the emulator's application does the work in the directory.
pub(super) fn chain(watch: &Watch, password: &str) -> String {
    assert_eq!(password, PASSWORD);
    let id = &watch.emulator.client_id;
    watch.spec(&format!(
        r#"approve_second_phase = true

[tenant.sign_in]
application = "application.auditor"

[tenant.bootstrap]
method = "certificate"
client_id = "{id}"
certificate = "application.pfx"
password_env = "PFX_PASSWORD"

[certificate.auditor]
common_name = "Contoso auditor"
directory = "certificates"
password_env = "PFX_PASSWORD"

[application.auditor]
display_name = "Auditor"
api_permissions = ["Exchange.ManageAsApp"]
directory_roles = ["Exchange Administrator"]
certificates = ["certificate.auditor"]

[unified_audit_log]
ingestion = true

[mailbox_audit.people]
recipient_types = ["UserMailbox"]
log_age_limit = 200
"#
    ));
    watch.file("auditform.toml")
}
