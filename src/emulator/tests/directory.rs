//! The directory beneath Graph and sign-in: lag, restarts, the state document, the generated
//! application.

use super::graph::{EXCHANGE_ADMINISTRATOR, Graph, MANAGE_AS_APP};
use super::*;
use crate::emulator::state_document;
use crate::emulator::state_file::StateFile;

const LAG: i64 = 5;

async fn document(world: &World) -> Value {
    let answer = state_document::state(&world.service);
    let crate::emulator::message::Content::Stream(body) = answer.content else {
        return Value::Null;
    };
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn what_is_new_is_not_there_yet_and_what_is_gone_still_is() {
    let graph = Graph::with_lag(LAG);
    let (id, app_id) = graph.application("app");
    let url = format!("/v1.0/applications/{id}");
    let lookups = [
        url.clone(),
        format!("/v1.0/applications(appId='{app_id}')"),
        format!("{url}/federatedIdentityCredentials"),
    ];
    for lookup in &lookups {
        assert_eq!(graph.get(lookup).error().0, "Request_ResourceNotFound", "{lookup}");
    }
    assert_eq!(graph.patch(&url, json!({ "notes": "x" })).status, 404);
    let found = graph.get("/v1.0/applications?$filter=displayName eq 'app'");
    assert_eq!(found.rows().len(), 0);
    graph.world.wait(LAG * 60);
    for lookup in &lookups {
        assert_eq!(graph.get(lookup).status, 200, "{lookup}");
    }
    assert_eq!(graph.patch(&url, json!({ "notes": "x" })).status, 204);
    assert_eq!(graph.get(&url).body["notes"], Value::Null);
    assert_eq!(graph.delete(&url).status, 204);
    assert_eq!(graph.get(&url).status, 200);
    assert_eq!(graph.delete(&url).status, 404, "the primary knows better");
    graph.world.wait(LAG * 60);
    assert_eq!(graph.get(&url).status, 404);
}

#[test]
fn a_unique_name_is_taken_at_once() {
    let graph = Graph::with_lag(LAG);
    let url = "/v1.0/applications(uniqueName='k')";
    assert_eq!(graph.upsert(url, json!({ "displayName": "a" })).status, 201);
    assert_eq!(graph.get(url).status, 404);
    assert_eq!(graph.upsert(url, json!({ "displayName": "a" })).status, 204);
}

#[test]
fn each_dependent_call_says_not_yet_in_its_own_words() {
    let graph = Graph::with_lag(LAG);
    let (_, app_id) = graph.application("app");
    let early = graph.post("/v1.0/servicePrincipals", json!({ "appId": app_id }));
    assert!(early.error().1.ends_with("does not reference a valid application object."));
    let confined = Graph::with_lag(LAG).allowed(&["Application.ReadWrite.OwnedBy"]);
    let (_, other) = confined.application("app");
    let early = confined.post("/v1.0/servicePrincipals", json!({ "appId": other }));
    assert_eq!(
        (early.status, early.error().1),
        (
            403,
            "When using this permission, the backing application of the service principal being created must in the local tenant"
        )
    );
    graph.world.wait(LAG * 60);
    let principal = graph.post("/v1.0/servicePrincipals", json!({ "appId": app_id })).id();
    let exchange = graph.exchange();
    let consent = || {
        let url = format!("/v1.0/servicePrincipals/{exchange}/appRoleAssignedTo");
        let body = json!({
            "principalId": principal, "resourceId": exchange, "appRoleId": MANAGE_AS_APP,
        });
        graph.post(&url, body)
    };
    let role = || {
        let body = json!({
            "principalId": principal, "roleDefinitionId": EXCHANGE_ADMINISTRATOR,
            "directoryScopeId": "/",
        });
        graph.post("/v1.0/roleManagement/directory/roleAssignments", body)
    };
    assert_eq!(consent().error().1, "Not a valid reference update.");
    assert_eq!(role().error().0, "Request_ResourceNotFound");
    graph.world.wait(LAG * 60);
    assert_eq!((consent().status, role().status), (201, 201));
    assert_eq!((consent().status, role().status), (400, 400), "and once only");
}

#[test]
fn a_token_is_as_old_as_the_replica() {
    let graph = Graph::with_lag(LAG);
    let view = |app_id: &str| {
        let now = graph.world.service.clock.now();
        graph.world.service.directory.sign_in_view(now, app_id.parse().unwrap())
    };
    let (_, app_id) = graph.application("app");
    assert!(view(&app_id).is_none());
    graph.world.wait(LAG * 60);
    assert!(view(&app_id).unwrap().service_principal.is_none());
    graph.post("/v1.0/servicePrincipals", json!({ "appId": app_id }));
    graph.world.wait(LAG * 60 - 1);
    assert!(view(&app_id).unwrap().service_principal.is_none());
    graph.world.wait(1);
    assert!(view(&app_id).unwrap().service_principal.is_some());
}

#[tokio::test]
async fn a_restart_keeps_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenant.state");
    let start = || {
        let world = World::of("");
        let seed = Seed::parse("", "").unwrap();
        world.service.resume(StateFile::open(&path, Some(seed)).unwrap().0).unwrap();
        Graph::of(world)
    };
    let graph = start();
    let (kept, _, _) = graph.principal("kept");
    let (gone, _) = graph.application("gone");
    graph.delete(&format!("/v1.0/applications/{gone}"));
    let federated =
        json!({ "name": "main", "issuer": "https://i", "subject": "s", "audiences": ["a"] });
    graph.post(&format!("/v1.0/applications/{kept}/federatedIdentityCredentials"), federated);
    let before = document(&graph.world).await;
    assert_eq!(before["Applications"].as_array().unwrap().len(), 2);
    assert_eq!(before["FederatedIdentityCredentials"][0]["name"], "main");
    drop(graph);
    let graph = start();
    assert_eq!(document(&graph.world).await, before);
    assert_eq!(graph.get(&format!("/v1.0/directory/deletedItems/{gone}")).status, 200);
    assert_ne!(graph.application("gone").0, gone);
}

#[tokio::test]
async fn equal_histories_give_equal_documents_and_the_clock_is_not_in_them() {
    let build = |wait: i64| {
        let graph = Graph::new();
        graph.world.wait(wait);
        graph.principal("app");
        graph
    };
    let (one, two) = (build(0), build(1000));
    let text = document(&one.world).await.to_string();
    assert_eq!(text, document(&two.world).await.to_string());
    assert!(!text.contains("DateTime"), "{text}");
}

#[tokio::test]
async fn what_is_deleted_is_out_of_the_document() {
    let graph = Graph::new();
    let empty = document(&graph.world).await;
    let (id, _, _) = graph.principal("app");
    assert_ne!(document(&graph.world).await, empty);
    graph.delete(&format!("/v1.0/applications/{id}"));
    assert_eq!(document(&graph.world).await, empty);
}

#[tokio::test]
async fn the_document_shows_the_generated_application_and_not_what_is_microsofts() {
    let world = World::of("");
    let document = document(&world).await;
    let ids = world.service.generated();
    assert_eq!(document["Applications"][0]["appId"], ids.client_id.to_string());
    assert_eq!(document["Applications"][0]["keyCredentials"][0]["usage"], "Verify");
    assert_eq!(document["ServicePrincipals"].as_array().unwrap().len(), 1);
    assert_eq!(document["AppRoleAssignments"].as_array().unwrap().len(), 6);
    let roles = document["RoleAssignments"].as_array().unwrap();
    let own = roles.iter().filter(|row| row["principalId"] == ids.object_id.to_string());
    assert_eq!(own.count(), 1);
}

#[test]
fn with_bootstrap_only_the_application_builds_chains_and_reads_no_exchange() {
    let seed = Seed::parse("", "").unwrap();
    let usual = World::of("");
    let certificate = crate::emulator::entra::certificate::RegisteredCertificate {
        der: Vec::new(),
        sha1: [0; 20],
        sha256: [0; 32],
        public_key: Vec::new(),
        subject: String::new(),
        not_before: 0,
        not_after: 0,
    };
    let parts = Parts {
        certificate: &certificate,
        token_key: TokenKey::random(),
        clock: usual.service.clock.clone(),
        lag: SignedDuration::ZERO,
        memory: SignedDuration::ZERO,
        bootstrap_only: true,
        sign_in: Settings::default(),
    };
    let service = Service::new(&seed, parts);
    let client_id = service.generated().client_id;
    let exchange = claims_of(&service, client_id, EXCHANGE);
    assert!(exchange.roles.is_empty() && exchange.wids.is_empty());
    let graph = claims_of(&service, client_id, (Resource::Graph, "https://graph.microsoft.com"));
    assert_eq!(
        graph.roles,
        [
            "AppRoleAssignment.ReadWrite.All",
            "Application.ReadWrite.All",
            "Directory.Read.All",
            "RoleManagement.ReadWrite.Directory",
            "RoleManagement.ReadWrite.Exchange",
        ]
    );
    assert_eq!(usual.claims().wids, [EXCHANGE_ADMINISTRATOR]);
}

#[test]
fn a_seed_may_begin_with_applications_that_share_a_name() {
    let world = World::of(
        "[[application]]\ndisplay_name = \"Twin\"\n\n\
         [[application]]\ndisplay_name = \"Twin\"\nunique_name = \"t\"\n",
    );
    let graph = Graph::of(world);
    let found = graph.get("/v1.0/applications?$filter=displayName eq 'Twin'");
    assert_eq!(found.rows().len(), 2);
    assert_eq!(graph.get("/v1.0/applications(uniqueName='t')").status, 200);
    let twice = "[[application]]\ndisplay_name = \"a\"\nunique_name = \"t\"\n\
                 [[application]]\ndisplay_name = \"b\"\nunique_name = \"T\"\n";
    let refused = Seed::parse(twice, "tenant.toml").unwrap_err();
    assert_eq!((refused.line, refused.column), (6, 15));
}
