//! A rotation that ends anywhere: after each of its requests, and between its operations on files.
//! At every such moment the files that sign in give a token, and the next run comes to the end that
//! an undisturbed one comes to.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::scene::{CHAIN, DAY, Scene, aside, kept};

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_each_request_a_certificate_works_and_the_next_run_completes() {
    let scene = Scene::applied().await;
    let mut request = 1;
    loop {
        let old = scene.thumbprint("auditor.pem");
        scene.wait(DAY * 61);
        let killed = scene.apply_killed(request).await;
        scene.signs_in(&format!("killed after request {request}")).await;
        if killed {
            scene.apply().await;
        }
        scene.is_rotated_from(&old).await;
        // The old one is removed, which is killed likewise.
        scene.wait(DAY * 8);
        let removal = scene.apply_killed(request).await;
        scene.signs_in(&format!("removal killed after request {request}")).await;
        if removal {
            scene.apply().await;
        }
        let new = scene.thumbprint("auditor.pem");
        assert_eq!(scene.files(), kept(&["auditor"]), "request {request}");
        assert_eq!(scene.registered("auditor").await, [new].into(), "request {request}");
        if !killed {
            break;
        }
        request += 1;
    }
    // Reading, registering, minting: it was worth it.
    assert!(request > 8, "{request} requests");
}

/// Copies a directory of certificates, by names.
fn copy(from: &Path, to: &Path, pick: impl Fn(&str) -> Option<String>) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if let Some(name) = pick(&entry.file_name().into_string().unwrap()) {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// What a kill between two operations on files leaves, laid by hand: a switch copies the three old
/// files aside and then renames the three new ones, one after another.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_two_operations_of_a_switch_the_next_run_ends_it() {
    let scene = Scene::applied().await;
    let old = scene.thumbprint("auditor.pem");
    let before = scene.world.path("before");
    copy(&scene.world.path("certificates"), &before, |name| Some(name.to_owned()));
    scene.wait(DAY * 61);
    scene.apply().await;
    scene.is_rotated_from(&old).await;
    let after = scene.world.path("after");
    copy(&scene.world.path("certificates"), &after, |name| Some(name.to_owned()));
    let forms = ["pem", "pfx", "cer"];
    for done in 0..=6 {
        fs::remove_dir_all(scene.world.path("certificates")).unwrap();
        fs::create_dir(scene.world.path("certificates")).unwrap();
        for (at, form) in forms.into_iter().enumerate() {
            let (current, next) = (format!("auditor.{form}"), format!("auditor.next.{form}"));
            let is_renamed = done >= 4 + at;
            let from = if is_renamed { &after } else { &before };
            fs::copy(from.join(&current), scene.path(&current)).unwrap();
            if !is_renamed {
                fs::copy(after.join(&current), scene.path(&next)).unwrap();
            }
            if done > at {
                let kept = format!("{}.{form}", aside(&old));
                fs::copy(before.join(&current), scene.path(&kept)).unwrap();
            }
        }
        // A file that was being written, with a key in it.
        scene.world.write("certificates/.auditor.pem.Xy12.partial", "half a key");
        scene.signs_in(&format!("after {done} operations")).await;
        let left = scene.plan().await;
        assert_eq!(left.plan.is_empty(), done == 6, "{done}: {}", left.text);
        scene.apply().await;
        if done < 6 {
            scene.is_rotated_from(&old).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_two_files_of_the_next_certificate_the_next_run_ends_it() {
    // The binary makes the next one, and goes by its own clock.
    let scene = Scene::start(0).await;
    scene.at(Timestamp::now());
    scene.spec(CHAIN);
    scene.apply().await;
    for files in [&["pem"][..], &["pem", "pfx"], &["pem", "pfx", "cer"]] {
        let old = scene.thumbprint("auditor.pem");
        let next = scene.world.path("next");
        scene.world.run(&[
            "certificate",
            "create",
            "--common-name",
            "Contoso auditor",
            "--name",
            "next",
            "--directory",
            "next",
            "--replace",
        ]);
        for form in files {
            let from = next.join(format!("next.{form}"));
            fs::copy(from, scene.path(&format!("auditor.next.{form}"))).unwrap();
        }
        let begun = scene.plan().await;
        let said = "a renewal was begun and not finished";
        assert!(begun.text.contains(said), "{}", begun.text);
        scene.apply().await;
        scene.is_rotated_from(&old).await;
        scene.wait(DAY * 8);
        scene.apply().await;
        assert_eq!(scene.files(), kept(&["auditor"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_two_files_of_the_first_certificate_the_next_run_ends_it() {
    let scene = Scene::applied().await;
    for gone in [&["pfx", "cer"][..], &["cer"], &["pem"], &["pem", "cer"]] {
        let thumbprint = scene.thumbprint("auditor.pem");
        for form in gone {
            fs::remove_file(scene.path(&format!("auditor.{form}"))).unwrap();
        }
        scene.apply().await;
        assert_eq!(scene.files(), kept(&["auditor"]));
        assert_eq!(scene.thumbprint("auditor.pem"), thumbprint);
        scene.signs_in("completed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overlap_begins_with_the_switch_however_long_the_renewal_lay_about() {
    let scene = Scene::applied().await;
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 61);
    // The next certificate is made before the first request of the work.
    let reads = reads_of_a_plan(&scene).await;
    assert!(scene.apply_killed(reads + 1).await);
    assert!(scene.files().contains("auditor.next.pem"), "{:?}", scene.files());
    scene.wait(DAY * 10);
    scene.signs_in("ten days later").await;
    scene.apply().await;
    scene.is_rotated_from(&old).await;
    scene.wait(DAY * 6);
    scene.is_rotated_from(&old).await;
    scene.wait(DAY * 1);
    scene.apply().await;
    let new = scene.thumbprint("auditor.pem");
    assert_eq!(scene.registered("auditor").await, [new].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_certificate_that_has_ended_while_it_waited_is_made_anew() {
    let scene = Scene::applied().await;
    scene.wait(DAY * 61);
    let reads = reads_of_a_plan(&scene).await;
    assert!(scene.apply_killed(reads + 1).await);
    let waiting = scene.thumbprint("auditor.next.pem");
    scene.wait(DAY * 100);
    scene.apply().await;
    assert_ne!(scene.thumbprint("auditor.pem"), waiting);
    assert!(!scene.files().contains("auditor.next.pem"), "{:?}", scene.files());
    scene.signs_in("after everything had ended").await;
    let left = scene.plan().await;
    assert!(left.plan.is_empty(), "{}", left.text);
}

async fn reads_of_a_plan(scene: &Scene) -> usize {
    let before = scene.front.seen().len();
    scene.plan().await;
    scene.front.seen().len() - before
}

/// The binary, by its own clock: another name is a reason to renew at once.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_binary_killed_when_a_file_appears_leaves_a_certificate_that_works() {
    let scene = Scene::start(0).await;
    scene.at(jiff::Timestamp::now());
    scene.spec(CHAIN);
    scene.apply().await;
    let marks = ["auditor.next.pem", "auditor.next.pfx", "auditor.next.cer"];
    for (round, mark) in marks.into_iter().enumerate() {
        let old = scene.thumbprint("auditor.pem");
        scene.spec(
            &CHAIN.replace("\"Contoso auditor\"\nvalid", &format!("\"Name {round}\"\nvalid")),
        );
        let apply = scene.world.spawn(&["apply", "--auto-approve"]);
        let patience = jiff::Timestamp::now() + SignedDuration::from_secs(60);
        // Without a pause: a few milliseconds later the next file is there.
        while !scene.path(mark).exists() {
            assert!(jiff::Timestamp::now() < patience, "{mark} did not appear");
            std::thread::yield_now();
        }
        apply.signal("KILL");
        apply.wait();
        scene.signs_in(mark).await;
        scene.world.run(&["apply", "--resume"]).ended(0);
        scene.signs_in(mark).await;
        let (new, registered) =
            (scene.thumbprint("auditor.pem"), scene.registered("auditor").await);
        assert!(registered.contains(&new) && registered.contains(&old), "{registered:?}");
        assert!(!scene.path("auditor.next.pem").exists());
        let left = scene.world.run(&["plan"]).ended(0);
        assert!(left.stdout.starts_with("No changes."), "{}", left.stdout);
    }
}
