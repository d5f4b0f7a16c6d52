//! What a check asserts and why it fails, in words.

use crate::diagnostic::and_list;
use crate::resource::{ActionSet, ActionVocabulary, LogonType, RecipientType, written_duration};
use crate::state::{
    ActionRule, AddressPattern, Assertion, Bound, Expectation, MailboxAssertion, Range, RangeEnd,
    Share,
};

/// What is asserted, as a phrase.
pub(super) fn asserts(assertion: &Assertion) -> String {
    match assertion {
        Assertion::UnifiedAuditLog { ingestion: true } => {
            "the unified audit log takes records".to_owned()
        }
        Assertion::UnifiedAuditLog { ingestion: false } => {
            "the unified audit log takes no records".to_owned()
        }
        Assertion::Organization { mailbox_auditing } => {
            let state = if *mailbox_auditing { "on" } else { "off" };
            format!("mailbox auditing of the organisation is {state}")
        }
        Assertion::Certificate { name, valid_for } => {
            let length = written_duration(*valid_for);
            format!("`certificate.{}` is valid for {length} more", name.value)
        }
        Assertion::Mailboxes(assertion) => of_mailboxes(assertion),
    }
}

const ANY: Range = Range { at_least: Some(Bound::Count(1)), at_most: None };
const ALL: Range = Range { at_least: Some(Bound::Share(Share::ALL)), at_most: None };

/// `at least 95% of UserMailbox matching `*@contoso.com` are audited, and there is at least 1`.
fn of_mailboxes(assertion: &MailboxAssertion) -> String {
    let selection = selection(assertion);
    let MailboxAssertion { expectation, count, conforming, .. } = assertion;
    if expectation.is_empty() {
        return format!("there are {count} of {selection}");
    }
    let quantity = if *conforming == ALL { "all".to_owned() } else { conforming.to_string() };
    let expected = and_list(&expected(expectation));
    let number =
        if *count == ANY { String::new() } else { format!(", and there are {count} of them") };
    format!("{quantity} of {selection} {expected}{number}")
}

fn selection(assertion: &MailboxAssertion) -> String {
    let names = assertion.recipient_types.iter().copied().map(RecipientType::name);
    let types = and_list(&names.collect::<Vec<_>>());
    let ticked = |patterns: Vec<&str>| -> Vec<String> {
        patterns.into_iter().map(|pattern| format!("`{pattern}`")).collect()
    };
    let include = ticked(assertion.include.iter().map(AddressPattern::text).collect());
    let exclude = ticked(assertion.exclude.iter().map(|out| out.pattern.text()).collect());
    let like = |word: &str, patterns: Vec<String>| match patterns.as_slice() {
        [] => String::new(),
        patterns => format!(" {word} {}", and_list(patterns)),
    };
    format!("{types}{}{}", like("matching", include), like("except", exclude))
}

fn expected(expectation: &Expectation) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(audited) = expectation.audited {
        all.push(if audited { "are audited" } else { "are not audited" }.to_owned());
    }
    all.extend(expectation.rules().map(|(logon, rule)| rule_in_words(logon, rule)));
    if let Some(set) = expectation.default_audit_set {
        let names: Vec<String> = set.iter().map(|one| format!("`{}`", one.attribute())).collect();
        all.push(if names.is_empty() {
            "leave no logon type to Microsoft".to_owned()
        } else {
            format!("leave exactly {} to Microsoft", and_list(&names))
        });
    }
    let days = match (expectation.keeps_at_least, expectation.keeps_at_most) {
        (Some(least), Some(most)) => Some(format!("at least {least} and at most {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (None, None) => None,
    };
    all.extend(days.map(|days| format!("keep entries for {days}")));
    all
}

fn rule_in_words(logon: LogonType, rule: ActionRule) -> String {
    let name = logon.attribute();
    // A spec can name the table's actions alone.
    let vocabulary = ActionVocabulary::default();
    let names = |set: ActionSet| vocabulary.names(set).join(", ");
    match rule {
        ActionRule::Exactly(ActionSet::EMPTY) => format!("record nothing for `{name}`"),
        ActionRule::Exactly(set) => format!("record exactly {} for `{name}`", names(set)),
        ActionRule::AtLeast(set) => format!("record at least {} for `{name}`", names(set)),
        ActionRule::Default => format!("leave `{name}` to Microsoft"),
        ActionRule::DefaultPlus(set) => {
            format!("record Microsoft's default set and {} for `{name}`", names(set))
        }
    }
}

/// Why so many mailboxes are too few or too many.
pub(super) fn count(selected: u64, end: RangeEnd) -> String {
    let number = match selected {
        0 => "no mailbox is selected".to_owned(),
        1 => "1 mailbox is selected".to_owned(),
        many => format!("{many} mailboxes are selected"),
    };
    match end {
        RangeEnd::AtLeast(least) => format!("{number}, and at least {least} must be"),
        RangeEnd::AtMost(most) => format!("{number}, and at most {most} may be"),
    }
}

/// Why too few or too many of them are as asserted.
pub(super) fn conforming(conforming: u64, selected: u64, end: RangeEnd) -> String {
    let population = if selected == 1 { "1 mailbox" } else { &format!("{selected} mailboxes") };
    let verb = |number: u64| if number == 1 { "is" } else { "are" };
    match end {
        RangeEnd::AtLeast(Bound::Share(Share::ALL)) => {
            let lacking = selected - conforming;
            format!("{lacking} of {population} {} not so", verb(lacking))
        }
        RangeEnd::AtLeast(least) => {
            let is = verb(conforming);
            format!("{conforming} of {population} {is} so, and at least {least} must be")
        }
        RangeEnd::AtMost(most) => {
            let is = verb(conforming);
            format!("{conforming} of {population} {is} so, and at most {most} may be")
        }
    }
}
