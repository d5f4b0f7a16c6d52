//! Any chunking gives the same rows, no bytes make it panic, and every cut is noticed.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// The rows and the envelope of a body that arrives in pieces of these sizes.
fn split(body: &[u8], sizes: &[usize]) -> Result<(Vec<Vec<u8>>, Vec<u8>), SplitError> {
    let mut splitter = RowSplitter::new();
    let mut rows = Vec::new();
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(body.len().max(1)));
    let mut rest = body;
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(1).clamp(1, rest.len());
        let (chunk, after) = rest.split_at(size);
        let push = splitter.push(chunk, &mut |row: &[u8]| -> Result<(), ()> {
            rows.push(row.to_vec());
            Ok(())
        });
        match push {
            Ok(()) => rest = after,
            Err(PushError::Split(error)) => return Err(error),
            Err(PushError::Row(())) => unreachable!("the rows of these tests are taken"),
        }
    }
    splitter.finish().map(|envelope| (rows, envelope))
}

fn whole(body: &str) -> Result<(Vec<String>, String), SplitError> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (rows, envelope) = split(body.as_bytes(), &[])?;
    Ok((rows.into_iter().map(text).collect(), text(envelope)))
}

#[test]
fn rows_come_out_as_they_stand_and_the_envelope_keeps_the_rest() {
    let body = r#" {"@odata.context":"x", "value" : [ {"a":1} ,{"b":"}\"]"}
        ], "@odata.nextLink":"y"} "#;
    let (rows, envelope) = whole(body).unwrap();
    assert_eq!(rows, [r#"{"a":1}"#, r#"{"b":"}\"]"}"#]);
    assert_eq!(envelope, r#"{"@odata.context":"x", "value" : [], "@odata.nextLink":"y"}"#);
}

#[test]
fn value_counts_as_a_key_of_the_outer_object_alone() {
    for body in [
        r#"{"a":{"value":[1,2]},"value":[]}"#,
        r#"{"x":"value","y":[1]}"#,
        r#"{"a":["value",[1]]}"#,
        r#"{"value@odata.type":[1],"value":[]}"#,
    ] {
        let (rows, envelope) = whole(body).unwrap();
        assert_eq!((rows.len(), envelope.as_str()), (0, body));
    }
}

#[test]
fn a_value_that_is_no_list_stays_in_the_envelope_to_be_judged_there() {
    let (rows, envelope) = whole(r#"{"value":{"a":1}}"#).unwrap();
    assert_eq!((rows.len(), envelope.as_str()), (0, r#"{"value":{"a":1}}"#));
}

#[test]
fn anything_but_objects_separated_by_single_commas_is_an_error() {
    for rows in ["1", "\"a\"", "null", "[]", "{},,{}", "{} {}", ",{}", "{},", "{},1", "{}x"] {
        let body = format!(r#"{{"value":[{rows}]}}"#);
        assert_eq!(whole(&body), Err(SplitError::NotRows), "{rows}");
    }
}

#[test]
fn every_kind_of_damage_has_its_name() {
    let deep = format!("{{\"value\":[{}", "{\"a\":".repeat(101));
    for (body, error) in [
        ("", SplitError::Truncated),
        ("[]", SplitError::NotAnObject),
        ("<html>", SplitError::NotAnObject),
        ("\0\0\0", SplitError::NotAnObject),
        (r#"{"value":[]}x"#, SplitError::TrailingBytes),
        (r#"{"value":[],"value":[]}"#, SplitError::SecondValue),
        (r#"{"value":[{]}"#, SplitError::Brackets),
        (deep.as_str(), SplitError::TooDeep),
    ] {
        assert_eq!(whole(body), Err(error), "{body}");
    }
}

#[test]
fn a_body_cut_at_any_place_is_truncated() {
    let body = r#"{"w":["\\"],"value":[{"a":"x\"y\\"},{"b":[{}]}],"n":"l"}"#;
    for end in 0..body.len() {
        assert_eq!(whole(&body[..end]), Err(SplitError::Truncated), "{}", &body[..end]);
    }
}

#[test]
fn a_row_that_never_ends_is_an_error_before_it_fills_the_memory() {
    let mut splitter = RowSplitter::new();
    let mut take = |_: &[u8]| -> Result<(), ()> { Ok(()) };
    splitter.push(br#"{"value":[{"a":""#, &mut take).unwrap();
    let chunk = vec![b'x'; 1 << 20];
    let error = (0..20).find_map(|_| splitter.push(&chunk, &mut take).err());
    assert_eq!(error, Some(PushError::Split(SplitError::RowTooLarge)));
}

#[test]
fn whoever_takes_the_rows_can_stop() {
    let mut splitter = RowSplitter::new();
    let mut seen = 0;
    let stopped = splitter.push(br#"{"value":[{},{},{}]}"#, &mut |_: &[u8]| {
        seen += 1;
        if seen == 2 { Err("enough") } else { Ok(()) }
    });
    assert_eq!((stopped, seen), (Err(PushError::Row("enough")), 2));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i32>().prop_map(serde_json::Value::from),
        r#"[ a"\\{}\[\],:\n\u{e9}]{0,12}"#.prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map(r#"[a"\\{}]{0,5}|value"#, inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn row() -> impl Strategy<Value = serde_json::Value> {
    prop::collection::hash_map(r#"[a"\\{}]{0,5}|value"#, json(), 0..4)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_rows(
        rows in prop::collection::vec(row(), 0..5),
        before in json(),
        after in json(),
        sizes in prop::collection::vec(1usize..9, 0..60),
    ) {
        let before = before.to_string();
        let after = after.to_string();
        let wanted: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let body = format!(r#"{{"b":{before},"value":[{}],"z":{after}}}"#, wanted.join(", "));
        let (split_rows, envelope) = split(body.as_bytes(), &sizes).unwrap();
        let split_rows: Vec<String> =
            split_rows.into_iter().map(|row| String::from_utf8(row).unwrap()).collect();
        prop_assert_eq!(split_rows, wanted);
        let envelope = String::from_utf8(envelope).unwrap();
        prop_assert_eq!(envelope, format!(r#"{{"b":{before},"value":[],"z":{after}}}"#));
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_chunking_never_changes_the_verdict(
        body in prop::collection::vec(prop_oneof![
            Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b'\\'), Just(b','),
            Just(b':'), any::<u8>(),
        ], 0..80),
        sizes in prop::collection::vec(1usize..5, 0..80),
    ) {
        for prefix in [&b""[..], br#"{"value":["#] {
            let body = [prefix, &body].concat();
            prop_assert_eq!(split(&body, &sizes), split(&body, &[]));
        }
    }
}
