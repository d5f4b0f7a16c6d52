//! `GET /_emulator/state`: the whole tenant as it is stored, for tests and for curious users.
//! Written row by row from one snapshot, in listing order; the directory comes first, sorted by
//! id. It holds no clock, counter, token or access record, so that equal tenants give equal bytes.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use hyper::body::Frame;
use serde_json::json;

use super::audit::time_span;
use super::directory::Row;
use super::exchange::mailbox_record::Shown;
use super::graph;
use super::message::{Answer, Content};
use super::service::Service;
use super::tenant::Snapshot;
use crate::emulator::actions::Logon;

/// Rows in one piece of the stream.
const PIECE: Row = 500;

pub(crate) fn state(service: &Arc<Service>) -> Answer {
    let document =
        Document { service: Arc::clone(service), snapshot: service.tenant.snapshot(), next: None };
    let mut answer = Answer::new(StatusCode::OK, "application/json; charset=utf-8", Vec::new());
    answer.content = Content::Stream(Body::new(document));
    answer
}

#[derive(Debug)]
struct Document {
    service: Arc<Service>,
    snapshot: Snapshot,
    /// The next row; none before the head is written.
    next: Option<Row>,
}

impl Document {
    fn piece(&mut self) -> Option<Vec<u8>> {
        let end = self.service.tenant.directory.rows().end;
        let Some(from) = self.next else {
            self.next = Some(0);
            return Some(self.head());
        };
        if from > end {
            return None;
        }
        if from == end {
            self.next = Some(end + 1);
            return Some(b"\n]}\n".to_vec());
        }
        let until = from.saturating_add(PIECE).min(end);
        self.next = Some(until);
        let mut piece = Vec::with_capacity(PIECE as usize * 700);
        for row in from..until {
            piece.extend_from_slice(if row == 0 { b"\n" } else { b",\n" });
            piece.extend_from_slice(self.mailbox(row).to_string().as_bytes());
        }
        Some(piece)
    }

    fn head(&self) -> Vec<u8> {
        let (tenant, organization) = (&self.service.tenant, self.snapshot.organization);
        let head = json!({
            "TenantId": tenant.id.to_string(),
            "Organization": tenant.organization,
            "IsDehydrated": organization.dehydrated,
            "UnifiedAuditLogIngestionEnabled": organization.unified_audit_log,
            "AuditDisabled": !organization.mailbox_auditing,
        });
        let mut text = head.to_string();
        text.pop();
        for (name, rows) in graph::state(&self.service) {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":[");
            for (number, row) in rows.iter().enumerate() {
                text.push_str(if number == 0 { "\n" } else { ",\n" });
                text.push_str(&row.to_string());
            }
            text.push_str("]\n");
        }
        text.push_str(",\"Mailboxes\":[");
        text.into_bytes()
    }

    /// Names as Get-Mailbox has them; what it does not show is added in the same manner.
    fn mailbox(&self, row: Row) -> serde_json::Value {
        let tenant = &self.service.tenant;
        let directory = &tenant.directory;
        let audit = self.snapshot.patterns[self.snapshot.audits[row as usize] as usize];
        let auditing = self.snapshot.organization.mailbox_auditing;
        let shown = Shown { tenant, row, audit: &audit, auditing };
        json!({
            "UserPrincipalName": directory.upn(row),
            "Guid": directory.guid(row).to_string(),
            "RecipientTypeDetails": directory.kind(row).name(),
            "IsInactiveMailbox": directory.is_inactive(row),
            "ProxyAddresses": directory.proxy_addresses(row),
            "AuditEnabled": shown.effectively_enabled(),
            "StoredAuditEnabled": audit.enabled,
            "AuditAdmin": shown.list(Logon::Admin),
            "AuditDelegate": shown.list(Logon::Delegate),
            "AuditOwner": shown.list(Logon::Owner),
            "DefaultAuditSet": shown.default_set(),
            "AuditLogAgeLimit": time_span(audit.age_seconds),
            "AuditLogErased": audit.erased,
        })
    }
}

impl hyper::body::Body for Document {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.piece().map(|piece| Ok(Frame::data(piece.into()))))
    }
}
