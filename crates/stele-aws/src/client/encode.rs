//! A call as an HTTP request, in the protocol of its service.

use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use super::sigv4::encode;
use crate::call::Call;
use crate::operation::Protocol;

/// A request before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Scheme and host.
    pub(crate) base: String,
    /// Percent-encoded.
    pub(crate) path: String,
    /// Not encoded.
    pub(crate) query: Vec<(String, String)>,
    /// Lower-case names; without `host`.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The host with its port, as the header has it.
    pub(crate) fn host(&self) -> &str {
        let after = self.base.split_once("://").map_or(self.base.as_str(), |(_, host)| host);
        after.split('/').next().unwrap_or(after)
    }

    /// The path with what an own endpoint's URL has before it.
    pub(crate) fn full_path(&self) -> String {
        let after = self.base.split_once("://").map_or("", |(_, host)| host);
        let before = after.split_once('/').map_or("", |(_, path)| path);
        if before.is_empty() { self.path.clone() } else { format!("/{before}{}", self.path) }
    }

    /// The address.
    pub(crate) fn url(&self) -> String {
        let scheme = self.base.split_once("://").map_or("https", |(scheme, _)| scheme);
        let mut url = format!("{scheme}://{}{}", self.host(), self.full_path());
        for (index, (name, value)) in self.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&encode(name, ""));
            url.push('=');
            url.push_str(&encode(value, ""));
        }
        url
    }
}

/// Writes a call down.
///
/// # Errors
/// A parameter that the table does not know, or one that is missing in the path.
pub(crate) fn request(call: &Call, endpoint: &Endpoint) -> Result<Request, String> {
    let operation = call.operation;
    if let Some(unknown) = call.params.keys().find(|name| !operation.takes(name)) {
        return Err(format!("`{unknown}` is no parameter of {}", operation.id()));
    }
    let mut params = operation.row.fixed.clone();
    params.extend(call.params.clone());
    let mut request = Request {
        method: "POST".to_owned(),
        base: endpoint.base.clone(),
        path: "/".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    match operation.service.protocol {
        Protocol::Json10 => json(call, params, "1.0", &mut request),
        Protocol::Json11 => json(call, params, "1.1", &mut request),
        Protocol::Query => form(call, &params, "member", &mut request),
        Protocol::Ec2 => form(call, &params, "", &mut request),
        Protocol::RestJson | Protocol::RestXml => rest(call, params, endpoint, &mut request)?,
    }
    Ok(request)
}

fn json(call: &Call, params: Map<String, Value>, version: &str, request: &mut Request) {
    let target = format!("{}.{}", call.operation.service.target, call.operation.name);
    request.headers.push(("content-type".to_owned(), format!("application/x-amz-json-{version}")));
    request.headers.push(("x-amz-target".to_owned(), target));
    request.body = Value::Object(params).to_string().into_bytes();
}

fn form(call: &Call, params: &Map<String, Value>, list_name: &str, request: &mut Request) {
    let mut pairs = vec![
        ("Action".to_owned(), call.operation.name.clone()),
        ("Version".to_owned(), call.operation.service.version.clone()),
    ];
    for (name, value) in params {
        flatten(name, value, list_name, &mut pairs);
    }
    let body: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name, ""), encode(value, "")))
        .collect();
    let kind = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
    request.headers.push(("content-type".to_owned(), kind));
    request.body = body.join("&").into_bytes();
}

/// `Name.member.1.Key=value`, or `Name.1.Key=value` for EC2.
fn flatten(name: &str, value: &Value, list_name: &str, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                flatten(&format!("{name}.{member}"), value, list_name, pairs);
            }
        }
        Value::Array(items) => {
            let between = if list_name.is_empty() { "" } else { "." };
            for (index, item) in items.iter().enumerate() {
                let number = index + 1;
                flatten(&format!("{name}{between}{list_name}.{number}"), item, list_name, pairs);
            }
        }
        Value::Null => {}
        leaf => pairs.push((name.to_owned(), text(leaf))),
    }
}

fn rest(
    call: &Call,
    mut params: Map<String, Value>,
    endpoint: &Endpoint,
    request: &mut Request,
) -> Result<(), String> {
    let row = &call.operation.row;
    request.method.clone_from(&row.method);
    let (mut path, fixed_query) = match row.path.split_once('?') {
        Some((path, query)) => (path.to_owned(), query),
        None => (row.path.clone(), ""),
    };
    if !fixed_query.is_empty() {
        request.query.push((fixed_query.to_owned(), String::new()));
    }
    let mut host_prefix = row.host_prefix.clone();
    for (name, value) in params.clone() {
        let place = format!("{{{name}}}");
        let value = text(&value);
        if host_prefix.contains(&place) {
            host_prefix = host_prefix.replace(&place, &value);
        }
        if path.contains(&place) {
            let bucket = name == "Bucket" && !endpoint.by_path && !value.contains('.');
            if bucket {
                path = path.replace(&format!("/{place}"), "/");
                request.base = request.base.replacen("://", &format!("://{value}."), 1);
            } else {
                path = path.replace(&place, &encode(&value, ""));
            }
            params.remove(&name);
        } else if let Some(wire) = row.query.get(&name) {
            request.query.push((wire.clone(), value));
            params.remove(&name);
        } else if let Some(wire) = row.header.get(&name) {
            request.headers.push((wire.clone(), value));
            params.remove(&name);
        }
    }
    if path.contains('{') {
        return Err(format!("{} lacks a parameter of its path `{path}`", call.operation.id()));
    }
    if !endpoint.by_path && !host_prefix.is_empty() {
        request.base = request.base.replacen("://", &format!("://{host_prefix}"), 1);
    }
    request.path = path;
    if !params.is_empty() {
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        request.body = Value::Object(params).to_string().into_bytes();
    }
    Ok(())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
