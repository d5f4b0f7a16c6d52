//! A rotation among others: credentials that the spec does not know, two applications with one
//! certificate, certificates from elsewhere, and an application that renews its own certificate.

use auditform::certificate::read_any;
use auditform::providers::entra::KeyElement;
use uuid::Uuid;

use super::scene::{CHAIN, DAY, Scene, aside, kept};
use crate::support::credential::{self, Pair};
use crate::support::tenant;

/// Registers a certificate of somebody else's; its thumbprint.
async fn register(scene: &Scene, pair: &Pair) -> String {
    let file = scene.world.write("others/other.pem", pair.pem());
    let facts = read_any(&file, None).unwrap().facts;
    let application = scene.application("auditor").await;
    let mut keys: Vec<KeyElement> = application.keys.into_iter().map(KeyElement::Keep).collect();
    keys.push(KeyElement::New {
        key_id: Uuid::new_v4(),
        der: facts.der.clone(),
        display_name: "the billing department's".to_owned(),
        start: facts.not_before,
        end: facts.not_after,
    });
    scene.directory().await.set_keys(&application.object_id, &keys).await.unwrap();
    facts.sha1().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_others_survive_a_rotation() {
    let scene = Scene::applied().await;
    let other = register(&scene, credential::shared()).await;
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 61);
    scene.apply().await;
    let new = scene.thumbprint("auditor.pem");
    let expected = [new.clone(), old.clone(), other.clone()].into();
    assert_eq!(scene.registered("auditor").await, expected);
    let described = scene.application("auditor").await.keys.into_iter();
    let names: Vec<_> = described.filter_map(|key| key.display_name).collect();
    assert!(names.contains(&"the billing department's".to_owned()), "{names:?}");
    scene.wait(DAY * 8);
    scene.apply().await;
    assert_eq!(scene.registered("auditor").await, [new, other].into());
    assert!(scene.plan().await.plan.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_credential_of_others_goes_with_the_next_write_and_the_plan_says_so() {
    let scene = Scene::applied().await;
    let other = register(&scene, &credential::shared_in((2024, 2027))).await;
    // It ended on New Year, which is nothing to plan for.
    scene.wait(DAY * 45);
    assert!(scene.plan().await.plan.is_empty());
    scene.wait(DAY * 16);
    let due = scene.plan().await;
    let said = format!("- key_credentials loses {other} (expired)\n");
    assert!(due.text.contains(&said), "{}", due.text);
    let old = scene.thumbprint("auditor.pem");
    scene.apply().await;
    scene.is_rotated_from(&old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_applications_with_one_certificate_change_over_together() {
    let scene = Scene::start(0).await;
    let second = "\n[application.second]\ndisplay_name = \"Contoso second\"\n\
                  certificates = [\"certificate.auditor\"]\n";
    scene.spec(&format!("{CHAIN}{second}"));
    scene.apply().await;
    let mut request = 0;
    loop {
        let old = scene.thumbprint("auditor.pem");
        scene.wait(DAY * 61);
        request += 4;
        let killed = scene.apply_killed(request).await;
        for name in ["auditor", "second"] {
            assert!(scene.mints(name, "auditor.pem").await, "{name}, request {request}");
            assert!(scene.mints(name, "auditor.pfx").await, "{name}, request {request}");
        }
        scene.apply().await;
        let new = scene.thumbprint("auditor.pem");
        for name in ["auditor", "second"] {
            assert_eq!(scene.registered(name).await, [old.clone(), new.clone()].into(), "{name}");
        }
        assert_eq!(scene.files(), kept(&["auditor", &aside(&old)]));
        scene.wait(DAY * 8);
        scene.apply().await;
        for name in ["auditor", "second"] {
            assert_eq!(scene.registered(name).await, [new.clone()].into(), "{name}");
        }
        assert_eq!(scene.files(), kept(&["auditor"]));
        if !killed {
            break;
        }
    }
    assert!(request > 12, "{request} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_joins_during_the_overlap_gets_the_new_certificate_alone() {
    let scene = Scene::applied().await;
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 61);
    scene.apply().await;
    let second = "\n[application.second]\ndisplay_name = \"Contoso second\"\n\
                  certificates = [\"certificate.auditor\"]\n";
    scene.spec(&format!("{CHAIN}{second}"));
    scene.apply().await;
    let new = scene.thumbprint("auditor.pem");
    assert_eq!(scene.registered("second").await, [new.clone()].into());
    assert_eq!(scene.registered("auditor").await, [new, old].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_from_elsewhere_is_read_and_never_written() {
    let scene = Scene::start(0).await;
    let spec = "\n[certificate.auditor]\nexisting = \"certificates/corporate.pem\"\n\n\
                [application.auditor]\ndisplay_name = \"Contoso auditor\"\n\
                certificates = [\"certificate.auditor\"]\n";
    scene.spec(spec);
    let file = "certificates/corporate.pem";
    scene.world.write(file, credential::shared_in((2024, 2027)).pem());
    scene.apply().await;
    let first = scene.thumbprint("corporate.pem");
    let text = std::fs::read(scene.path("corporate.pem")).unwrap();
    // Its end is near, and that is all there is to say about it.
    scene.wait(DAY * 30);
    let near = scene.plan().await;
    assert!(near.plan.is_empty(), "{}", near.text);
    let said = "`certificate.auditor` ends on 2027-01-01T00:00:00Z";
    assert!(near.warnings.contains(said), "{}", near.warnings);
    scene.apply().await;
    assert_eq!(std::fs::read(scene.path("corporate.pem")).unwrap(), text);
    assert_eq!(scene.files(), ["corporate.pem".to_owned()].into());
    // Somebody lays the next one in its place; the one before stays registered.
    scene.world.write(file, credential::shared_in((2024, 2030)).pem());
    scene.apply().await;
    let second = scene.thumbprint("corporate.pem");
    assert_eq!(scene.registered("auditor").await, [first, second].into());
    assert!(scene.mints("auditor", "corporate.pem").await);
    assert_eq!(scene.files(), ["corporate.pem".to_owned()].into());
}

/// The spec of an application that does its own work in the directory.
async fn own_work(scene: &Scene) -> String {
    let allowed = "api_permissions = [\"Microsoft Graph/Application.ReadWrite.All\"]\n\
                   admin_consent = true\n";
    let body = format!("{CHAIN}{allowed}");
    scene.spec(&body);
    scene.apply().await;
    let id = scene.application("auditor").await.app_id.to_string();
    let pem = scene.path("auditor.pem");
    let head = tenant(scene.organization(), &scene.front.url(), &id, &pem);
    format!("{head}{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_renews_the_certificate_that_it_signs_in_with() {
    let scene = Scene::start(0).await;
    let spec = own_work(&scene).await;
    scene.world.write("auditform.toml", spec);
    assert!(scene.plan().await.plan.is_empty());
    for request in [6, 9, 10, 11, 12, 40] {
        let old = scene.thumbprint("auditor.pem");
        scene.wait(DAY * 61);
        if scene.apply_killed(request).await {
            scene.signs_in(&format!("request {request}")).await;
            scene.apply().await;
        }
        scene.is_rotated_from(&old).await;
        scene.wait(DAY * 8);
        scene.apply().await;
        let new = scene.thumbprint("auditor.pem");
        assert_eq!(scene.registered("auditor").await, [new].into());
    }
}

/// The same application works in Exchange: what is changed there waits for the files to be switched.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_works_in_exchange_while_its_certificate_is_renewed() {
    let scene = Scene::start(0).await;
    let spec = |days: u32| {
        let chain = CHAIN.replace(
            "display_name = \"Contoso auditor\"",
            "display_name = \"Contoso auditor\"\napi_permissions = [\"Exchange.ManageAsApp\"]\n\
             directory_roles = [\"Exchange Administrator\"]",
        );
        let head = scene.head().replace("[tenant.sign_in]", "[tenant.bootstrap]");
        let sign_in = "[tenant.sign_in]\napplication = \"application.auditor\"\n";
        let policy = format!(
            "[mailbox_audit.all]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = {days}\n"
        );
        scene.world.write("auditform.toml", format!("{head}{sign_in}{chain}{policy}"));
    };
    spec(100);
    scene.apply().await;
    assert!(scene.plan().await.plan.is_empty());
    for (days, request) in [(101, 14), (102, 16), (103, 18), (104, 20), (105, 99)] {
        let old = scene.thumbprint("auditor.pem");
        scene.wait(DAY * 61);
        spec(days);
        let due = scene.plan().await;
        assert!(due.text.contains("Plan: 1 to create, 2 to change, 0 to delete."), "{}", due.text);
        if scene.apply_killed(request).await {
            scene.signs_in(&format!("request {request}")).await;
            scene.apply().await;
        }
        scene.is_rotated_from(&old).await;
        scene.wait(DAY * 8);
        scene.apply().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_does_not_remove_the_certificate_that_the_run_signed_in_with() {
    let scene = Scene::start(0).await;
    let spec = own_work(&scene).await;
    // A copy of the first certificate, by which the run goes on signing in.
    let copy = scene.world.path("certificates/copy.pem");
    std::fs::copy(scene.path("auditor.pem"), &copy).unwrap();
    scene.world.write("auditform.toml", spec.replace("auditor.pem", "copy.pem"));
    let old = scene.thumbprint("auditor.pem");
    scene.wait(DAY * 61);
    scene.apply().await;
    scene.wait(DAY * 8);
    let kept = scene.apply().await;
    assert!(kept.plan.is_empty(), "{}", kept.text);
    let said = format!("so {old} stays, though its overlap is over");
    assert!(kept.warnings.contains("[old-certificate-in-use]"), "{}", kept.warnings);
    assert!(kept.warnings.contains(&said), "{}", kept.warnings);
    assert!(scene.registered("auditor").await.contains(&old));
    assert!(scene.files().contains(&format!("{}.pem", aside(&old))));
    // With the certificate in use it may.
    scene.world.write("auditform.toml", spec);
    scene.apply().await;
    assert!(!scene.registered("auditor").await.contains(&old));
    assert!(!scene.files().contains(&format!("{}.pem", aside(&old))));
}
