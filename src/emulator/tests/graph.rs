//! A client of the directory for the tests beside this one, and what holds for every request:
//! tokens, permissions, paths, errors, batches.

use axum::http::Method;

use super::*;
use crate::emulator::graph::answer;

/// Who asks, and whom.
pub(super) struct Graph {
    pub(super) world: World,
    claims: Claims,
}

pub(super) const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";
pub(super) const MANAGE_AS_APP: &str = "dc50a0fb-09a3-484d-be87-e023b12c6440";
pub(super) const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const GRAPH: (Resource, &str) = (Resource::Graph, "https://graph.microsoft.com");

impl Graph {
    pub(super) fn new() -> Self {
        Self::with_lag(0)
    }

    pub(super) fn with_lag(minutes: i64) -> Self {
        Self::of(World::with_lag("", minutes))
    }

    /// As the generated application.
    pub(super) fn of(world: World) -> Self {
        let claims = claims_of(&world.service, world.service.generated().client_id, GRAPH);
        Self { world, claims }
    }

    /// The same application with other permissions.
    pub(super) fn allowed(mut self, permissions: &[&str]) -> Self {
        self.claims.roles = permissions.iter().map(|it| (*it).to_owned()).collect();
        self
    }

    /// A person, who has let a program do this and holds these roles.
    pub(super) fn person(mut self, scopes: &str, roles: &[&str]) -> Self {
        let user = &self.world.service.administrator;
        self.claims.roles = Vec::new();
        self.claims.scp = Some(scopes.to_owned());
        self.claims.idtyp = "user".to_owned();
        self.claims.oid = user.id.to_string();
        self.claims.wids = roles.iter().map(|it| (*it).to_owned()).collect();
        self
    }

    /// As the service principal of an application, with what the directory gives it now.
    pub(super) fn as_application(&self, client_id: &str) -> Claims {
        claims_of(&self.world.service, client_id.parse().unwrap(), GRAPH)
    }

    pub(super) fn send_as(
        &self,
        claims: &Claims,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Got {
        // Tokens of the tests are always fresh; how they age is another test's.
        let now = self.world.service.clock.now().as_second();
        let claims = Claims { nbf: now, exp: now + 3599, ..claims.clone() };
        let bearer = self.world.bearer(&claims);
        let mut all = vec![("authorization", bearer.as_str())];
        let text = if body.is_null() {
            String::new()
        } else {
            all.push(("content-type", "application/json"));
            body.to_string()
        };
        all.extend(headers);
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Got::of(&answer(&self.world.service, method, path, &request(query, &all, text)))
    }

    pub(super) fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Got {
        self.send_as(&self.claims, method, url, headers, body)
    }

    pub(super) fn get(&self, url: &str) -> Got {
        self.send(Method::GET, url, &[], &Value::Null)
    }

    #[expect(clippy::needless_pass_by_value, reason = "calls with `json!` read better")]
    pub(super) fn post(&self, url: &str, body: Value) -> Got {
        self.send(Method::POST, url, &[], &body)
    }

    #[expect(clippy::needless_pass_by_value, reason = "calls with `json!` read better")]
    pub(super) fn patch(&self, url: &str, body: Value) -> Got {
        self.send(Method::PATCH, url, &[], &body)
    }

    #[expect(clippy::needless_pass_by_value, reason = "calls with `json!` read better")]
    pub(super) fn upsert(&self, url: &str, body: Value) -> Got {
        self.send(Method::PATCH, url, &[("prefer", "create-if-missing")], &body)
    }

    pub(super) fn delete(&self, url: &str) -> Got {
        self.send(Method::DELETE, url, &[], &Value::Null)
    }

    /// A new application; its object id.
    pub(super) fn application(&self, name: &str) -> (String, String) {
        let made = self.post("/v1.0/applications", json!({ "displayName": name }));
        assert_eq!(made.status, 201, "{}", made.text);
        (made.id(), made.body["appId"].as_str().unwrap().to_owned())
    }

    /// A new application with a service principal: the object ids of both, and the client id.
    pub(super) fn principal(&self, name: &str) -> (String, String, String) {
        let (id, app_id) = self.application(name);
        let made = self.post("/v1.0/servicePrincipals", json!({ "appId": app_id }));
        assert_eq!(made.status, 201, "{}", made.text);
        (id, made.id(), app_id)
    }

    pub(super) fn exchange(&self) -> String {
        self.get(&format!("/v1.0/servicePrincipals(appId='{EXCHANGE_ONLINE}')")).id()
    }
}

impl Got {
    pub(super) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Code and message of an error.
    pub(super) fn error(&self) -> (&str, &str) {
        let error = &self.body["error"];
        (error["code"].as_str().unwrap_or_default(), error["message"].as_str().unwrap_or_default())
    }
}

#[test]
fn only_a_valid_token_for_graph_opens_it() {
    let graph = Graph::new();
    let ask = |headers: &[(&str, &str)]| {
        let request = request("", headers, String::new());
        Got::of(&answer(&graph.world.service, Method::GET, "/v1.0/applications", &request))
    };
    let exchange = graph.world.bearer(&graph.world.claims());
    let mut old = graph.claims.clone();
    (old.nbf, old.exp) = (START - 7200, START - 3600);
    let old = graph.world.bearer(&old);
    for headers in [
        vec![],
        vec![("authorization", "Bearer nonsense")],
        vec![("authorization", exchange.as_str())],
        vec![("authorization", old.as_str())],
    ] {
        let got = ask(&headers);
        assert_eq!((got.status, got.error().0), (401, "InvalidAuthenticationToken"));
    }
}

#[test]
fn an_error_names_its_request_in_body_and_header() {
    let graph = Graph::new();
    let id = "11111111-2222-3333-4444-555555555555";
    let url = format!("/v1.0/applications/{id}");
    let got = graph.send(Method::GET, &url, &[("client-request-id", "mine")], &Value::Null);
    assert_eq!(got.status, 404);
    assert_eq!(
        got.error(),
        (
            "Request_ResourceNotFound",
            &*format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            )
        )
    );
    let inner = &got.body["error"]["innerError"];
    assert_eq!(inner["request-id"], got.headers["request-id"].to_str().unwrap());
    assert_eq!(inner["client-request-id"], "mine");
    assert_eq!(inner["date"], "2027-01-15T08:00:00");
}

#[test]
fn every_operation_asks_for_its_permission() {
    let body = json!({ "displayName": "x" });
    for (permissions, method, url, allowed) in [
        (&[][..], Method::GET, "/v1.0/applications", false),
        (&["Application.Read.All"], Method::GET, "/v1.0/applications", true),
        (&["Application.Read.All"], Method::POST, "/v1.0/applications", false),
        (&["Application.ReadWrite.OwnedBy"], Method::POST, "/v1.0/applications", true),
        (&["Application.ReadWrite.All"], Method::POST, "/v1.0/applications", true),
        (&["Directory.Read.All"], Method::GET, "/v1.0/servicePrincipals", true),
        (&["Directory.Read.All"], Method::GET, "/v1.0/organization", true),
        (&["Application.Read.All"], Method::GET, "/v1.0/organization", false),
        (
            &["Application.ReadWrite.All"],
            Method::GET,
            "/v1.0/roleManagement/directory/roleAssignments",
            false,
        ),
        (
            &["RoleManagement.ReadWrite.Directory"],
            Method::GET,
            "/beta/roleManagement/exchange/roleDefinitions",
            false,
        ),
        (
            &["RoleManagement.Read.Exchange"],
            Method::GET,
            "/beta/roleManagement/exchange/roleDefinitions",
            true,
        ),
    ] {
        let graph = Graph::new().allowed(permissions);
        let body = if method == Method::GET { &Value::Null } else { &body };
        let got = graph.send(method, url, &[], body);
        assert_eq!(got.status != 403, allowed, "{permissions:?} {url}");
        if !allowed {
            assert_eq!(
                got.error(),
                (
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation."
                )
            );
        }
    }
}

#[test]
fn a_person_without_the_scope_is_told_so_in_the_manner_of_role_management() {
    let wanted = json!({});
    let scopes = "Application.ReadWrite.All AppRoleAssignment.ReadWrite.All Directory.Read.All";
    let graph = Graph::new().person(scopes, &[GLOBAL_ADMINISTRATOR]);
    let got = graph.post("/v1.0/roleManagement/directory/roleAssignments", wanted);
    assert_eq!((got.status, got.error().0), (403, "UnknownError"));
    let inner: Value = serde_json::from_str(got.error().1).unwrap();
    assert_eq!(inner["errorCode"], "PermissionScopeNotGranted");
    assert!(inner["message"].as_str().unwrap().starts_with(
        "Authorization failed due to missing permission scope RoleManagement.ReadWrite.Directory"
    ));
    assert_eq!(graph.get("/v1.0/applications").status, 200);
}

#[test]
fn a_person_needs_a_role_besides_the_scope() {
    let assignment = json!({
        "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "directoryScopeId": "/",
    });
    for (role, status) in [
        (GLOBAL_ADMINISTRATOR, 201),
        ("e8611ab8-c189-46e8-94e1-60213ab1f814", 201),
        (EXCHANGE_ADMINISTRATOR, 403),
    ] {
        let graph = Graph::new();
        let (_, principal, _) = graph.principal("tool");
        let graph = graph.person("RoleManagement.ReadWrite.Directory", &[role]);
        let mut body = assignment.clone();
        body["principalId"] = principal.into();
        let got = graph.post("/v1.0/roleManagement/directory/roleAssignments", body);
        assert_eq!(got.status, status, "{role} {}", got.text);
    }
}

#[test]
fn an_unknown_path_and_a_wrong_method_are_told_apart() {
    let graph = Graph::new();
    assert_eq!(graph.get("/v1.0/nonsense").error().0, "BadRequest");
    assert_eq!(graph.get("/beta/applications").status, 400);
    assert_eq!(graph.get("/v1.0/roleManagement/exchange/roleAssignments").status, 400);
    assert_eq!(graph.delete("/v1.0/applications").status, 405);
    assert_eq!(graph.get("/v1.0/applications/nonsense").error().0, "Request_BadRequest");
}

#[test]
fn a_write_must_be_json_and_say_so() {
    let graph = Graph::new();
    let bearer = graph.world.bearer(&graph.claims);
    for (media_type, body, message) in [
        ("text/plain", "{}", "Entity only allows writes with a JSON Content-Type header."),
        ("application/json", "{", "Unable to read JSON request payload."),
    ] {
        let headers = [("authorization", bearer.as_str()), ("content-type", media_type)];
        let request = request("", &headers, body.to_owned());
        let path = "/v1.0/applications";
        let got = Got::of(&answer(&graph.world.service, Method::POST, path, &request));
        assert_eq!(got.status, 400);
        assert!(got.error().1.starts_with(message), "{}", got.text);
    }
}

#[test]
fn a_batch_runs_in_the_order_of_its_dependencies_and_fails_item_by_item() {
    let graph = Graph::new();
    let json_header = json!({ "Content-Type": "application/json" });
    let body = json!({ "requests": [
        { "id": "after", "method": "GET", "url": "/applications(uniqueName='k')", "dependsOn": ["make"] },
        { "id": "lost", "method": "GET", "url": "/organization", "dependsOn": ["missing"] },
        { "id": "missing", "method": "GET", "url": "/applications(uniqueName='none')" },
        { "id": "make", "method": "POST", "url": "/applications", "headers": json_header,
          "body": { "displayName": "batched", "uniqueName": "k" } },
    ]});
    let got = graph.post("/v1.0/$batch", body);
    assert_eq!(got.status, 200);
    let responses = got.body["responses"].as_array().unwrap();
    let of = |id: &str| responses.iter().find(|it| it["id"] == id).unwrap();
    assert_eq!(of("make")["status"], 201);
    assert_eq!(of("after")["body"]["displayName"], "batched");
    assert_eq!(of("missing")["status"], 404);
    assert_eq!(of("lost")["status"], 424);
    let many: Vec<_> = (0..21)
        .map(|id| json!({ "id": id.to_string(), "method": "GET", "url": "/organization" }))
        .collect();
    assert_eq!(graph.post("/v1.0/$batch", json!({ "requests": many })).status, 400);
    let circle = json!({ "requests": [
        { "id": "a", "method": "GET", "url": "/organization", "dependsOn": ["b"] },
        { "id": "b", "method": "GET", "url": "/organization", "dependsOn": ["a"] },
    ]});
    assert_eq!(graph.post("/v1.0/$batch", circle).status, 400);
}

#[test]
fn the_organization_has_its_initial_domain() {
    let graph = Graph::new();
    let got = graph.get("/v1.0/organization");
    assert_eq!(got.rows()[0]["id"], graph.world.service.tenant.id.to_string());
    assert_eq!(got.rows()[0]["verifiedDomains"][0]["name"], "contoso.onmicrosoft.com");
}

#[tokio::test]
async fn keys_in_paths_arrive_encoded_and_every_request_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("requests.jsonl");
    let options = crate::emulator::Options {
        seed: Some(Seed::parse("", "").unwrap()),
        request_log: Some(log.clone()),
        ..crate::emulator::Options::new(folder.path().join("credentials"))
    };
    let running = crate::emulator::Emulator::start(options).await.unwrap();
    let service = &running.service;
    let claims = claims_of(service, service.generated().client_id, GRAPH);
    let bearer = format!("Bearer {}", claims.sign(&service.token_key).unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = "/v1.0/applications(uniqueName=%27a%2Fb%27)";
    let made = client
        .patch(format!("{}{path}", running.base_url()))
        .header("authorization", &bearer)
        .header("prefer", "create-if-missing")
        .header("content-type", "application/json")
        .body(json!({ "displayName": "x" }).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    assert!(made.text().await.unwrap().contains("\"uniqueName\":\"a/b\""));
    let list = "/v1.0/applications?$select=id&$top=1";
    let page = client.get(format!("{}{list}", running.base_url())).header("authorization", &bearer);
    let page = page.send().await.unwrap().text().await.unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&format!("{}{list}&$skiptoken=", running.base_url())), "{next}");
    let missing = format!("{}/v1.0/applications(uniqueName='none')", running.base_url());
    let missing = client.get(missing).header("authorization", &bearer).send().await.unwrap();
    assert_eq!(missing.status(), 404);
    let id = missing.headers()["request-id"].to_str().unwrap().to_owned();
    assert!(missing.text().await.unwrap().contains(&id));
    running.shutdown().await;
    let text = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["method"], &lines[0]["path"]), (&json!("PATCH"), &json!(path)));
    assert_eq!((&lines[1]["path"], &lines[1]["status"]), (&json!(list), &json!(200)));
}
