//! Files of faults: what they mean for one request after another, and what is wrong with the
//! others. How faults look from the outside is in `tests/faults/`.

use axum::http::Method;

use super::*;
use crate::emulator::FaultFile;
use crate::emulator::faults::{Faults, Subject};

const EXCHANGE_PATH: &str = "/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand";
const GRAPH_PATH: &str = "/v1.0/applications";
const TOKEN_PATH: &str = "/contoso.onmicrosoft.com/oauth2/v2.0/token";

impl World {
    fn faults(&self, text: &str) -> Faults {
        let file = FaultFile::parse(text, "faults.toml").unwrap();
        Faults::new(Duration::ZERO, Some(&file), &self.service.tenant).unwrap()
    }

    fn error(&self, text: &str) -> String {
        let file = FaultFile::parse(text, "faults.toml");
        let made = file.and_then(|file| {
            Faults::new(Duration::ZERO, Some(&file), &self.service.tenant).map(drop)
        });
        made.unwrap_err().to_string()
    }

    /// What the log says of a request.
    fn meets(&self, faults: &Faults, method: &Method, path: &str, body: &Value) -> Option<String> {
        let body = body.to_string();
        let subject = Subject::of(method, path, body.as_bytes(), &self.service.tenant);
        faults.judge(&subject, self.service.clock.now()).fault
    }

    fn runs(&self, faults: &Faults, cmdlet: &str, identity: &str) -> Option<String> {
        let body = input(cmdlet, &json!({ "Identity": identity }));
        self.meets(faults, &Method::POST, EXCHANGE_PATH, &body)
    }

    /// Which of so many equal requests are hit, counted from 1.
    fn hits(&self, faults: &Faults, identity: &str, requests: usize) -> Vec<usize> {
        let hit = |_: &usize| self.runs(faults, "Set-Mailbox", identity).is_some();
        (1..=requests).filter(hit).collect()
    }
}

const FAILS: &str = "kind = 'answer'\nstatus = 503\n";

#[test]
fn a_rule_is_about_what_its_selector_says_and_nothing_else() {
    let world = World::of(FEW);
    let hit = |selector: &str| -> Vec<bool> {
        let faults = world.faults(&format!("[[fault]]\n{selector}\n{FAILS}"));
        let get = &Method::GET;
        [
            world.runs(&faults, "Set-Mailbox", "ada@contoso.com"),
            world.runs(&faults, "get-mailbox", "sales@contoso.com"),
            world.runs(&faults, "Get-OrganizationConfig", ""),
            world.meets(&faults, get, GRAPH_PATH, &Value::Null),
            world.meets(&faults, &Method::POST, TOKEN_PATH, &Value::Null),
        ]
        .map(|fault| fault.is_some())
        .to_vec()
    };
    let guid = world.mailbox("ada@contoso.com")["Guid"].as_str().unwrap().to_owned();
    for (selector, wanted) in [
        ("", [true, true, true, true, true]),
        ("route = 'exchange'", [true, true, true, false, false]),
        ("route = 'graph'", [false, false, false, true, false]),
        ("route = 'token'", [false, false, false, false, true]),
        ("route = '/*/oauth2/**'", [false, false, false, false, true]),
        ("route = '/v1.0/*'", [false, false, false, true, false]),
        ("method = 'get'", [false, false, false, true, false]),
        ("cmdlet = 'get-mailbox'", [false, true, false, false, false]),
        ("mailbox = 'ADA@contoso.com'", [true, false, false, false, false]),
        ("mailbox = 'countess@contoso.com'", [true, false, false, false, false]),
        (&format!("mailbox = '{guid}'"), [true, false, false, false, false]),
        ("cmdlet = 'Get-Mailbox'\nmailbox = 'ada@contoso.com'", [false; 5]),
    ] {
        assert_eq!(hit(selector), wanted, "{selector}");
    }
}

#[test]
fn after_and_times_count_all_matching_requests_or_each_by_itself() {
    let world = World::of(FEW);
    let counted = |more: &str| {
        let faults = world.faults(&format!("[[fault]]\nafter = 1\ntimes = 2\n{more}\n{FAILS}"));
        [world.hits(&faults, "ada@contoso.com", 5), world.hits(&faults, "oslo@contoso.com", 5)]
    };
    assert_eq!(counted(""), [vec![2, 3], vec![]]);
    assert_eq!(counted("count = 'all'"), [vec![2, 3], vec![]]);
    assert_eq!(counted("count = 'each'"), [vec![2, 3], vec![2, 3]]);
}

#[test]
fn a_probability_repeats_with_its_seed_whatever_else_is_under_way() {
    let world = World::of(FEW);
    let faults =
        |seed: u32| world.faults(&format!("seed = {seed}\n[[fault]]\nprobability = 0.4\n{FAILS}"));
    let alone = world.hits(&faults(1), "ada@contoso.com", 100);
    assert!((25..55).contains(&alone.len()), "{alone:?}");
    assert_ne!(alone, world.hits(&faults(2), "ada@contoso.com", 100));
    assert_ne!(alone, world.hits(&faults(1), "oslo@contoso.com", 100));
    let among_others = faults(1);
    world.hits(&among_others, "oslo@contoso.com", 37);
    assert_eq!(alone, world.hits(&among_others, "ada@contoso.com", 100));
}

#[test]
fn the_first_rule_that_hits_harms_and_every_rule_counts() {
    let world = World::of(FEW);
    let faults = world.faults(
        "[[fault]]\nlatency = '20ms'\n\
         [[fault]]\ntimes = 1\nkind = 'answer'\nstatus = 429\n\
         [[fault]]\nlatency = '1s'\ntimes = 2\nkind = 'answer'\nstatus = 500\nwhen = 'after'\n",
    );
    let subject = Subject::default();
    let met = || {
        let verdict = faults.judge(&subject, world.service.clock.now());
        (verdict.fault.unwrap_or_default(), verdict.delay.as_millis())
    };
    assert_eq!(met(), ("fault 2: answer 429".to_owned(), 1020));
    assert_eq!(met(), ("fault 3: answer 500 after".to_owned(), 1020));
    assert_eq!(met(), ("fault 1: latency".to_owned(), 20));
}

#[test]
fn a_limit_is_for_its_class_and_comes_before_the_rules() {
    let world = World::of(FEW);
    let faults = world.faults(
        "[rate.writes]\nper_second = 1\n[rate.graph]\nper_second = 0.5\nburst = 2\n\
         [[fault]]\ncmdlet = 'Set-Mailbox'\nafter = 1\nkind = 'answer'\nstatus = 500\n",
    );
    let write = || world.runs(&faults, "Set-Mailbox", "ada@contoso.com");
    let refused = || Some("rate of writes".to_owned());
    assert_eq!([write(), write()], [None, refused()]);
    assert_eq!(world.runs(&faults, "Get-Mailbox", "ada@contoso.com"), None);
    world.wait(1);
    // The refused one was not counted by the rule.
    assert_eq!([write(), write()], [Some("fault 1: answer 500".to_owned()), refused()]);
    let graph = || world.meets(&faults, &Method::GET, GRAPH_PATH, &Value::Null);
    assert_eq!([graph(), graph(), graph()], [None, None, Some("rate of graph".to_owned())]);
}

#[test]
fn what_is_under_way_at_once_is_counted_until_it_is_answered() {
    let world = World::of(FEW);
    let faults = world.faults("[rate.reads]\nconcurrency = 1\n");
    let body = input("Get-Mailbox", &json!({})).to_string();
    let tenant = &world.service.tenant;
    let subject = Subject::of(&Method::POST, EXCHANGE_PATH, body.as_bytes(), tenant);
    let judge = || faults.judge(&subject, world.service.clock.now());
    let first = judge();
    assert_eq!((first.fault.clone(), judge().fault), (None, Some("concurrency of reads".into())));
    drop(first);
    assert_eq!(judge().fault, None);
}

/// Each text is wrong in that line, and the message has this part.
#[track_caller]
fn all_wrong(mistakes: &[(String, usize, &str)]) {
    let world = World::of(FEW);
    for (text, line, part) in mistakes {
        let said = world.error(text);
        assert!(said.starts_with(&format!("faults.toml:{line}: ")), "{text}\n{said}");
        assert!(said.contains(part), "{text}\n{said}");
    }
}

#[test]
fn what_a_rule_does_is_checked_with_its_line_and_what_to_write_instead() {
    let rule = |rest: &str| format!("[[fault]]\n{rest}");
    all_wrong(&[
        ("seed = -1".to_owned(), 1, "invalid value: integer `-1`"),
        ("sede = 1".to_owned(), 1, "unknown field `sede`"),
        (rule("kin = 'answer'"), 2, "unknown field `kin`"),
        (rule("times = 3"), 1, "does nothing; write a `kind`, a `latency` or both"),
        (rule("kind = 'anser'"), 2, "`kind` cannot be \"anser\"; write one of \"answer\""),
        (rule("kind = 'answer'"), 2, "needs a `status`"),
        (rule("kind = 'answer'\nstatus = 200"), 3, "write one from 400 to 599"),
        (rule("latency = '1s'\nstatus = 503"), 3, "`status` says nothing without `kind`"),
        (rule(&format!("{FAILS}retry_after_form = 'date'")), 4, "without `retry_after`"),
        (rule(&format!("{FAILS}retry_after = '20ms'")), 4, "no parts of a second"),
        (rule(&format!("{FAILS}retry_after = '-2s'")), 4, "no duration; write one like"),
        (rule(&format!("{FAILS}body = 'xml'")), 4, "write one of \"service\", \"text\""),
        (rule(&format!("{FAILS}when = 'soon'")), 4, "write one of \"before\", \"after\""),
        (rule("latency = '20'"), 2, "no duration"),
    ]);
}

#[test]
fn what_a_rule_is_about_is_checked_and_a_rule_that_never_hits_is_a_mistake() {
    let rule = |rest: &str| format!("[[fault]]\n{rest}");
    all_wrong(&[
        (rule(&format!("times = 0\n{FAILS}")), 2, "never hits"),
        (rule(&format!("probability = 0\n{FAILS}")), 2, "a number above 0, at most 1"),
        (rule(&format!("probability = 1.5\n{FAILS}")), 2, "a number above 0, at most 1"),
        (rule(&format!("count = 'own'\n{FAILS}")), 2, "write one of \"all\", \"each\""),
        (rule(&format!("route = 'mail'\n{FAILS}")), 2, "is no route; write \"token\""),
        (rule(&format!("route = '/v1.0/[a'\n{FAILS}")), 2, "is no pattern"),
        (rule(&format!("route = '/_emulator/state'\n{FAILS}")), 2, "can never match"),
        (rule(&format!("method = 'PUT'\n{FAILS}")), 2, "write one of \"GET\", \"POST\""),
        (rule(&format!("cmdlet = 'Get-Mailbx'\n{FAILS}")), 2, "write one of Get-Mailbox, Set-"),
        (rule(&format!("mailbox = 'eve@contoso.com'\n{FAILS}")), 2, "no mailbox of this tenant"),
        (rule(&format!("route = 'graph'\ncmdlet = 'Get-Mailbox'\n{FAILS}")), 2, "has a cmdlet"),
        (rule(&format!("route = 'token'\nmailbox = 'ada@contoso.com'\n{FAILS}")), 2, "a mailbox"),
        (rule(&format!("route = '/v1.0/**'\ncmdlet = 'Get-Mailbox'\n{FAILS}")), 2, "not match"),
        (rule(&format!("method = 'GET'\ncmdlet = 'Get-Mailbox'\n{FAILS}")), 2, "run by POST"),
        (
            rule(&format!(
                "cmdlet = 'Set-OrganizationConfig'\nmailbox = 'ada@contoso.com'\n{FAILS}"
            )),
            3,
            "names no mailbox",
        ),
        (
            format!("{0}[[fault]]\ncmdlet = 'Set-Mailbox'\n{FAILS}", rule(FAILS)),
            4,
            "never hit: fault 1",
        ),
    ]);
}

#[test]
fn limits_are_checked() {
    all_wrong(&[
        ("[rate.writes]".to_owned(), 1, "limits nothing"),
        ("[rate.mail]\nper_second = 1".to_owned(), 1, "unknown field `mail`"),
        ("[rate.writes]\nper_second = 0".to_owned(), 2, "a number above 0"),
        ("[rate.writes]\nper_second = nan".to_owned(), 2, "a number above 0"),
        ("[rate.writes]\nper_second = 5\nburst = 0".to_owned(), 3, "at least 1"),
        ("[rate.writes]\nconcurrency = 0".to_owned(), 2, "at least 1"),
        ("[rate.writes]\nconcurrency = 5\nburst = 2".to_owned(), 3, "without `per_second`"),
        ("[rate.writes]\nper_second = 5\nconcurrency_status = 500".to_owned(), 3, "without `conc"),
        (
            "[rate.writes]\nper_second = 5\nretry_after = 'soon'".to_owned(),
            3,
            "\"seconds\", \"date\"",
        ),
    ]);
}

#[test]
fn a_rule_that_leaves_something_to_the_next_hides_nothing() {
    let world = World::of(FEW);
    for first in [
        "latency = '1s'",
        "kind = 'answer'\nstatus = 503\ntimes = 1",
        "kind = 'answer'\nstatus = 503\nafter = 1",
        "kind = 'answer'\nstatus = 503\nprobability = 0.5",
        "kind = 'answer'\nstatus = 503\nroute = 'graph'",
        "kind = 'answer'\nstatus = 503\ncmdlet = 'Get-Mailbox'",
    ] {
        world.faults(&format!("[[fault]]\n{first}\n[[fault]]\nroute = 'exchange'\n{FAILS}"));
    }
}
