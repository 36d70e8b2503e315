//! `lb.destination`: access logs of load balancers arrive.

use super::balancer::{self, each_balancer};
use super::repair::{self, Otherwise, Place};
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::balancer::{Balancer, BalancerKind};
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking, Writer};
use crate::plan::change::Builder;

/// The check.
pub(super) struct BalancerDestination;

static META: Meta = Meta {
    id: "lb.destination",
    title: "buckets take the access logs of load balancers",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Balancers, Collector::Sinks],
    controls: &[],
    passes: "the bucket exists in the region of the load balancer, lets the right principal \
             write, and for application and classic load balancers is not encrypted with a key of \
             KMS",
    not_applicable: "it does not log to S3",
    why: "AWS tests the bucket when logging is switched on, and never again.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "s3:PutBucketPolicy, merged into the policy that is there; the rest by hand",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for BalancerDestination {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let kinds = [BalancerKind::Application, BalancerKind::Network, BalancerKind::Classic];
        each_balancer(inventory, &kinds, findings, |region, _, each| {
            judge(inventory, region, each)
        });
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let Some(balancer) = balancer::of(inventory, finding) else { return };
        if let Some(place) = balancer.bucket() {
            put_right(finding, plan, balancer, place);
        }
    }
}

/// Lets a load balancer write where it logs to, below a prefix, if that is what is wrong.
pub(super) fn put_right(
    finding: &Finding,
    plan: &mut Builder<'_>,
    balancer: &Balancer,
    (bucket, prefix): (&str, &str),
) {
    let place = Place { bucket, prefix, writer: balancer::writer(balancer.kind) };
    let choices: &[&str] = match finding.reason_code.as_str() {
        "other-region" => &["let it log to a bucket of its own region"],
        _ => &[
            "let the bucket encrypt with keys of S3 (SSE-S3) by itself",
            "let it log to another bucket",
        ],
    };
    let otherwise = Otherwise { code: &finding.reason_code, reason: &finding.reason, choices };
    let judged = taking(plan.inventory, &finding.region, balancer, (bucket, prefix));
    repair::let_in(plan, &place, judged, &otherwise);
}

/// Accounts of load balancing in regions that are older than August 2022 (ELB user guide, "Attach a
/// policy to your S3 bucket").
const ELB_ACCOUNTS: &[(&str, &str)] = &[
    ("us-east-1", "127311923021"),
    ("us-east-2", "033677994240"),
    ("us-west-1", "027434742980"),
    ("us-west-2", "797873946194"),
    ("af-south-1", "098369216593"),
    ("ap-east-1", "754344448648"),
    ("ap-southeast-3", "589379963580"),
    ("ap-south-1", "718504428378"),
    ("ap-northeast-3", "383597477331"),
    ("ap-northeast-2", "600734575887"),
    ("ap-southeast-1", "114774131450"),
    ("ap-southeast-2", "783225319266"),
    ("ap-northeast-1", "582318560864"),
    ("ca-central-1", "985666609251"),
    ("eu-central-1", "054676820928"),
    ("eu-west-1", "156460612806"),
    ("eu-west-2", "652711504416"),
    ("eu-south-1", "635631232127"),
    ("eu-west-3", "009996457667"),
    ("eu-north-1", "897822967062"),
    ("me-south-1", "076674570225"),
    ("sa-east-1", "507241528517"),
    ("us-gov-west-1", "048591011584"),
    ("us-gov-east-1", "190560391635"),
    ("cn-north-1", "638102146993"),
    ("cn-northwest-1", "037604701340"),
];

fn judge(inventory: &Inventory, region: &str, balancer: &Balancer) -> Verdict {
    if let Some(reason) = balancer.attributes.unread() {
        return Verdict::unknown(reason);
    }
    match balancer.bucket() {
        Some(place) => takes(inventory, region, balancer, place),
        None => Verdict::not_applicable("logging-off", "it does not log to S3"),
    }
}

/// What is said of a bucket that takes what a load balancer writes below a prefix, or does not.
pub(super) fn takes(
    inventory: &Inventory,
    region: &str,
    balancer: &Balancer,
    (bucket, prefix): (&str, &str),
) -> Verdict {
    let advice = match taking(inventory, region, balancer, (bucket, prefix)) {
        Taking::Takes(advice) => advice,
        Taking::Refuses("not-allowed", reason) => return Verdict::fail("not-allowed", reason),
        Taking::Refuses(code, reason) => return Verdict::fail(code, reason).by_hand(),
        Taking::Unread(reason) => return Verdict::unknown(&reason),
    };
    let (own, sink) = (inventory.bucket(bucket), inventory.sinks.get(bucket));
    match own.map(|own| &own.region) {
        Some(Fact::Known(there)) if there != region => {
            let reason = format!("bucket `{bucket}` is in {there}, not in {region}");
            return Verdict::fail("other-region", reason).by_hand();
        }
        Some(Fact::Unknown(reason)) => return Verdict::unknown(reason),
        _ => {}
    }
    // Those of networks reach keys of KMS (ELB user guides, "Enable access logs" of each kind).
    if balancer.kind != BalancerKind::Network {
        match sink.map(|sink| &sink.encryption) {
            Some(Fact::Known(encryption)) if encryption.algorithm.starts_with("aws:kms") => {
                let reason =
                    format!("bucket `{bucket}` encrypts with KMS, which access logs do not reach");
                return Verdict::fail("kms-bucket", reason).by_hand();
            }
            Some(Fact::Unknown(reason)) => return Verdict::unknown(reason),
            _ => {}
        }
    }
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    Verdict::pass(format!("bucket `{bucket}` takes its log{advice}"))
}

/// Whether a bucket takes the log of a load balancer below a prefix.
fn taking(
    inventory: &Inventory,
    region: &str,
    balancer: &Balancer,
    (bucket, prefix): (&str, &str),
) -> Taking {
    let prefix = arn::folder(prefix);
    let account = &inventory.account;
    let principals = principals(inventory, region, balancer.kind);
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let writer = Writer {
        principals: &principals,
        key: format!("{prefix}AWSLogs/{account}/elasticloadbalancing/{region}/x"),
        source_arn: Some(&balancer.arn),
    };
    destination::bucket(inventory, bucket, &writer)
}

fn principals(inventory: &Inventory, region: &str, kind: BalancerKind) -> Vec<String> {
    if kind == BalancerKind::Network {
        return vec!["Service:delivery.logs.amazonaws.com".to_owned()];
    }
    let mut all = vec!["Service:logdelivery.elasticloadbalancing.amazonaws.com".to_owned()];
    if let Some((_, account)) = ELB_ACCOUNTS.iter().find(|(of, _)| *of == region) {
        all.push(format!("AWS:arn:{}:iam::{account}:root", inventory.partition));
        all.push(format!("AWS:{account}"));
    }
    all
}
