//! What the file says of CloudTrail and of flow logs.
//!
//! Where AWS's guidance writes what AWS does not take, the right thing is taken and said: its
//! worked examples can be copied.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use crate::baseline::{Baseline, FLOW_FIELDS, FLOW_FIELDS_V2, FlowExtra, VpcFlow, Which, Word};

const INSIGHTS: &[&str] = &["ApiCallRateInsight", "ApiErrorRateInsight"];
const KINDS: &[&str] = &["s3", "lambda", "dynamodb"];
const TRAFFIC: &[&str] = &["ALL", "ACCEPT", "REJECT"];
/// Fields of the guidance that AWS does not have, and what they are called there.
const RENAMED: &[(&str, &str)] = &[("windowstart", "start"), ("windowend", "end")];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CloudTrailTable {
    name: Option<Spanned<String>>,
    bucket: Option<String>,
    prefix: Option<Spanned<String>>,
    log_group: Option<Spanned<String>>,
    log_role: Option<String>,
    insights: Option<Vec<Spanned<String>>>,
    cloudwatch: Option<bool>,
    data_events: BTreeMap<Spanned<String>, Spanned<WhichTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WhichTable {
    Word(String),
    List(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VpcFlowTable {
    traffic: Option<Spanned<String>>,
    destination: Option<Spanned<String>>,
    file_format: Option<Spanned<String>>,
    aggregation_s: Option<Spanned<i64>>,
    fields: Option<Vec<Spanned<String>>>,
    extra: Vec<ExtraTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtraTable {
    resource: Spanned<String>,
    traffic: Option<Spanned<String>>,
    destination: Option<Spanned<String>>,
    role: Option<String>,
    fields: Option<Vec<Spanned<String>>>,
}

impl Reader<'_> {
    pub(super) fn trail(&mut self, table: CloudTrailTable, baseline: &mut Baseline) {
        let wanted = &mut baseline.cloudtrail;
        if let Some(name) = table.name {
            if !is_trail_name(name.as_ref()) {
                let text = "a trail's name has 3 to 128 letters, digits, `.`, `_` or `-`, and begins \
                            and ends with a letter or digit";
                self.say(name.span().start, text);
            }
            wanted.name = name.into_inner();
        }
        wanted.bucket = table.bucket.unwrap_or_default();
        if let Some(prefix) = table.prefix {
            let at = prefix.span().start;
            let plain = prefix.as_ref().trim_matches('/').to_owned();
            if plain != *prefix.as_ref() {
                let text = format!(
                    "CloudTrail puts the slash after `prefix` itself: `{plain}` is taken for \
                     `{}`",
                    prefix.as_ref()
                );
                self.warn(at, &text);
            }
            wanted.prefix = plain;
        }
        if let Some(group) = table.log_group {
            wanted.log_group = self.group(&group);
        }
        wanted.log_role = table.log_role.as_deref().map_or_else(String::new, role_name);
        if let Some(insights) = table.insights {
            wanted.insights = insights
                .iter()
                .map(|each| self.one_of(each, "kind of Insights", INSIGHTS))
                .collect();
        }
        wanted.cloudwatch = table.cloudwatch.unwrap_or(true);
        for (kind, which) in table.data_events {
            self.one_of(&kind, "kind of data events", KINDS);
            let at = which.span().start;
            let which = match which.into_inner() {
                WhichTable::Word(word) if word == "all" => Which::Word(Word::All),
                WhichTable::Word(word) if word == "none" => Which::Word(Word::None),
                WhichTable::Word(_) => {
                    self.say(at, "this is \"all\", \"none\" or a list of ARNs");
                    continue;
                }
                WhichTable::List(arns) => self.some(at, kind.as_ref(), arns),
            };
            baseline.cloudtrail.data_events.insert(kind.into_inner(), which);
        }
    }

    /// Chosen resources; what CloudTrail would not understand is read as it is meant.
    fn some(&mut self, at: usize, kind: &str, arns: Vec<String>) -> Which {
        if arns.iter().any(|arn| arn == "*") {
            let text =
                format!("`*` names nothing to CloudTrail: `{kind} = \"all\"` is taken for it");
            self.warn(at, &text);
            return Which::Word(Word::All);
        }
        let mut plain = Vec::new();
        for arn in arns {
            let bucket = arn.trim_end_matches('*').trim_end_matches('/');
            if kind == "s3" && bucket.contains('/') {
                let text =
                    format!("`{arn}` is a part of a bucket; data events are judged by buckets");
                self.say(at, &text);
            }
            if kind == "s3" && arn.ends_with("/*") {
                let text = format!(
                    "CloudTrail takes the beginning of ARNs, no `*`: `{bucket}/` is taken for `{arn}`"
                );
                self.warn(at, &text);
                plain.push(bucket.to_owned());
            } else {
                plain.push(arn);
            }
        }
        Which::Some(plain)
    }

    pub(super) fn flow(&mut self, table: VpcFlowTable, baseline: &mut Baseline) {
        let wanted = &mut baseline.vpc_flow;
        if let Some(traffic) = table.traffic {
            wanted.traffic = self.one_of(&traffic, "traffic", TRAFFIC);
        }
        if let Some(destination) = table.destination {
            wanted.destination = self.one_of(&destination, "destination", &["s3", "cloudwatch"]);
        }
        if let Some(format) = table.file_format {
            wanted.file_format = self.one_of(&format, "file format", &["plain-text", "parquet"]);
        }
        if let Some(seconds) = table.aggregation_s {
            if ![60, 600].contains(seconds.as_ref()) {
                self.say(seconds.span().start, "AWS puts 60 or 600 seconds together");
            }
            wanted.aggregation_s = seconds.into_inner();
        }
        if let Some(fields) = table.fields {
            wanted.fields = self.fields(&fields);
        }
        for extra in table.extra {
            let extra = self.extra(extra, &baseline.vpc_flow);
            baseline.vpc_flow.extra.push(extra);
        }
    }

    /// A flow log on one thing; what is not said of it is as for all.
    fn extra(&mut self, table: ExtraTable, all: &VpcFlow) -> FlowExtra {
        let kinds = ["vpc-", "subnet-", "eni-"];
        if !kinds.iter().any(|kind| table.resource.as_ref().starts_with(kind)) {
            let text = "`resource` is the id of a VPC, a subnet or an interface";
            self.say(table.resource.span().start, text);
        }
        let destination = table.destination.map_or_else(
            || all.destination.clone(),
            |destination| {
                let text = destination.as_ref();
                let is_word = ["s3", "cloudwatch"].contains(&text.as_str());
                let is_arn = text.contains(":s3:::") || crate::arn::log_group(text).is_some();
                if !(is_word || (text.starts_with("arn:") && is_arn)) {
                    let text = "`destination` is \"s3\", \"cloudwatch\", or the ARN of a bucket, \
                                with a folder if you like, or of a log group";
                    self.say(destination.span().start, text);
                }
                text.clone()
            },
        );
        let traffic = table.traffic.as_ref();
        FlowExtra {
            resource: table.resource.into_inner(),
            traffic: traffic
                .map_or_else(|| all.traffic.clone(), |each| self.one_of(each, "traffic", TRAFFIC)),
            fields: table.fields.map_or_else(|| all.fields.clone(), |fields| self.fields(&fields)),
            destination,
            role: table.role.as_deref().map_or_else(String::new, role_name),
        }
    }

    /// `+name` adds to the fields of version 2; names alone are the whole list. Names may stand as
    /// AWS writes them in a format, `${name}`.
    fn fields(&mut self, fields: &[Spanned<String>]) -> Vec<String> {
        let adds = fields.iter().all(|field| field.as_ref().starts_with('+'));
        let mut all: Vec<String> = Vec::new();
        if adds {
            all.extend(FLOW_FIELDS_V2.iter().map(|field| (*field).to_owned()));
        }
        for field in fields {
            let at = field.span().start;
            let written = field.as_ref().trim_start_matches('+');
            let written = written.trim_start_matches("${").trim_end_matches('}');
            let renamed = RENAMED.iter().find(|(guidance, _)| *guidance == written);
            let name = renamed.map_or(written, |(_, aws)| *aws);
            if renamed.is_some() {
                let text = format!(
                    "AWS's flow logs have no field `{written}`, which its guidance names: `{name}` \
                     is taken for it"
                );
                self.warn(at, &text);
            }
            if !FLOW_FIELDS.contains(&name) {
                self.unknown(at, "field of flow logs", name, FLOW_FIELDS);
            }
            if !all.iter().any(|there| there == name) {
                all.push(name.to_owned());
            }
        }
        all
    }

    fn group(&mut self, name: &Spanned<String>) -> String {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
        if !name.as_ref().chars().all(allowed) || name.as_ref().len() > 512 {
            let text = "a log group's name has letters, digits, `.`, `-`, `_`, `/` and `#`";
            self.say(name.span().start, text);
        }
        name.as_ref().clone()
    }
}

/// The name of a role that may stand as its ARN.
fn role_name(role: &str) -> String {
    role.rsplit('/').next().unwrap_or(role).to_owned()
}

/// As CreateTrail takes it.
fn is_trail_name(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (3..=128).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && ends(name.chars().next())
        && ends(name.chars().next_back())
}
