//! Neither a private key nor its passphrase is in anything that is printed, logged or written,
//! whether signing succeeds or fails, at the most verbose level.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scene::{Scene, TENANT};
use crate::canary::search::Secrets;

const PASSPHRASE: &str = "Kanari-9c1d Passwort";

/// The 32 secret bytes of an unencrypted key of OpenSSH: they stand between the public point and
/// its repetition (`PROTOCOL.key`).
fn seed(text: &str, public: &[u8]) -> Vec<u8> {
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes = STANDARD.decode(body).unwrap();
    let last = bytes.windows(32).rposition(|window| window == public).unwrap();
    bytes[last - 32..last].to_vec()
}

fn point(scene: &Scene, name: &str) -> Vec<u8> {
    let line = scene.signer(name).key.to_string();
    let bytes = STANDARD.decode(line.split(' ').nth(1).unwrap()).unwrap();
    bytes[bytes.len() - 32..].to_vec()
}

#[test]
fn of_keys_and_passphrases_when_signing() {
    let scene = Scene::new(1, &["alice"]);
    let mut secrets = Secrets::default();
    secrets.raw(&seed(&scene.file("alice"), &point(&scene, "alice")));
    secrets.word("the passphrase", PASSPHRASE);
    // The same key, once more behind a passphrase, and one of OpenSSL.
    scene.world.write("locked", scene.file("alice"));
    let mode = ["600", "locked"];
    scene.tool("chmod", &mode).ended(0);
    scene.tool("ssh-keygen", &["-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", "locked"]).ended(0);
    let make = ["genpkey", "-algorithm", "ed25519", "-out", "raw.pem"];
    scene.tool("openssl", &make).ended(0);
    let lock = ["pkcs8", "-topk8", "-in", "raw.pem", "-out", "raw.locked.pem", "-passout"];
    scene.tool("openssl", &[&lock[..], &[&format!("pass:{PASSPHRASE}")]].concat()).ended(0);
    let der: String = scene.file("raw.pem").lines().filter(|one| !one.starts_with('-')).collect();
    let der = STANDARD.decode(der).unwrap();
    secrets.raw(&der[der.len() - 32..]);
    scene.tool("openssl", &["pkey", "-in", "raw.pem", "-pubout", "-out", "raw.pub"]).ended(0);
    let rules = scene.rules(1, &["alice", "raw"]);
    scene.plan("plan.json", Some(&rules), TENANT, Vec::new());
    scene.world.write("broken", scene.file("alice").replace("-----END", "----END"));
    for (key, passphrase, code) in [
        ("alice", None, 0),
        ("locked", Some(PASSPHRASE), 0),
        ("raw.pem", None, 0),
        ("raw.locked.pem", Some(PASSPHRASE), 0),
        ("locked", Some("wrong"), 1),
        ("raw.locked.pem", Some("wrong"), 1),
        ("locked", None, 1),
        ("broken", None, 1),
    ] {
        let arguments = ["approve", "plan.json", "--key", key, "--auto-approve"];
        let talkative = ["--log-level", "trace", "--passphrase-env", "KEY_PASSPHRASE"];
        let all = if passphrase.is_some() { &talkative[..] } else { &talkative[..2] };
        let variables = [("KEY_PASSPHRASE", passphrase.unwrap_or_default())];
        let output = scene.world.run_with(&[&arguments[..], all].concat(), &variables).ended(code);
        for text in [&output.stdout, &output.stderr] {
            assert_eq!(secrets.find(text.as_bytes()), None, "{key}");
        }
        if code == 0 {
            scene.approve(&["--check"]).ended(0);
            let name = output.stdout.trim_end().rsplit(' ').next().unwrap();
            assert_eq!(secrets.find(scene.file(name).as_bytes()), None, "{key}");
            std::fs::remove_file(scene.world.path(name)).unwrap();
        }
    }
    // The search would have found them.
    assert!(secrets.find(scene.file("alice").as_bytes()).is_some());
    assert!(secrets.find(scene.file("raw.pem").as_bytes()).is_some());
}
