//! What each audit action records, in words for messages about what a change would lose. Names in,
//! phrases out; which logon type accepts what is in `audit_action`.
//!
//! Source: Microsoft, "Manage mailbox auditing", the column that describes each action.

/// What an action of the table records, as a phrase that goes after "records of".
pub fn recorded_by(action: &str) -> Option<&'static str> {
    let words = match action {
        "Update" => "changes of items and their properties",
        "Copy" => "copies of messages into another folder",
        "Move" => "moves of messages into another folder",
        "MoveToDeletedItems" => "deletions into Deleted Items",
        "SoftDelete" => "deletions out of Deleted Items",
        "HardDelete" => "purges of items beyond recovery",
        "FolderBind" => "opening of folders",
        "SendAs" => "messages sent as the mailbox",
        "SendOnBehalf" => "messages sent on behalf of the mailbox",
        "MessageBind" => "views of messages",
        "Create" => "new calendar entries, contacts, drafts, notes and tasks",
        "MailboxLogin" => "sign-ins to the mailbox",
        "AddFolderPermissions" => "folder permissions granted",
        "ModifyFolderPermissions" => "folder permissions changed",
        "RemoveFolderPermissions" => "folder permissions taken away",
        "UpdateFolderPermissions" => "changes of folder permissions",
        "UpdateInboxRules" => "changes of inbox rules, such as hidden forwarding",
        "UpdateCalendarDelegation" => "changes of calendar delegates",
        "RecordDelete" => "deletions of items labelled as records",
        "ApplyRecord" => "labelling of items as records",
        "MailItemsAccessed" => "reads of messages",
        "Send" => "messages sent, answered and forwarded",
        "SearchQueryInitiated" => "searches in the mailbox",
        _ => return None,
    };
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::TABLE;

    #[test]
    fn every_action_of_the_table_has_words() {
        for action in TABLE {
            assert!(recorded_by(action.name).is_some(), "{}", action.name);
        }
    }
}
