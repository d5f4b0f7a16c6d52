//! A request as rules see it: which service it is for, which cmdlet it runs, which mailbox it
//! names. Nothing is judged here, and a request that makes no sense is a subject too.

use axum::http::Method;
use serde_json::Value;

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
    /// The one mailbox that it names; none in a listing.
    pub(crate) mailbox: Option<Row>,
    pub(crate) service: Service,
}

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
    pub(crate) fn of(method: &Method, path: &str, body: &[u8], tenant: &Tenant) -> Self {
        let service = Service::of(path);
        let mut subject =
            Self { method: method.clone(), path: path.to_owned(), service, ..Self::default() };
        if service == Service::Exchange {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let input = &body["CmdletInput"];
            subject.cmdlet = input["CmdletName"].as_str().map(str::to_owned);
            let identity = input["Parameters"]["Identity"].as_str();
            let identity = identity.filter(|identity| !identity.trim().is_empty());
            subject.mailbox =
                identity.and_then(|identity| tenant.directory.resolve(identity, |_| true).ok());
        }
        subject
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

pub(crate) fn is_read(cmdlet: &str) -> bool {
    cmdlet.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("Get-"))
}
