//! `auditform certificate`: files made, shown and rotated by hand, with what is said on the way.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{Output, World, credential};

const CREATE: [&str; 6] =
    ["certificate", "create", "--common-name", "Contoso Audit", "--directory", "certificates"];

fn create(world: &World, more: &[&str]) -> Output {
    world.run(&[&CREATE, more].concat())
}

/// The names of the files of the directory.
fn names(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.path("certificates")).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
    let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
    names.sort();
    names
}

fn read(world: &World, name: &str) -> Vec<u8> {
    fs::read(world.path("certificates").join(name)).unwrap()
}

#[test]
fn a_certificate_is_made_in_three_files_and_shown() {
    let world = World::new();
    let made = create(&world, &[]).ended(0);
    assert_data_eq!(
        made.stdout,
        str![[r#"
Made CN=Contoso Audit, RSA 2048, valid from [..]Z to [..]Z (365 days).

  thumbprint  [..]
  certificates/Contoso-Audit.pem  key and certificate, without a password
  certificates/Contoso-Audit.pfx  key and certificate, without a password
  certificates/Contoso-Audit.cer  the certificate alone: upload this one

"#]]
    );
    assert_eq!(made.stderr, "");
    assert_eq!(names(&world), ["cer", "pem", "pfx"].map(|form| format!("Contoso-Audit.{form}")));
    let shown = world.run(&["certificate", "show", "certificates"]).ended(0);
    assert_data_eq!(
        shown.stdout,
        str![[r#"
certificates/Contoso-Audit
  files       Contoso-Audit.cer, Contoso-Audit.pem and Contoso-Audit.pfx
  subject     CN=Contoso Audit
  issued by   itself
  serial      [..]
  thumbprint  [..]
  SHA-256     [..]
  valid       [..]Z to [..]Z, 364 days left
  key         RSA, 2048 bits; its private key is in Contoso-Audit.pem and Contoso-Audit.pfx

"#]]
    );
}

#[test]
fn one_file_is_shown_with_what_it_holds() {
    let world = World::new();
    world.write("app.pem", credential::shared().pem());
    world.write("public.cer", credential::shared().certificate_pem());
    let shown = world.run(&["certificate", "show", "app.pem"]).ended(0);
    assert_data_eq!(
        shown.stdout,
        str![[r#"
app.pem
  subject     CN=rcgen self signed cert
  issued by   itself
  serial      [..]
  thumbprint  [..]
  SHA-256     [..]
  valid       2024-01-01T00:00:00Z to 2044-01-01T00:00:00Z, [..] days left
  key         RSA, 2048 bits; its private key is in app.pem

"#]]
    );
    let shown = world.run(&["certificate", "show", "public.cer"]).ended(0);
    assert!(shown.stdout.ends_with("RSA, 2048 bits; without its private key\n"), "{shown:?}");
}

#[test]
fn what_cannot_be_shown_is_named_and_nothing_stands_for_a_result() {
    let world = World::new();
    let stranger = credential::stranger();
    let (own, others) = (credential::shared().pem(), stranger.certificate_pem());
    let key = own.split_once("-----BEGIN CERTIFICATE").unwrap().0;
    world.write("mixed/app.pem", format!("{key}{others}"));
    world.write("curve/app.pem", credential::curve().pem());
    world.write("two/app.pem", &own);
    world.write("two/app.cer", others);
    world.write("empty/notes.txt", "");
    let told = |path: &str| {
        let output = world.run(&["certificate", "show", path]).ended(1);
        assert_eq!(output.stdout, "");
        output.stderr
    };
    assert_data_eq!(
        ["mixed/app.pem", "curve", "two", "empty", "none.pfx"].map(told).concat(),
        str![[r#"
error[certificate]: `mixed/app.pem` cannot be used: its private key does not belong to its certificate
 |
 = help: name a .pfx, or a PEM file that holds the certificate and its own private key
error[certificate]: `curve/app.pem` cannot be used: its private key is an elliptic curve key; Microsoft Entra takes RSA keys alone
 |
 = help: make a certificate with an RSA key: Microsoft Entra ID takes no other for an application
error[certificate]: `two/app.cer` and `two/app.pem` hold different certificates
 |
 = help: move away the one that is not meant; it is written again from the other
error[no-certificate]: there is no certificate in `empty`
error[no-certificate]: there is no `none.pfx`

"#]]
    );
}

#[test]
fn the_password_comes_from_the_environment_and_is_in_no_output() {
    let world = World::new();
    let with_password = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        let output = command.env("PFX_PASSWORD", "canary-7").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let all = [output.stdout, output.stderr].concat();
        String::from_utf8(all).unwrap()
    };
    let password = ["--password-env", "PFX_PASSWORD", "--log-level", "trace"];
    let made = with_password(&[&CREATE[..], &password].concat());
    assert!(made.contains(".pfx  key and certificate, with the password of `PFX_PASSWORD`\n"));
    let shown = with_password(&[&["certificate", "show", "certificates"], &password[..]].concat());
    assert!(shown.contains("its private key is in Contoso-Audit.pem and Contoso-Audit.pfx\n"));
    let pem = String::from_utf8(read(&world, "Contoso-Audit.pem")).unwrap();
    for secret in ["canary", "PRIVATE", pem.lines().nth(10).unwrap()] {
        assert!(!made.contains(secret) && !shown.contains(secret), "{secret}");
    }
    let locked = world.run(&["certificate", "show", "certificates"]).ended(0).stdout;
    let told = "not opened  Contoso-Audit.pfx: its password is another one, or was not given";
    assert!(locked.contains(told), "{locked}");
    let unset = world.run(&["certificate", "show", ".", "--password-env", "NONE"]).ended(1);
    assert_data_eq!(
        unset.stderr,
        str![[r#"
error[no-password]: the environment variable `NONE` is not set
 |
 = help: set `NONE`, or name no variable for a file without password

"#]]
    );
}

#[test]
fn another_certificate_is_replaced_only_when_asked_and_then_kept_beside() {
    let world = World::new();
    create(&world, &["--name", "app"]).ended(0);
    let before = read(&world, "app.pem");
    let refused = create(&world, &["--name", "app"]).ended(1);
    assert_data_eq!(
        refused.stderr,
        str![[r#"
error[certificate-exists]: `certificates/app.pem` holds another certificate already, with the thumbprint [..]
 |
 = help: to keep both, take another name; to go over from one to the other without a gap, rotate
 = help: with `--replace` the new one takes its place at once and the old one is kept beside

"#]]
    );
    assert_eq!(read(&world, "app.pem"), before);
    let replaced = create(&world, &["--name", "app", "--replace"]).ended(0);
    assert_ne!(read(&world, "app.pem"), before);
    let aside = replaced.stdout.rsplit_once("certificates/").unwrap().1.replace("*\n", "pem");
    assert_eq!(read(&world, &aside), before);
}

#[test]
fn a_making_that_was_interrupted_is_completed_and_not_begun_anew() {
    let world = World::new();
    create(&world, &["--name", "app"]).ended(0);
    let before = read(&world, "app.pem");
    // The first file was written, and then the machine stopped.
    for name in ["app.pfx", "app.cer"] {
        fs::remove_file(world.path("certificates").join(name)).unwrap();
    }
    let completed = create(&world, &["--name", "app"]).ended(0).stdout;
    assert!(completed.starts_with("Completed what was interrupted: CN=Contoso Audit, "));
    assert_eq!(names(&world), ["app.cer", "app.pem", "app.pfx"]);
    assert_eq!(read(&world, "app.pem"), before);
}

#[test]
fn a_long_life_is_warned_of_and_a_longer_one_refused() {
    let world = World::new();
    let long = create(&world, &["--valid-for", "731d"]).ended(0);
    assert_data_eq!(
        long.stderr,
        str![[r#"
warning[long-certificate-lifetime]: the certificate is valid for 731 days
 |
 = note: Microsoft's how-to allows a year, and a tenant's policy may allow less

"#]]
    );
    let refused = create(&world, &["--name", "other", "--valid-for", "732d"]).ended(1);
    assert_data_eq!(
        refused.stderr,
        str![[r#"
error[certificate-lifetime]: the certificate would be valid for more than 731 days
 |
 = help: take `--valid-for 365d`, and rotate it in time

"#]]
    );
    let past = create(&world, &["--name", "other", "--valid-until", "2024-02-29"]).ended(1);
    assert_data_eq!(
        past.stderr,
        str![[r#"
error[certificate-not-made]: no certificate was made: it would end on 2024-02-29T23:59:59Z, before it begins on [..]Z

"#]]
    );
    assert_eq!(names(&world).len(), 3);
}

#[test]
fn flags_that_say_nothing_sensible_are_usage_errors() {
    let world = World::new();
    let told = |more: &[&str]| create(&world, more).ended(64).stderr;
    let size = "`1024` is not a size of an RSA key; take 2048, 3072 or 4096";
    assert!(told(&["--key-size", "1024"]).contains(size));
    let date = "`soon` is not a date; write it as `2027-11-23`";
    assert!(told(&["--valid-until", "soon"]).contains(date));
    let both = told(&["--valid-until", "2027-01-01", "--valid-for", "5d"]);
    assert!(both.contains("cannot be used with"), "{both}");
}

#[test]
fn a_directory_that_cannot_be_written_and_a_bad_name_are_told() {
    let world = World::new();
    world.write("certificates", "a file");
    assert_data_eq!(
        create(&world, &[]).ended(1).stderr
            + &create(&world, &["--name", "../app"]).ended(1).stderr,
        str![[r#"
error[certificate-files]: the directory `certificates` cannot be made: File exists (os error 17)
 |
 = help: name a directory that can be written to; it is made if it is not there
error[certificate-name]: `../app` cannot name a certificate's files: letters, digits, `_` and `-` can
 |
 = help: it becomes the names of files: NAME.pem, NAME.pfx, NAME.cer

"#]]
    );
}

const ROTATE: [&str; 5] = ["certificate", "rotate", "certificates", "--name", "app"];

#[test]
fn a_rotation_stages_the_next_certificate_and_says_what_to_do_in_between() {
    let world = World::new();
    create(&world, &["--name", "app"]).ended(0);
    let before = read(&world, "app.pem");
    let staged = world.run(&ROTATE).ended(0);
    assert_data_eq!(
        &staged.stdout,
        str![[r#"
Staged CN=Contoso Audit, RSA 2048, valid from [..]Z to [..]Z (365 days).

  thumbprint  [..]
  certificates/app.next.pem  key and certificate, without a password
  certificates/app.next.pfx  key and certificate, without a password
  certificates/app.next.cer  the certificate alone: upload this one

Nothing signs in with it yet. What to do now:

1. Upload certificates/app.next.cer to the application, and leave there what is there
   (Microsoft Entra admin center: App registrations, Certificates & secrets).
2. When the application lists it, run:
   auditform certificate rotate certificates --name app --switch
3. When nothing signs in with the old one any more, remove it from the application:
   [..]

"#]]
    );
    assert_eq!(read(&world, "app.pem"), before);
    let again = world.run(&ROTATE).ended(0).stdout;
    assert_eq!(again.replace("Staged already:", "Staged"), staged.stdout);
    let next = read(&world, "app.next.pem");
    let switched = world.run(&[&ROTATE[..], &["--switch"]].concat()).ended(0);
    assert_data_eq!(
        &switched.stdout,
        str![[r#"
Switched `app` to CN=Contoso Audit, RSA 2048, valid from [..]Z to [..]Z (365 days).

  thumbprint  [..]

The old certificate, [..], valid until [..]Z, is kept as
certificates/app.[..].*
Remove it from the application when nothing signs in with it any more, and delete these files.

"#]]
    );
    assert_eq!(read(&world, "app.pem"), next);
    assert!(names(&world).iter().any(|name| read(&world, name) == before));
    assert_eq!(names(&world).len(), 6);
}

#[test]
fn there_is_no_rotation_from_nothing_and_no_switch_to_nothing() {
    let world = World::new();
    let none = world.run(&ROTATE).ended(1).stderr;
    create(&world, &["--name", "app"]).ended(0);
    let unstaged = world.run(&[&ROTATE[..], &["--switch"]].concat()).ended(1).stderr;
    assert_data_eq!(
        none + &unstaged,
        str![[r#"
error[no-certificate]: there is no `certificates/app.pem`
error[nothing-staged]: there is no `certificates/app.next.pem` to switch to
 |
 = help: run `auditform certificate rotate` without `--switch` first

"#]]
    );
}

#[test]
fn an_interrupted_switch_is_told_and_completed() {
    let world = World::new();
    create(&world, &["--name", "app"]).ended(0);
    world.run(&ROTATE).ended(0);
    let file = |name: &str| world.path("certificates").join(name);
    // The first rename of a switch, and then the machine stops.
    fs::rename(file("app.next.pem"), file("app.pem")).unwrap();
    let told = world.run(&ROTATE).ended(1).stderr;
    assert_data_eq!(
        told,
        str![[r#"
error[unfinished-switch]: a switch of `app` was interrupted
 |
 = help: `auditform certificate rotate` with `--switch` completes it

"#]]
    );
    world.run(&[&ROTATE[..], &["--switch"]].concat()).ended(0);
    let shown = world.run(&["certificate", "show", "certificates"]).ended(0).stdout;
    assert!(shown.contains("files       app.cer, app.pem and app.pfx\n"), "{shown}");
}
