//! What is read when the sign-in service refuses: every number of `reference-error-codes` of the
//! Entra docs that can come up here, as it is shown to who signs in that way. The texts are in
//! `fixtures/sign_in_refusals`; `SNAPSHOTS=overwrite` rewrites them, which are then to be read as
//! somebody would who has never heard of the number.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use snapbox::{Data, assert_data_eq, str};

use crate::bad_input::{BODY, SEED};
use crate::sign_in_methods::{CHAIN, spec};
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, Output, World};

/// An application with a certificate.
const APPLICATION: [u32; 25] = [
    28002, 50012, 50013, 50027, 53003, 65001, 650_052, 70001, 70011, 500_011, 700_016, 700_022,
    700_024, 700_025, 700_027, 700_030, 7_000_112, 7_000_215, 7_000_218, 7_000_222, 7_000_229,
    90002, 90038, 900_382, 900_432,
];
/// A person with a device code.
const PERSON: [u32; 22] = [
    50020, 50034, 50057, 50074, 50076, 50079, 50105, 50126, 53000, 53001, 53002, 53003, 530_035,
    65001, 65002, 65004, 70018, 70019, 7_000_218, 90094, 90119, 90120,
];
/// A workload with a token of another issuer.
const WORKLOAD: [u32; 9] =
    [50013, 53003, 70021, 700_016, 700_024, 700_211, 700_212, 700_213, 700_229];
/// What passes by itself.
const PASSING: [u32; 6] = [50033, 50196, 90006, 90024, 90033, 90055];

/// A tenant whose sign-in service gives this answer.
fn refusing(refusal: &str, more: &str) -> (World, Emulator) {
    let world = World::new();
    let seed = format!("{SEED}\n[sign_in]\nrefuse = {refusal}\n");
    let options = ["--device-code", "approve-after:1", "--device-interval", "0"];
    let emulator = Emulator::with(&world, &seed, &options);
    spec(&world, &emulator, &format!("{more}\n{BODY}"));
    (world, emulator)
}

/// What is shown, without the request's particulars and the invitation to sign in.
fn shown(world: &World, output: &Output) -> String {
    let text = world.redact(&output.stderr);
    let lines = text.lines().filter(|line| !line.starts_with("To sign in,"));
    let lines = lines.map(|line| line.split(" [POST ").next().unwrap().to_owned() + "\n");
    lines.collect()
}

/// Holds what each number is told as against the file of this name, and that it was asked once.
fn told(name: &str, numbers: &[u32], sign_in: impl Fn(&World, &Emulator) -> String) {
    let mut all = String::new();
    for number in numbers {
        let (world, emulator) = refusing(&number.to_string(), "");
        spec(&world, &emulator, &format!("{}\n{BODY}", sign_in(&world, &emulator)));
        let output = world.run(&["plan"]).ended(1);
        assert_eq!(output.stdout, "");
        assert_eq!(emulator.token_requests().len(), 1, "{number}");
        all += &(shown(&world, &output) + "\n");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sign_in_refusals");
    assert_data_eq!(all, Data::read_from(&file.join(name), None).raw());
}

fn as_application(_: &World, emulator: &Emulator) -> String {
    let (client_id, certificate) = (&emulator.client_id, emulator.certificate.display());
    format!(
        "\n[tenant.sign_in]\nmethod = \"certificate\"\nclient_id = \"{client_id}\"\n\
         certificate = \"{certificate}\"\n"
    )
}

fn as_person(_: &World, _: &Emulator) -> String {
    format!("{CHAIN}\n[tenant.bootstrap]\nmethod = \"device_code\"\n")
}

fn as_workload(world: &World, emulator: &Emulator) -> String {
    world.write("token", emulator.workload_token());
    let client_id = &emulator.client_id;
    format!(
        "\n[tenant.sign_in]\nmethod = \"workload_identity\"\nclient_id = \"{client_id}\"\n\
         token_file = \"token\"\n"
    )
}

#[test]
fn what_an_application_is_told() {
    told("application.txt", &APPLICATION, as_application);
}

#[test]
fn what_a_person_is_told() {
    told("person.txt", &PERSON, as_person);
}

#[test]
fn what_a_workload_is_told() {
    told("workload.txt", &WORKLOAD, as_workload);
}

/// What a plan comes to that this refusal stands before; the requests for a token.
fn planned(refusal: &str, options: &[&str]) -> (Output, usize) {
    let (world, emulator) = refusing(refusal, "");
    spec(&world, &emulator, &format!("{}\n{BODY}", as_application(&world, &emulator)));
    let output = world.run(&[&["plan"], options].concat());
    (output, emulator.token_requests().len())
}

#[test]
fn what_passes_by_itself_is_not_noticed_once_it_has_passed() {
    std::thread::scope(|scope| {
        for number in PASSING {
            scope.spawn(move || {
                let (output, asked) = planned(&format!("{number}\ntimes = 1"), &[]);
                assert_eq!(output.ended(0).stderr, "", "{number}");
                assert_eq!(asked, 2, "{number}");
            });
        }
    });
}

#[test]
fn what_does_not_pass_in_the_time_given_is_told_as_trouble_of_the_service() {
    std::thread::scope(|scope| {
        for number in PASSING {
            scope.spawn(move || {
                let (output, asked) = planned(&number.to_string(), &["--request-timeout", "3s"]);
                let output = output.ended(8);
                let start = "error[sign-in-unreachable]: the sign-in service ";
                assert!(output.stderr.starts_with(start), "{}", output.stderr);
                let said = output.stderr.contains(&format!("AADSTS{number}: "));
                assert!(said && asked <= 2, "{asked} requests: {}", output.stderr);
            });
        }
    });
}

#[test]
fn a_code_that_nobody_has_entered_yet_is_asked_about_again() {
    let (world, emulator) = refusing("70016\ntimes = 2", "");
    spec(&world, &emulator, &format!("{}\n{BODY}", as_person(&world, &emulator)));
    world.run(&["plan"]).ended(0);
    let statuses = emulator.token_requests().iter().map(|asked| asked.status).collect::<Vec<_>>();
    assert_eq!(statuses, [400, 400, 200]);
}

/// The tenant behind a server whose clock differs from ours by this, and which refuses therefore.
fn skewed(by: SignedDuration) -> (World, Emulator, Front) {
    let (world, emulator) = refusing("90002", "");
    let front = Front::before(&emulator.base_url, move |seen: &Seen| {
        if !seen.target.ends_with("/oauth2/v2.0/token") {
            return Reply::Forward;
        }
        let date = (Timestamp::now() + by).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let text = "AADSTS700024: Client assertion is not within its valid time range.";
        let body = json!({ "error": "invalid_client", "error_description": text, "error_codes": [700_024] });
        Reply::new(401, &[("date", &date)], body.to_string())
    });
    world.spec_at(&front.url(), &emulator, BODY);
    (world, emulator, front)
}

#[test]
fn a_clock_that_is_wrong_is_told_with_how_much() {
    for (hours, way) in [(-1, "ahead of"), (2, "behind")] {
        let (world, _emulator, front) = skewed(SignedDuration::from_hours(hours));
        let output = world.run(&["plan"]).ended(1);
        // Two seconds may pass on the way.
        let text = shown(&world, &output);
        let seconds: i64 = text
            .split_once("clock is ")
            .and_then(|(_, rest)| rest.split_once(" s "))
            .map(|(seconds, _)| seconds.parse().unwrap())
            .unwrap();
        assert!((seconds - hours.abs() * 3600).abs() < 30, "{text}");
        assert_data_eq!(
            text.replace(&seconds.to_string(), "<seconds>").replace(way, "<way>"),
            str![[r#"
error[sign-in]: the signed assertion is outside of its times: AADSTS700024: Client assertion is not within its valid time range.
 |
 = help: this machine's clock is <seconds> s <way> the service's; set it right

"#]]
        );
        assert_eq!(front.seen().len(), 2);
    }
}
