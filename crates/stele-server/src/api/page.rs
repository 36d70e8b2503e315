//! The web page: the files of `ui/dist`, which `build.rs` puts into the server.
//!
//! What a file name with a fresh hash in it stands for never changes and may be kept; the front
//! page carries a nonce for its policy, is made anew for each request and is never kept. Every
//! path that is no file and none of the interface is the front page: the page itself finds out
//! what it stands for.

use std::sync::LazyLock;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use stele_event::runtime::Entropy;
use stele_intake::system::SystemEntropy;
use stele_ledger::hash::Hash;

use super::{Problem, Shared};

/// A file of the page.
struct File {
    /// Its path, from `/`.
    path: &'static str,
    /// Its media type.
    kind: &'static str,
    bytes: &'static [u8],
    brotli: Option<&'static [u8]>,
}

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The tag of each file, made of its content.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    FILES.iter().map(|file| format!("\"{}\"", &Hash::of(file.bytes).to_string()[..32])).collect()
});

const INDEX: &str = "/index.html";
/// Stands in the front page for the nonce.
const NONCE: &str = "__STELE_NONCE__";
/// Files below this are named by their content.
const NAMED_BY_CONTENT: &str = "/assets/";

/// Whatever is no route of the interface.
pub(super) async fn any(State(_): Shared, request: Request) -> Result<Response, Problem> {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        let asked = format!("{} {path}", request.method());
        return Err(Problem::not_found(format!("there is nothing at `{asked}`")));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    match FILES.iter().zip(&*TAGS).find(|(file, _)| file.path == path && path != INDEX) {
        Some((file, tag)) => Ok(file.answer(tag, request.headers())),
        // A page of an older server asks for files that are no more.
        None if path.starts_with(NAMED_BY_CONTENT) => {
            Err(Problem::not_found(format!("there is no file `{path}`")))
        }
        None => Ok(front()),
    }
}

impl File {
    fn answer(&self, tag: &str, asked: &HeaderMap) -> Response {
        let kept = if self.path.starts_with(NAMED_BY_CONTENT) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let about = [
            (header::ETAG, tag.to_owned()),
            (header::CACHE_CONTROL, kept.to_owned()),
            (header::VARY, "accept-encoding".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        if lists(asked, &header::IF_NONE_MATCH, tag) {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        let kind = [(header::CONTENT_TYPE, self.kind)];
        match self.brotli.filter(|_| lists(asked, &header::ACCEPT_ENCODING, "br")) {
            Some(bytes) => (about, kind, [(header::CONTENT_ENCODING, "br")], bytes).into_response(),
            None => (about, kind, self.bytes).into_response(),
        }
    }
}

/// Whether a header that is a list has this item, and does not refuse it (`;q=0`).
fn lists(asked: &HeaderMap, name: &header::HeaderName, item: &str) -> bool {
    let values = asked.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|listed| {
        let mut parts = listed.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().trim_start_matches("W/");
        let refused = |part: &str| {
            part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0))
        };
        name == item && !parts.any(refused)
    })
}

fn front() -> Response {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes);
    let nonce = format!("{:032x}", u128::from_le_bytes(bytes));
    let page = FILES.iter().find(|file| file.path == INDEX);
    let text = page
        .map_or_else(without, |page| String::from_utf8_lossy(page.bytes).replace(NONCE, &nonce));
    let mut answer = text.into_response();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    answer.headers_mut().extend(headers.map(|(name, value)| (Some(name), value)));
    // It holds nothing but the digits of the nonce and what stands in the source.
    if let Ok(policy) = HeaderValue::from_str(&policy(&nonce)) {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// What the page may do. Scripts and styles come from this server; styles that the editor writes
/// carry the nonce. Nothing else is loaded, nothing is sent elsewhere, and no text becomes markup.
fn policy(nonce: &str) -> String {
    [
        "default-src 'none'",
        &format!("script-src 'self' 'nonce-{nonce}'"),
        &format!("style-src 'self' 'nonce-{nonce}'"),
        "font-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html",
    ]
    .join("; ")
}

/// The front page of a server that was built without its page.
fn without() -> String {
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Stele</title>\n\
     <h1>Stele is running</h1>\n\
     <p>This binary was built without the web page. To have it, with Node.js 20.19 or later:</p>\n\
     <pre>cargo xtask ui\ncargo xtask up</pre>\n\
     <p>Everything works without it: ask with <code>stele search</code>, or over HTTP:</p>\n\
     <pre>curl 'http://127.0.0.1:7800/api/v1/search?q=&amp;limit=10'</pre>\n</html>\n"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_refused_or_not_listed_is_not_sent() {
        let cases = [
            ("gzip, deflate, br", true),
            ("br;q=0.5", true),
            ("gzip", false),
            ("br;q=0", false),
            ("br; q=0.000, gzip", false),
            ("brotli", false),
            ("", false),
        ];
        for (value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(lists(&headers, &header::ACCEPT_ENCODING, "br"), expected, "{value}");
        }
    }
}
