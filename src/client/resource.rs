//! Which service a token is for. The same service goes by several names: its host in each cloud,
//! and the id of its application (Entra documentation, "Access tokens": `aud`).

/// A service's application id, and its names; names in one list mean the same token.
struct Service {
    app_id: &'static str,
    names: &'static [&'static [&'static str]],
}

const GRAPH: Service = Service {
    app_id: "00000003-0000-0000-c000-000000000000",
    names: &[
        &["https://graph.microsoft.com"],
        &["https://graph.microsoft.us"],
        &["https://dod-graph.microsoft.us"],
        &["https://microsoftgraph.chinacloudapi.cn"],
    ],
};
const EXCHANGE: Service = Service {
    app_id: "00000002-0000-0ff1-ce00-000000000000",
    names: &[
        &["https://outlook.office365.com", "https://outlook.office.com"],
        &["https://outlook.office365.us", "https://outlook.office.us"],
        &["https://outlook-dod.office365.us"],
        &["https://partner.outlook.cn"],
    ],
};

impl Service {
    fn has(&self, name: &str) -> bool {
        self.app_id == name || self.names.iter().any(|same| same.contains(&name))
    }
}

/// The resource that a scope is about: what stands before `/.default`.
pub(crate) fn of_scope(scope: &str) -> &str {
    let resource = scope.strip_suffix(".default").unwrap_or(scope);
    resource.trim_end_matches('/')
}

/// Whether a scope is about Microsoft Graph, whatever the cloud.
pub(crate) fn is_graph(scope: &str) -> bool {
    GRAPH.has(&of_scope(scope).to_ascii_lowercase())
}

/// Whether a token with this `aud` is for the resource of a scope. The service's id stands for it
/// in every cloud; its hosts are told apart, since tokens of one cloud are of no use in another.
pub(crate) fn is_for(audience: &str, scope: &str) -> bool {
    let audience = audience.trim_end_matches('/').to_ascii_lowercase();
    let wanted = of_scope(scope).to_ascii_lowercase();
    let (audience, wanted) = (audience.as_str(), wanted.as_str());
    audience == wanted
        || [GRAPH, EXCHANGE].iter().any(|service| {
            let by_id = audience == service.app_id && service.has(wanted)
                || wanted == service.app_id && service.has(audience);
            by_id
                || service
                    .names
                    .iter()
                    .any(|same| same.contains(&audience) && same.contains(&wanted))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_its_hosts_and_by_its_id() {
        let graph = "https://graph.microsoft.com/.default";
        let exchange = "https://outlook.office365.com/.default";
        for (audience, scope) in [
            ("https://graph.microsoft.com", graph),
            ("https://graph.microsoft.com/", graph),
            ("00000003-0000-0000-c000-000000000000", graph),
            ("00000003-0000-0000-C000-000000000000", "https://graph.microsoft.us/.default"),
            ("https://outlook.office.com", exchange),
            ("00000002-0000-0ff1-ce00-000000000000", exchange),
            ("https://OUTLOOK.office365.com/", "00000002-0000-0ff1-ce00-000000000000/.default"),
            ("api://mine", "api://mine/.default"),
        ] {
            assert!(is_for(audience, scope), "{audience} {scope}");
        }
        for (audience, scope) in [
            ("https://graph.microsoft.us", graph),
            ("https://graph.microsoft.com", exchange),
            ("00000003-0000-0000-c000-000000000000", exchange),
            ("https://partner.outlook.cn", exchange),
            ("", graph),
        ] {
            assert!(!is_for(audience, scope), "{audience} {scope}");
        }
        assert!(is_graph("https://dod-graph.microsoft.us/.default") && !is_graph(exchange));
    }
}
