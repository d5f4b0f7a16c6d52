//! Lists: pages, filters, selections, counts.

use axum::http::Method;

use super::graph::Graph;
use super::*;

#[test]
fn a_list_comes_in_pages_whose_links_lead_through_all_of_it() {
    let graph = Graph::new();
    for number in 0..7 {
        graph.application(&format!("app {number}"));
    }
    let mut url = "/v1.0/applications?$top=3&$select=id,displayName".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = graph.get(&url);
        assert_eq!(page.status, 200, "{}", page.text);
        seen.extend(page.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        assert!(page.rows().iter().all(|row| row.as_object().unwrap().len() == 2));
        pages += 1;
        let Some(next) = page.body["@odata.nextLink"].as_str() else {
            break;
        };
        url = next.strip_prefix("http://tenant.local:8080").unwrap().to_owned();
    }
    // Seven, and the generated one.
    let total = seen.len();
    seen.dedup();
    assert_eq!((pages, total, seen.len()), (3, 8, 8));
    let broken = graph.get("/v1.0/applications?$skiptoken=nonsense");
    assert_eq!(broken.error().0, "Directory_ExpiredPageToken");
    for top in ["0", "1000", "x"] {
        assert_eq!(graph.get(&format!("/v1.0/applications?$top={top}")).status, 400, "{top}");
    }
}

#[test]
fn a_page_holds_a_hundred_unless_told_otherwise() {
    let graph = Graph::new();
    for number in 0..100 {
        graph.application(&format!("app {number}"));
    }
    let page = graph.get("/v1.0/applications");
    assert_eq!(page.rows().len(), 100);
    assert!(page.body["@odata.nextLink"].is_string());
    assert_eq!(graph.get("/v1.0/applications?$top=101").body["@odata.nextLink"], Value::Null);
}

#[test]
fn filters_find_by_the_properties_that_may_be_asked_for() {
    let graph = Graph::new();
    let (first, app_id) = graph.application("Audit one");
    let (second, _) = graph.application("Audit two");
    graph.patch(&format!("/v1.0/applications/{second}"), json!({ "tags": ["x"] }));
    let mut both = vec![first.as_str(), second.as_str()];
    both.sort_unstable();
    for (filter, found) in [
        ("displayName eq 'audit one'".to_owned(), vec![first.as_str()]),
        ("displayName in ('Audit one','Audit two')".to_owned(), both.clone()),
        ("startsWith(displayName,'Audit ')".to_owned(), both.clone()),
        (format!("appId eq '{app_id}'"), vec![first.as_str()]),
        ("startsWith(displayName,'Audit ') and tags/any(t:t eq 'x')".to_owned(), vec![&second]),
        ("displayName eq 'none'".to_owned(), vec![]),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let got = graph.get(&format!("/v1.0/applications?$filter={query}"));
        assert_eq!(got.status, 200, "{filter}: {}", got.text);
        assert_eq!(got.column("id"), found, "{filter}");
    }
}

#[test]
fn a_filter_that_the_directory_does_not_know_is_refused() {
    let graph = Graph::new();
    for (filter, code) in [
        ("notes eq 'x'", "Request_UnsupportedQuery"),
        ("displayName ne 'x'", "Request_UnsupportedQuery"),
        ("not(displayName eq 'x')", "Request_UnsupportedQuery"),
        ("displayName equals 'x'", "BadRequest"),
    ] {
        let got = graph.get(&format!("/v1.0/applications?$filter={filter}"));
        assert_eq!((got.status, got.error().0), (400, code), "{filter}");
    }
    let unknown = graph.get("/v1.0/applications?$select=nonsense");
    assert!(unknown.error().1.contains("'nonsense' on type 'microsoft.graph.application'"));
    assert_eq!(graph.get("/v1.0/applications?$expand=owners").status, 400);
}

#[test]
fn advanced_queries_need_their_header() {
    let graph = Graph::new();
    graph.application("Audit one");
    let ask = |query: &str, headers: &[(&str, &str)]| {
        graph.send(Method::GET, &format!("/v1.0/applications{query}"), headers, &Value::Null)
    };
    let eventual = &[("consistencylevel", "eventual")][..];
    for query in ["?$count=true", "?$search=\"displayName:audit\"", "/$count"] {
        assert_eq!(ask(query, &[]).error().0, "Request_UnsupportedQuery", "{query}");
        assert_eq!(ask(query, eventual).status, 200, "{query}");
    }
    assert_eq!(ask("?$count=true", eventual).body["@odata.count"], 2);
    assert_eq!(ask("/$count", eventual).text, "2");
    assert_eq!(ask("?$search=\"displayName:one\"", eventual).rows().len(), 1);
    let other = ask("?$count=true&$filter=displayName ne 'Audit one'", eventual);
    assert_eq!(other.column("displayName"), ["Auditform"]);
}
