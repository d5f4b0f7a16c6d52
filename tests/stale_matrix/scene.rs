//! One row of the matrix, carried out: a tenant is set up and a plan saved; then, for each situation,
//! copies of both are taken, somebody else is at the tenant, and the plan is applied.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use auditform::resource::Kind;
use serde_json::{Value, json};

use crate::support::front::{Front, Reply, Seen, address};
use crate::support::graph::Graph;
use crate::support::{Emulator, Request, World};

/// What has become of an object between plan and apply.
pub(super) const SITUATIONS: [&str; 5] =
    ["unchanged", "already as desired", "changed otherwise", "deleted", "unreadable"];

/// How a situation comes about.
#[derive(Clone, Copy)]
pub(super) enum Cell {
    /// Nobody does anything.
    Left,
    /// Somebody else, by requests of their own or in the files.
    Moved(fn(&Stage)),
    /// The seed of the tenant is another one.
    Reseeded(fn(&str) -> String),
    /// Whoever asks for this gets no answer.
    Unread(fn(&Seen) -> bool),
    /// It cannot come about, for this reason.
    Cannot(&'static str),
}

/// An object that a plan changes.
pub(super) struct Object {
    /// Which one: its kind, and what the plan does to it.
    pub(super) kind: Kind,
    pub(super) what: &'static str,
    /// Its address in the plan.
    pub(super) address: &'static str,
    /// Tells the requests that change it; none for files.
    pub(super) is_write: fn(&Request) -> bool,
}

/// Objects that one plan changes, in each situation.
pub(super) struct Row {
    pub(super) objects: Vec<Object>,
    pub(super) seed: String,
    /// What the tenant is brought to first.
    pub(super) before: String,
    /// What else is done before it is planned.
    pub(super) prepare: fn(&Stage),
    pub(super) spec: String,
    /// In the order of [`SITUATIONS`].
    pub(super) cells: [Cell; 5],
}

/// A tenant with the directory that the plan lies in.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) emulator: Emulator,
}

/// What the requests of the client meet.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<Way>>);

/// The address of the tenant, and what gets no answer.
type Way = (String, Option<fn(&Seen) -> bool>);

/// It takes part in every plan, depends on nothing, and shows that the rest goes on.
const BYSTANDER: &str = "\n[mailbox_audit.bystander]\nrecipient_types = [\"UserMailbox\"]\n\
                         include = [\"bob@contoso.com\"]\nlog_age_limit = 180\n";
const BYSTANDER_WRITE: &str = "Set-Mailbox UPN:bob@contoso.com";

pub(super) const SEED: &str = r#"
[tenant]
tenant_id = "7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f"

[[mailbox]]
upn = "bob@contoso.com"
type = "UserMailbox"
"#;

/// What the matrix says of one row.
pub(super) struct Outcome {
    /// By object, then by situation.
    pub(super) cells: Vec<[String; 5]>,
    /// What was told and written where something was refused.
    pub(super) told: String,
}

impl Row {
    pub(super) fn run(&self) -> Outcome {
        let door = Door::default();
        let front = door.open();
        let plan = self.planned(&door, &front);
        let mut outcome = Outcome { cells: Vec::new(), told: String::new() };
        outcome.cells.resize_with(self.objects.len(), Default::default);
        for (place, cell) in self.cells.iter().enumerate() {
            let told = match cell {
                Cell::Cannot(_) => self.objects.iter().map(|_| "cannot be".to_owned()).collect(),
                _ => self.situation(place, *cell, (&plan, &door), &mut outcome.told),
            };
            for (object, told) in outcome.cells.iter_mut().zip(told) {
                object[place] = told;
            }
        }
        outcome
    }

    /// The tenant, its spec and `plan.json`, at rest.
    fn planned(&self, door: &Door, front: &Front) -> World {
        let world = World::new();
        let emulator = Emulator::start(&world, &self.seed);
        door.leads_to(&emulator, None);
        let stage = Stage { world, emulator };
        if !self.before.is_empty() {
            stage.world.spec_at(&front.url(), &stage.emulator, &self.before);
            stage.world.run(&["apply", "--auto-approve"]).ended(0);
        }
        (self.prepare)(&stage);
        let spec = format!("{}{BYSTANDER}", self.spec);
        stage.world.spec_at(&front.url(), &stage.emulator, &spec);
        stage.world.run(&["plan", "--out", "plan.json"]).ended(0);
        for object in &self.objects {
            let plan = fs::read_to_string(stage.world.path("plan.json")).unwrap();
            let address = serde_json::to_string(object.address).unwrap();
            assert!(plan.contains(&address), "{} is not planned: {plan}", object.address);
        }
        stage.world
    }

    /// What becomes of each object.
    fn situation(
        &self,
        place: usize,
        cell: Cell,
        (plan, door): (&World, &Door),
        told: &mut String,
    ) -> Vec<String> {
        let refusing = self.applied(cell, "refuse-all", plan, door);
        let words = self.objects.iter().map(|object| refusing.of(object)).collect::<Vec<_>>();
        if refusing.code == 0 {
            assert!(refusing.wrote(BYSTANDER_WRITE), "{refusing:?}");
            return words;
        }
        // Whatever is refused, or not known, is not written; nor is anything else.
        assert_eq!((refusing.stdout.as_str(), refusing.written.len()), ("", 0), "{refusing:?}");
        let skipping = self.applied(cell, "skip", plan, door);
        if refusing.code == 5 {
            assert!(skipping.code == 6 && skipping.wrote(BYSTANDER_WRITE), "{skipping:?}");
        } else {
            assert_eq!((skipping.code, skipping.written.len()), (refusing.code, 0));
        }
        for object in &self.objects {
            assert!(!skipping.log.iter().any(object.is_write), "{skipping:?}");
        }
        let first = &self.objects[0];
        writeln!(told, "{}, {}, {}", first.kind.name(), first.what, SITUATIONS[place]).unwrap();
        told.push_str(&skipping.told(plan));
        words
    }

    fn applied(&self, cell: Cell, policy: &str, plan: &World, door: &Door) -> Applied {
        let world = World::new();
        copy(&plan.path(""), &world.path(""));
        if let Cell::Reseeded(other) = cell {
            reseed(&world, &self.seed, &other(&self.seed));
        }
        let emulator = Emulator::launch(&world, &[]);
        let stage = Stage { world, emulator };
        door.leads_to(&stage.emulator, None);
        if let Cell::Moved(moved) = cell {
            moved(&stage);
        }
        if let Cell::Unread(is_unread) = cell {
            door.leads_to(&stage.emulator, Some(is_unread));
        }
        let before = stage.emulator.all_writes().len();
        let arguments = ["apply", "--auto-approve", "--stale", policy, "plan.json"];
        let output = stage.world.run(&arguments);
        let log = stage.emulator.all_writes().split_off(before);
        let written = log.iter().map(|write| words(&stage.world, write)).collect();
        Applied { code: output.code, stdout: output.stdout, stderr: output.stderr, log, written }
    }
}

/// A plan that was applied, or not.
#[derive(Debug)]
struct Applied {
    code: i32,
    stdout: String,
    stderr: String,
    log: Vec<Request>,
    written: Vec<String>,
}

impl Applied {
    fn wrote(&self, what: &str) -> bool {
        self.written.iter().any(|written| written == what)
    }

    /// What became of an object, in a word.
    fn of(&self, object: &Object) -> String {
        let is_written = self.log.iter().any(object.is_write);
        let is_stale = self.stderr.contains(&format!("stale: {}: ", object.address));
        match (self.code, is_stale, is_written) {
            (0, false, true) => "written".to_owned(),
            (0, false, false) if self.stdout.contains(" already done") => "done".to_owned(),
            // What is done to files is in no log.
            (0, false, false) if object.kind == Kind::Certificate => "written".to_owned(),
            (5, true, false) => "stale".to_owned(),
            (8, false, false) => "unknown".to_owned(),
            // A file of one's own, and not the tenant's state.
            (1, false, false) if self.stderr.contains("error[certificate-files]") => {
                "file error".to_owned()
            }
            (code, ..) => format!("ended with {code}"),
        }
    }

    /// What was said of it, and the requests that changed something.
    fn told(&self, world: &World) -> String {
        let said = self.stdout.lines().chain(self.stderr.lines());
        let tells = ["stale: ", "skipped: ", "error["];
        let said = said.filter(|line| tells.iter().any(|start| line.starts_with(start)));
        let lines: Vec<String> =
            said.map(|line| format!("  {}\n", without_thumbprints(&world.redact(line)))).collect();
        let mut written = self.written.clone();
        written.sort();
        let written = if written.is_empty() { "nothing".to_owned() } else { written.join(", ") };
        format!("{}  written: {written}\n", lines.concat())
    }
}

/// The keys of tests are made anew for each run.
fn without_thumbprints(line: &str) -> String {
    let is_one = |word: &str| word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = |word: &str| if is_one(word) { "<thumbprint>".to_owned() } else { word.to_owned() };
    let is_end = |letter: char| !letter.is_ascii_alphanumeric();
    line.split_inclusive(is_end)
        .map(|part| match part.char_indices().next_back() {
            Some((at, last)) if is_end(last) => format!("{}{last}", shown(&part[..at])),
            _ => shown(part),
        })
        .collect()
}

/// A request that changes something, as one line.
fn words(world: &World, write: &Request) -> String {
    let words = match write.cmdlet() {
        "" => format!("{} {}", write.method, write.path),
        cmdlet => format!("{cmdlet} {}", write.anchor()),
    };
    world.redact(words.trim())
}

impl Door {
    fn open(&self) -> Front {
        let own = self.clone();
        Front::start(move |seen| {
            let (upstream, is_unread) = own.0.lock().unwrap().clone();
            if is_unread.is_some_and(|is_unread| is_unread(seen)) {
                let error =
                    json!({ "error": { "code": "Authorization_RequestDenied", "message": "No." } });
                return Reply::new(403, &[("content-type", "application/json")], error.to_string());
            }
            Reply::ForwardTo(upstream)
        })
    }

    fn leads_to(&self, emulator: &Emulator, is_unread: Option<fn(&Seen) -> bool>) {
        *self.0.lock().unwrap() = (address(&emulator.base_url).to_owned(), is_unread);
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Gives a tenant at rest another seed.
fn reseed(world: &World, old: &str, new: &str) {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let state = fs::read_to_string(world.path("emulator/tenant.state")).unwrap();
    assert!(state.contains(&quoted(old)));
    world.write("emulator/tenant.state", state.replace(&quoted(old), &quoted(new)));
    world.write("emulator/seed.toml", new);
}

impl Stage {
    /// One request to the directory, as somebody else.
    pub(super) fn graph(&self, method: &str, path: &str, body: &Value) -> Value {
        Graph::bootstrap(&self.emulator).done(method, path, body)
    }

    /// The same with a header.
    pub(super) fn graph_with(&self, method: &str, path: &str, body: &Value, header: &str) {
        let (status, answer) =
            Graph::bootstrap(&self.emulator).send_with(method, path, body, header);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    }

    /// One cmdlet, as somebody else, sent to where this lives.
    pub(super) fn exchange(&self, cmdlet: &str, parameters: &Value, anchor: &str) {
        let token = self.emulator.token("https://outlook.office365.com");
        let path = format!("/adminapi/beta/{}/InvokeCommand", self.emulator.tenant_id);
        let input = json!({ "CmdletInput": { "CmdletName": cmdlet, "Parameters": parameters } });
        let anchor = format!("X-AnchorMailbox: {anchor}");
        let graph = Graph::with(&self.emulator, token);
        let (status, answer) = graph.send_with("POST", &path, &input, &anchor);
        assert_eq!(status, 200, "{cmdlet}: {answer}");
    }

    /// An object of the directory that this is true of.
    fn found(&self, collection: &str, property: &str, value: &str) -> Value {
        let state = self.emulator.state();
        let all = state[collection].as_array().unwrap();
        let is_it = |object: &&Value| object[property] == value;
        all.iter().find(is_it).unwrap_or_else(|| panic!("{property} {value}: {all:?}")).clone()
    }

    /// The path of the application that the specs are about.
    pub(super) fn application(&self) -> String {
        let found = self.found("Applications", "displayName", "Auditor");
        format!("/v1.0/applications/{}", found["id"].as_str().unwrap())
    }

    /// Its client id.
    pub(super) fn client_id(&self) -> Value {
        self.found("Applications", "displayName", "Auditor")["appId"].clone()
    }

    /// The id of its service principal.
    pub(super) fn principal_id(&self) -> String {
        let found = self.found("ServicePrincipals", "displayName", "Auditor");
        found["id"].as_str().unwrap().to_owned()
    }

    /// The path of its service principal.
    pub(super) fn principal(&self) -> String {
        format!("/v1.0/servicePrincipals/{}", self.principal_id())
    }

    /// The service principal of Exchange.
    pub(super) fn exchange_online(&self) -> String {
        let path = "/v1.0/servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')";
        self.graph("GET", path, &Value::Null)["id"].as_str().unwrap().to_owned()
    }
}
