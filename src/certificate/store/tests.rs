//! Files in temporary directories: what is refused, what modes they get, what is kept and what is
//! removed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failed assumption is a failed test, and tests write files as others do"
)]

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::certificate::tests::{other, recipe, shared};
use crate::certificate::{Remains, issue};

mod interrupted;

const ROUNDS: u32 = 10;

fn store(directory: &TempDir) -> Store {
    let files = directory.path().join("certificates");
    Store::new(files, "app").unwrap().with_rounds(ROUNDS).with_password(Some("canary".into()))
}

fn names(store: &Store) -> Vec<String> {
    files::list(store.directory()).unwrap()
}

/// What each file holds, by its name; ciphertext differs from one writing to the next.
fn contents(store: &Store) -> BTreeMap<String, Facts> {
    let read = |name: String| {
        let path = store.directory().join(&name);
        let shown = crate::certificate::read_any(&path, store.password.as_ref()).unwrap();
        (name, shown.facts)
    };
    names(store).into_iter().map(read).collect()
}

fn aside() -> String {
    shared().facts().short()
}

/// Both files that sign in are there, each with a key of its own.
fn signs_in(store: &Store, when: &str) {
    for form in [Form::Pem, Form::Pfx] {
        let path = store.path(&Slot::Current, form);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{when}: {error}"));
        let credential = Credential::open(&bytes, store.password.as_ref());
        assert!(credential.is_ok(), "{when}: {form:?} {credential:?}");
    }
}

/// A store after a switch that nothing interrupted.
fn switched() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.put(shared(), false).unwrap();
    store.stage(other()).unwrap();
    store.promote().unwrap();
    (directory, store)
}

#[test]
fn the_first_certificate_lies_in_three_files_with_its_own_key() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.put(shared(), false).unwrap();
    let inventory = store.inspect().unwrap();
    assert_eq!(names(&store), ["app.cer", "app.pem", "app.pfx"]);
    let current = inventory.current.unwrap();
    assert_eq!(current.facts, *shared().facts());
    assert!(current.has_key && current.missing.is_empty());
    let now = shared().facts().not_before;
    let credential = store.credential(&Slot::Current, now).unwrap();
    assert_eq!(credential.certificate(), shared().facts().der);
}

#[test]
fn a_directory_that_is_not_there_holds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    assert_eq!(store.inspect().unwrap(), Inventory::default());
    assert_eq!(store.remove_all().unwrap(), Vec::<PathBuf>::new());
    store.discard_staged().unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_the_files_in_whatever_directory_they_lie() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (directory, store) = switched();
    assert_eq!(mode(store.directory()), 0o700);
    let wide = directory.path().join("wide");
    fs::create_dir(&wide).unwrap();
    fs::set_permissions(&wide, fs::Permissions::from_mode(0o755)).unwrap();
    let shown = Store::new(&wide, "app").unwrap().with_rounds(ROUNDS);
    shown.put(shared(), false).unwrap();
    assert_eq!(mode(&wide), 0o755);
    for store in [&store, &shown] {
        for name in names(store) {
            assert_eq!(mode(&store.directory().join(&name)), 0o600, "{name}");
        }
        assert_eq!(store.inspect().unwrap().exposed, Vec::<PathBuf>::new());
    }
    let pem = shown.path(&Slot::Current, Form::Pem);
    fs::set_permissions(&pem, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(shown.inspect().unwrap().exposed, [pem]);
}

#[test]
fn another_certificate_is_not_overwritten_without_replace() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.put(shared(), false).unwrap();
    let before = contents(&store);
    let refused = store.put(other(), false).unwrap_err().to_string();
    let path = store.path(&Slot::Current, Form::Pem);
    let thumbprint = shared().facts().sha1();
    let (path, told) = (path.display(), "holds another certificate already, with the thumbprint");
    assert_eq!(refused, format!("`{path}` {told} {thumbprint}"));
    assert_eq!(contents(&store), before);
    store.put(shared(), false).unwrap();
    assert_eq!(contents(&store), before);
}

#[test]
fn what_replace_replaces_is_kept_beside() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.put(shared(), false).unwrap();
    store.put(other(), true).unwrap();
    let inventory = store.inspect().unwrap();
    assert_eq!(inventory.current.unwrap().facts, *other().facts());
    assert_eq!(inventory.retired.len(), 1);
    assert_eq!(inventory.retired[0].facts, *shared().facts());
    assert_eq!(inventory.staged, None);
}

#[test]
fn a_switch_keeps_the_old_certificate_whole_beside() {
    let (_directory, store) = switched();
    let aside = aside();
    let mut expected: Vec<String> =
        ["cer", "pem", "pfx"].map(|form| format!("app.{aside}.{form}")).to_vec();
    expected.extend(["app.cer", "app.pem", "app.pfx"].map(str::to_owned));
    // A thumbprint may begin with `d`, which comes after `cer`.
    expected.sort();
    assert_eq!(names(&store), expected);
    let inventory = store.inspect().unwrap();
    assert_eq!(inventory.current.unwrap().facts, *other().facts());
    assert_eq!(inventory.retired[0].facts, *shared().facts());
    let slot = &inventory.retired[0].slot;
    let credential = store.credential(slot, shared().facts().not_before).unwrap();
    assert_eq!(credential.certificate(), shared().facts().der);
}

#[test]
fn a_second_certificate_is_not_staged_over_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.stage(shared()).unwrap();
    let refused = store.stage(other()).unwrap_err().to_string();
    let path = store.path(&Slot::Staged, Form::Pem);
    let thumbprint = shared().facts().sha1();
    let told = format!("`{}` is staged already, with the thumbprint {thumbprint}", path.display());
    assert_eq!(refused, told);
    store.discard_staged().unwrap();
    store.stage(other()).unwrap();
    assert_eq!(store.inspect().unwrap().staged.unwrap().facts, *other().facts());
}

#[test]
fn there_is_no_switch_to_nothing_or_to_a_certificate_without_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.put(shared(), false).unwrap();
    let path = store.path(&Slot::Staged, Form::Pem);
    let told = format!("there is no `{}` to switch to", path.display());
    assert_eq!(store.promote().unwrap_err().to_string(), told);
    let certificate = store.path(&Slot::Staged, Form::Cer);
    fs::write(&certificate, &other().facts().der).unwrap();
    let told = format!("`{}` is there without its private key", certificate.display());
    assert_eq!(store.promote().unwrap_err().to_string(), told);
    signs_in(&store, "nothing was switched");
}

#[test]
fn a_file_of_another_certificate_is_named_and_so_is_a_damaged_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.put(shared(), false).unwrap();
    let (pem, cer) = (Form::Pem, Form::Cer).into_paths(&store);
    fs::write(&cer, &other().facts().der).unwrap();
    let told = format!("`{}` and `{}` hold different certificates", pem.display(), cer.display());
    assert_eq!(store.inspect().unwrap_err().to_string(), told);
    fs::write(&cer, "noise").unwrap();
    let damaged = store.inspect().unwrap_err().to_string();
    assert!(damaged.starts_with(&format!("`{}` is not a certificate: ", cer.display())));
    fs::remove_file(&cer).unwrap();
    let text = fs::read(&pem).unwrap();
    fs::write(&pem, text.get(..text.len() / 2).unwrap()).unwrap();
    let damaged = store.inspect().unwrap_err().to_string();
    assert!(damaged.starts_with(&format!("`{}` cannot be used: ", pem.display())), "{damaged}");
}

trait IntoPaths {
    fn into_paths(self, store: &Store) -> (PathBuf, PathBuf);
}

impl IntoPaths for (Form, Form) {
    fn into_paths(self, store: &Store) -> (PathBuf, PathBuf) {
        (store.path(&Slot::Current, self.0), store.path(&Slot::Current, self.1))
    }
}

#[test]
fn a_key_that_is_anothers_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    store.put(shared(), false).unwrap();
    let mixed = Issued::new(Zeroizing::new(other().key().to_vec()), shared().facts().clone());
    let pem = store.path(&Slot::Current, Form::Pem);
    fs::write(&pem, forms::pem(&mixed)).unwrap();
    let told = "its private key does not belong to its certificate";
    let told = format!("`{}` cannot be used: {told}", pem.display());
    assert_eq!(store.inspect().unwrap_err().to_string(), told);
    let refused = store.stage(&mixed).unwrap_err().to_string();
    assert!(refused.contains("does not belong"), "{refused}");
}

#[test]
fn an_expired_certificate_is_shown_and_does_not_sign_in() {
    let (_directory, store) = switched();
    let late = other().facts().not_after + jiff::SignedDuration::from_secs(1);
    let refused = store.credential(&Slot::Current, late).unwrap_err().to_string();
    assert!(refused.ends_with("the certificate expired on 2027-11-23T12:00:00Z"), "{refused}");
    assert!(store.inspect().unwrap().current.is_some());
}

#[test]
fn a_retired_certificate_is_removed_by_its_whole_thumbprint() {
    let (_directory, store) = switched();
    let mut stranger = shared().facts().clone();
    stranger.serial = "00".to_owned();
    assert!(matches!(store.remove_retired(&stranger), Err(StoreError::Occupied { .. })));
    store.remove_retired(shared().facts()).unwrap();
    store.remove_retired(shared().facts()).unwrap();
    assert_eq!(names(&store), ["app.cer", "app.pem", "app.pfx"]);
}

#[test]
fn a_retired_certificate_is_known_though_the_password_has_changed() {
    let (_directory, store) = switched();
    let aside = Slot::Retired(aside());
    fs::write(
        store.path(&aside, Form::Pfx),
        forms::pfx(shared(), "old", store.encryption, 1).unwrap(),
    )
    .unwrap();
    assert_eq!(store.inspect().unwrap().retired[0].files.len(), 3);
}

#[test]
fn absent_means_every_file_of_this_name_and_no_other() {
    let (_directory, store) = switched();
    store.stage(shared()).unwrap();
    let neighbour = store.directory().join("apps.pem");
    fs::write(&neighbour, "another's").unwrap();
    fs::write(store.path(&Slot::Current, Form::Cer), "damaged").unwrap();
    assert_eq!(store.remove_all().unwrap().len(), 9);
    assert_eq!(names(&store), ["apps.pem"]);
}

#[test]
fn what_is_to_be_removed_is_told_without_a_password_and_whatever_state_it_is_in() {
    let (_directory, store) = switched();
    fs::write(store.path(&Slot::Current, Form::Pem), "damaged").unwrap();
    fs::write(store.path(&Slot::Retired(aside()), Form::Cer), "damaged").unwrap();
    fs::write(store.directory().join(".app.pem.x7.partial"), "half a key").unwrap();
    fs::write(store.directory().join("apps.pem"), "another's").unwrap();
    let stranger = store.clone().with_password(None);
    assert!(stranger.inspect().is_err());
    let remains = stranger.remains().unwrap();
    assert_eq!(remains.certificates.len(), 2);
    for issued in [shared(), other()] {
        assert!(remains.certificates.contains(issued.facts()), "{remains:?}");
    }
    assert_eq!(remains.files.len(), 7, "{:?}", remains.files);
    stranger.remove_all().unwrap();
    assert_eq!(names(&store), ["apps.pem"]);
    assert_eq!(stranger.remains().unwrap(), Remains::default());
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a file");
    fs::write(&file, "").unwrap();
    let store = Store::new(file.join("certificates"), "app").unwrap();
    let refused = store.put(shared(), false).unwrap_err().to_string();
    let path = store.directory().display();
    assert!(refused.starts_with(&format!("the directory `{path}` cannot be ")), "{refused}");
}

#[test]
fn neither_the_password_nor_the_key_is_in_what_is_shown() {
    let (_directory, store) = switched();
    let wrong = store.clone().with_password(Some("guess".into()));
    let error = wrong.inspect().unwrap_err();
    let issued = other();
    let shown = format!("{store:?} {:?} {error:?} {error} {issued:?}", store.inspect().unwrap());
    assert!(!shown.contains("canary") && !shown.contains("guess"), "{shown}");
    let key = forms::pkcs8_of_pkcs1(store.open(&Slot::Current).unwrap().1.key());
    assert_eq!(key.as_slice(), issued.key());
    let pem = String::from_utf8(forms::pem(issued).to_vec()).unwrap();
    // From the private exponent: the modulus before it is in the certificate, too.
    let (line, part) = (pem.lines().nth(10).unwrap(), &key[440..448]);
    let list: Vec<String> = part.iter().map(u8::to_string).collect();
    let hexadecimal: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
    for secret in [line, &list.join(", "), &hexadecimal.concat()] {
        assert!(!shown.to_lowercase().contains(&secret.to_lowercase()), "{secret}");
    }
}

#[test]
fn a_password_that_java_does_not_take_is_known_and_an_empty_one_is_none() {
    let portable = |password: &str| {
        let store = Store::new("somewhere", "app").unwrap();
        let store = store.with_password(Some(password.into()));
        (store.has_password(), store.password_is_portable())
    };
    assert_eq!(portable("correct horse ~7"), (true, true));
    assert_eq!(portable("pässword"), (true, false));
    assert_eq!(portable(""), (false, true));
}
