//! A request as rules see it: which service it is for, which cmdlet it runs, which mailbox it
//! names. Nothing is judged here, and a request that makes no sense is a subject too.

use axum::http::Method;
use axum::http::request::Parts;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::emulator::directory::Row;
use crate::emulator::tenant::Tenant;

/// What a request is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) method: Method,
    /// Without its query.
    pub(crate) path: String,
    /// As sent; of Exchange alone.
    pub(crate) cmdlet: Option<String>,
    /// What it calls the one object that it is about; none in a listing.
    pub(crate) identity: Option<String>,
    /// The mailbox of that name.
    pub(crate) mailbox: Option<Row>,
    /// `X-AnchorMailbox`.
    pub(crate) anchor: Option<String>,
    /// Asks for a further page.
    pub(crate) continues: bool,
    /// Of the token.
    pub(crate) bearer: Option<TokenDigest>,
    pub(crate) service: Service,
}

/// Stands for a token, which is kept nowhere.
pub(crate) type TokenDigest = [u8; 32];

/// Who answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Service {
    /// Where tokens are issued.
    Token,
    Graph,
    Exchange,
    /// Discovery and whatever else.
    #[default]
    Other,
}

/// What a limit is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Writes,
    Reads,
    Graph,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::Reads => "reads",
            Self::Graph => "graph",
        }
    }
}

impl Service {
    pub(crate) fn of(path: &str) -> Self {
        if path.ends_with("/oauth2/v2.0/token")
            || path == "/metadata/identity/oauth2/token"
            || path == "/msi/token"
        {
            Self::Token
        } else if path.starts_with("/v1.0/") || path.starts_with("/beta/") {
            Self::Graph
        } else if path.starts_with("/adminapi/") {
            Self::Exchange
        } else {
            Self::Other
        }
    }
}

impl Subject {
    pub(crate) fn of(parts: &Parts, body: &[u8], tenant: &Tenant) -> Self {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        let mut names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let mut subject = Self {
            method: parts.method.clone(),
            path: path.to_owned(),
            service: Service::of(path),
            anchor: header("x-anchormailbox").map(str::to_owned),
            continues: names.any(|name| name == "$skiptoken" || name == "skiptoken"),
            bearer: bearer.map(digest),
            ..Self::default()
        };
        if subject.service == Service::Exchange {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let input = &body["CmdletInput"];
            subject.cmdlet = input["CmdletName"].as_str().map(str::to_owned);
            let identity = input["Parameters"]["Identity"].as_str();
            subject.identity =
                identity.filter(|identity| !identity.trim().is_empty()).map(str::to_owned);
            let mailbox = |name: &String| tenant.directory.resolve(name, |_| true).ok();
            subject.mailbox = subject.identity.as_ref().and_then(mailbox);
        }
        subject
    }

    /// Whether its anchor is of this form; a bare name is a UPN.
    pub(super) fn is_anchored_by(&self, form: &str) -> bool {
        let form_of = |anchor: &str| {
            anchor.split_once(':').map_or("UPN".to_owned(), |(form, _)| form.to_ascii_uppercase())
        };
        self.anchor.as_deref().is_some_and(|anchor| form_of(anchor) == form)
    }

    pub(crate) fn asks_for_a_token(&self) -> bool {
        self.service == Service::Token
    }

    pub(crate) fn is_graph(&self) -> bool {
        self.service == Service::Graph
    }

    pub(crate) fn is_exchange(&self) -> bool {
        self.service == Service::Exchange
    }

    pub(crate) fn is_of(&self, class: Class) -> bool {
        let reads = || self.cmdlet.as_ref().is_none_or(|name| is_read(name));
        match class {
            Class::Graph => self.service == Service::Graph,
            Class::Reads => self.service == Service::Exchange && reads(),
            Class::Writes => self.service == Service::Exchange && !reads(),
        }
    }

    /// What makes this request the same one when it comes again. No token, no time and no query,
    /// whose links differ from run to run.
    pub(super) fn key(&self) -> String {
        let cmdlet = self.cmdlet.as_deref().unwrap_or_default();
        let mailbox = self.mailbox.map(|row| row.to_string()).unwrap_or_default();
        format!("{} {} {cmdlet} {mailbox}", self.method, self.path)
    }
}

/// What stands for this token.
pub(super) fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.trim()).into()
}

pub(crate) fn is_read(cmdlet: &str) -> bool {
    cmdlet.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("Get-"))
}
