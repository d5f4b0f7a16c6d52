//! How a tenant is reached: by TLS with a certificate authority of one's own, and through a forward
//! proxy that stands for Microsoft's hosts, so that a spec without any endpoint is tried.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, SEED, fails};
use crate::sign_in_methods::reads_the_mailbox;
use crate::support::{Emulator, World};

/// The spec of this tenant with more in `[tenant]`; without `url` the published hosts hold.
fn spec(world: &World, emulator: &Emulator, url: Option<&str>, more: &str) {
    world.spec(emulator, BODY);
    let spec = std::fs::read_to_string(world.path("auditform.toml")).unwrap();
    let endpoint = |url: &str| format!("endpoint = \"{url}\"\n");
    let ours = endpoint(&emulator.base_url);
    assert!(spec.contains(&ours));
    let instead = url.map(endpoint).unwrap_or_default();
    world.write("auditform.toml", spec.replace(&ours, &format!("{instead}{more}")));
}

#[test]
fn a_certificate_authority_of_ones_own_is_trusted_by_the_spec() {
    let world = World::new();
    let emulator = Emulator::with(&world, SEED, &["--tls"]);
    let ca = format!("ca_file = \"{}\"\n", emulator.ready("ca_file"));
    spec(&world, &emulator, Some(&emulator.base_url), &ca);
    assert!(emulator.base_url.starts_with("https://"));
    reads_the_mailbox(world.run(&["plan"]));
}

#[test]
fn a_certificate_authority_of_ones_own_is_trusted_by_a_variable() {
    let world = World::new();
    let emulator = Emulator::with(&world, SEED, &["--tls"]);
    spec(&world, &emulator, Some(&emulator.base_url), "");
    let ca = [("SSL_CERT_FILE", emulator.ready("ca_file"))];
    reads_the_mailbox(world.run_with(&["plan"], &ca));
}

#[test]
fn an_authority_that_nobody_trusts_gets_no_token() {
    let world = World::new();
    let emulator = Emulator::with(&world, SEED, &["--tls"]);
    spec(&world, &emulator, Some(&emulator.base_url), "");
    fails(
        &world,
        &["plan"],
        8,
        str![[r#"
error[sign-in-unreachable]: the sign-in service cannot be reached: error sending request: client error (Connect): invalid peer certificate: UnknownIssuer [GET https://127.0.0.1:<port>/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration (tenant discovery), 3 tries in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: nobody here trusts the authority that issued the host's certificate: name its PEM file in `ca_file` or SSL_CERT_FILE, if it is a proxy's or an emulator's that you trust

"#]],
    );
    assert_eq!(emulator.requests(), []);
}

#[test]
fn the_published_hosts_are_reached_through_a_proxy() {
    let world = World::new();
    let emulator = Emulator::with(&world, SEED, &["--proxy", "127.0.0.1:0"]);
    let ca = format!("ca_file = \"{}\"\n", emulator.ready("ca_file"));
    spec(&world, &emulator, None, &ca);
    let proxy = [("HTTPS_PROXY", emulator.ready("proxy_url"))];
    reads_the_mailbox(world.run_with(&["plan"], &proxy));
    world.run_with(&["apply", "--auto-approve"], &proxy).ended(0);
    assert_eq!(emulator.mailbox("ada@contoso.com")["AuditLogAgeLimit"], "100.00:00:00");
}

#[test]
fn the_hosts_of_every_cloud_are_those_that_the_proxy_stands_for() {
    let world = World::new();
    let emulator = Emulator::with(&world, SEED, &["--proxy", "127.0.0.1:0"]);
    let ca = format!("ca_file = \"{}\"\n", emulator.ready("ca_file"));
    let proxy = [("HTTPS_PROXY", emulator.ready("proxy_url"))];
    for cloud in ["us-gov-high", "us-gov-dod", "china"] {
        spec(&world, &emulator, None, &format!("cloud = \"{cloud}\"\n{ca}"));
        reads_the_mailbox(world.run_with(&["plan"], &proxy));
    }
}

#[test]
fn a_proxy_that_ends_tls_by_an_authority_that_nobody_trusts_is_named() {
    let world = World::new();
    let emulator = Emulator::with(&world, SEED, &["--proxy", "127.0.0.1:0"]);
    spec(&world, &emulator, None, "");
    let proxy = [("HTTPS_PROXY", emulator.ready("proxy_url"))];
    let output = world.run_with(&["plan"], &proxy).ended(8);
    assert_data_eq!(
        world.redact(&output.stderr),
        str![[r#"
error[sign-in-unreachable]: the sign-in service cannot be reached: error sending request: client error (Connect): invalid peer certificate: UnknownIssuer [GET https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration (tenant discovery), 3 tries in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: nobody here trusts the authority that issued the host's certificate: name its PEM file in `ca_file` or SSL_CERT_FILE, if it is a proxy's or an emulator's that you trust

"#]]
    );
    assert_eq!(emulator.token_requests(), []);
}
