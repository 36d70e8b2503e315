//! The table of operations: what Stele can ask of AWS, and how each is put on the wire.
//!
//! `operations.toml` is read once. What is not in it cannot be called, so a policy that is made
//! from it is complete. `cargo xtask aws-models` compares it with botocore's models, and what is
//! written with its help with what botocore writes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value};

const TABLE: &str = include_str!("../operations.toml");

/// How AWS's names begin where an operation changes nothing. What begins otherwise is a write.
const READING: &[&str] = &["BatchGet", "Describe", "Get", "Head", "List", "Lookup"];

/// How requests and answers of a service are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Protocol {
    /// JSON bodies, operation in a header, version 1.0.
    #[serde(rename = "json-1.0")]
    Json10,
    /// JSON bodies, operation in a header, version 1.1.
    #[serde(rename = "json-1.1")]
    Json11,
    /// Form bodies, XML answers.
    #[serde(rename = "query")]
    Query,
    /// As query, with EC2's own way to write lists.
    #[serde(rename = "ec2")]
    Ec2,
    /// Paths and methods, JSON bodies.
    #[serde(rename = "rest-json")]
    RestJson,
    /// Paths and methods, XML bodies.
    #[serde(rename = "rest-xml")]
    RestXml,
}

/// A service as its operations see it.
#[derive(Debug, Clone)]
pub struct Service {
    /// The key in the table, as in `cloudtrail:DescribeTrails`.
    pub name: String,
    /// How it speaks.
    pub protocol: Protocol,
    /// `Version` of the query protocols.
    pub version: String,
    /// Prefix of `X-Amz-Target`.
    pub target: String,
    /// First label of the host.
    pub endpoint: String,
    /// The name that requests are signed for.
    pub signing: String,
    /// The end of `AWS_ENDPOINT_URL_…`.
    pub variable: String,
    /// Whether there is one endpoint for all regions of a partition.
    pub global: bool,
    /// The namespace of its XML bodies.
    pub namespace: String,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its service.
    pub service: Service,
    /// The API's own name.
    pub name: String,
    /// The IAM action that allows it.
    pub permission: String,
    /// The rest of its row.
    pub row: Row,
}

/// A row of the table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Row {
    /// Parameters that may be sent, beside those that other columns name.
    pub params: Vec<String>,
    /// Dotted path of the list that pages are joined at; empty where there are no pages.
    pub items: String,
    next: String,
    next_in: String,
    next_out: String,
    /// HTTP method of REST services.
    pub method: String,
    /// Path template of REST services, with the fixed part of the query.
    pub path: String,
    /// Parameters that go into the query, and their names there.
    pub query: BTreeMap<String, String>,
    /// Parameters that go into headers, and their names there.
    pub header: BTreeMap<String, String>,
    /// The member that is the whole body of the answer.
    pub payload: String,
    /// Whether the payload is text and no structure.
    pub text: bool,
    /// XML elements whose children are the elements of a list.
    pub lists: Vec<String>,
    /// XML elements that are a list by repetition.
    pub repeats: Vec<String>,
    /// Parameters that are always sent.
    pub fixed: Map<String, Value>,
    /// What stands before the host, with a parameter in it; never with an endpoint of one's own.
    pub host_prefix: String,
    /// Whether the operation is sent without a signature.
    pub unsigned: bool,
    /// Members of the answer that come as headers, and the headers' names.
    pub answer_header: BTreeMap<String, String>,
    /// Members of the answer whose text is percent-encoded.
    pub escaped: Vec<String>,
    /// The parameter that is the whole body of the request.
    pub body: String,
    /// Whether that parameter is text that is sent as it is.
    pub raw: bool,
    /// The root of an XML body, where it is not the name of the body.
    pub root: String,
    /// What the elements of a list are called, by the name of the list.
    pub elements: BTreeMap<String, String>,
    /// Parameters that are called otherwise on the wire, by their dotted path.
    pub names: BTreeMap<String, String>,
    /// Whether S3 asks for a checksum of the body.
    pub checksum: bool,
    /// Whether a write may be made twice.
    pub idempotent: bool,
    /// The parameter by which AWS knows a request again, so that it may be made twice.
    pub client_token: String,
    permission: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceRow {
    protocol: Protocol,
    #[serde(default)]
    version: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    signing: String,
    #[serde(default)]
    permission: String,
    #[serde(default)]
    variable: String,
    #[serde(default)]
    global: bool,
    #[serde(default)]
    namespace: String,
    operations: BTreeMap<String, Row>,
}

impl Operation {
    /// `service:Operation`, the name under which everything speaks of it.
    pub fn id(&self) -> String {
        format!("{}:{}", self.service.name, self.name)
    }

    /// The parameter that asks for the next page.
    pub fn next_in(&self) -> &str {
        if self.row.next_in.is_empty() { &self.row.next } else { &self.row.next_in }
    }

    /// Dotted path of the token in the answer; empty where there are no pages.
    pub fn next_out(&self) -> &str {
        if self.row.next_out.is_empty() { &self.row.next } else { &self.row.next_out }
    }

    /// Whether the table knows a parameter.
    pub fn takes(&self, parameter: &str) -> bool {
        self.row.params.iter().any(|known| known == parameter)
            || self.row.query.contains_key(parameter)
            || self.row.header.contains_key(parameter)
            || self.row.fixed.contains_key(parameter)
            || self.row.path.contains(&format!("{{{parameter}}}"))
            || [self.next_in(), &self.row.body, &self.row.client_token].contains(&parameter)
    }

    /// Whether the operation changes nothing: by its name, as AWS names them.
    pub fn reads(&self) -> bool {
        let rest = READING.iter().find_map(|verb| self.name.strip_prefix(verb));
        rest.is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_uppercase()))
    }
}

impl Row {
    /// A parameter's name on the wire, and its dotted path by the API's names. It may have been
    /// written as answers have it, which is by its name on the wire.
    pub(crate) fn wire<'a>(&'a self, parent: &str, name: &'a str) -> (&'a str, String) {
        let path = joined(parent, name);
        if let Some(wire) = self.names.get(&path) {
            return (wire, path);
        }
        let called = |(path, wire): &(&String, &String)| {
            let own = path.rsplit('.').next().unwrap_or(path);
            *wire == name && **path == joined(parent, own)
        };
        match self.names.iter().find(called) {
            Some((path, wire)) => (wire, path.clone()),
            None => (name, path),
        }
    }
}

fn joined(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// Finds an operation by `service:Operation`.
pub fn find(id: &str) -> Option<&'static Operation> {
    table().get(id)
}

/// All operations, by their ids.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    table().values()
}

fn table() -> &'static BTreeMap<String, Operation> {
    static PARSED: OnceLock<BTreeMap<String, Operation>> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "the table is compiled in, and a test reads it")]
    PARSED.get_or_init(|| parse(TABLE).expect("operations.toml is well formed"))
}

fn parse(text: &str) -> Result<BTreeMap<String, Operation>, toml::de::Error> {
    let services: BTreeMap<String, ServiceRow> = toml::from_str(text)?;
    let mut operations = BTreeMap::new();
    for (key, row) in services {
        let or_key = |text: &str| if text.is_empty() { key.clone() } else { text.to_owned() };
        let endpoint = or_key(&row.endpoint);
        let signing = if row.signing.is_empty() { endpoint.clone() } else { row.signing.clone() };
        let prefix = or_key(&row.permission);
        let service = Service {
            name: key.clone(),
            protocol: row.protocol,
            version: row.version,
            target: row.target,
            endpoint,
            signing,
            variable: match row.variable.as_str() {
                "" => key.to_uppercase(),
                own => own.to_owned(),
            },
            global: row.global,
            namespace: row.namespace,
        };
        for (name, row) in row.operations {
            let permission = match row.permission.as_str() {
                "" => format!("{prefix}:{name}"),
                own => own.to_owned(),
            };
            let operation = Operation { service: service.clone(), name, permission, row };
            operations.insert(operation.id(), operation);
        }
    }
    Ok(operations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let operations = parse(TABLE).unwrap();
        assert!(operations.len() > 50);
        for operation in operations.values() {
            let id = operation.id();
            let rest = matches!(operation.service.protocol, Protocol::RestJson | Protocol::RestXml);
            assert_eq!(rest, !operation.row.path.is_empty(), "{id}: a path, if REST");
            assert_eq!(operation.row.items.is_empty(), operation.next_out().is_empty(), "{id}");
            assert_eq!(operation.next_in().is_empty(), operation.next_out().is_empty(), "{id}");
        }
    }

    #[test]
    fn what_writes_is_known_by_its_name() {
        // A verb that is in neither list is for somebody to think about.
        let writing = [
            "Assume",
            "Associate",
            "Create",
            "Delete",
            "Disable",
            "Disassociate",
            "Enable",
            "Modify",
            "Put",
            "Start",
            "Stop",
            "Update",
        ];
        for operation in all() {
            let id = operation.id();
            let writes = writing.iter().any(|verb| operation.name.starts_with(verb));
            assert_eq!(writes, !operation.reads(), "{id}");
            let row = &operation.row;
            if operation.reads() {
                assert!(
                    !row.idempotent && row.client_token.is_empty(),
                    "{id}: reads may be repeated"
                );
                assert!(["", "GET", "POST"].contains(&row.method.as_str()), "{id}");
                for verb in ["Put", "Create", "Delete", "Update"] {
                    assert!(!operation.permission.contains(verb), "{id} {}", operation.permission);
                }
            } else {
                assert_ne!(row.method, "GET", "{id}");
                let creates = operation.name.starts_with("Create");
                assert!(!(creates && row.idempotent), "{id}: made twice there would be two");
            }
        }
        let mut named = find("s3:GetBucketAcl").unwrap().clone();
        for (name, reads) in [
            ("LookupEvents", true),
            ("BatchGetResourceConfig", true),
            ("GetawayBucket", false),
            ("ListenToBucket", false),
            ("Get", false),
            ("BatchDisableStandards", false),
        ] {
            name.clone_into(&mut named.name);
            assert_eq!(named.reads(), reads, "{name}");
        }
    }

    #[test]
    fn names_on_the_wire_are_found_by_both_names() {
        let row = &find("guardduty:CreateDetector").unwrap().row;
        let path = "Features.AdditionalConfiguration";
        for (parent, name, wire, by_api) in [
            ("", "Enable", "enable", "Enable"),
            ("Features", "AdditionalConfiguration", "additionalConfiguration", path),
            ("Features", "additionalConfiguration", "additionalConfiguration", path),
            (path, "Status", "status", "Features.AdditionalConfiguration.Status"),
            ("Tags", "Enable", "Enable", "Tags.Enable"),
        ] {
            assert_eq!(row.wire(parent, name), (wire, by_api.to_owned()), "{parent} {name}");
        }
    }

    #[test]
    fn permissions_are_those_of_iam() {
        let permission = |id| find(id).map(|operation| operation.permission.as_str());
        assert_eq!(permission("cloudtrail:DescribeTrails"), Some("cloudtrail:DescribeTrails"));
        assert_eq!(permission("s3:ListBuckets"), Some("s3:ListAllMyBuckets"));
        assert_eq!(
            permission("elb:DescribeLoadBalancers"),
            Some("elasticloadbalancing:DescribeLoadBalancers")
        );
        assert_eq!(permission("apigatewayv2:GetApis"), Some("apigateway:GET"));
        assert_eq!(permission("apigatewayv2:UpdateStage"), Some("apigateway:PATCH"));
        assert_eq!(permission("s3:DeleteBucketLifecycle"), Some("s3:PutLifecycleConfiguration"));
        assert_eq!(permission("cloudwatch:GetMetricData"), Some("cloudwatch:GetMetricData"));
        assert_eq!(permission("cloudtrail:DescribeTrial"), None);
    }
}
