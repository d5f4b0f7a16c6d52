//! A tenant and a spec in this process, by one clock that a test moves: what a rotation does in
//! months happens here in seconds. Requests pass a front that can lose an answer, upon which the
//! apply is dropped where it stands, as a kill would leave it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auditform::apply::{Cancel, Event, Observer, StepState, TakenUp};
use auditform::certificate::read_any;
use auditform::client::{
    Client, ClientOptions, Clock, Credential, DeviceCode, DevicePrompt, Limits, RetryPolicy,
    SignInMethod, TokenSource, TokenSourceOptions, TransportOptions,
};
use auditform::emulator::{self, Running, Seed};
use auditform::ops::{
    self, ApplyOptions, ConnectOptions, Environment, Journal, LastRead, PlanOptions, Ports,
    ReadObserver, Speed, Stopped, Undertaking, VariableOptions,
};
use auditform::plan::Plan;
use auditform::providers::entra::{Entra, EntraOptions};
use auditform::render;
use auditform::resource::Thumbprint;
use auditform::state::{ObservedApplication, Selection};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::words::{shown, without_colour};
use crate::support::front::{self, Front, Reply};
use crate::support::{World, credential, tenant};

pub(super) const GRAPH: &str = "https://graph.microsoft.com/.default";
pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);

const SEED: &str = "[tenant]\norganization = \"contoso.onmicrosoft.com\"\n\
                    [generate]\nmailboxes = 1\nseed = 1\n";

/// When every test begins.
const BEGIN: &str = "2026-11-23T12:00:00Z";

/// A certificate that is renewed every sixty days, and an application that signs in with it.
pub(super) const CHAIN: &str = r#"
[certificate.auditor]
directory = "certificates"
common_name = "Contoso auditor"
valid_for = "90d"
rotate_before = "30d"

[application.auditor]
display_name = "Contoso auditor"
certificates = ["certificate.auditor"]
"#;

/// See the module.
pub(super) struct Scene {
    pub(super) world: World,
    /// Seconds before or after the time of this machine.
    offset: Arc<AtomicI64>,
    running: Running,
    pub(super) front: Front,
    gate: Arc<Gate>,
    /// What the variable `PFX_PASSWORD` holds.
    pub(super) password: Option<&'static str>,
}

/// Loses the answer to one request.
#[derive(Default)]
struct Gate {
    /// How many requests are still answered; `None` for all.
    left: Mutex<Option<usize>>,
    lost: Notify,
}

impl Gate {
    fn loses(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        let Some(number) = left.as_mut() else { return false };
        *number = number.saturating_sub(1);
        *number == 0
    }
}

/// What a run showed and did.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) plan: Plan,
    /// The plan as it is shown.
    pub(super) text: String,
    /// What was said beside it, before and after the reading.
    pub(super) warnings: String,
}

struct Silent;

/// Files that are new since an apply began were written by the clock of the test.
struct Dating<'s> {
    scene: &'s Scene,
    before: BTreeSet<String>,
}

impl Observer for Dating<'_> {
    fn event(&mut self, event: Event<'_>) {
        if let Event::Done { .. } = event {
            for file in self.scene.files().difference(&self.before) {
                let file = fs::File::options().write(true).open(self.scene.path(file)).unwrap();
                file.set_modified(self.scene.now().into()).unwrap();
            }
        }
    }
}

impl ReadObserver for Silent {
    fn reading(&mut self, _mailboxes: u64) {}
    fn reading_ended(&mut self) {}
}

impl DevicePrompt for Silent {
    fn show(&self, _code: &DeviceCode) {}
}

impl Scene {
    /// A tenant that shows changes after so many milliseconds.
    pub(super) async fn start(lag: u64) -> Self {
        let world = World::new();
        let pair = credential::shared();
        world.write("credentials/application.pem", pair.pem());
        world.write("credentials/application.pfx", pair.pfx(""));
        let offset = Arc::new(AtomicI64::new(0));
        let mut options = emulator::Options::new(world.path("credentials"));
        options.seed = Some(Seed::parse(SEED, "seed.toml").unwrap());
        options.lag = Duration::from_millis(lag);
        let clock = Arc::clone(&offset);
        options.clock = emulator::Clock::new(move || shifted(&clock));
        let running = emulator::Emulator::start(options).await.unwrap();
        let gate = Arc::new(Gate::default());
        let (at_gate, upstream) = (Arc::clone(&gate), running.base_url());
        let front = Front::before("", move |seen| {
            let answer = front::forward(seen, front::address(&upstream));
            if at_gate.loses() {
                at_gate.lost.notify_one();
                loop {
                    std::thread::park();
                }
            }
            Reply::Raw(answer)
        });
        let scene = Self { world, offset, running, front, gate, password: None };
        scene.at(BEGIN.parse().unwrap());
        scene
    }

    /// The tenant without lag, with [`CHAIN`] applied.
    pub(super) async fn applied() -> Self {
        let scene = Self::start(0).await;
        scene.spec(CHAIN);
        scene.apply().await;
        scene
    }

    pub(super) fn now(&self) -> Timestamp {
        shifted(&self.offset)
    }

    /// Makes it this moment.
    pub(super) fn at(&self, moment: Timestamp) {
        let seconds = moment.duration_since(Timestamp::now()).as_secs();
        self.offset.store(seconds, Ordering::SeqCst);
    }

    /// Lets time pass.
    pub(super) fn wait(&self, time: SignedDuration) {
        self.offset.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    /// The spec: the emulator's own application does the work.
    pub(super) fn spec(&self, body: &str) {
        let head = self.head();
        self.world.write("auditform.toml", format!("{head}{body}"));
    }

    /// The way to the tenant, as the head of a spec.
    pub(super) fn head(&self) -> String {
        let pem = self.running.certificate_pem();
        let (organization, id) = (self.running.organization(), self.running.client_id());
        tenant(organization, &self.front.url(), &id, pem)
    }

    pub(super) fn organization(&self) -> &str {
        self.running.organization()
    }

    fn ports(&self) -> Ports {
        let password = self.password;
        let held = move |name: &str| password.filter(|_| name == "PFX_PASSWORD").map(str::to_owned);
        Ports {
            clock: self.clock(),
            environment: Environment::new(held),
            seed: 1,
            request_timeout: Some(Duration::from_secs(60)),
        }
    }

    fn clock(&self) -> Clock {
        let offset = Arc::clone(&self.offset);
        Arc::new(move || shifted(&offset))
    }

    pub(super) async fn plan(&self) -> Done {
        self.run(false).await.unwrap()
    }

    /// What is said instead of a plan.
    pub(super) async fn refused(&self) -> String {
        self.world.redact(&self.run(false).await.unwrap_err())
    }

    /// Plans and carries everything out.
    pub(super) async fn apply(&self) -> Done {
        self.run(true).await.unwrap()
    }

    /// Begins an apply that ends with the answer to this request, counted from 1: the request is
    /// carried out and its answer never comes. Says whether the apply came that far.
    pub(super) async fn apply_killed(&self, request: usize) -> bool {
        *self.gate.left.lock().unwrap() = Some(request);
        let killed = tokio::select! {
            biased;
            () = self.gate.lost.notified() => true,
            done = self.run(true) => {
                done.unwrap();
                false
            }
        };
        *self.gate.left.lock().unwrap() = None;
        killed
    }

    async fn run(&self, applying: bool) -> Result<Done, String> {
        let ports = self.ports();
        let loaded =
            ops::load(&self.world.path("auditform.toml"), &VariableOptions::default(), &ports);
        let loaded = loaded.map_err(|error| shown(&error.sources, &error.diagnostics))?;
        let stopped = |error: Stopped| shown(&loaded.sources, &error.diagnostics);
        let (desired, beside, sources) = (&loaded.desired, &loaded.directory, &loaded.sources);
        let prompt = Arc::new(Silent);
        let options = ConnectOptions { embedded: None, speed: Speed::default(), applying, prompt };
        let mut connection = ops::connect(desired, &ports, options).await.map_err(stopped)?;
        let selection = &Selection::default();
        let how = PlanOptions { allow: &[], sources, selection, applying };
        let planned = ops::plan(&mut connection, desired, beside, &ports, how, &mut Silent).await;
        let planned = planned.map_err(stopped)?;
        let plan = planned.plan;
        let mut text = Vec::new();
        let nothing_known = render::Provenance::default();
        // Where a line ends must not depend on where the directory of the test lies.
        let options = render::TextOptions { width: 1000, ..render::TextOptions::default() };
        render::write_plan(&mut text, &plan, &nothing_known, options).unwrap();
        let warnings = [&loaded.warnings, &planned.warnings];
        let warnings = warnings.map(|warnings| shown(&loaded.sources, warnings)).concat();
        if applying && !plan.is_empty() {
            let (_sender, receiver) = watch::channel(false);
            let (spec, made) = (ops::spec_text(&loaded), ops::made(beside, None, &ports));
            let about = Undertaking::unreviewed(&plan, &spec, &made);
            let mut journal = Journal::begin(about, beside, &ports).map_err(stopped)?;
            let options = ApplyOptions {
                parallelism: 8,
                cancel: Cancel::new(receiver),
                read: LastRead::at(ports.now()),
                taken_up: TakenUp::default(),
                journal: &mut journal,
            };
            let mut dating = Dating { scene: self, before: self.files() };
            let applied =
                ops::apply(&mut connection, desired, &plan, beside, &ports, options, &mut dating)
                    .await;
            let report = applied.map_err(stopped)?.report;
            journal.end(&plan, &report, 0).unwrap();
            assert_eq!(report.failures().count(), 0, "{report:?}");
            assert_eq!(report.count(StepState::Done), plan.len() as u64, "{report:?}");
            let doubts: Vec<_> = report.unconfirmed().collect();
            assert!(doubts.is_empty(), "{doubts:?}");
        }
        Ok(Done { plan, text: without_colour(text), warnings })
    }

    fn tokens(&self, client_id: Uuid, file: &[u8]) -> Option<(Arc<Client>, Arc<TokenSource>)> {
        let credential = Credential::load(file, None, self.now()).ok()?;
        let options = ClientOptions {
            transport: TransportOptions::default(),
            limits: Limits::default(),
            clock: self.clock(),
            seed: 2,
        };
        let client = Arc::new(Client::new(options).unwrap());
        let options = TokenSourceOptions {
            authority: self.running.base_url().parse().unwrap(),
            tenant: self.running.organization().to_owned(),
            expected_tenant: None,
            method: SignInMethod::Certificate { client_id, credential },
            policy: RetryPolicy::within(Duration::from_secs(20)),
        };
        Some((Arc::clone(&client), Arc::new(TokenSource::new(client, options))))
    }

    /// The directory, as the emulator's own application sees it.
    pub(super) async fn directory(&self) -> Entra {
        let id = self.running.client_id().parse().unwrap();
        let (client, tokens) = self.tokens(id, credential::shared().pem().as_bytes()).unwrap();
        let options = EntraOptions {
            base: self.running.base_url().parse().unwrap(),
            scope: GRAPH.to_owned(),
            policy: RetryPolicy::within(Duration::from_secs(20)),
        };
        Entra::connect(client, tokens, options).await.unwrap()
    }

    /// The registration that `application.NAME` has made.
    pub(super) async fn application(&self, name: &str) -> ObservedApplication {
        let unique_name = format!("auditform-application-{name}");
        let found = self.directory().await.application_by_unique_name(&unique_name).await;
        found.unwrap().unwrap()
    }

    /// The thumbprints that are registered on `application.NAME`.
    pub(super) async fn registered(&self, name: &str) -> BTreeSet<String> {
        let application = self.application(name).await;
        let thumbprint = |sha1| Thumbprint::Sha1(sha1).to_string();
        application.keys.iter().filter_map(|key| key.thumbprint).map(thumbprint).collect()
    }

    /// Whether `application.NAME` gets a token with this file of the directory of certificates.
    pub(super) async fn mints(&self, name: &str, file: &str) -> bool {
        let client_id = self.application(name).await.app_id;
        let bytes = fs::read(self.path(file)).unwrap();
        match self.tokens(client_id, &bytes) {
            Some((_, tokens)) => tokens.fresh_token(GRAPH).await.is_ok(),
            None => false,
        }
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.world.path("certificates").join(file)
    }

    /// The names of the files of the directory of certificates.
    pub(super) fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.world.path("certificates"));
        let entries = entries.into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The thumbprint of the certificate in this file.
    pub(super) fn thumbprint(&self, file: &str) -> String {
        let sha1 = read_any(&self.path(file), None).unwrap().facts.thumbprint_sha1;
        Thumbprint::Sha1(sha1).to_string()
    }

    /// What a kill may never cost: both files that sign in give a token.
    pub(super) async fn signs_in(&self, when: &str) {
        for file in ["auditor.pem", "auditor.pfx"] {
            assert!(self.mints("auditor", file).await, "{when}: {file}, {:?}", self.files());
        }
    }

    /// The end of every rotation that began with this certificate: the new one in use, the old one
    /// beside it, both registered, nothing left to do.
    pub(super) async fn is_rotated_from(&self, old: &str) {
        let new = self.thumbprint("auditor.pem");
        assert_ne!(new, old);
        assert_eq!(self.files(), kept(&["auditor", &aside(old)]));
        for form in ["pem", "pfx", "cer"] {
            assert_eq!(self.thumbprint(&format!("auditor.{form}")), new);
            assert_eq!(self.thumbprint(&format!("{}.{form}", aside(old))), old);
        }
        assert_eq!(self.registered("auditor").await, [new, old.to_owned()].into());
        self.signs_in("rotated").await;
        assert!(self.mints("auditor", &format!("{}.pem", aside(old))).await);
        let left = self.plan().await;
        assert!(left.plan.is_empty(), "{}", left.text);
    }
}

/// What the files of an old certificate are called, without the ending.
pub(super) fn aside(thumbprint: &str) -> String {
    format!("auditor.{}", thumbprint[..8].to_lowercase())
}

/// Three files of each name.
pub(super) fn kept(names: &[&str]) -> BTreeSet<String> {
    let forms = |name: &&str| ["cer", "pem", "pfx"].map(|form| format!("{name}.{form}"));
    names.iter().flat_map(forms).collect()
}

fn shifted(offset: &AtomicI64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(offset.load(Ordering::SeqCst))
}
