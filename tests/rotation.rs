//! The renewal of a certificate over months: when it is due, what is shown, what is done, and when
//! the old certificate goes. Killed anywhere (`killed`), in company (`company`), with files that are
//! not what they should be (`disk`).

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

mod company;
mod disk;
mod killed;
mod scene;
mod words;

use jiff::SignedDuration;
use snapbox::{assert_data_eq, str};

use scene::{CHAIN, DAY, Scene, aside, kept};

/// Thumbprints are others each time.
fn redact(scene: &Scene, text: &str) -> String {
    let mut text = scene.world.redact(text);
    for name in scene.files().iter().filter_map(|file| file.strip_suffix(".pem")) {
        let thumbprint = scene.thumbprint(&format!("{name}.pem"));
        let shown = if name == "auditor" { "<current>" } else { "<other>" };
        text = text.replace(&thumbprint, shown);
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_renewed_before_its_window_and_in_it_the_plan_shows_how() {
    let scene = Scene::applied().await;
    let first = scene.plan().await;
    assert!(first.plan.is_empty(), "{}", first.text);
    scene.wait(DAY * 60 - SignedDuration::from_hours(1));
    let before = scene.plan().await;
    assert!(before.plan.is_empty(), "{}", before.text);
    assert_eq!(before.warnings, "");
    scene.wait(SignedDuration::from_hours(2));
    let due = scene.plan().await;
    assert_data_eq!(
        redact(&scene, &due.text),
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant <guid>) as follows:

  # certificate.auditor will be replaced
  +/- certificate.auditor
      ! cannot be undone: the old key is deleted after the overlap
      ~ thumbprint = "<current>" -> (known after apply)
      ~ valid_until = "2027-02-21T[..]Z" -> (known after apply)
      # it ends on 2027-02-21T[..]Z, and is renewed from 2027-01-22T[..]Z

  # key_credential.auditor["certificate.auditor (next)"] will be created
  + key_credential.auditor["certificate.auditor (next)"]
      ! cannot be undone: it belongs to a renewal, which is not taken back
      + thumbprint = (known after apply)
      + valid_until = (known after apply)
      # the certificate is not registered yet

Plan: 1 to create, 1 to change, 0 to delete.
Of these, 2 cannot be undone.
3 managed objects need nothing.
Applying it takes 1 request to write and 4 requests to read back.

"#]]
    );
    assert_eq!(due.warnings, "");
    // Nothing was touched.
    assert_eq!(scene.files(), kept(&["auditor"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_leaves_both_certificates_until_the_overlap_is_over() {
    let scene = Scene::applied().await;
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 61);
    let seen = scene.front.seen().len();
    scene.apply().await;
    let requests = scene.front.seen().split_off(seen);
    let tokens = requests.iter().filter(|seen| seen.target.ends_with("/oauth2/v2.0/token"));
    assert_eq!(tokens.count(), 2, "one to work with, one to prove the new certificate");
    scene.is_rotated_from(&old).await;

    scene.wait(DAY * 7 - SignedDuration::from_hours(1));
    let early = scene.plan().await;
    assert!(early.plan.is_empty(), "{}", early.text);
    scene.wait(SignedDuration::from_hours(2));
    let over = scene.plan().await;
    assert_data_eq!(
        redact(&scene, &over.text),
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant <guid>) as follows:

! This plan takes access away:
  - key_credential.auditor["<other>"]: whatever signs in with this certificate no longer can

! This plan removes values without recording less:
  - certificate.auditor: `kept_beside` loses <other>

  # key_credential.auditor["<other>"] will be deleted
  - key_credential.auditor["<other>"]
      ! whatever signs in with this certificate no longer can
      ! cannot be undone: the directory does not give the certificate out, so it cannot be put back
      - thumbprint = "<other>"
      - valid_until = "2027-02-21T[..]Z"
      # the overlap with the certificate after it is over

  # certificate.auditor will be changed
  ~ certificate.auditor
      ! cannot be undone: the old key is deleted
      - kept_beside loses <other>
      # the overlap with the certificate before it is over

Plan: 0 to create, 1 to change, 1 to delete.
Of these, 1 weakens, 1 removes values and 2 cannot be undone.
3 managed objects need nothing.
Applying it takes 1 request to write and 4 requests to read back.

"#]]
    );
    scene.apply().await;
    let new = scene.thumbprint("auditor.pem");
    assert_eq!(scene.files(), kept(&["auditor"]));
    assert_eq!(scene.registered("auditor").await, [new].into());
    scene.signs_in("the overlap is over").await;
    let after = scene.plan().await;
    assert!(after.plan.is_empty(), "{}", after.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_certificate_gives_no_token_once_it_is_removed() {
    let scene = Scene::applied().await;
    let old = std::fs::read(scene.path("auditor.pem")).unwrap();
    scene.wait(DAY * 61);
    scene.apply().await;
    scene.world.write("certificates/copy.pem", old);
    assert!(scene.mints("auditor", "copy.pem").await);
    scene.wait(DAY * 8);
    scene.apply().await;
    assert!(!scene.mints("auditor", "copy.pem").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_ended_is_renewed_too() {
    let scene = Scene::applied().await;
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 91);
    let due = scene.plan().await;
    let said = "# it ended on 2027-02-21T";
    assert!(due.text.contains(said), "{}", due.text);
    scene.apply().await;
    assert_eq!(scene.files(), kept(&["auditor", &aside(&old)]));
    scene.signs_in("after the end").await;
    let left = scene.plan().await;
    assert!(left.plan.is_empty(), "{}", left.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_lags_makes_no_difference_to_a_rotation() {
    let scene = Scene::start(300).await;
    scene.spec(CHAIN);
    scene.apply().await;
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 61);
    scene.apply().await;
    scene.wait(SignedDuration::from_secs(1));
    scene.is_rotated_from(&old).await;
    scene.wait(DAY * 7);
    scene.apply().await;
    scene.wait(SignedDuration::from_secs(1));
    let new = scene.thumbprint("auditor.pem");
    assert_eq!(scene.registered("auditor").await, [new].into());
    scene.signs_in("with lag").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_end_is_warned_of_and_not_renewed_for_ever() {
    let scene = Scene::start(0).await;
    let until = |day: &str| CHAIN.replace("valid_for = \"90d\"", &format!("valid_until = {day}"));
    scene.spec(&until("2027-02-20"));
    scene.apply().await;
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 70);
    let due = scene.plan().await;
    assert!(due.plan.is_empty(), "{}", due.text);
    // Its own `rotate_before` is longer than what is left of it, which is no mistake either.
    assert_data_eq!(
        scene.world.redact(&due.warnings),
        str![[r#"
warning[certificate-ends-soon]: `certificate.auditor` ends on 2027-02-20T23:59:59Z
  --> <dir>/auditform.toml:12:1
   |
12 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
   |
   = note: its `valid_until` is that day, so a new one would end then too
   = help: write a later `valid_until`, or `valid_for` to have it renewed by itself

"#]]
    );
    // A later day is a reason; it is taken once.
    scene.spec(&until("2027-05-20"));
    scene.apply().await;
    scene.is_rotated_from(&old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_end_is_no_obstacle_to_another_name_or_key() {
    let scene = Scene::start(0).await;
    let fixed = CHAIN.replace("valid_for = \"90d\"", "valid_until = 2027-02-20");
    scene.spec(&fixed);
    scene.apply().await;
    let old = scene.thumbprint("auditor.pem");
    scene.spec(&fixed.replace("common_name = \"Contoso", "common_name = \"Fabrikam"));
    scene.apply().await;
    scene.is_rotated_from(&old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_signs_of_its_own_is_no_reason_to_renew() {
    let scene = Scene::start(0).await;
    let name = r#"common_name = '#1 Contoso, Inc. + "Söhne"; a=b\c <x>'"#;
    scene.spec(&CHAIN.replace("common_name = \"Contoso auditor\"", name));
    scene.apply().await;
    let left = scene.plan().await;
    assert!(left.plan.is_empty(), "{}", left.text);
}
