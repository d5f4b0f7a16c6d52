//! One row of `Get-Mailbox`: bytes in, a [`MailboxRow`] that borrows from them out. Action lists go
//! straight into bit sets. Strict: what is missing, null or unreadable is named and never becomes a
//! default. Keys that were not asked for, annotations among them, are skipped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use uuid::Uuid;

use crate::resource::{
    ActionSet, ActionVocabulary, AgeLimit, LogonType, LogonTypes, RecipientType,
};
use crate::state::{AuditState, MailboxRow};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowProblem {
    pub(crate) identity: String,
    pub(crate) field: &'static str,
    pub(crate) problem: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Guid,
    UserPrincipalName,
    RecipientTypeDetails,
    AuditEnabled,
    AuditAdmin,
    AuditDelegate,
    AuditOwner,
    DefaultAuditSet,
    AuditLogAgeLimit,
    PrimarySmtpAddress,
    EmailAddresses,
    NotAskedFor,
}

impl Field {
    fn of_key(key: &str) -> Self {
        match key {
            "Guid" => Self::Guid,
            "UserPrincipalName" => Self::UserPrincipalName,
            "RecipientTypeDetails" => Self::RecipientTypeDetails,
            "AuditEnabled" => Self::AuditEnabled,
            "AuditAdmin" => Self::AuditAdmin,
            "AuditDelegate" => Self::AuditDelegate,
            "AuditOwner" => Self::AuditOwner,
            "DefaultAuditSet" => Self::DefaultAuditSet,
            "AuditLogAgeLimit" => Self::AuditLogAgeLimit,
            "PrimarySmtpAddress" => Self::PrimarySmtpAddress,
            "EmailAddresses" => Self::EmailAddresses,
            _ => Self::NotAskedFor,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Guid => "Guid",
            Self::UserPrincipalName => "UserPrincipalName",
            Self::RecipientTypeDetails => "RecipientTypeDetails",
            Self::AuditEnabled => "AuditEnabled",
            Self::AuditAdmin => "AuditAdmin",
            Self::AuditDelegate => "AuditDelegate",
            Self::AuditOwner => "AuditOwner",
            Self::DefaultAuditSet => "DefaultAuditSet",
            Self::AuditLogAgeLimit => "AuditLogAgeLimit",
            Self::PrimarySmtpAddress => "PrimarySmtpAddress",
            Self::EmailAddresses => "EmailAddresses",
            Self::NotAskedFor => "row",
        }
    }
}

/// What has been read of a row so far.
#[derive(Debug, Default)]
struct Partial<'a> {
    current: Option<Field>,
    guid: Option<Uuid>,
    upn: Option<Cow<'a, str>>,
    recipient_type: Option<RecipientType>,
    enabled: Option<bool>,
    admin: Option<ActionSet>,
    delegate: Option<ActionSet>,
    owner: Option<ActionSet>,
    default_audit_set: Option<LogonTypes>,
    log_age_limit: Option<AgeLimit>,
    primary_address: Option<Cow<'a, str>>,
    addresses: Option<Vec<Cow<'a, str>>>,
}

/// Reads a row. `addresses` tells whether the two address properties were asked for.
pub(crate) fn parse<'a>(
    bytes: &'a [u8],
    vocabulary: &mut ActionVocabulary,
    addresses: bool,
) -> Result<MailboxRow<'a>, RowProblem> {
    let mut partial = Partial::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = RowSeed { partial: &mut partial, vocabulary, addresses };
    let read = seed.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if let Err(error) = read {
        let field = partial.current.map_or("row", Field::name);
        return Err(partial.problem(field, cause(&error)));
    }
    partial.complete(addresses)
}

/// The cause alone: the row's own line and column tell nobody anything.
fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    if text.starts_with("invalid type: null") {
        "is null".into()
    } else {
        format!("is unreadable: {text}")
    }
}

impl<'a> Partial<'a> {
    fn problem(&self, field: &'static str, problem: String) -> RowProblem {
        let identity = match (&self.upn, self.guid) {
            (Some(upn), _) if !upn.is_empty() => upn.to_string(),
            (_, Some(guid)) => guid.to_string(),
            _ => "of unknown identity".to_owned(),
        };
        RowProblem { identity, field, problem }
    }

    fn complete(mut self, addresses: bool) -> Result<MailboxRow<'a>, RowProblem> {
        if self.upn.as_deref() == Some("") {
            return Err(self.problem(Field::UserPrincipalName.name(), "is empty".to_owned()));
        }
        let row = self.take(addresses);
        row.map_err(|field| self.problem(field.name(), "is missing".to_owned()))
    }

    /// The row, or the first field that is missing; leaves what identifies the row on failure.
    fn take(&mut self, addresses: bool) -> Result<MailboxRow<'a>, Field> {
        let audit = AuditState {
            enabled: self.enabled.ok_or(Field::AuditEnabled)?,
            admin: self.admin.ok_or(Field::AuditAdmin)?,
            delegate: self.delegate.ok_or(Field::AuditDelegate)?,
            owner: self.owner.ok_or(Field::AuditOwner)?,
            default_audit_set: self.default_audit_set.ok_or(Field::DefaultAuditSet)?,
            log_age_limit: self.log_age_limit.ok_or(Field::AuditLogAgeLimit)?,
        };
        let recipient_type = self.recipient_type.ok_or(Field::RecipientTypeDetails)?;
        let guid = self.guid.ok_or(Field::Guid)?;
        let (primary_address, addresses) = if addresses {
            let primary = self.primary_address.take().ok_or(Field::PrimarySmtpAddress)?;
            (primary, self.addresses.take().ok_or(Field::EmailAddresses)?)
        } else {
            (Cow::Borrowed(""), Vec::new())
        };
        let upn = self.upn.take().ok_or(Field::UserPrincipalName)?;
        Ok(MailboxRow { guid, upn, primary_address, addresses, recipient_type, audit })
    }
}

struct RowSeed<'r, 'a> {
    partial: &'r mut Partial<'a>,
    vocabulary: &'r mut ActionVocabulary,
    addresses: bool,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a mailbox")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(field)) = map.next_key()? {
            self.partial.current = Some(field);
            self.field(field, &mut map)?;
            self.partial.current = None;
        }
        Ok(())
    }
}

impl<'de> RowSeed<'_, 'de> {
    fn field<A: MapAccess<'de>>(&mut self, field: Field, map: &mut A) -> Result<(), A::Error> {
        let partial = &mut *self.partial;
        let actions = Actions(self.vocabulary);
        match field {
            Field::Guid => once(&mut partial.guid, map.next_value_seed(Read(guid))?),
            Field::UserPrincipalName => once(&mut partial.upn, map.next_value::<Text<'_>>()?.0),
            Field::RecipientTypeDetails => {
                once(&mut partial.recipient_type, map.next_value_seed(Read(recipient_type))?)
            }
            Field::AuditEnabled => once(&mut partial.enabled, map.next_value()?),
            Field::AuditAdmin => once(&mut partial.admin, map.next_value_seed(actions)?),
            Field::AuditDelegate => once(&mut partial.delegate, map.next_value_seed(actions)?),
            Field::AuditOwner => once(&mut partial.owner, map.next_value_seed(actions)?),
            Field::DefaultAuditSet => {
                once(&mut partial.default_audit_set, map.next_value::<Managed>()?.0)
            }
            Field::AuditLogAgeLimit => {
                once(&mut partial.log_age_limit, map.next_value_seed(Read(age_limit))?)
            }
            Field::PrimarySmtpAddress if self.addresses => {
                once(&mut partial.primary_address, map.next_value::<Text<'_>>()?.0)
            }
            Field::EmailAddresses if self.addresses => {
                let proxies: Vec<Text<'de>> = map.next_value()?;
                let addresses = proxies.into_iter().filter_map(|Text(proxy)| smtp(proxy)).collect();
                once(&mut partial.addresses, addresses)
            }
            _ => map.next_value::<IgnoredAny>().map(|_| ()),
        }
    }
}

/// A property that comes twice has no value that could be believed.
fn once<T, E: de::Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("it comes twice")),
    }
}

struct Key(Field);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let field = |key: &str| Ok(Field::of_key(key));
        Read(field).deserialize(deserializer).map(Key)
    }
}

/// A text that is borrowed where it holds no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text that is turned into something at once.
struct Read<F>(F);

impl<'de, T, F: FnOnce(&str) -> Result<T, String>> DeserializeSeed<'de> for Read<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> Result<T, String>> Visitor<'_> for Read<F> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

fn guid(text: &str) -> Result<Uuid, String> {
    match Uuid::try_parse(text) {
        Ok(guid) if !guid.is_nil() => Ok(guid),
        _ => Err(format!("`{text}` is no Guid")),
    }
}

fn recipient_type(text: &str) -> Result<RecipientType, String> {
    RecipientType::parse(text).ok_or_else(|| format!("`{text}` is no known type"))
}

fn age_limit(text: &str) -> Result<AgeLimit, String> {
    AgeLimit::parse_timespan(text).ok_or_else(|| format!("`{text}` is no time span"))
}

/// The address behind `smtp:` or `SMTP:`; other kinds of proxy address (`sip:`, `x500:`) are none
/// that a spec could mean.
fn smtp(proxy: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match proxy {
        Cow::Borrowed(text) => smtp_part(text).map(Cow::Borrowed),
        Cow::Owned(text) => smtp_part(&text).map(|address| Cow::Owned(address.to_owned())),
    }
}

fn smtp_part(proxy: &str) -> Option<&str> {
    let (kind, address) = proxy.split_once(':')?;
    kind.eq_ignore_ascii_case("smtp").then_some(address)
}

/// An action list, straight into a set.
struct Actions<'v>(&'v mut ActionVocabulary);

impl<'de> DeserializeSeed<'de> for Actions<'_> {
    type Value = ActionSet;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ActionSet, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Actions<'_> {
    type Value = ActionSet;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of actions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ActionSet, A::Error> {
        let mut set = ActionSet::EMPTY;
        loop {
            let add = |name: &str| self.0.add(set, name).map_err(|error| error.to_string());
            match list.next_element_seed(Read(add))? {
                Some(next) => set = next,
                None => return Ok(set),
            }
        }
    }
}

/// `DefaultAuditSet`.
struct Managed(LogonTypes);

impl<'de> Deserialize<'de> for Managed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ManagedVisitor).map(Self)
    }
}

struct ManagedVisitor;

impl<'de> Visitor<'de> for ManagedVisitor {
    type Value = LogonTypes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of logon types")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<LogonTypes, A::Error> {
        let mut set = LogonTypes::NONE;
        while let Some(logon) = list.next_element_seed(Read(logon_type))? {
            set = logon.map_or(set, |logon| set.with(logon));
        }
        Ok(set)
    }
}

/// `None` is how the service's enumerations say "nothing".
fn logon_type(text: &str) -> Result<Option<LogonType>, String> {
    match LogonType::parse(text) {
        None if !text.eq_ignore_ascii_case("None") => Err(format!("`{text}` is no logon type")),
        logon => Ok(logon),
    }
}

#[cfg(test)]
mod tests;
