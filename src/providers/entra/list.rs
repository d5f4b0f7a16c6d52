//! Lists, page by page, to the end: a list is only whole when an answer without a link has come,
//! and every link before it led to the service itself and to a page that was not read before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::Inner;
use super::call::{Call, Reply, without_place};
use super::errors::{GraphError, GraphErrorKind};

/// A list that goes on without rows for this long does not end.
const MAX_EMPTY_PAGES: u32 = 10;
/// How often a list is begun again because a link had expired.
const RESTARTS: u32 = 2;

#[derive(Deserialize)]
struct Page {
    value: Vec<Value>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

/// From page to page; pure.
struct Walk {
    base: Url,
    seen: BTreeSet<String>,
    pages: u64,
    empty_pages: u32,
    /// By `id`: the order of a list is not to be relied on, and a row may come twice.
    rows: BTreeMap<String, Value>,
}

impl Walk {
    fn new(first: &Url) -> Self {
        let seen = BTreeSet::from([first.as_str().to_owned()]);
        Self { base: first.clone(), seen, pages: 0, empty_pages: 0, rows: BTreeMap::new() }
    }

    /// Where to go after a page, `None` at the end; the error is why the list is not complete.
    fn step(&mut self, page: Page) -> Result<Option<Url>, String> {
        self.pages += 1;
        self.empty_pages = if page.value.is_empty() { self.empty_pages + 1 } else { 0 };
        for row in page.value {
            self.take(row)?;
        }
        let Some(link) = page.next_link else { return Ok(None) };
        if self.empty_pages >= MAX_EMPTY_PAGES {
            return Err(format!("{MAX_EMPTY_PAGES} pages in a row are empty"));
        }
        let next = Url::parse(&link).map_err(|_| "its link is no address".to_owned())?;
        if next.origin() != self.base.origin() {
            let host = next.origin().ascii_serialization();
            return Err(format!("its link leads to another host, `{host}`, and was not followed"));
        }
        if !self.seen.insert(next.as_str().to_owned()) {
            return Err("its link was followed before".to_owned());
        }
        Ok(Some(next))
    }

    fn take(&mut self, row: Value) -> Result<(), String> {
        let Some(id) = row.get("id").and_then(Value::as_str) else {
            return Err("a row has no `id`".to_owned());
        };
        match self.rows.get(id) {
            Some(before) if *before == row => Ok(()),
            Some(_) => Err(format!("two rows with the id {id} differ")),
            None => {
                self.rows.insert(id.to_owned(), row);
                Ok(())
            }
        }
    }
}

impl Inner {
    /// All rows of a list.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        first: Call,
    ) -> Result<Vec<T>, GraphError> {
        self.list_with_reply(first).await.map(|(rows, _)| rows)
    }

    /// All rows of a list, and the last page's answer for errors about what they hold.
    pub(super) async fn list_with_reply<T: DeserializeOwned>(
        &self,
        first: Call,
    ) -> Result<(Vec<T>, Reply), GraphError> {
        let mut restarts = 0;
        loop {
            let mut walk = Walk::new(&first.url);
            match self.walk(&first, &mut walk).await {
                Ok(last) => return Ok((rows(walk, &last)?, last)),
                Err(error) if walk.pages > 0 && restarts < RESTARTS && is_expired(&error) => {
                    restarts += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The last page's answer.
    async fn walk(&self, first: &Call, walk: &mut Walk) -> Result<Reply, GraphError> {
        let mut call = first.clone();
        loop {
            let reply = self.call(&call).await?;
            let page = reply.parse::<Page>()?;
            match walk.step(page) {
                Ok(Some(next)) => call.url = next,
                Ok(None) => return Ok(reply),
                Err(reason) => {
                    let reason = format!("page {}: {reason}", walk.pages);
                    return Err(reply.error(GraphErrorKind::Incomplete, &reason));
                }
            }
        }
    }
}

fn is_expired(error: &GraphError) -> bool {
    error.code.as_deref() == Some("Directory_ExpiredPageToken")
}

fn rows<T: DeserializeOwned>(walk: Walk, last: &Reply) -> Result<Vec<T>, GraphError> {
    let parse = |(id, row): (String, Value)| {
        serde_json::from_value(row).map_err(|error| {
            let reason = format!("the row {id}: {}", without_place(&error));
            last.error(GraphErrorKind::BadAnswer, &reason)
        })
    };
    walk.rows.into_iter().map(parse).collect()
}
