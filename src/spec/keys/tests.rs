//! Laws of the table of keys.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

use super::*;

#[test]
fn no_section_has_a_key_twice_and_no_two_sections_share_an_id() {
    for (at, section) in SECTIONS.iter().enumerate() {
        assert!(SECTIONS[..at].iter().all(|other| other.id != section.id), "{}", section.id);
        for (at, key) in section.keys.iter().enumerate() {
            let earlier = &section.keys[..at];
            assert!(earlier.iter().all(|other| other.name != key.name), "{}", key.name);
        }
    }
}

#[test]
fn every_table_that_a_key_leads_to_is_in_the_list_of_sections() {
    fn inner(shape: Shape) -> Vec<&'static Section> {
        match shape {
            Shape::Table(section) | Shape::Named(section) => vec![section],
            Shape::List(list) => inner(list.of),
            Shape::Either(all) => all.iter().flat_map(|one| inner(one.shape)).collect(),
            Shape::Rule(_) => vec![RULE],
            _ => Vec::new(),
        }
    }
    for key in SECTIONS.iter().flat_map(|section| section.keys) {
        for section in inner(key.shape) {
            assert!(SECTIONS.iter().any(|known| known.id == section.id), "{}", key.name);
        }
    }
}

#[test]
fn the_words_of_a_key_fit_the_sentences_that_are_made_of_them() {
    for section in SECTIONS {
        assert!(!section.about.ends_with('.'), "{}", section.id);
        for key in section.keys {
            assert!(!key.about.is_empty() && !key.about.ends_with('.'), "{}", key.name);
            assert!(key.note.is_empty() || key.note.ends_with('.'), "{}", key.name);
            assert!(!key.about.contains('|') && !key.note.contains('|'), "{}", key.name);
        }
    }
}

#[test]
fn every_key_but_a_table_has_an_example() {
    for key in SECTIONS.iter().flat_map(|section| section.keys) {
        let is_of_tables = match key.shape {
            Shape::Table(_) | Shape::Named(_) => true,
            Shape::List(list) => matches!(list.of, Shape::Table(_)),
            _ => false,
        };
        assert_eq!(key.example.is_empty(), is_of_tables, "{}", key.name);
    }
}

#[test]
fn the_version_of_the_table_is_the_one_that_is_read() {
    let version = ROOT.keys.iter().find(|key| key.name == "version").unwrap();
    let Shape::Numbers(numbers) = version.shape else { panic!("a version is a number") };
    assert_eq!(numbers, [i64::from(crate::spec::VERSION)]);
}

#[test]
fn parts_of_a_section_name_its_keys() {
    assert!(CERTIFICATE_MAKING.iter().all(|key| CERTIFICATE.has(key)));
    assert!(ATTRIBUTES.iter().all(|key| MAILBOX_AUDIT.has(key)));
    for method in METHODS {
        assert!(method.keys.iter().all(|key| BOOTSTRAP.has(key)), "{}", method.word.value);
        assert!(method.required.iter().all(|key| method.keys.contains(key)));
    }
    let application: Vec<&str> = SIGN_IN_APPLICATION.iter().map(|key| key.name).collect();
    assert_eq!(application, ["application"]);
}

#[test]
fn an_unknown_key_is_told_where_it_belongs() {
    let tenant = TENANT.names();
    assert_eq!(advice("organisation", &tenant), "did you mean `organization`?");
    assert_eq!(advice("method", &tenant), "`method` belongs in `[tenant.sign_in]`");
    assert_eq!(advice("directory", &tenant), "`directory` belongs in `[certificate.NAME]`");
    assert_eq!(
        advice("recipient_types", &tenant),
        "`recipient_types` belongs in `[mailbox_audit.NAME]`"
    );
    let device: Vec<&str> = of_method(Some("device_code")).map(|key| key.name).collect();
    assert_eq!(device, ["method", "client_id"]);
    assert_eq!(
        advice("token_file", &device),
        "`token_file` belongs to `method = \"workload_identity\"`"
    );
    assert_eq!(advice("colour", &device), "the keys here are: method, client_id");
}
