//! Seeds: what they mean and what is wrong with the others.

use super::*;
use crate::emulator::actions::Logon;

fn error(text: &str) -> String {
    Seed::parse(text, "tenant.toml").unwrap_err().to_string()
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let said = error("[tenant]\norganisation = 'contoso.com'\n");
    assert!(said.starts_with("tenant.toml:2:1: unknown field `organisation`"), "{said}");
}

#[test]
fn every_mistake_says_what_to_write_instead() {
    let mailbox = |rest: &str| format!("[[mailbox]]\nupn = 'a@b.com'\n{rest}\n");
    for (text, place, part) in [
        (mailbox("type = 'User'"), "3:8", "write one of UserMailbox"),
        (mailbox("type = 'UserMailbox'\naudit = 'all'"), "4:9", "can only be \"default\""),
        (mailbox("type = 'UserMailbox'\naudit = 'default'\nenabled = true"), "4:9", "stands alone"),
        (
            mailbox("type = 'UserMailbox'\nadmin = ['Delete']"),
            "4:9",
            "`Delete` is not an audit action",
        ),
        (mailbox("type = 'UserMailbox'\nowner = ['Copy']"), "4:9", "Owner does not take"),
        (mailbox("type = 'UserMailbox'\nlog_age_days = 0"), "4:16", "at least 1"),
        ("[[mailbox]]\nupn = 'ada'\ntype = 'UserMailbox'".into(), "2:7", "not an address"),
        ("[generate]\nmailboxes = 10\ncompliant = 30.0".into(), "3:13", "0.0 to 1.0"),
        (
            "[generate]\nmailboxes = 10\ntypes = { Printer = 1.0 }".into(),
            "3:11",
            "not a mailbox type",
        ),
        ("[tenant]\ntenant_id = '1'".into(), "2:13", "not a GUID"),
        ("[tenant]\norganization = 'contoso'".into(), "2:16", "not a domain"),
        ("[sign_in]\nrefuse = 1".into(), "2:10", "known are 28002, 50012"),
        ("[administrator]\nupn = 'ada'".into(), "2:7", "not an address"),
        ("[administrator]\nroles = ['Boss']".into(), "2:10", "write one of Global Administrator"),
        (
            "[[federated_issuer]]\nissuer = 'ci'\njwks = '{}'".into(),
            "2:10",
            "an issuer is an https address",
        ),
        ("[[federated_issuer]]\nissuer = 'https://ci'\njwks = '{}'".into(), "3:8", "not a JWK set"),
        (
            "[[federated_issuer]]\nissuer = 'https://ci'\njwks = '{\"keys\":[{\"kty\":\"EC\"}]}'"
                .into(),
            "3:8",
            "no RSA key",
        ),
    ] {
        let said = error(&text);
        assert!(said.starts_with(&format!("tenant.toml:{place}: ")), "{said}");
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn an_address_may_be_taken_only_once() {
    let said = error(
        "[[mailbox]]\nupn='a@b.com'\ntype='UserMailbox'\n\
         [[mailbox]]\nupn='c@b.com'\ntype='UserMailbox'\nproxy_addresses=['A@B.com']",
    );
    assert!(said.contains("`A@B.com` belongs to another mailbox"), "{said}");
}

#[test]
fn a_list_in_the_seed_is_not_managed_by_microsoft_and_the_others_are() {
    let seed = Seed::parse(
        "[[mailbox]]\nupn='a@b.com'\ntype='RoomMailbox'\nadmin=['Update']\nlog_age_days=180",
        "",
    )
    .unwrap();
    let audit = seed.mailboxes[0].audit;
    assert!(!audit.is_managed(Logon::Admin) && audit.is_managed(Logon::Owner));
    assert_eq!((audit.list(Logon::Admin), audit.age_seconds), (1, 180 * 86_400));
}

#[test]
fn a_generated_seed_reads_back_from_its_own_text() {
    let seed = Seed::generated(42);
    assert_eq!(Seed::parse(seed.text(), "").unwrap(), seed);
}
