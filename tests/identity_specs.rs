//! What a spec of the identity chain means: the values that its tables come to, defaults included.
//! The words of its mistakes are in `specs`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

use std::path::Path;

use auditform::state::{
    ApplicationKey, CertificateLocation, CertificateSource, DesiredState, Ensure, MadeCertificate,
    SignIn, Validity,
};
use jiff::SignedDuration;

use crate::specs::desired;

const EMBEDDED: &str = "[tenant]\nendpoint = 'embedded'\n";
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn made(text: &str) -> MadeCertificate {
    let state = desired(&format!("{EMBEDDED}[certificate.audit]\n{text}"));
    let [certificate] = state.certificates.as_slice() else { panic!("one certificate") };
    assert_eq!(certificate.ensure, Ensure::Present);
    let CertificateSource::Made(made) = &certificate.source else { panic!("a made one") };
    made.clone()
}

fn signing_in(text: &str) -> DesiredState {
    desired(&format!(
        "[tenant]\norganization = 'contoso.onmicrosoft.com'\n[tenant.sign_in]\n{text}\n"
    ))
}

#[test]
fn a_certificate_that_says_nothing_is_made_beside_the_spec_and_lives_a_year() {
    let made = made("");
    assert_eq!(made.directory, Path::new("/specs/certificates"));
    assert_eq!(made.common_name, "auditform audit");
    assert_eq!((made.key_size, made.legacy_pfx), (2048, false));
    assert_eq!((made.valid_from, made.validity), (None, Validity::For(DAY * 365)));
    assert_eq!((made.rotate_before, made.overlap), (None, DAY * 7));
}

#[test]
fn the_overlap_of_a_short_life_shrinks_with_the_time_before_its_end() {
    assert_eq!(made("valid_for = '9d'").overlap, DAY * 3);
    assert_eq!(made("rotate_before = '2d'").overlap, DAY * 2);
    assert_eq!(made("rotate_before = '20d'\noverlap = '20d'").overlap, DAY * 20);
}

#[test]
fn what_is_left_until_a_fixed_end_is_not_held_against_the_renewal() {
    let near = made("valid_until = '2026-12-01'\nrotate_before = '30d'\noverlap = '10d'");
    assert_eq!((near.rotate_before, near.overlap), (Some(DAY * 30), DAY * 10));
    assert_eq!(made("valid_until = '2026-12-01'\noverlap = '10d'").overlap, DAY * 10);
}

#[test]
fn a_day_begins_in_utc_and_belongs_to_the_validity_to_its_end() {
    let made = made("valid_from = 2026-11-01\nvalid_until = '2027-10-31'");
    assert_eq!(made.valid_from.unwrap().to_string(), "2026-11-01T00:00:00Z");
    let Validity::Until(until) = made.validity else { panic!("an end") };
    assert_eq!(until.to_string(), "2027-10-31T23:59:59Z");
}

#[test]
fn an_application_is_found_by_a_name_that_follows_from_its_address() {
    let state = desired(&format!(
        "{EMBEDDED}[application.audit]\ndisplay_name = 'A'\n\
         api_permissions = ['Exchange.ManageAsApp', 'Organization.Read.All']\n"
    ));
    let application = &state.applications[0];
    let name = "auditform-application-audit".to_owned();
    assert_eq!(application.key, ApplicationKey::UniqueName { name, is_explicit: false });
    assert!(application.admin_consent && !application.exclusive);
    let resources: Vec<String> =
        application.api_permissions.iter().map(|one| one.resource.to_string()).collect();
    assert_eq!(
        resources,
        ["00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0000-c000-000000000000"]
    );
}

#[test]
fn there_is_no_consent_where_there_is_nothing_to_consent_to() {
    let state = desired(&format!("{EMBEDDED}[application.audit]\ndisplay_name = 'A'\n"));
    assert!(!state.applications[0].admin_consent);
}

#[test]
fn the_american_clouds_have_another_service_and_each_cloud_its_audience() {
    let application = |cloud: &str| {
        let text = format!(
            "[tenant]\nendpoint = 'embedded'\ncloud = '{cloud}'\n[application.audit]\n\
             display_name = 'A'\napi_permissions = ['Exchange.ManageAsApp']\n\
             federated_credentials = [{{ name = 'main', issuer = 'https://a.example', subject = 's' }}]\n"
        );
        let state = desired(&text);
        let application = &state.applications[0];
        let resource = application.api_permissions[0].resource.to_string();
        (resource, application.federated_credentials[0].audience.clone())
    };
    let (exchange, protection) =
        ("00000002-0000-0ff1-ce00-000000000000", "00000007-0000-0ff1-ce00-000000000000");
    for (cloud, resource, audience) in [
        ("worldwide", exchange, "api://AzureADTokenExchange"),
        ("us-gov-high", protection, "api://AzureADTokenExchangeUSGov"),
        ("us-gov-dod", protection, "api://AzureADTokenExchangeUSGov"),
        ("china", exchange, "api://AzureADTokenExchangeChina"),
    ] {
        assert_eq!(application(cloud), (resource.to_owned(), audience.to_owned()), "{cloud}");
    }
}

#[test]
fn references_mean_the_same_with_and_without_their_kind() {
    let state = desired(&format!(
        "{EMBEDDED}[certificate.one]\n[certificate.two]\n[application.audit]\n\
         display_name = 'A'\ncertificates = ['certificate.one', 'two']\n"
    ));
    let names: Vec<&str> =
        state.applications[0].certificates.iter().map(|name| name.value.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
}

#[test]
fn a_thumbprint_is_read_with_or_without_what_stands_between_its_digits() {
    let plain = "6AE05A829110A0A3F76FEE149B7B52A70DDFD88C";
    let colons = "6A:E0:5A:82:91:10:A0:A3:F7:6F:EE:14:9B:7B:52:A7:0D:DF:D8:8C";
    let location = |thumbprint: &str| {
        let state = signing_in(&format!(
            "method = 'certificate'\nclient_id = '402b12a2-fb2b-4222-8f54-5596def1a0c3'\n\
             thumbprint = '{thumbprint}'\ndirectory = 'keys'"
        ));
        match state.tenant.sign_in {
            Some(SignIn::Certificate(sign_in)) => sign_in.certificate,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(location(plain), location(&colons.to_lowercase()));
    let CertificateLocation::Thumbprint { thumbprint, directory } = location(colons) else {
        panic!("a thumbprint")
    };
    let bytes = thumbprint.bytes();
    assert_eq!((bytes.len(), bytes[0], bytes[19]), (20, 0x6a, 0x8c));
    assert_eq!(directory, Path::new("/specs/keys"));
}

#[test]
fn tokens_come_from_one_variable_or_several() {
    for (value, wanted) in [("'ONE'", vec!["ONE"]), ("['ONE', 'TWO']", vec!["ONE", "TWO"])] {
        let state = signing_in(&format!("method = 'environment'\ntoken_env = {value}"));
        let Some(SignIn::Environment(names)) = state.tenant.sign_in else { panic!("variables") };
        let names: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
        assert_eq!(names, wanted);
    }
}

#[test]
fn what_is_absent_needs_nothing_but_its_name() {
    let state = desired(&format!(
        "{EMBEDDED}[certificate.audit]\nensure = 'absent'\n[application.audit]\nensure = 'absent'\n"
    ));
    assert_eq!(state.certificates[0].ensure, Ensure::Absent);
    assert_eq!(state.applications[0].ensure, Ensure::Absent);
    assert!(state.applications[0].display_name.is_none());
}
