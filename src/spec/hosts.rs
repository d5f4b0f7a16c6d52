//! Base URLs, token scopes and domains as a spec writes them. Text in; checked text out, or the
//! reason and the remedy as a finding. Nothing here resolves a name or opens a connection.

use url::{Host, Url};

use super::read::{Entry, Reader};
use crate::diagnostic::Diagnostic;

/// A base URL without a slash at its end: https, or plain http to this machine alone.
pub(super) fn base_url(reader: &mut Reader, entry: &Entry<'_>, text: &str) -> Option<String> {
    match checked(text) {
        Ok(url) => Some(url),
        Err((mut reason, mut help)) => {
            // What stands before an `@` may be a password, which neither line nor remedy may show.
            if text.contains('@') {
                reader.hide(entry.whole());
                (reason, help) = with_user();
            }
            reader.report(
                Diagnostic::error("invalid-url", format!("`{}` {reason}", entry.path))
                    .at(entry.span, "")
                    .help(help),
            );
            None
        }
    }
}

fn checked(text: &str) -> Result<String, (&'static str, String)> {
    let advice = || "write a base URL such as `https://host.example:8443`".to_owned();
    let Ok(url) = Url::parse(text.trim()) else {
        let host = text.trim().trim_start_matches('/');
        let looks_like_host = host.contains('.') && !host.contains(char::is_whitespace);
        let help = if looks_like_host { format!("write `https://{host}`") } else { advice() };
        return Err(("is not a URL", help));
    };
    let is_local = url.host().is_some_and(|host| is_loopback(&host));
    match url.scheme() {
        "https" => {}
        "http" if is_local => {}
        "http" => {
            let secure = text.trim().replacen("http://", "https://", 1);
            let help =
                format!("write `{secure}`; plain http is for localhost, 127.0.0.1 and [::1]");
            return Err(("would send tokens unencrypted to another machine", help));
        }
        _ if !text.contains("://") => {
            let bare = text.trim();
            let secure = format!("write `https://{bare}`");
            let help = match checked(&format!("http://{bare}")) {
                Ok(plain) => format!("{secure}, or `{plain}` where it serves plain http"),
                Err(_) => secure,
            };
            return Err(("lacks `https://`", help));
        }
        _ => return Err(("is neither https nor http", advice())),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(with_user());
    }
    if url.query().is_some() || url.fragment().is_some() {
        let help = "leave out everything from `?` or `#` on".to_owned();
        return Err(("holds a query or a fragment", help));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn with_user() -> (&'static str, String) {
    ("holds a user name or password", "leave out the part before `@`".to_owned())
}

/// Whether a host is this machine: `localhost`, 127.0.0.0/8 or `::1`.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The scope of an application's token: a resource's URL and `/.default`.
pub(super) fn scope(reader: &mut Reader, entry: &Entry<'_>, text: &str) -> Option<String> {
    let text = text.trim();
    let resource = text.strip_suffix("/.default");
    if resource.is_some_and(|resource| checked(resource).is_ok()) {
        return Some(text.to_owned());
    }
    let bare = text.trim_end_matches('/').trim_end_matches(".default").trim_end_matches('/');
    let help = match checked(bare) {
        Ok(url) => format!("write `{url}/.default`"),
        Err(_) => "write a scope such as `https://outlook.office365.com/.default`".to_owned(),
    };
    reader.report(
        Diagnostic::error("invalid-scope", format!("`{}` is not a token scope", entry.path))
            .at(entry.span, "")
            .note("an application asks for everything that it was granted: `RESOURCE/.default`")
            .help(help),
    );
    None
}

/// Whether a text has the form of a DNS domain with at least two labels.
pub(super) fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text.rsplit('.').next().is_some_and(|last| !last.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_alone() {
        for local in
            ["http://localhost:8080/", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:8"]
        {
            assert!(checked(local).is_ok(), "{local}");
        }
        for remote in [
            "http://contoso.com",
            "http://localhost.contoso.com",
            "http://10.0.0.1",
            "http://128.0.0.1",
            "http://[::2]",
            "http://127.0.0.1.contoso.com",
        ] {
            assert!(checked(remote).is_err(), "{remote}");
        }
    }

    #[test]
    fn a_base_url_has_no_slash_at_its_end_and_nothing_after_its_path() {
        assert_eq!(checked("https://Contoso.com/a/"), Ok("https://contoso.com/a".to_owned()));
        for bad in [
            "https://a.example/?x",
            "https://a.example/#x",
            "https://u:p@a.example",
            "ftp://a.example",
            "a.example",
            "https://",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_domain_has_labels_and_is_no_address() {
        for good in ["contoso.onmicrosoft.com", "a-b.example"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "contoso",
            "https://contoso.com",
            "a@contoso.com",
            "a..b",
            "-a.com",
            "10.0.0.1",
            "a b.com",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
