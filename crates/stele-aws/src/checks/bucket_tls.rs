//! `ct.bucket.tls`: buckets of logs refuse plain HTTP.

use serde_json::{Value, json};

use super::sink::{self, each_sink};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::policy::{Access, Request, evaluate, statements};
use crate::plan::change::Builder;
use crate::plan::sink::refuse_http;

/// The check.
pub(super) struct BucketTls;

static META: Meta = Meta {
    id: "ct.bucket.tls",
    title: "buckets of logs refuse plain HTTP",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[Collector::Buckets, Collector::BucketLogs, Collector::Sinks, Collector::Writers],
    controls: &["CIS-AWS-5.0:2.1.1"],
    passes: "the policy denies everybody to read, write, delete and list without TLS, whatever the \
             key",
    not_applicable: "",
    why: "Logs that are fetched by plain HTTP can be read, and changed, on the way.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketPolicy, with a statement of its own that denies what comes without TLS, \
              merged into the policy that is there",
        undo: Undo::Exact,
        cloudformation: &["S3::BucketPolicy"],
        terraform: &["s3_bucket_policy"],
        cost: "",
    },
};

/// What must be refused: action and whether it is about a file.
const ACTIONS: &[(&str, bool)] = &[
    ("s3:GetObject", true),
    ("s3:PutObject", true),
    ("s3:DeleteObject", true),
    ("s3:ListBucket", false),
];

impl Check for BucketTls {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        each_sink(inventory, findings, |name, sink| {
            let policy = match &sink.policy {
                Fact::Known(policy) => policy,
                Fact::Absent => {
                    return Verdict::fail("no-policy", format!("`{name}` has no policy"));
                }
                Fact::Unknown(reason) => return Verdict::unknown(reason),
            };
            let bucket = inventory.bucket_arn(name);
            let open: Vec<&str> = ACTIONS
                .iter()
                .filter(|(action, of_file)| !refuses(policy, action, &bucket, *of_file))
                .map(|(action, _)| *action)
                .collect();
            if open.is_empty() {
                return Verdict::pass(format!("the policy of `{name}` refuses plain HTTP"));
            }
            let all = open.len() == ACTIONS.len();
            let code = if all { "no-statement" } else { "partly" };
            let open = open.join(", ");
            let reason =
                format!("the policy of `{name}` does not refuse everybody {open} by plain HTTP");
            Verdict::fail(code, reason).evidence("open", open)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        if let Some(bucket) = sink::name(finding) {
            refuse_http(plan, bucket, &finding.region, None);
        }
    }
}

/// Whether a policy denies anybody an action without TLS. Services of AWS come with it always, so a
/// statement may leave them out; one that leaves anybody else out does not deny it to everybody.
fn refuses(policy: &Value, action: &str, bucket: &str, of_file: bool) -> bool {
    // A key that no statement names, so that only those about all keys count.
    let resource = if of_file { format!("{bucket}/\u{1}") } else { bucket.to_owned() };
    let mut all = statements(policy).to_vec();
    all.push(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}));
    let request = Request {
        principals: &[],
        action,
        resource: &resource,
        context: &[("aws:securetransport", "false"), ("aws:principalisawsservice", "false")],
    };
    matches!(evaluate(&json!({"Statement": all}), &request), Access::Denied(_))
}
