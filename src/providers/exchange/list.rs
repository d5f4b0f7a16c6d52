//! Lists of mailboxes, page by page: pages are asked for by POST of the same body with the same
//! anchor and cookies, and a list is only over when an answer says so in every way that it can.

use std::collections::BTreeSet;

use url::Url;
use uuid::Uuid;

use super::effort::Effort;
use super::read::{Page, RowFault};
use super::wire::{Anchor, Command};
use super::{Exchange, ReadError, row};
use crate::client::EndpointClass;
use crate::resource::{ActionVocabulary, RecipientType};
use crate::state::MailboxRow;

/// A list that goes on without rows for this long does not end.
const MAX_EMPTY_PAGES: u32 = 10;

/// Which mailboxes to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxQuery {
    /// The types; either without `GroupMailbox` or that alone, since the service lists groups
    /// apart.
    pub recipient_types: Vec<RecipientType>,
    /// Whether to read the primary and the proxy addresses too.
    pub addresses: bool,
    /// Rows per page, 1000 at most.
    pub page_size: u16,
}

/// How a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListEnd {
    /// Rows on all pages, each page counted once.
    pub rows: u64,
    /// Pages.
    pub pages: u64,
    /// The last page held as many rows as were asked for and had no link: to be confirmed by
    /// reading again with another page size before it is believed.
    pub last_page_full: bool,
}

/// The caller does not take a row, which ends the read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RowRefused(pub String);

impl Exchange {
    /// Lists mailboxes and hands over each row as it comes. All rows are provisional until this
    /// returns `Ok`. A page that breaks off is asked for again, so rows may be delivered twice: tell
    /// them apart by their Guid. The lists of group mailboxes are delivered as they stand and are,
    /// as Microsoft says, not to be believed.
    pub async fn mailboxes(
        &self,
        query: &MailboxQuery,
        vocabulary: &mut ActionVocabulary,
        on_row: &mut (dyn FnMut(&MailboxRow<'_>) -> Result<(), RowRefused> + Send),
    ) -> Result<ListEnd, ReadError> {
        let page_size = query.page_size.clamp(1, 1000);
        let command = Command::mailboxes(&query.recipient_types, query.addresses, page_size);
        let class = EndpointClass::ExchangeRead;
        let mut request = self.session().request(&command, &Anchor::Organization, class);
        let mut take = |bytes: &[u8]| -> Result<(), RowFault> {
            let row = row::parse(bytes, vocabulary, query.addresses).map_err(RowFault::Broken)?;
            expect_type(query, &row)?;
            on_row(&row).map_err(RowFault::Refused)
        };
        let mut walk = Walk::new(self.inner.options.base.clone());
        loop {
            let mut effort = Effort::new(&self.inner, &self.inner.options.read_policy, true);
            let page = walk.pages + 1;
            let answer = self.page(&mut effort, &mut request, page, &mut take).await?;
            match walk.step(&answer) {
                Ok(Some(next)) => request.url = next,
                Ok(None) => return Ok(walk.end(&answer, page_size)),
                Err(reason) => {
                    let trace = answer.trace;
                    return Err(ReadError::Incomplete { page, reason, trace });
                }
            }
        }
    }
}

impl Exchange {
    /// Reads one mailbox again, by its Guid; whether it is there. Where the service says that nothing
    /// has this Guid, it is not.
    pub async fn mailbox(
        &self,
        guid: Uuid,
        kind: RecipientType,
        vocabulary: &mut ActionVocabulary,
        on_row: &mut (dyn FnMut(&MailboxRow<'_>) -> Result<(), RowRefused> + Send),
    ) -> Result<bool, ReadError> {
        let command = Command::mailbox(guid, kind);
        let class = EndpointClass::ExchangeRead;
        let mut request = self.session().request(&command, &Anchor::Guid(guid), class);
        let mut effort = Effort::new(&self.inner, &self.inner.options.read_policy, true);
        let mut take = |bytes: &[u8]| -> Result<(), RowFault> {
            let row = row::parse(bytes, vocabulary, false).map_err(RowFault::Broken)?;
            on_row(&row).map_err(RowFault::Refused)
        };
        match self.page(&mut effort, &mut request, 1, &mut take).await {
            Ok(page) if page.rows == 1 && page.envelope.next_link.is_none() => Ok(true),
            Ok(page) => {
                let reason = format!("it holds {} rows and should hold one", page.rows);
                Err(ReadError::Incomplete { page: 1, reason, trace: page.trace })
            }
            Err(ReadError::Refused { exception: Some(exception), .. })
                if exception.ends_with("ManagementObjectNotFoundException") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

fn expect_type(query: &MailboxQuery, row: &MailboxRow<'_>) -> Result<(), RowFault> {
    if query.recipient_types.contains(&row.recipient_type) {
        return Ok(());
    }
    Err(RowFault::Broken(row::RowProblem {
        identity: row.upn.to_string(),
        field: "RecipientTypeDetails",
        problem: format!("is `{}`, which was not asked for", row.recipient_type),
    }))
}

/// From page to page; pure.
struct Walk {
    base: Url,
    seen: BTreeSet<String>,
    rows: u64,
    pages: u64,
    empty_pages: u32,
}

impl Walk {
    fn new(base: Url) -> Self {
        Self { base, seen: BTreeSet::new(), rows: 0, pages: 0, empty_pages: 0 }
    }

    /// Where to go after a page, `None` at the end; the error is why the list is not complete.
    fn step(&mut self, page: &Page) -> Result<Option<Url>, String> {
        self.pages += 1;
        self.rows += page.rows;
        let Some(link) = &page.envelope.next_link else {
            // The service says so when it cuts a list, and does so without being asked.
            let warnings = page.envelope.warnings();
            let cut = warnings.iter().find(|text| text.to_lowercase().contains("resultsize"));
            return match cut {
                Some(warning) => Err(format!("the service has cut the list: {warning}")),
                None => Ok(None),
            };
        };
        self.empty_pages = if page.rows == 0 { self.empty_pages + 1 } else { 0 };
        if self.empty_pages >= MAX_EMPTY_PAGES {
            return Err(format!("{MAX_EMPTY_PAGES} pages in a row hold no mailbox"));
        }
        let next = Url::parse(link).map_err(|_| "its link is no address".to_owned())?;
        if next.origin() != self.base.origin() {
            let host = next.origin().ascii_serialization();
            return Err(format!("its link leads to another host, `{host}`, and was not followed"));
        }
        if !self.seen.insert(next.as_str().to_owned()) {
            return Err("its link was followed before".to_owned());
        }
        Ok(Some(next))
    }

    fn end(&self, last: &Page, page_size: u16) -> ListEnd {
        let last_page_full = last.rows >= u64::from(page_size);
        ListEnd { rows: self.rows, pages: self.pages, last_page_full }
    }
}
