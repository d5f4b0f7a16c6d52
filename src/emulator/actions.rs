//! The mailbox audit actions as the service knows them: their order, which logon type accepts
//! which, and what Microsoft's default set holds. Goes in: names as clients write them; comes out:
//! bit sets, and names in the service's own order.
//! It knows nothing of mailboxes, and it is on purpose not the client's table: the two are written
//! down separately so that a mistake in one shows.

/// Who acted: an administrator, a delegate or the owner of the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logon {
    Admin,
    Delegate,
    Owner,
}

impl Logon {
    pub(crate) const ALL: [Self; 3] = [Self::Admin, Self::Delegate, Self::Owner];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Delegate => "Delegate",
            Self::Owner => "Owner",
        }
    }

    pub(crate) fn bit(self) -> u8 {
        1 << (self as u8)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|logon| logon.name().eq_ignore_ascii_case(text.trim()))
    }
}

const A: u8 = 1;
const D: u8 = 2;
const O: u8 = 4;
const ALL: u8 = A | D | O;

/// Name, logon types that accept it, logon types whose default holds it.
///
/// Order: ascending bits of the server's flags enum (decompiled `MailboxAuditOperations`, agreeing
/// with a captured record). Acceptance: "Manage mailbox auditing" and Set-Mailbox docs. Defaults:
/// the licence-free set of 2025, on which CIS 6.1.2 and o365soa/Scripts v3.0.1 agree.
/// `Send` for Delegate: MicrosoftDocs/microsoft-365-docs#5241 has it refused.
const KNOWN: [(&str, u8, u8); 23] = [
    ("Update", ALL, ALL),
    ("Copy", A, 0),
    ("Move", ALL, 0),
    ("MoveToDeletedItems", ALL, ALL),
    ("SoftDelete", ALL, ALL),
    ("HardDelete", ALL, ALL),
    ("FolderBind", A | D, 0),
    ("SendAs", A | D, A | D),
    ("SendOnBehalf", A | D, A | D),
    ("MessageBind", 0, 0),
    ("Create", ALL, A | D),
    ("MailboxLogin", O, 0),
    ("UpdateFolderPermissions", ALL, ALL),
    ("AddFolderPermissions", ALL, 0),
    ("ModifyFolderPermissions", ALL, 0),
    ("RemoveFolderPermissions", ALL, 0),
    ("UpdateInboxRules", ALL, ALL),
    ("UpdateCalendarDelegation", A | O, A | O),
    ("RecordDelete", ALL, 0),
    ("ApplyRecord", ALL, ALL),
    ("MailItemsAccessed", ALL, ALL),
    ("Send", A | O, A | O),
    ("SearchQueryInitiated", O, 0),
];

const MESSAGE_BIND: u64 = 1 << 9;

/// What the action fields of a group mailbox show, whatever is stored ("Manage mailbox auditing").
pub(crate) const GROUP_LISTS: [&[&str]; 3] = [
    &[
        "Update",
        "MoveToDeletedItems",
        "SoftDelete",
        "HardDelete",
        "SendAs",
        "SendOnBehalf",
        "Create",
    ],
    &[
        "Update",
        "MoveToDeletedItems",
        "SoftDelete",
        "HardDelete",
        "SendAs",
        "SendOnBehalf",
        "Create",
    ],
    &["Update", "MoveToDeletedItems", "SoftDelete", "HardDelete"],
];

/// Why a list of names is not a list of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActionError {
    /// Not a value of the enum at all.
    Unknown(String),
    /// Known, but not for this logon type.
    NotAccepted,
    Deprecated,
    /// `None` beside other actions.
    NoneAmongOthers,
}

/// The actions of one tenant: those known today, and those its seed says Microsoft added since.
#[derive(Clone, Debug)]
pub(crate) struct ActionTable {
    names: Vec<Box<str>>,
    accepted: [u64; 3],
    defaults: [u64; 3],
}

impl ActionTable {
    /// `added` are actions that Microsoft's default set has gained, by logon type.
    pub(crate) fn new(added: &[Vec<String>; 3]) -> Self {
        let mut table = Self {
            names: KNOWN.iter().map(|known| known.0.into()).collect(),
            accepted: [0; 3],
            defaults: [0; 3],
        };
        for (at, (_, accepted, defaults)) in KNOWN.iter().enumerate() {
            for logon in Logon::ALL {
                let slot = logon as usize;
                table.accepted[slot] |= u64::from(accepted & logon.bit() != 0) << at;
                table.defaults[slot] |= u64::from(defaults & logon.bit() != 0) << at;
            }
        }
        for logon in Logon::ALL {
            for name in &added[logon as usize] {
                let bit = table.bit(name).unwrap_or_else(|| table.append(name));
                table.accepted[logon as usize] |= bit;
                table.defaults[logon as usize] |= bit;
            }
        }
        table
    }

    /// How many actions a seed may add: the sets are 64 bits wide.
    pub(crate) const ADDED_AT_MOST: usize = 64 - KNOWN.len();

    fn append(&mut self, name: &str) -> u64 {
        self.names.push(name.into());
        1 << (self.names.len() - 1)
    }

    fn bit(&self, name: &str) -> Option<u64> {
        let at = self.names.iter().position(|known| known.eq_ignore_ascii_case(name.trim()))?;
        Some(1 << at)
    }

    pub(crate) fn default_of(&self, logon: Logon) -> u64 {
        self.defaults[logon as usize]
    }

    /// Every value of the enum, as the conversion error lists them.
    pub(crate) fn enum_values(&self) -> String {
        let mut values = String::from("None");
        for name in &self.names {
            values.push_str(", ");
            values.push_str(name);
        }
        values
    }

    /// A list as a write of today may carry it.
    pub(crate) fn written(&self, names: &[String], logon: Logon) -> Result<u64, ActionError> {
        let bits = self.any(names)?;
        if bits & MESSAGE_BIND != 0 {
            return Err(ActionError::Deprecated);
        }
        if bits & !self.accepted[logon as usize] != 0 {
            return Err(ActionError::NotAccepted);
        }
        Ok(bits)
    }

    /// A list as a seed may hold it: what a write of earlier years left behind counts too, so an
    /// Admin list may still hold `MessageBind`.
    pub(crate) fn stored(&self, names: &[String], logon: Logon) -> Result<u64, ActionError> {
        let bits = self.any(names)?;
        let once = if logon == Logon::Admin { MESSAGE_BIND } else { 0 };
        if bits & !(self.accepted[logon as usize] | once) != 0 {
            return Err(ActionError::NotAccepted);
        }
        Ok(bits)
    }

    /// Names to bits, whatever the logon type; `None` alone is the empty set.
    pub(crate) fn any(&self, names: &[String]) -> Result<u64, ActionError> {
        let mut bits = 0;
        let mut none = false;
        for name in names {
            if name.trim().eq_ignore_ascii_case("None") {
                none = true;
                continue;
            }
            bits |= self.bit(name).ok_or_else(|| ActionError::Unknown(name.clone()))?;
        }
        if none && bits != 0 { Err(ActionError::NoneAmongOthers) } else { Ok(bits) }
    }

    /// The names of a set, in the service's order.
    pub(crate) fn names(&self, bits: u64) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .enumerate()
            .filter(move |(at, _)| bits & (1 << at) != 0)
            .map(|(_, name)| &**name)
    }
}

/// The sentence of the service for an action that a logon type does not take.
///
/// Admin: office-docs-powershell#2710, Delegate: microsoft-365-docs#5241, both verbatim; they lag
/// behind what is accepted, and so does this. Owner: in the same manner, not published.
pub(crate) fn not_accepted_text(logon: Logon) -> String {
    let supported = match logon {
        Logon::Admin => {
            "None, Create, FolderBind, MessageBind, SendAs, SendOnBehalf, SoftDelete, HardDelete, \
             Update, Move, Copy, MoveToDeletedItems and UpdateFolderPermissions"
        }
        Logon::Delegate => {
            "None, Create, FolderBind, SendAs, SendOnBehalf, SoftDelete, HardDelete, Update, Move, \
             MoveToDeletedItems and UpdateFolderPermissions"
        }
        Logon::Owner => {
            "None, Create, SoftDelete, HardDelete, Update, Move, MoveToDeletedItems, MailboxLogin \
             and UpdateFolderPermissions"
        }
    };
    let logon = logon.name();
    format!(
        "Invalid audit operation specified. Supported audit operations for {logon} are {supported}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ActionTable {
        ActionTable::new(&[vec![], vec![], vec![]])
    }

    fn list(names: &str) -> Vec<String> {
        names.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn the_default_sets_have_the_captured_order() {
        let table = table();
        let shown = |logon| table.names(table.default_of(logon)).collect::<Vec<_>>().join(",");
        assert_eq!(
            shown(Logon::Admin),
            "Update,MoveToDeletedItems,SoftDelete,HardDelete,SendAs,SendOnBehalf,Create,\
             UpdateFolderPermissions,UpdateInboxRules,UpdateCalendarDelegation,ApplyRecord,\
             MailItemsAccessed,Send"
        );
        assert_eq!(
            shown(Logon::Delegate),
            "Update,MoveToDeletedItems,SoftDelete,HardDelete,SendAs,SendOnBehalf,Create,\
             UpdateFolderPermissions,UpdateInboxRules,ApplyRecord,MailItemsAccessed"
        );
        assert_eq!(
            shown(Logon::Owner),
            "Update,MoveToDeletedItems,SoftDelete,HardDelete,UpdateFolderPermissions,\
             UpdateInboxRules,UpdateCalendarDelegation,ApplyRecord,MailItemsAccessed,Send"
        );
    }

    #[test]
    fn names_are_matched_whatever_their_case() {
        assert_eq!(table().written(&list("harddelete"), Logon::Owner), Ok(32));
    }

    #[test]
    fn an_action_is_refused_where_its_logon_type_does_not_take_it() {
        for (action, logon) in [
            ("Copy", Logon::Delegate),
            ("Send", Logon::Delegate),
            ("MailboxLogin", Logon::Admin),
            ("FolderBind", Logon::Owner),
            ("SearchQueryInitiated", Logon::Admin),
        ] {
            let refused = table().written(&list(action), logon);
            assert_eq!(refused, Err(ActionError::NotAccepted), "{action} for {logon:?}");
        }
    }

    #[test]
    fn none_clears_alone_and_is_an_error_beside_others() {
        assert_eq!(table().written(&list("None"), Logon::Admin), Ok(0));
        let both = table().written(&list("None,Update"), Logon::Admin);
        assert_eq!(both, Err(ActionError::NoneAmongOthers));
    }

    #[test]
    fn message_bind_may_be_left_over_but_not_written() {
        assert_eq!(
            table().written(&list("MessageBind"), Logon::Admin),
            Err(ActionError::Deprecated)
        );
        assert!(table().stored(&list("MessageBind"), Logon::Admin).is_ok());
    }

    #[test]
    fn an_action_that_microsoft_added_is_in_the_default_and_may_be_written() {
        let table = ActionTable::new(&[vec!["ReadLabel".into()], vec![], vec![]]);
        let admin: Vec<_> = table.names(table.default_of(Logon::Admin)).collect();
        assert_eq!(admin.last(), Some(&"ReadLabel"));
        assert!(table.written(&list("ReadLabel"), Logon::Admin).is_ok());
        assert!(table.written(&list("ReadLabel"), Logon::Owner).is_err());
    }
}
