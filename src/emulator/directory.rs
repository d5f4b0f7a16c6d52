//! Who is in the tenant: addresses, identifiers and types, in columns, with the ways to find one.
//! Made once from a seed and never changed afterwards, so it is read without a lock. Audit
//! settings are elsewhere (`tenant.rs`), by the same row number.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use uuid::Uuid;

use super::recipient::RecipientType;

/// A row of the directory.
pub(crate) type Row = u32;

/// What is known of a mailbox before it gets a row.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) upn: &'a str,
    pub(crate) kind: RecipientType,
    pub(crate) inactive: bool,
    pub(crate) proxy_addresses: &'a [String],
}

/// An identity that names no mailbox, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOne {
    Absent,
    Ambiguous,
}

/// The mailboxes in listing order. About 110 bytes each: at a million mailboxes a `String` and a
/// map node apiece would cost several times that.
#[derive(Debug)]
pub(crate) struct Directory {
    tenant_id: Uuid,
    /// All UPNs, end to end; `ends[row]` closes the one of `row`.
    upns: String,
    ends: Vec<u32>,
    guids: Vec<Uuid>,
    kinds: Vec<RecipientType>,
    inactive: Vec<bool>,
    /// Few mailboxes have further addresses.
    proxies: BTreeMap<Row, Vec<String>>,
    by_guid: Lookup,
    by_address: Lookup,
    by_name: Lookup,
}

/// Over a Guid, by exclusive or, these give the mailbox's other identifiers, which therefore take no memory.
/// Bytes 6 and 8 stay, as they hold the version.
const OBJECT_ID: u128 = 0x5a17_c3d9_8be4_0061_0092_3fa6_d10c_77e5;
const EXCHANGE_GUID: u128 = 0x93e0_4b2a_1f76_00c8_00d4_8811_6e35_02ba;

impl Directory {
    pub(crate) fn with_capacity(tenant_id: Uuid, mailboxes: usize) -> Self {
        Self {
            tenant_id,
            upns: String::with_capacity(mailboxes * 32),
            ends: Vec::with_capacity(mailboxes),
            guids: Vec::with_capacity(mailboxes),
            kinds: Vec::with_capacity(mailboxes),
            inactive: Vec::with_capacity(mailboxes),
            proxies: BTreeMap::new(),
            by_guid: Lookup::with_capacity(mailboxes),
            by_address: Lookup::with_capacity(mailboxes),
            by_name: Lookup::with_capacity(mailboxes * 2),
        }
    }

    /// Gives back what was reserved in vain.
    pub(crate) fn settle(&mut self) {
        self.upns.shrink_to_fit();
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn rows(&self) -> std::ops::Range<Row> {
        0..u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    /// Appends a mailbox; its Guid follows from the tenant and the UPN, so that equal seeds give
    /// equal tenants. Refuses an address that is taken.
    pub(crate) fn add(&mut self, entry: &Entry<'_>) -> Result<Row, String> {
        for address in entry.proxy_addresses.iter().map(String::as_str).chain([entry.upn]) {
            if self.by_address(address).is_some() {
                return Err(address.to_owned());
            }
        }
        let row = self.rows().end;
        self.upns.push_str(entry.upn);
        let Ok(end) = u32::try_from(self.upns.len()) else {
            return Err(entry.upn.to_owned());
        };
        self.ends.push(end);
        let digest = Uuid::new_v5(&self.tenant_id, entry.upn.to_ascii_lowercase().as_bytes());
        let guid = uuid::Builder::from_random_bytes(digest.into_bytes()).into_uuid();
        self.guids.push(guid);
        self.kinds.push(entry.kind);
        self.inactive.push(entry.inactive);
        self.by_guid.insert(hash(guid.as_bytes()), row);
        self.by_address.insert(hash_folded(entry.upn), row);
        for address in entry.proxy_addresses {
            self.by_address.insert(hash_folded(address), row);
        }
        if !entry.proxy_addresses.is_empty() {
            self.proxies.insert(row, entry.proxy_addresses.to_vec());
        }
        self.by_name.insert(hash_folded(self.alias(row)), row);
        let display_name = self.display_name(row);
        if !display_name.eq_ignore_ascii_case(self.alias(row)) {
            self.by_name.insert(hash_folded(&display_name), row);
        }
        Ok(row)
    }

    pub(crate) fn upn(&self, row: Row) -> &str {
        let at = row as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.upns[start as usize..self.ends[at] as usize]
    }

    /// The part of the UPN before the `@`; it is the Name as well.
    pub(crate) fn alias(&self, row: Row) -> &str {
        let upn = self.upn(row);
        upn.split_once('@').map_or(upn, |(local, _)| local)
    }

    /// `maria.lopez2` is Maria Lopez, `projector-12` is Projector 12: so display names repeat, as
    /// they do in real tenants.
    pub(crate) fn display_name(&self, row: Row) -> String {
        let mut name = self.alias(row);
        if self.kind(row).is_person() {
            name = name.trim_end_matches(|c: char| c.is_ascii_digit());
        }
        let mut shown = String::with_capacity(name.len());
        for word in name.split(['.', '-', '_']).filter(|word| !word.is_empty()) {
            if !shown.is_empty() {
                shown.push(' ');
            }
            let mut letters = word.chars();
            shown.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            shown.push_str(letters.as_str());
        }
        shown
    }

    pub(crate) fn kind(&self, row: Row) -> RecipientType {
        self.kinds[row as usize]
    }

    pub(crate) fn is_inactive(&self, row: Row) -> bool {
        self.inactive[row as usize]
    }

    pub(crate) fn guid(&self, row: Row) -> Uuid {
        self.guids[row as usize]
    }

    pub(crate) fn exchange_guid(&self, row: Row) -> Uuid {
        Uuid::from_u128(self.guid(row).as_u128() ^ EXCHANGE_GUID)
    }

    /// The mailbox's object in Entra ID.
    pub(crate) fn object_id(&self, row: Row) -> Uuid {
        Uuid::from_u128(self.guid(row).as_u128() ^ OBJECT_ID)
    }

    pub(crate) fn proxy_addresses(&self, row: Row) -> &[String] {
        self.proxies.get(&row).map_or(&[], Vec::as_slice)
    }

    /// By `Guid`, `ExchangeGuid` or `ExternalDirectoryObjectId`.
    pub(crate) fn by_guid(&self, guid: Uuid) -> Option<Row> {
        [0, EXCHANGE_GUID, OBJECT_ID].into_iter().find_map(|mask| {
            let guid = Uuid::from_u128(guid.as_u128() ^ mask);
            self.by_guid.find(hash(guid.as_bytes()), |row| self.guid(row) == guid)
        })
    }

    pub(crate) fn by_upn(&self, upn: &str) -> Option<Row> {
        let folded = hash_folded(upn);
        self.by_address.find(folded, |row| self.upn(row).eq_ignore_ascii_case(upn))
    }

    /// By UPN or any proxy address.
    pub(crate) fn by_address(&self, address: &str) -> Option<Row> {
        self.by_address.find(hash_folded(address), |row| {
            self.upn(row).eq_ignore_ascii_case(address)
                || self.proxy_addresses(row).iter().any(|proxy| proxy.eq_ignore_ascii_case(address))
        })
    }

    /// The mailbox that an `Identity` means, among those that `visible` admits.
    pub(crate) fn resolve(
        &self,
        identity: &str,
        visible: impl Fn(Row) -> bool,
    ) -> Result<Row, NotOne> {
        let identity = identity.trim();
        if let Ok(guid) = Uuid::try_parse(identity) {
            return self.by_guid(guid).filter(|row| visible(*row)).ok_or(NotOne::Absent);
        }
        if let Some(row) = self.by_address(identity).filter(|row| visible(*row)) {
            return Ok(row);
        }
        let name = common_name(identity).unwrap_or(identity);
        let mut named = self.by_name.candidates(hash_folded(name)).filter(|row| {
            visible(*row)
                && (self.alias(*row).eq_ignore_ascii_case(name)
                    || self.display_name(*row).eq_ignore_ascii_case(name))
        });
        match (named.next(), named.next()) {
            (None, _) => Err(NotOne::Absent),
            (Some(row), None) => Ok(row),
            (Some(_), Some(_)) => Err(NotOne::Ambiguous),
        }
    }
}

/// The first part of a distinguished name, which is the mailbox's Name.
fn common_name(identity: &str) -> Option<&str> {
    let rest = identity.get(..3).filter(|start| start.eq_ignore_ascii_case("CN="))?;
    let name = identity[rest.len()..].split(',').next()?;
    Some(name.trim())
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

fn hash_folded(text: &str) -> u64 {
    hash(text.to_ascii_lowercase().as_bytes())
}

/// An open-addressing table of row numbers alone; the keys stay in the columns. A standard map
/// would hold them a second time.
#[derive(Debug)]
struct Lookup {
    slots: Vec<Row>,
    filled: usize,
    /// Full hashes are not kept, so growing asks for them again; capacities are given up front.
    spill: Vec<(u64, Row)>,
}

const EMPTY: Row = Row::MAX;

impl Lookup {
    fn with_capacity(keys: usize) -> Self {
        let slots = (keys.max(4) * 3 / 2).next_power_of_two();
        Self { slots: vec![EMPTY; slots], filled: 0, spill: Vec::new() }
    }

    fn insert(&mut self, hash: u64, row: Row) {
        if (self.filled + 1) * 8 > self.slots.len() * 7 {
            // Only a seed with very many proxy addresses comes here.
            self.spill.push((hash, row));
            return;
        }
        let mut at = self.start(hash);
        while self.slots[at] != EMPTY {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = row;
        self.filled += 1;
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked to the table's size just after")]
    fn start(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    /// Every row that may have the hash.
    fn candidates(&self, hash: u64) -> impl Iterator<Item = Row> {
        let (start, slots) = (self.start(hash), &self.slots);
        (0..slots.len())
            .map(move |step| slots[(start + step) & (slots.len() - 1)])
            .take_while(|row| *row != EMPTY)
            .chain(self.spill.iter().filter(move |(known, _)| *known == hash).map(|(_, row)| *row))
    }

    fn find(&self, hash: u64, is_it: impl Fn(Row) -> bool) -> Option<Row> {
        self.candidates(hash).find(|row| is_it(*row))
    }
}
