//! Every field that a row must have, and every way in which it may not have it.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    json!({
        "@odata.id": "x",
        "Guid": "00000000-0000-0000-0000-000000000007", "Guid@odata.type": "#Guid",
        "UserPrincipalName": "a@contoso.com",
        "RecipientTypeDetails": "SharedMailbox",
        "AuditEnabled": true,
        "AuditAdmin@odata.type": "#Collection(String)",
        "AuditAdmin": ["Update", "FutureAction", "harddelete"],
        "AuditDelegate": [], "AuditOwner": ["None"],
        "DefaultAuditSet": ["Delegate"],
        "AuditLogAgeLimit": "90.00:00:00",
        "Quota": { "nested": ["ignored"] },
    })
}

fn problem_of(row: &Value, addresses: bool) -> (String, &'static str, String) {
    let text = row.to_string();
    let parsed = parse(text.as_bytes(), &mut ActionVocabulary::default(), addresses);
    let problem = parsed.map(|row| row.guid).unwrap_err();
    (problem.identity, problem.field, problem.problem)
}

#[test]
fn a_row_is_read_with_its_unknown_actions_and_without_its_annotations() {
    let text = good().to_string();
    let mut vocabulary = ActionVocabulary::default();
    let row = parse(text.as_bytes(), &mut vocabulary, false).unwrap();
    assert_eq!(row.guid, Uuid::from_u128(7));
    assert!(matches!(row.upn, Cow::Borrowed("a@contoso.com")));
    assert_eq!(row.recipient_type, RecipientType::SharedMailbox);
    let admin = vocabulary.names(row.audit.admin);
    assert_eq!(admin, ["Update", "HardDelete", "FutureAction"]);
    assert_eq!((row.audit.delegate.len(), row.audit.owner.len()), (0, 0));
    assert_eq!(row.audit.default_audit_set.names(), ["Delegate"]);
    assert_eq!(row.audit.log_age_limit, AgeLimit::days(90));
    assert!(row.addresses.is_empty());
}

#[test]
fn addresses_lose_their_prefix_and_other_kinds_are_left_out() {
    let mut row = good();
    row["PrimarySmtpAddress"] = json!("a@contoso.com");
    row["EmailAddresses"] =
        json!(["SMTP:a@contoso.com", "smtp:\u{e9}@contoso.com", "sip:a@contoso.com", "X500:/o=x"]);
    let text = row.to_string();
    let row = parse(text.as_bytes(), &mut ActionVocabulary::default(), true).unwrap();
    assert_eq!(row.primary_address, "a@contoso.com");
    assert_eq!(row.addresses, ["a@contoso.com", "\u{e9}@contoso.com"]);
}

#[test]
fn every_expected_field_is_missed_and_refused_as_null_by_name() {
    for field in [
        "Guid",
        "UserPrincipalName",
        "RecipientTypeDetails",
        "AuditEnabled",
        "AuditAdmin",
        "AuditDelegate",
        "AuditOwner",
        "DefaultAuditSet",
        "AuditLogAgeLimit",
    ] {
        let mut row = good();
        row[field] = Value::Null;
        let (_, named, problem) = problem_of(&row, false);
        assert_eq!((named, problem.as_str()), (field, "is null"));
        row.as_object_mut().unwrap().remove(field);
        let (identity, named, problem) = problem_of(&row, false);
        assert_eq!((named, problem.as_str()), (field, "is missing"));
        let guid = Uuid::from_u128(7).to_string();
        let wanted = if field == "UserPrincipalName" { &guid } else { "a@contoso.com" };
        assert_eq!(identity, wanted);
    }
    for field in ["PrimarySmtpAddress", "EmailAddresses"] {
        let mut row = good();
        row["PrimarySmtpAddress"] = json!("a");
        row["EmailAddresses"] = json!([]);
        row.as_object_mut().unwrap().remove(field);
        assert_eq!(problem_of(&row, true).1, field);
    }
}

#[test]
fn values_of_the_wrong_kind_are_refused_by_name() {
    for (field, value) in [
        ("Guid", json!("not-a-guid")),
        ("Guid", json!("00000000-0000-0000-0000-000000000000")),
        ("UserPrincipalName", json!("")),
        ("RecipientTypeDetails", json!("NewMailbox")),
        ("RecipientTypeDetails", json!(1)),
        ("AuditEnabled", json!("True")),
        ("AuditAdmin", json!("Update")),
        ("AuditAdmin", json!([1])),
        ("AuditOwner", json!([null])),
        ("DefaultAuditSet", json!(["Everyone"])),
        ("AuditLogAgeLimit", json!("Unlimited")),
        ("AuditLogAgeLimit", json!(90)),
    ] {
        let mut row = good();
        row[field] = value;
        assert_eq!(problem_of(&row, false).1, field);
    }
}

#[test]
fn a_property_that_comes_twice_is_refused() {
    let text = good().to_string().replacen('{', r#"{"AuditEnabled":false,"#, 1);
    let problem = parse(text.as_bytes(), &mut ActionVocabulary::default(), false).unwrap_err();
    assert_eq!(problem.field, "AuditEnabled");
    assert!(problem.problem.contains("twice"), "{}", problem.problem);
}

#[test]
fn bytes_that_are_no_json_are_refused() {
    for text in ["{]}", "{\"Guid\":}", "{\"Guid\":\"\u{1}\"}", "{} {}"] {
        let row = parse(text.as_bytes(), &mut ActionVocabulary::default(), false);
        assert!(row.is_err(), "{text}");
    }
}
