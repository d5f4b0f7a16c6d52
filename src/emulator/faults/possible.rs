//! Whether a rule can ever match, asked of every kind of request that there is instead of by rules
//! about rules: a rule that takes none of them is a mistake.

use axum::http::Method;

use super::file::{RouteSettings, RuleSettings};
use super::rule::{Route, Selector};
use super::subject::{Service, Subject};
use crate::emulator::exchange::cmdlet::Cmdlet;

/// Stands for the mailbox that a rule names, which nobody has looked for yet.
const NAMED: u32 = 0;

impl RuleSettings {
    pub(super) fn can_match(&self) -> bool {
        let route = self.route.as_ref().and_then(|(route, _)| match route {
            RouteSettings::Of(service) => Some(Route::Of(*service)),
            // Which paths there are depends on the tenant.
            RouteSettings::Path(_) => None,
        });
        let selector = Selector {
            route,
            method: self.method.clone(),
            cmdlet: self.cmdlet.clone(),
            mailbox: self.mailbox.as_ref().map(|_| NAMED),
        };
        requests().iter().any(|request| selector.takes(request, self.harm.as_ref()))
    }
}

/// One of each kind, with all that a request may carry.
fn requests() -> Vec<Subject> {
    let mut all = Vec::new();
    let one = |service, method: &Method, continues| Subject {
        method: method.clone(),
        service,
        continues,
        bearer: (service != Service::Token).then_some([0; 32]),
        ..Subject::default()
    };
    for continues in [false, true] {
        all.push(one(Service::Token, &Method::POST, false));
        for method in [Method::GET, Method::POST, Method::PATCH, Method::DELETE] {
            all.push(one(Service::Graph, &method, continues && method == Method::GET));
            all.push(one(Service::Other, &method, false));
        }
        for cmdlet in Cmdlet::ALL {
            let listing = Subject {
                cmdlet: Some(cmdlet.name().to_owned()),
                ..one(Service::Exchange, &Method::POST, continues && cmdlet == Cmdlet::GetMailbox)
            };
            if matches!(cmdlet, Cmdlet::GetMailbox | Cmdlet::SetMailbox) {
                let identity = Some(String::new());
                all.push(Subject { identity, mailbox: Some(NAMED), ..listing.clone() });
            }
            all.push(listing);
        }
    }
    all
}
