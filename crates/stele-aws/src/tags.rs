//! `--tag`: findings about resources that have not these tags are out of scope.
//!
//! In flow the findings of all checks and, for each region that has something to tell apart, the
//! resources with the tags ([`crate::collect::tags`]); out flow the same findings, some of them
//! NOT_APPLICABLE now, or UNKNOWN where the tags could not be read. What is said of an account, of
//! a region, or of a kind of thing that this does not know stays as it is: nothing that is wrong
//! is left out because nobody could tell whose it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::arn;
use crate::collect::Collector;
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Status, Verdict};
use crate::inventory::Inventory;

/// AWS takes so many keys in a question.
const FILTERS_MAX: usize = 50;
/// Characters of a key.
const KEY_CHARS_MAX: usize = 128;
/// Characters of a value.
const VALUE_CHARS_MAX: usize = 256;

/// Checks that judge an account or a region, whatever resource they name: what records the region,
/// the recorder of AWS Config, loops.
const OF_REGIONS: &[&str] = &[
    "ct.trail.all-regions",
    "ct.trail.mgmt-rw",
    "ct.trail.exclusions",
    "ct.trail.org",
    "cfg.*",
    "cen.*",
    "ext.*",
];

/// Kinds of resources that have tags of their own: the service in the ARN, and how the rest begins.
const KINDS: &[(&str, &str)] = &[
    ("apigateway", "/apis/"),
    ("apigateway", "/restapis/"),
    ("cloudfront", "distribution/"),
    ("cloudtrail", "trail/"),
    ("dynamodb", "table/"),
    ("ec2", "instance/"),
    ("ec2", "network-interface/"),
    ("ec2", "subnet/"),
    ("ec2", "transit-gateway/"),
    ("ec2", "vpc/"),
    ("eks", "cluster/"),
    ("elasticloadbalancing", "loadbalancer/"),
    ("kms", "key/"),
    ("lambda", "function:"),
    ("logs", "log-group:"),
    ("rds", "cluster:"),
    ("rds", "db:"),
    ("redshift", "cluster:"),
    ("route53", "hostedzone/"),
    ("s3", ""),
    ("ssm", "managed-instance/"),
    ("wafv2", "global/webacl/"),
    ("wafv2", "regional/webacl/"),
];

/// A tag that a resource must have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    key: String,
    /// Any where there is none.
    value: Option<String>,
}

impl Tag {
    /// Reads `K=V`, or `K` for any value.
    ///
    /// # Errors
    /// There is no key, or something is longer than AWS has it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        if key.is_empty() {
            return Err("a tag is written as `key=value`, or `key` for any value".to_owned());
        }
        let value_chars = value.as_ref().map_or(0, |value| value.chars().count());
        if key.chars().count() > KEY_CHARS_MAX || value_chars > VALUE_CHARS_MAX {
            return Err(format!(
                "a key has at most {KEY_CHARS_MAX} characters, a value {VALUE_CHARS_MAX}"
            ));
        }
        Ok(Self { key: key.to_owned(), value })
    }

    fn is_of(&self, tags: &BTreeMap<String, String>) -> bool {
        let found = tags.get(&self.key);
        found.is_some_and(|found| self.value.as_ref().is_none_or(|value| value == found))
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(formatter, "{}={value}", self.key),
            None => formatter.write_str(&self.key),
        }
    }
}

/// The tags that a resource must have, all of them; everything is in scope where there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// Puts tags together.
    ///
    /// # Errors
    /// No resource can have all of them, or AWS takes no question that long.
    pub fn new(mut tags: Vec<Tag>) -> Result<Self, String> {
        tags.sort();
        tags.dedup();
        let valued: BTreeSet<String> =
            tags.iter().filter(|tag| tag.value.is_some()).map(|tag| tag.key.clone()).collect();
        // `K=V` says all that `K` does.
        tags.retain(|tag| tag.value.is_some() || !valued.contains(&tag.key));
        let twice = tags.iter().zip(tags.iter().skip(1)).find(|(one, other)| one.key == other.key);
        if let Some((one, other)) = twice {
            return Err(format!("no resource has both the tags `{one}` and `{other}`"));
        }
        if tags.len() > FILTERS_MAX {
            return Err(format!("AWS takes {FILTERS_MAX} tags at once, these are {}", tags.len()));
        }
        Ok(Self(tags))
    }

    /// Reads the tags of a result, each as `K=V` or `K`.
    ///
    /// # Errors
    /// As [`Tag::parse`] and [`Tags::new`].
    pub fn parse(words: &[String]) -> Result<Self, String> {
        Self::new(words.iter().map(|word| Tag::parse(word)).collect::<Result<_, _>>()?)
    }

    /// Whether everything is in scope.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each as it is written on the command line.
    pub fn words(&self) -> Vec<String> {
        self.0.iter().map(Tag::to_string).collect()
    }

    /// What must be read to go by them.
    pub fn collector(&self) -> Option<Collector> {
        (!self.is_empty()).then_some(Collector::Tags)
    }

    /// The question for the resources that have them.
    pub(crate) fn question(&self) -> Map<String, Value> {
        let filters = self.0.iter().map(|tag| match &tag.value {
            Some(value) => json!({"Key": tag.key, "Values": [value]}),
            None => json!({"Key": tag.key}),
        });
        let mut params = Map::new();
        params.insert("TagFilters".to_owned(), filters.collect());
        params
    }

    /// Whether a resource with these tags is in scope.
    pub(crate) fn are_of(&self, tags: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|tag| tag.is_of(tags))
    }
}

/// The resources of each region that have the tags, by their ARNs as [`canonical`] has them.
pub type Tagged = BTreeMap<String, Fact<BTreeSet<String>>>;

/// An ARN as all services write it: that of a log group may end with `:*`.
pub(crate) fn canonical(resource: &str) -> &str {
    match arn::service(resource) {
        "logs" => resource.strip_suffix(":*").unwrap_or(resource),
        _ => resource,
    }
}

/// The regions whose tags decide about findings. What is global is asked for in `global`.
pub(crate) fn regions(
    inventory: &Inventory,
    findings: &[Finding],
    global: &str,
) -> BTreeSet<String> {
    findings.iter().filter_map(|finding| home(inventory, finding, global)).collect()
}

/// Takes what has not the tags out of scope.
pub(crate) fn restrict(
    inventory: &Inventory,
    findings: &mut [Finding],
    global: &str,
    tagged: &Tagged,
) {
    let wanted = inventory.tags.words().join(", ");
    for finding in findings {
        let Some(region) = home(inventory, finding, global) else { continue };
        let not_read = Fact::default();
        match tagged.get(&region).unwrap_or(&not_read) {
            Fact::Known(all) if names(&finding.resource).any(|name| all.contains(name)) => {}
            Fact::Known(_) => {
                let reason = format!("it has not the tags that were asked for: {wanted}");
                finding.instead(Verdict::not_applicable("out-of-tag-scope", reason));
            }
            // Either way it does not apply.
            Fact::Absent | Fact::Unknown(_) if finding.status == Status::NotApplicable => {}
            Fact::Absent => {
                finding.instead(unknown(&Unread::failed("AWS knows no tags here"), &wanted));
            }
            Fact::Unknown(unread) => finding.instead(unknown(unread, &wanted)),
        }
    }
}

fn unknown(unread: &Unread, wanted: &str) -> Verdict {
    let text = format!("whether it has the tags {wanted} is not known: {}", unread.text);
    Verdict::unknown(&Unread { code: unread.code, text })
}

/// The names under which a finding's resource may be tagged: its own, and for a stage of an API
/// that of the API, whose tags its stages have as well.
fn names(resource: &str) -> impl Iterator<Item = &str> {
    let own = canonical(resource);
    let api = match arn::service(resource) {
        "apigateway" => own.split_once("/stages/").map(|parts| parts.0),
        _ => None,
    };
    std::iter::once(own).chain(api)
}

/// The region that knows the tags of what a finding is about; none where its tags do not count.
fn home(inventory: &Inventory, finding: &Finding, global: &str) -> Option<String> {
    if OF_REGIONS.iter().any(|pattern| arn::matches(pattern, finding.id)) {
        return None;
    }
    let resource = finding.resource.as_str();
    let mut parts = resource.splitn(6, ':').skip(2);
    let (service, region, account, rest) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // Whose list could not be read has no name; what is another account's is not told to this one.
    let is_named = KINDS.iter().any(|(of, start)| {
        *of == service && rest.strip_prefix(start).is_some_and(|id| !id.is_empty())
    });
    if !is_named || rest.ends_with('*') || !(account.is_empty() || account == inventory.account) {
        return None;
    }
    match (service, region) {
        ("s3", _) => inventory.bucket(rest)?.region.known().cloned(),
        (_, "") => Some(global.to_owned()),
        (_, region) => Some(region.to_owned()),
    }
}

#[cfg(test)]
mod tests;
