//! Certificates of a chain that will not do: those from elsewhere are told before any call, and a
//! place that cannot be written to before anything is written in the directory.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use snapbox::data::Inline;
use snapbox::{assert_data_eq, str};

use crate::bad_input::fails;
use crate::identity_bad_input::exchanged;
use crate::support::credential;

/// An apply of the chain with a certificate from elsewhere ends before any call.
#[track_caller]
fn refuses_certificate(name: &str, content: &[u8], expected: Inline) {
    let (world, emulator) = exchanged("directory = \"keys\"", &format!("existing = \"{name}\""));
    world.write(name, content);
    fails(&world, &["apply", "--auto-approve"], 1, expected);
    assert_eq!(emulator.requests(), []);
}

#[test]
fn a_certificate_whose_key_is_anothers() {
    let (ours, stranger) = (credential::shared(), credential::stranger());
    let key = ours.pem().split_inclusive("-----END PRIVATE KEY-----\n").next().unwrap().to_owned();
    let mixed = key + &stranger.certificate_pem();
    refuses_certificate(
        "corporate.pem",
        mixed.as_bytes(),
        str![[r#"
error[certificate]: `./corporate.pem` cannot be used: its private key does not belong to its certificate
  --> auditform.toml:11:12
   |
11 | existing = "corporate.pem"
   |            ^^^^^^^^^^^^^^^
   |
   = help: name a .pfx, or a PEM file that holds the certificate and its own private key

"#]],
    );
}

#[test]
fn a_certificate_that_has_expired() {
    let expired = credential::shared_in((2020, 2021)).pem();
    refuses_certificate(
        "corporate.pem",
        expired.as_bytes(),
        str![[r#"
error[certificate]: `./corporate.pem` cannot be used: the certificate expired on 2021-01-01T00:00:00Z
  --> auditform.toml:11:12
   |
11 | existing = "corporate.pem"
   |            ^^^^^^^^^^^^^^^
   |
   = help: make a new certificate and upload it to the application

"#]],
    );
}

#[test]
fn a_certificate_with_a_key_that_entra_does_not_take() {
    refuses_certificate(
        "corporate.pem",
        credential::curve().pem().as_bytes(),
        str![[r#"
error[certificate]: `./corporate.pem` cannot be used: its private key is an elliptic curve key; Microsoft Entra takes RSA keys alone
  --> auditform.toml:11:12
   |
11 | existing = "corporate.pem"
   |            ^^^^^^^^^^^^^^^
   |
   = help: make a certificate with an RSA key: Microsoft Entra ID takes no other for an application

"#]],
    );
}

#[test]
fn a_certificate_with_a_password_that_nobody_gave() {
    let locked = credential::shared().pfx("a password");
    refuses_certificate(
        "corporate.pfx",
        &locked,
        str![[r#"
error[certificate]: `./corporate.pfx` cannot be used: it is protected by a password and none was given
  --> auditform.toml:11:12
   |
11 | existing = "corporate.pfx"
   |            ^^^^^^^^^^^^^^^
   |
   = help: name the environment variable that holds the password: `password_env` in a spec, `--password-env` on the command line

"#]],
    );
}

#[test]
fn a_certificate_that_is_a_directory() {
    let (world, emulator) = exchanged("directory = \"keys\"", "existing = \"corporate\"");
    world.write("corporate/application.pem", "");
    let output = world.run(&["plan"]).ended(1);
    assert_data_eq!(
        world.redact(&output.stderr),
        str![[r#"
error[certificate-files]: `./corporate` cannot be read: Is a directory (os error 21)
  --> auditform.toml:11:12
   |
11 | existing = "corporate"
   |            ^^^^^^^^^^^
   |
   = help: it has to be a file that this user may read and write

"#]]
    );
    assert_eq!(emulator.requests(), []);
}

#[test]
fn a_directory_of_certificates_that_is_a_file() {
    let (world, emulator) = exchanged("", "");
    world.write("keys", "a file");
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
error[certificate-files]: the directory `./keys` cannot be written to: not a directory
  --> auditform.toml:10:1
   |
10 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
   |
   = help: name a directory that can be written to; it is made if it is not there

"#]],
    );
    assert_eq!(emulator.directory_writes(), []);
}

#[test]
fn a_directory_of_certificates_that_cannot_be_made() {
    let (world, emulator) = exchanged("\"keys\"", "\"taken/keys\"");
    world.write("taken", "a file");
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
error[certificate-files]: the directory `./taken/keys` cannot be made: not a directory
  --> auditform.toml:10:1
   |
10 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
   |
   = help: name a directory that can be written to; it is made if it is not there

"#]],
    );
    assert_eq!(emulator.directory_writes(), []);
}

#[test]
fn a_certificate_that_was_made_with_another_password() {
    let to = "directory = \"keys\"\npassword_env = \"KEY_PASSWORD\"";
    let (world, emulator) = exchanged("directory = \"keys\"", to);
    let apply = ["apply", "--auto-approve", "--quiet"];
    world.run_with(&apply, &[("KEY_PASSWORD", "the first")]).ended(0);
    let before = emulator.requests().len();
    let output = world.run_with(&apply, &[("KEY_PASSWORD", "another")]).ended(1);
    assert_eq!(output.stdout, "");
    assert_data_eq!(
        world.redact(&output.stderr),
        str![[r#"
error[certificate]: `./keys/auditor.pfx` cannot be used: the password is wrong
  --> auditform.toml:10:1
   |
10 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
   |
   = help: check the variable that holds the password; it may have changed since the file was written

"#]]
    );
    assert_eq!(emulator.requests().len(), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_of_certificates_in_which_nothing_can_be_written() {
    // Modes do not bind the superuser; a file system of the kernel's does.
    let (world, emulator) = exchanged("\"keys\"", "\"/proc/auditform\"");
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
error[certificate-files]: the directory `/proc/auditform` cannot be made: No such file or directory (os error 2)
  --> auditform.toml:10:1
   |
10 | [certificate.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^
   |
   = help: name a directory that can be written to; it is made if it is not there

"#]],
    );
    assert_eq!(emulator.directory_writes(), []);
}
