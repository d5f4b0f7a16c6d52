//! What the files of certificates stand in the way of, judged without a disk.

use auditform::plan::IdentityFindings;
use auditform::state::DesiredState;

use super::model::Directory;
use super::{APPLICATION, CERTIFICATE, DAY, carry_out, desired, found, now, plan};

fn codes(findings: &IdentityFindings) -> Vec<&str> {
    findings.diagnostics.iter().map(|finding| finding.code).collect()
}

fn from_tomorrow(body: &str) -> DesiredState {
    desired(&format!("{CERTIFICATE}valid_from = \"2026-11-24T12:00:00Z\"\n{body}"))
}

#[test]
fn a_certificate_of_tomorrow_is_no_obstacle_until_an_application_is_to_sign_in_with_it() {
    let mut directory = Directory::empty(now());
    let other = "[application.auditor]\ndisplay_name = \"Auditor\"\nfederated_credentials = \
                 [{ name = \"main\", issuer = \"https://ci.example\", subject = \"a\" }]\n";
    carry_out(&plan(&from_tomorrow(other), &directory), &mut directory, &[]);
    let kept = directory.observed.certificates.get_mut("auditor").unwrap();
    kept.current.as_mut().unwrap().not_before += DAY;
    // It lies there by now, and is as little of use as before it was made.
    for directory in [&Directory::empty(now()), &directory] {
        let findings = found(&from_tomorrow(APPLICATION), directory);
        assert_eq!(codes(&findings), ["certificate-not-valid-yet"]);
        let finding = findings.diagnostics.iter().next().unwrap();
        assert_eq!(
            finding.summary,
            "`certificate.auditor` is not valid before 2026-11-24T12:00:00Z"
        );
        assert_eq!(finding.notes[0], "it is 2026-11-23T12:00:00Z now");
    }
    directory.now += DAY;
    carry_out(&plan(&from_tomorrow(APPLICATION), &directory), &mut directory, &[]);
    assert!(plan(&from_tomorrow(APPLICATION), &directory).is_empty());
}
