//! Whatever is interrupted, after whichever operation on a file: what signs in stays whole, and the
//! next run completes it.

use super::*;

#[test]
fn a_switch_interrupted_after_any_operation_can_sign_in_and_completes_to_the_same() {
    let (_whole, whole) = switched();
    let expected = contents(&whole);
    let mut operations = 0;
    for done in 0.. {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        store.put(shared(), false).unwrap();
        store.stage(other()).unwrap();
        let (steps, _) = store.switching().unwrap();
        operations = steps.len();
        let Some(cut) = steps.get(..done) else { break };
        run(cut).unwrap();
        let when = format!("after {done} of {operations}");
        signs_in(&store, &when);
        let inventory = store.inspect().unwrap();
        // Three copies come first; the last rename ends it.
        let is_switching = (4..operations).contains(&done);
        assert_eq!(inventory.is_switching, is_switching, "{when}");
        let current = inventory.current.unwrap();
        let expected_now = if done < 4 { shared() } else { other() };
        assert_eq!(current.facts, *expected_now.facts(), "{when}");
        if done == operations {
            store.complete().unwrap();
        } else {
            store.promote().unwrap();
        }
        assert_eq!(contents(&store), expected, "{when}");
        assert!(!store.inspect().unwrap().is_incomplete(), "{when}");
    }
    assert_eq!(operations, 6);
}

#[test]
fn staging_interrupted_after_any_operation_leaves_the_current_one_and_completes() {
    for done in 0..=3 {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        store.put(shared(), false).unwrap();
        let steps = store.writing(&Slot::Staged, &Form::ALL, other()).unwrap();
        run(&steps[..done]).unwrap();
        signs_in(&store, &format!("after {done}"));
        let inventory = store.complete().unwrap();
        assert_eq!(inventory.current.unwrap().facts, *shared().facts());
        let staged = inventory.staged;
        assert_eq!(staged.as_ref().map(|held| held.files.len()), (done > 0).then_some(3));
        assert!(staged.is_none_or(|held| held.facts == *other().facts()));
        store.stage(other()).unwrap();
        assert_eq!(store.promote().unwrap().to, *other().facts());
    }
}

#[test]
fn staging_over_a_certificate_without_its_key_may_be_interrupted_too() {
    for done in 0..=4 {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        store.put(shared(), false).unwrap();
        let third = issue(&recipe()).unwrap();
        fs::write(store.path(&Slot::Staged, Form::Cer), &third.facts().der).unwrap();
        let steps = store.staging(&Survey::take(&store).unwrap(), other()).unwrap();
        run(&steps[..done]).unwrap();
        signs_in(&store, &format!("after {done}"));
        let inventory = store.complete().unwrap();
        assert_eq!(inventory.staged.is_some_and(|held| held.has_key), done > 1, "after {done}");
        store.stage(other()).unwrap();
        assert_eq!(store.promote().unwrap().to, *other().facts());
    }
}

#[test]
fn a_first_writing_interrupted_after_any_operation_keeps_its_key() {
    for done in 1..=3 {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        store.prepare().unwrap();
        let steps = store.writing(&Slot::Current, &Form::ALL, shared()).unwrap();
        run(&steps[..done]).unwrap();
        assert_eq!(store.inspect().unwrap().is_incomplete(), done < 3);
        assert!(matches!(store.put(other(), false), Err(StoreError::Occupied { .. })));
        let current = store.complete().unwrap().current.unwrap();
        assert_eq!((current.facts, current.missing.len()), (shared().facts().clone(), 0));
        signs_in(&store, &format!("after {done}"));
    }
}

#[test]
fn a_file_that_goes_missing_is_written_again_from_the_key_that_is_there() {
    let (_directory, store) = switched();
    let before = contents(&store);
    for form in Form::ALL {
        fs::remove_file(store.path(&Slot::Current, form)).unwrap();
        let current = store.inspect().unwrap().current.unwrap();
        assert_eq!(current.missing, [store.path(&Slot::Current, form)]);
        store.complete().unwrap();
        assert_eq!(contents(&store), before);
    }
}

#[test]
fn what_was_being_written_when_the_program_ended_is_removed() {
    let (_directory, store) = switched();
    let before = names(&store);
    for name in [".app.pem.x1y2.partial", ".apps.pem.x1y2.partial"] {
        fs::write(store.directory().join(name), "half a key").unwrap();
    }
    store.complete().unwrap();
    let mut expected = vec![".apps.pem.x1y2.partial".to_owned()];
    expected.extend(before);
    assert_eq!(names(&store), expected);
}
