//! Keeps web pages of others from using this server through their visitor's browser.
//!
//! As long as there are no users, whoever reaches the server may read everything. It listens on
//! loopback only, but a browser on this machine reaches loopback too, and runs what any page tells
//! it to. So the name that was asked for must be one of this machine (a page that rebinds its own
//! name to 127.0.0.1 comes with its own), and a request that a browser marks as another page's is
//! refused. Programs send no such marks.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what comes by way of somebody else's page.
pub(super) async fn own_pages_only(request: Request, next: Next) -> Response {
    match check(request.headers(), request.uri().path().starts_with("/api/")) {
        Ok(()) => next.run(request).await,
        Err(detail) => Problem::forbidden("foreign_page", detail).into_response(),
    }
}

fn check(headers: &HeaderMap, is_interface: bool) -> Result<(), String> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(&header::HOST);
    if let Some(host) = host
        && !is_loopback(host)
    {
        return Err(format!(
            "`{host}` is no name of this machine; ask for 127.0.0.1, [::1] or localhost (a proxy in \
             front must send one of these as `Host`)"
        ));
    }
    if let Some(origin) = text(&header::ORIGIN) {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if own.is_none() || own != host {
            return Err(format!("a page of `{origin}` may not use this server"));
        }
    }
    if is_interface && text(&SITE) == Some("cross-site") {
        return Err("a page of another site may not use this server".to_owned());
    }
    Ok(())
}

/// Whether `name[:port]` stands for this machine whatever a name server says.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn programs_and_the_own_page_pass_and_nobody_else() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("passes", &[]),
            ("passes", &[("host", "127.0.0.1:7800")]),
            ("passes", &[("host", "LOCALHOST")]),
            ("passes", &[("host", "[::1]:7800"), ("origin", "http://[::1]:7800")]),
            ("passes", &[("host", "127.0.0.1:7800"), ("sec-fetch-site", "same-origin")]),
            ("passes", &[("host", "127.0.0.1:7800"), ("sec-fetch-site", "none")]),
            ("refused", &[("host", "rebound.example:7800")]),
            ("refused", &[("host", "127.0.0.1.example")]),
            ("refused", &[("host", "localhost.example:1")]),
            ("refused", &[("host", "10.0.0.1")]),
            ("refused", &[("host", "[::1")]),
            ("refused", &[("host", "localhost:7800"), ("origin", "http://127.0.0.1:7800")]),
            ("refused", &[("host", "127.0.0.1:7800"), ("origin", "http://127.0.0.1:80")]),
            ("refused", &[("host", "127.0.0.1:7800"), ("origin", "null")]),
            ("refused", &[("host", "127.0.0.1:7800"), ("origin", "https://news.example")]),
            ("refused", &[("host", "127.0.0.1:7800"), ("sec-fetch-site", "cross-site")]),
        ];
        for (expected, headers) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in *headers {
                map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            let checked = check(&map, true);
            let outcome = if checked.is_ok() { "passes" } else { "refused" };
            assert_eq!(outcome, *expected, "{headers:?}: {checked:?}");
        }
    }
}
