//! A call as an HTTP request, in the protocol of its service.
//!
//! Parameters come by the API's own names; below the name of an XML body they are as the answer to
//! the matching read was read, so that an answer can be written back. What the wire calls otherwise
//! stands in the operation's row. `tests/moto/encode.py` compares what is made here with what
//! botocore makes.

use base64::Engine as _;
use ring::digest;
use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use super::sigv4::encode;
use super::xml;
use crate::call::Call;
use crate::operation::{Protocol, Row};

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
/// A parameter that the table does not know, one that is missing in the path, or a body that cannot
/// be written in the protocol.
pub(crate) fn request(call: &Call, endpoint: &Endpoint) -> Result<Request, String> {
    let operation = call.operation;
    if let Some(unknown) = call.params.keys().find(|name| !operation.takes(name)) {
        return Err(format!("`{unknown}` is no parameter of {}", operation.id()));
    }
    let mut params = operation.row.fixed.clone();
    params.extend(call.params.clone());
    params.retain(|_, value| !value.is_null());
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
        Protocol::Query | Protocol::Ec2 => form(call, &params, &mut request),
        Protocol::RestJson | Protocol::RestXml => rest(call, params, endpoint, &mut request)?,
    }
    Ok(request)
}

fn json(call: &Call, params: Map<String, Value>, version: &str, request: &mut Request) {
    let target = format!("{}.{}", call.operation.service.target, call.operation.name);
    request.headers.push(("content-type".to_owned(), format!("application/x-amz-json-{version}")));
    request.headers.push(("x-amz-target".to_owned(), target));
    request.body = json_body(&call.operation.row, params);
}

fn json_body(row: &Row, params: Map<String, Value>) -> Vec<u8> {
    let params = Value::Object(params);
    let params = if row.names.is_empty() { params } else { renamed(row, "", params) };
    params.to_string().into_bytes()
}

/// The same with the names that the wire has.
fn renamed(row: &Row, path: &str, value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| {
                    let (wire, path) = row.wire(path, &name);
                    (wire.to_owned(), renamed(row, &path, value))
                })
                .collect(),
        ),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| renamed(row, path, item)).collect())
        }
        leaf => leaf,
    }
}

fn form(call: &Call, params: &Map<String, Value>, request: &mut Request) {
    let operation = call.operation;
    let mut form = Form {
        row: &operation.row,
        ec2: operation.service.protocol == Protocol::Ec2,
        pairs: vec![
            ("Action".to_owned(), operation.name.clone()),
            ("Version".to_owned(), operation.service.version.clone()),
        ],
    };
    for (name, value) in params {
        let (wire, path) = form.row.wire("", name);
        form.add(wire, &path, value);
    }
    let body: Vec<String> = form
        .pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name, ""), encode(value, "")))
        .collect();
    let kind = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
    request.headers.push(("content-type".to_owned(), kind));
    request.body = body.join("&").into_bytes();
}

/// The pairs of a form body.
struct Form<'a> {
    row: &'a Row,
    ec2: bool,
    pairs: Vec<(String, String)>,
}

impl Form<'_> {
    /// `Name.member.1.Key=value`, or `Name.1.Key=value` for EC2.
    fn add(&mut self, name: &str, path: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    let (wire, path) = self.row.wire(path, member);
                    self.add(&format!("{name}.{wire}"), &path, value);
                }
            }
            // An empty list says that there is to be none; EC2 has no way to say that.
            Value::Array(items) if items.is_empty() && !self.ec2 => {
                self.pairs.push((name.to_owned(), String::new()));
            }
            Value::Array(items) => {
                let list = path.rsplit('.').next().unwrap_or(path);
                let element = self.row.elements.get(list).map_or("member", String::as_str);
                let name = if self.ec2 { name.to_owned() } else { format!("{name}.{element}") };
                for (index, item) in items.iter().enumerate() {
                    self.add(&format!("{name}.{}", index + 1), path, item);
                }
            }
            Value::Null => {}
            leaf => self.pairs.push((name.to_owned(), text(leaf))),
        }
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
    let body = params.remove(&row.body);
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
    match (call.operation.service.protocol, body) {
        (_, Some(Value::String(text))) if row.raw => request.body = text.into_bytes(),
        (_, Some(_)) if row.raw => {
            return Err(format!("`{}` of {} is no text", row.body, call.operation.id()));
        }
        (Protocol::RestXml, Some(body)) => xml_body(call, &body, request)?,
        (Protocol::RestXml, None) if !params.is_empty() => {
            xml_body(call, &Value::Object(params), request)?;
        }
        (Protocol::RestXml, None) => {}
        // AWS wants an object where there could be parameters.
        (_, None) if !params.is_empty() || !row.params.is_empty() => {
            request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
            request.body = json_body(row, params);
        }
        (_, None) => {}
        (_, Some(_)) => return Err(format!("{} has a body in JSON", call.operation.id())),
    }
    if row.checksum {
        // Any of S3's algorithms will do; MD5 is none that we have.
        let sum = digest::digest(&digest::SHA256, &request.body);
        let sum = base64::engine::general_purpose::STANDARD.encode(sum.as_ref());
        request.headers.push(("x-amz-sdk-checksum-algorithm".to_owned(), "SHA256".to_owned()));
        request.headers.push(("x-amz-checksum-sha256".to_owned(), sum));
    }
    Ok(())
}

fn xml_body(call: &Call, body: &Value, request: &mut Request) -> Result<(), String> {
    let row = &call.operation.row;
    let root = if row.root.is_empty() { &row.body } else { &row.root };
    if root.is_empty() {
        return Err(format!("{} has no body", call.operation.id()));
    }
    let namespace = &call.operation.service.namespace;
    request.body = xml::write(root, namespace, body, &row.elements)
        .map_err(|reason| format!("{}: {reason}", call.operation.id()))?;
    request.headers.push(("content-type".to_owned(), "application/xml".to_owned()));
    Ok(())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
