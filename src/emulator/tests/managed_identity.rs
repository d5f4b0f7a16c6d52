//! Tokens for programs on Azure, which send no credential.

use super::*;
use crate::emulator::identity::managed_identity::{app_service, instance_metadata};

const QUERY: &str = "api-version=2018-02-01&resource=https://outlook.office365.com";

fn machine(world: &World, query: &str, headers: &[(&str, &str)]) -> Got {
    Got::of(&instance_metadata(&world.service, &request(query, headers, String::new())))
}

#[test]
fn a_virtual_machine_gets_a_token_that_opens_exchange() {
    let world = World::of("");
    let got = machine(&world, QUERY, &[("metadata", "true")]);
    assert_eq!((got.status, &got.body["token_type"]), (200, &json!("Bearer")));
    assert_eq!(got.body["resource"], "https://outlook.office365.com");
    assert_eq!(got.body["expires_on"], (START + 3599).to_string());
    assert_eq!(got.body["expires_in"], "3599");
    assert_eq!(got.body["client_id"], world.service.generated().client_id.to_string());
    let bearer = format!("Bearer {}", got.body["access_token"].as_str().unwrap());
    let body = input("Get-OrganizationConfig", &json!({}));
    assert_eq!(world.send("", &[("authorization", &bearer)], &body).status, 200);
}

#[test]
fn the_metadata_service_answers_only_what_a_redirected_browser_cannot_ask() {
    let world = World::of("");
    let without = machine(&world, QUERY, &[]);
    assert_eq!(without.status, 400);
    assert_eq!(without.body["error_description"], "Required metadata header not specified");
}

#[test]
fn a_request_that_names_no_resource_or_a_strange_identity_is_refused() {
    let world = World::of("");
    for (query, text) in [
        ("api-version=2018-02-01", "'resource' is missing"),
        ("resource=https://graph.microsoft.com", "'api-version' is missing"),
        ("api-version=1&resource=https://vault.azure.net", "AADSTS500011: "),
        (
            "api-version=1&resource=https://graph.microsoft.com&client_id=11111111-2222-3333-4444-555555555555",
            "Identity not found",
        ),
    ] {
        let got = machine(&world, query, &[("metadata", "true")]);
        let said = got.body["error_description"].as_str().unwrap();
        assert!(got.status == 400 && said.contains(text), "{query}: {said}");
    }
}

#[test]
fn an_app_service_gets_its_token_with_its_own_header() {
    let world = World::of("");
    let query = "api-version=2019-08-01&resource=https://graph.microsoft.com/";
    let ask = |headers: &[(&str, &str)]| {
        Got::of(&app_service(&world.service, &request(query, headers, String::new())))
    };
    assert_eq!(ask(&[]).status, 401);
    let got = ask(&[("x-identity-header", "secret")]);
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(payload(&got.body["access_token"])["aud"], "https://graph.microsoft.com/");
    assert!(got.body["expires_on"].is_string());
}
