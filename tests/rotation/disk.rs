//! Certificates whose files are not all there, or not yet of use, and certificates that are to be
//! gone: what is said, what is done, and that nothing is half made.

use std::fs;

use auditform::certificate::read_any;
use snapbox::{assert_data_eq, str};

use super::scene::{CHAIN, DAY, Scene, kept};
use crate::support::credential;

/// [`CHAIN`] with a password.
fn protected() -> String {
    CHAIN.replace("valid_for", "password_env = \"PFX_PASSWORD\"\nvalid_for")
}

const GONE: &str = "\n[certificate.auditor]\ndirectory = \"certificates\"\nensure = \"absent\"\n\
                    password_env = \"PFX_PASSWORD\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_deleted_without_its_password_even_where_files_are_damaged() {
    let mut scene = Scene::start(0).await;
    scene.password = Some("correct horse");
    scene.spec(&protected());
    scene.apply().await;
    let thumbprint = scene.thumbprint("auditor.pem");
    scene.password = None;
    scene.spec(GONE);
    scene.world.write("certificates/auditor.pem", "damaged");
    let gone = scene.plan().await;
    assert_data_eq!(
        scene.world.redact(&gone.text).replace(&thumbprint, "<thumbprint>"),
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant <guid>) as follows:

! This plan takes access away:
  - certificate.auditor: whatever signs in with these files no longer can

  # certificate.auditor will be deleted
  - certificate.auditor
      ! whatever signs in with these files no longer can
      ! cannot be undone: the key is deleted
      - thumbprints = [<thumbprint>]
      - files = [<dir>/certificates/auditor.cer, <dir>/certificates/auditor.pem, <dir>/certificates/auditor.pfx]
      # `ensure` is "absent"

Plan: 0 to create, 0 to change, 1 to delete.
Of these, 1 weakens and 1 cannot be undone.
Applying it takes 0 requests to write and 0 requests to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no audit records, whatever is set here

"#]]
    );
    scene.apply().await;
    assert_eq!(scene.files(), [].into());
    assert!(scene.plan().await.plan.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_which_nothing_can_be_read_is_deleted_all_the_same() {
    let mut scene = Scene::start(0).await;
    scene.password = Some("correct horse");
    scene.spec(&protected());
    scene.apply().await;
    scene.password = None;
    scene.spec(GONE);
    for form in ["pem", "cer"] {
        fs::remove_file(scene.path(&format!("auditor.{form}"))).unwrap();
    }
    assert_eq!(scene.plan().await.plan.len(), 1);
    scene.apply().await;
    assert_eq!(scene.files(), [].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_whose_key_is_elsewhere_is_an_error_and_no_key_is_made() {
    let scene = Scene::applied().await;
    let thumbprint = scene.thumbprint("auditor.cer");
    for form in ["pem", "pfx"] {
        fs::remove_file(scene.path(&format!("auditor.{form}"))).unwrap();
    }
    assert_data_eq!(
        scene.refused().await.replace(&thumbprint, "<thumbprint>"),
        str![[r#"
error[certificate-without-key]: the private key of `certificate.auditor` is not here
  --> <dir>/auditform.toml:12:1
   |
12 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
   |
   = note: `<dir>/certificates/auditor.cer` holds the certificate <thumbprint> alone
   = note: another machine may hold the key and sign in with it, so no new one is made
   = help: copy `<dir>/certificates/auditor.pem` or `<dir>/certificates/auditor.pfx` from where it was made
   = help: if the key is lost, delete `<dir>/certificates/auditor.cer`: a new certificate is made then

"#]]
    );
    assert_eq!(scene.files(), ["auditor.cer".to_owned()].into());
    // As it says: where the key is lost, the file goes.
    fs::remove_file(scene.path("auditor.cer")).unwrap();
    scene.apply().await;
    scene.signs_in("made anew").await;
    assert!(scene.plan().await.plan.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_whose_key_is_not_there_is_begun_anew() {
    let scene = Scene::applied().await;
    let old = scene.thumbprint("auditor.pem");
    let stranger = credential::shared().pem();
    let next = scene.world.write("next.pem", stranger);
    let stranded = read_any(&next, None).unwrap().facts;
    scene.world.write("certificates/auditor.next.cer", &stranded.der);
    let left = scene.plan().await;
    let said = format!("- begun_without_key loses {}\n", stranded.sha1());
    assert!(left.text.contains(&said), "{}", left.text);
    assert!(left.text.contains("# a renewal was begun, and the key of it is not here"));
    scene.apply().await;
    scene.is_rotated_from(&old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_certificate_is_made_beside_a_renewal_whose_key_is_not_there() {
    let scene = Scene::start(0).await;
    scene.spec(CHAIN);
    let next = scene.world.write("next.pem", credential::shared().pem());
    let stranded = read_any(&next, None).unwrap().facts;
    scene.world.write("certificates/auditor.next.cer", &stranded.der);
    scene.apply().await;
    assert_eq!(scene.files(), kept(&["auditor"]));
    assert!(scene.plan().await.plan.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_valid_yet_is_an_error_before_anything_is_written() {
    let scene = Scene::start(0).await;
    scene.spec(&CHAIN.replace("valid_for", "valid_from = 2026-11-24T06:00:00Z\nvalid_for"));
    assert_data_eq!(
        scene.refused().await,
        str![[r#"
error[certificate-not-valid-yet]: `certificate.auditor` is not valid before 2026-11-24T06:00:00Z
  --> <dir>/auditform.toml:12:1
   |
12 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
...
21 | certificates = ["certificate.auditor"]
   |                 --------------------- `application.auditor` is to sign in with it
   |
   = note: it is 2026-11-23T[..]Z now
   = note: nothing can sign in with it until then, so nothing is planned
   = help: remove `valid_from`: it then begins when it is made
   = help: or take it out of `certificates` until then

"#]]
    );
    assert_eq!(scene.files(), [].into());
    scene.wait(DAY);
    scene.apply().await;
    scene.signs_in("on the next day").await;
}

/// The application without its certificate, which is to be gone.
fn without_certificate(more: &str) -> String {
    let keyless = "federated_credentials = [{ name = \"main\", issuer = \"https://ci.example\", \
                   subject = \"a\" }]\n";
    format!("{GONE}\n[application.auditor]\ndisplay_name = \"Contoso auditor\"\n{keyless}{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_certificate_that_stays_registered_is_told() {
    let scene = Scene::applied().await;
    let thumbprint = scene.thumbprint("auditor.pem");
    scene.spec(&without_certificate(""));
    let told = scene.apply().await.warnings;
    assert_data_eq!(
        scene.world.redact(&told).replace(&thumbprint, "<thumbprint>"),
        str![[r#"
warning[key-still-registered]: `certificate.auditor` is deleted and stays registered on `application.auditor`
  --> <dir>/auditform.toml:12:1
   |
12 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
   |
   = note: its thumbprint is <thumbprint>
   = note: a copy of its files would go on signing in as the application
   = help: remove it under Certificates & secrets of the application, or write `exclusive = true` there to have all removed that the spec does not name

"#]]
    );
    assert_eq!(scene.files(), [].into());
    assert_eq!(scene.registered("auditor").await, [thumbprint].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusive_application_has_a_deleted_certificate_taken_off_before_its_files_go() {
    let scene = Scene::applied().await;
    scene.spec(&without_certificate("exclusive = true\n"));
    let done = scene.apply().await;
    assert_eq!(done.warnings, "");
    let certificate = done.plan.identity.iter().find(|change| !change.writes[0].is_request());
    let before: Vec<_> = certificate.unwrap().depends_on.iter().map(ToString::to_string).collect();
    assert!(before.iter().any(|address| address.starts_with("key_credential.")), "{before:?}");
    assert_eq!(scene.files(), [].into());
    assert_eq!(scene.registered("auditor").await, [].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_that_the_run_signs_in_with_is_not_deleted() {
    let scene = Scene::start(0).await;
    let pem = credential::shared().pem();
    // The emulator's own application, whose certificate lies where the spec's would.
    scene.world.write("certificates/auditor.pem", pem);
    scene.spec(GONE);
    let said = scene.refused().await;
    assert!(said.contains("error[deletes-own-identity]: `certificate.auditor` is"), "{said}");
    assert_eq!(scene.files(), ["auditor.pem".to_owned()].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_java_does_not_take_is_warned_of() {
    let mut scene = Scene::start(0).await;
    scene.password = Some("Schlüssel");
    scene.spec(&protected());
    assert_data_eq!(
        scene.world.redact(&scene.apply().await.warnings),
        str![[r#"
warning[password-not-portable]: the password of `certificate.auditor` has letters that Java cannot open a .pfx with
  --> <dir>/auditform.toml:15:16
   |
15 | password_env = "PFX_PASSWORD"
   |                ^^^^^^^^^^^^^^ names the variable that holds it
   |
   = help: take a password of Latin letters without accents, digits and signs

"#]]
    );
    scene.password = Some("key");
    scene.spec(&protected().replace("certificates\"\ncommon", "others\"\ncommon"));
    assert_eq!(scene.plan().await.warnings, "");
}
