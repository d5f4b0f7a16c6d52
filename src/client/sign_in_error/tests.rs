//! What a person reads: every code of the published table, and the bodies that codes come in.

use std::time::Duration;

use super::*;
use crate::client::retry::Outcome;

fn body(error: &str, code: u32, text: &str) -> String {
    let text = format!("AADSTS{code}: {text} Trace ID: x Correlation ID: y Timestamp: z");
    serde_json::json!({ "error": error, "error_description": text, "error_codes": [code] })
        .to_string()
}

fn judged(status: u16, body: &str) -> Refusal {
    refusal(status, body.as_bytes(), None, Some(400))
}

/// The error of a code that is not tried again, as it is shown.
fn error(code: u32) -> SignInError {
    let Refusal { reason, text, .. } = judged(400, &body("invalid_client", code, "Words."));
    SignInError { reason, text, trace: Box::new(RequestTrace::none("access token")) }
}

/// Code, what is wrong, and a part of what to do.
const CODES: [(u32, &str, &str); 60] = [
    (700_016, "the application is not known in this tenant", "check `client_id`"),
    (7_000_229, "the application is not installed in this tenant", "admin consent"),
    (700_027, "the certificate is not registered on the application", "upload the certificate"),
    (700_024, "the signed assertion is outside of its times", "clock is 400 s ahead of"),
    (700_030, "the certificate's subject is not authorised", "by subject and issuer"),
    (50012, "the signed assertion was refused", "compare the certificate's thumbprint"),
    (50013, "the signed assertion was refused", "compare the certificate's thumbprint"),
    (50027, "the signed assertion was refused", "compare the certificate's thumbprint"),
    (7_000_215, "a client secret was refused", "Auditform sends no client secret"),
    (7_000_222, "a client secret has expired", "Auditform sends no client secret"),
    (7_000_218, "the application wants a credential and none was sent", "public client flows"),
    (700_025, "the application is a public client", "switch that off"),
    (7_000_112, "the application is disabled", "an administrator has disabled"),
    (70001, "the application is disabled", "an administrator has disabled"),
    (70021, "no federated credential of the application matches the token", "letter case"),
    (700_211, "no federated credential of the application matches the token", "issuer"),
    (700_212, "no federated credential of the application matches the token", "audience"),
    (700_213, "no federated credential of the application matches the token", "subject"),
    (700_229, "the token is a user's", "tokens of applications"),
    (90002, "the tenant does not exist", "check `organization`"),
    (90038, "the tenant is in another cloud", "set `cloud`"),
    (900_382, "the tenant is in another cloud", "set `cloud`"),
    (900_432, "the tenant is in another cloud", "set `cloud`"),
    (500_011, "the resource is not in this tenant", "check `exchange_scope`"),
    (650_052, "the organisation has not subscribed to the service", "licence"),
    (65001, "the application has no consent", "Grant admin consent"),
    (65002, "Microsoft's own client may not ask for this", "fixed sets of permissions"),
    (90094, "an administrator has to consent", "sign in as an administrator"),
    (70011, "the scope was refused", "one resource and `/.default`"),
    (28002, "the scope was refused", "one resource and `/.default`"),
    (700_022, "the scope was refused", "one resource and `/.default`"),
    (50034, "the account was refused", "check which account signs in"),
    (50020, "the account was refused", "a member of this tenant"),
    (50057, "the account was refused", "that is enabled"),
    (50126, "the account was refused", "its right password"),
    (50076, "a person has to sign in with a second factor", "az login"),
    (50079, "a person has to sign in with a second factor", "device_code"),
    (50074, "a person has to sign in with a second factor", "device_code"),
    (53000, "sign-in is blocked by Conditional Access", "asks for a managed device"),
    (53001, "sign-in is blocked by Conditional Access", "asks for a managed device"),
    (53002, "sign-in is blocked by Conditional Access", "an approved client application"),
    (53003, "sign-in is blocked by Conditional Access", "the sign-in log names the policy"),
    (530_035, "sign-in is blocked by security defaults", "use another `method`"),
    (530_036, "sign-in is blocked by Conditional Access", "began with a device code"),
    (50105, "the account is not assigned to the application", "Assignment required"),
    (70016, "nobody has entered the code yet", "run this again for a new code"),
    (70018, "the code is not known", "run this again for a new code"),
    (
        70019,
        "the code has expired before anybody signed in with it",
        "run this again for a new code",
    ),
    (90119, "the code is not known", "run this again for a new code"),
    (90120, "the code was used already", "run this again for a new code"),
    (50196, "the sign-in service sees the same request too often", "wait some minutes"),
    (50033, "the sign-in service fails", "try again later"),
    (90006, "the sign-in service fails", "try again later"),
    (90024, "the sign-in service fails", "try again later"),
    (90033, "the sign-in service fails", "try again later"),
    (90055, "the sign-in service fails", "try again later"),
    (123_456, "signing in was refused", "explained at https://login.microsoftonline.com/error"),
    (0, "signing in was refused", "explained at https://login.microsoftonline.com/error"),
    (70002, "signing in was refused", "explained at"),
    (1, "signing in was refused", "explained at"),
];

#[test]
fn every_code_of_the_table_says_what_is_wrong_and_what_to_do() {
    for (code, what, help) in CODES {
        let error = error(code);
        assert_eq!(error.to_string(), format!("{what}: AADSTS{code}: Words."));
        assert!(error.help().contains(help), "{code}: {}", error.help());
    }
}

#[test]
fn only_what_passes_by_itself_is_tried_again() {
    for (code, what, _) in CODES {
        let outcome = judged(400, &body("invalid_client", code, "Words.")).outcome;
        let expected = match what {
            "the sign-in service fails" => Outcome::Transient { retry_after: None },
            _ if code == 50196 => Outcome::throttled(None),
            _ => Outcome::Permanent,
        };
        assert_eq!(outcome, expected, "{code}");
    }
}

#[test]
fn what_passes_after_something_was_made_is_told_apart() {
    let not_yet = [700_016, 7_000_229, 700_027, 70021, 700_211, 700_212, 700_213];
    for (code, _, _) in CODES {
        assert_eq!(error(code).is_not_yet(), not_yet.contains(&code), "{code}");
    }
}

#[test]
fn the_states_of_the_device_code_are_known_by_their_own_words() {
    for (word, reason) in [
        ("authorization_pending", SignInReason::CodePending),
        ("slow_down", SignInReason::CodeSlowDown),
        ("authorization_declined", SignInReason::Declined),
        ("access_denied", SignInReason::Declined),
        ("bad_verification_code", SignInReason::CodeWrong),
        ("expired_token", SignInReason::CodeExpired),
        ("code_expired", SignInReason::CodeExpired),
    ] {
        let body = serde_json::json!({ "error": word }).to_string();
        assert_eq!(judged(400, &body).reason, reason, "{word}");
    }
}

#[test]
fn a_code_is_found_in_the_text_where_the_list_is_missing() {
    let body = r#"{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'x' not found.\r\nTrace ID: 1"}"#;
    let refusal = judged(400, body);
    assert_eq!(refusal.reason, SignInReason::TenantNotFound);
    assert_eq!(refusal.text, "AADSTS90002: Tenant 'x' not found.");
}

#[test]
fn what_may_pass_is_tried_again() {
    let transient = Outcome::Transient { retry_after: None };
    let throttled = Outcome::throttled(None);
    for (status, body, outcome) in [
        (400, body("temporarily_unavailable", 1, "x"), transient),
        (503, String::new(), transient),
        (429, "<html>".to_owned(), throttled),
    ] {
        assert_eq!(judged(status, &body).outcome, outcome, "{body}");
    }
}

#[test]
fn a_body_that_is_no_refusal_of_entra_is_said_to_be_none() {
    for body in ["", "<html>proxy</html>", "\0\0\0", "{}", "[]"] {
        assert_eq!(judged(404, body).reason, SignInReason::NotASignInService, "{body}");
    }
}

#[test]
fn a_clock_that_is_wrong_is_named_with_its_error() {
    assert!(clock_help(Some(400)).contains("400 s ahead of"));
    assert!(clock_help(Some(-90)).contains("90 s behind"));
    assert!(clock_help(None).contains("check this machine's clock"));
    assert!(clock_help(Some(-5)).contains("clock agrees"));
}

#[test]
fn a_managed_identity_that_is_being_renewed_is_asked_again() {
    let body = br#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    let later = Some(Duration::from_secs(1));
    let missing = managed_identity_refusal(400, body, later, None);
    assert_eq!(
        (missing.text.as_str(), missing.outcome),
        ("Identity not found", Outcome::Permanent)
    );
    for status in [404, 410, 500, 503] {
        let outcome = managed_identity_refusal(status, b"", later, None).outcome;
        assert_eq!(outcome, Outcome::Transient { retry_after: later });
    }
}
