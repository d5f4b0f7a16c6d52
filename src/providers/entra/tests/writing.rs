//! Writes: what is sent again and what is not, and what the service's refusals become.

use super::*;
use crate::plan::ApplicationPatch;
use crate::providers::entra::{CONSENT, DIRECTORY_ROLE_WRITE};

fn renamed() -> ApplicationPatch {
    ApplicationPatch { display_name: Some("New".to_owned()), ..ApplicationPatch::default() }
}

#[tokio::test]
async fn a_post_is_not_sent_again_after_a_doubtful_answer() {
    let doubtful = [
        Reply::Reset,
        Reply::new(503, &[("retry-after", "0")], ""),
        Reply::cut(&consent("a")),
        created(&json!({ "id": "a" })),
        Reply::new(201, &[], "<html>a proxy</html>"),
    ];
    for reply in doubtful {
        let (server, entra) = entra([reply, created(&consent("a"))]).await;
        let error = entra.grant_consent("client", "resource", ONE).await.unwrap_err();
        assert_eq!(error.kind, GraphErrorKind::InDoubt, "{error}");
        assert!(error.help().contains("plan again"));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_post_that_has_done_nothing_is_sent_again() {
    let conflict = refusal(409, "Directory_ConcurrencyViolation", "x");
    for reply in [Reply::new(429, &[], ""), conflict, Reply::new(401, &[], "")] {
        let (server, entra) = entra([reply, created(&consent("a"))]).await;
        assert!(entra.grant_consent("client", "resource", ONE).await.is_ok());
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn what_may_be_written_twice_is_sent_until_it_is_answered() {
    let (_server, patched) = entra([Reply::Reset, Reply::new(504, &[], ""), done()]).await;
    patched.update_application("object", &renamed()).await.unwrap();
    assert_eq!((patched.requests().graph, patched.requests().retries), (3, 2));
    let (server, silent) = entra(vec![Reply::Reset; 10]).await;
    let error = silent.update_application("object", &renamed()).await.unwrap_err();
    assert_eq!((error.kind, server.seen().len()), (GraphErrorKind::InDoubt, 6));
}

#[tokio::test]
async fn a_deletion_that_took_effect_without_an_answer_is_done() {
    let gone = || refusal(404, "Request_ResourceNotFound", "Resource 'x' does not exist.");
    let (_server, once) = entra([Reply::Reset, gone()]).await;
    assert_eq!(once.delete_application("object").await, Ok(()));
    let (_server, before) = entra([gone()]).await;
    let error = before.delete_application("object").await.unwrap_err();
    assert!(error.is_not_yet());
    assert_eq!((error.status(), error.kind), (Some(404), GraphErrorKind::NotFound));
}

#[tokio::test]
async fn a_conflict_that_stays_is_named_and_not_taken_for_doubt() {
    let conflict = refusal(409, "Directory_ConcurrencyViolation", "Try again.");
    let (server, entra) = entra(vec![conflict; 10]).await;
    let error = entra.grant_consent("client", "resource", ONE).await.unwrap_err();
    assert_eq!((&error.kind, server.seen().len()), (&GraphErrorKind::Conflict, 6));
    let said = "the directory reports another change under way: Try again. \
                (Directory_ConcurrencyViolation) [POST";
    assert!(error.to_string().starts_with(said), "{error}");
}

#[tokio::test]
async fn published_refusals_become_kinds_that_say_what_to_do() {
    let already = "Permission being assigned already exists on the object";
    let cases = [
        (refusal(400, "Request_BadRequest", already), GraphErrorKind::AlreadyThere, "plan again"),
        (
            refusal(400, "Request_BadRequest", "Not a valid reference update."),
            GraphErrorKind::NotYet,
            "some minutes to be known",
        ),
        (
            refusal(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid."),
            GraphErrorKind::KeyRefused,
            "lower `valid_for` to 365 days",
        ),
        (
            refusal(400, "CredentialInvalidLifetimeAsPerAppPolicy", "x"),
            GraphErrorKind::KeyRefused,
            "an app management policy",
        ),
        (
            refusal(400, "CredentialTypeNotAllowedAsPerAppPolicy", "x"),
            GraphErrorKind::KeyRefused,
            "`federated_credentials`",
        ),
        (refusal(400, "Request_BadRequest", "No."), GraphErrorKind::Other, "service's words"),
        (Reply::new(302, &[("location", "https://x/")], ""), GraphErrorKind::Other, "plan again"),
    ];
    for (reply, kind, help) in cases {
        let (server, entra) = entra([reply]).await;
        let error = entra.grant_consent("client", "resource", ONE).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.help().contains(help), "{}", error.help());
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn the_services_identifier_is_shown_even_where_only_the_body_has_it() {
    let (_server, entra) = entra([refusal(400, "Request_BadRequest", "No.")]).await;
    let error = entra.delete_application("object").await.unwrap_err();
    let said = "Microsoft Graph refuses: No. (Request_BadRequest) [DELETE http://127.0.0.1";
    assert!(error.to_string().starts_with(said), "{error}");
    assert!(error.to_string().contains("request-id req-9, client-request-id "), "{error}");
    assert_eq!(error.inner.date.as_deref(), Some("2026-11-23T12:00:00"));
}

#[tokio::test]
async fn a_denial_says_which_permission_lacks_and_whom_to_ask() {
    let denied = "Insufficient privileges to complete the operation.";
    let (_server, without) = entra([refusal(403, "Authorization_RequestDenied", denied)]).await;
    let error = without.grant_consent("client", "resource", ONE).await.unwrap_err();
    let missing = vec!["AppRoleAssignment.ReadWrite.All".to_owned()];
    assert_eq!(error.kind, GraphErrorKind::Denied { missing, needs: &CONSENT });
    let help = error.help();
    assert!(help.contains("the token lacks AppRoleAssignment.ReadWrite.All"), "{help}");
    assert!(help.contains("Privileged Role Administrator"), "{help}");

    let inside = json!({ "errorCode": "PermissionScopeNotGranted", "message":
        "missing permission scope RoleManagement.ReadWrite.Directory." });
    let (_server, user) = entra([refusal(403, "UnknownError", &inside.to_string())]).await;
    let error = user.assign_directory_role("sp", "r").await.unwrap_err();
    let missing = vec!["RoleManagement.ReadWrite.Directory".to_owned()];
    assert_eq!(error.kind, GraphErrorKind::Denied { missing, needs: &DIRECTORY_ROLE_WRITE });

    let (_server, role) = entra([refusal(403, "Authorization_RequestDenied", denied)]).await;
    let error = role.delete_application("object").await.unwrap_err();
    let help = error.help();
    assert!(help.contains("needs the role Application Administrator"), "{help}");
}

#[tokio::test]
async fn a_write_in_doubt_stays_so_when_no_token_can_be_had_any_more() {
    let (server, entra) = entra([Reply::Reset, Reply::new(401, &[], "")]).await;
    let body = json!({ "error": "invalid_client", "error_codes": [7_000_112],
        "error_description": "AADSTS7000112: Disabled." });
    server.authority([Reply::new(400, &[], body.to_string())]);
    let error = entra.update_application("object", &renamed()).await.unwrap_err();
    assert_eq!(error.kind, GraphErrorKind::InDoubt);
    assert!(error.message.contains("AADSTS7000112"), "{error}");
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_token() {
    let (server, entra) = entra([refusal(400, "Request_BadRequest", "No.")]).await;
    let error = entra.delete_application("object").await.unwrap_err();
    let token = server.seen()[0].header("authorization").unwrap()[7..].to_owned();
    let shown = format!("{entra:?} {error} {error:?}");
    assert!(!shown.contains(&token), "{shown}");
}
