//! What the checks of AWS Config share: the recorder of a region, as it is and as it is made.
//!
//! The order is AWS's: a channel needs a recorder and a bucket that lets Config write, a recorder
//! starts only with a channel.

use serde_json::{Value, json};

use crate::check::{Findings, regions};
use crate::collect::config::{Channel, Config, Recorder};
use crate::finding::Verdict;
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change, Handle};
use crate::plan::cost::Volume;
use crate::plan::sink::{self, Writer};

/// The name that AWS gives recorders and channels by itself.
const NAME: &str = "default";

/// The role that AWS keeps for Config.
const ROLE: &str = "AWSServiceRoleForConfig";

/// Types that are the same in all regions, and that are recorded only if somebody says so.
const GLOBAL_TYPES: [&str; 4] =
    ["AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"];

/// Judges the recorder of each region, or what is said where there is none.
pub(super) fn each_recorder(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&str, &Config, &Recorder) -> Verdict,
    none: impl Fn(&str, &str) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        let recorders = match region.config.recorders.items() {
            Ok(recorders) => recorders,
            Err(reason) => {
                findings.unread(name, "config", "configuration-recorder/*", reason);
                continue;
            }
        };
        if let Some(recorder) = own(recorders) {
            let arn = arn_of(inventory, name, recorder);
            findings.add(name, arn, judge(name, &region.config, recorder));
        } else {
            let arn = inventory.arn("config", name, "configuration-recorder");
            let verdict = none(name, &arn);
            findings.add(name, arn, verdict);
        }
    }
}

/// The account's own recorder; those of AWS's services see only what these want.
fn own(recorders: &[Recorder]) -> Option<&Recorder> {
    recorders.iter().find(|recorder| recorder.service_principal.is_none())
}

fn arn_of(inventory: &Inventory, region: &str, recorder: &Recorder) -> String {
    if recorder.arn.is_empty() {
        inventory.arn("config", region, &format!("configuration-recorder/{}", recorder.name))
    } else {
        recorder.arn.clone()
    }
}

/// The recorder of a region, for those who change it.
struct Subject {
    name: String,
    arn: String,
    is_new: bool,
}

fn subject(plan: &Builder<'_>, region: &str) -> Subject {
    let inventory = plan.inventory;
    let known = inventory.region(region).and_then(|each| each.config.recorders.known());
    match known.and_then(|recorders| own(recorders)) {
        Some(recorder) => Subject {
            name: recorder.name.clone(),
            arn: arn_of(inventory, region, recorder),
            is_new: false,
        },
        None => Subject {
            name: NAME.to_owned(),
            arn: inventory.arn("config", region, &format!("configuration-recorder/{NAME}")),
            is_new: true,
        },
    }
}

/// Plans that a region has a recorder of all types that delivers and records. What is there stays:
/// the recorder's name, role and frequency, and a channel.
pub(super) fn make(plan: &mut Builder<'_>, region: &str) {
    let recorder = record_all(plan, region, "AWS Config records all types");
    let delivers = deliver(plan, region, vec![recorder]);
    start(plan, region, delivers);
}

/// Plans that the recorder of a region records all types.
pub(super) fn record_all(plan: &mut Builder<'_>, region: &str, why: &str) -> Handle {
    let subject = subject(plan, region);
    let after = if subject.is_new { vec![service_role(plan)] } else { Vec::new() };
    let (role, is_home) = (role_arn(plan), plan.inventory.home_region == region);
    let volume = Volume::range(100.0, 2000.0, 50_000.0, "100 to 50,000 changes a month");
    let change = Change::of("config:PutConfigurationRecorder", region, subject.arn, why)
        .edit(move |draft| {
            let recorder = member(&mut draft.params, "ConfigurationRecorder");
            let global = is_home || records_global(&recorder["recordingGroup"]);
            set_if_missing(recorder, "name", NAME);
            set_if_missing(recorder, "roleARN", &role);
            recorder["recordingGroup"] = json!({
                "allSupported": true,
                "includeGlobalResourceTypes": global,
                "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
            });
            Ok(())
        })
        .after(after)
        .cost_once("config-item", volume);
    plan.change(change)
}

/// Whether a group records any of the global types: nothing that is recorded is given up.
fn records_global(group: &Value) -> bool {
    let among = |list: &Value, kind: &str| {
        list.as_array().is_some_and(|all| all.iter().any(|each| each == kind))
    };
    if group["recordingStrategy"]["useOnly"] == "EXCLUSION_BY_RESOURCE_TYPES" {
        let excluded = &group["exclusionByResourceTypes"]["resourceTypes"];
        return !GLOBAL_TYPES.iter().all(|kind| among(excluded, kind));
    }
    group["includeGlobalResourceTypes"] == true
        || GLOBAL_TYPES.iter().any(|kind| among(&group["resourceTypes"], kind))
}

fn role_arn(plan: &Builder<'_>) -> String {
    let (partition, account) = (&plan.inventory.partition, &plan.inventory.account);
    format!("arn:{partition}:iam::{account}:role/aws-service-role/config.amazonaws.com/{ROLE}")
}

fn service_role(plan: &mut Builder<'_>) -> Handle {
    let (region, arn) = (plan.inventory.home_region.clone(), role_arn(plan));
    let change = Change::of(
        "iam:CreateServiceLinkedRole",
        &region,
        arn,
        "AWS Config reads resources by the role that AWS keeps for it",
    )
    // The description is the role's name: by it the role is found again.
    .by("Description", ROLE)
    .set(json!({"AWSServiceName": "config.amazonaws.com"}));
    plan.change(change)
}

/// Plans that a region has a delivery channel, after what is given; what must have been done before
/// a recorder starts.
pub(super) fn deliver(plan: &mut Builder<'_>, region: &str, after: Vec<Handle>) -> Vec<Handle> {
    let known = plan.inventory.region(region).and_then(|each| each.config.channels.known());
    if known.is_some_and(|channels| !channels.is_empty()) {
        return after;
    }
    vec![channel(plan, region, &Channel::default(), after)]
}

/// Plans that the channel of a region delivers to the bucket for its logs, where it has no bucket
/// yet or that of `now`, which is gone.
pub(super) fn channel(
    plan: &mut Builder<'_>,
    region: &str,
    now: &Channel,
    mut after: Vec<Handle>,
) -> Handle {
    let sink = sink::bucket(plan, region);
    after.push(sink::allow(plan, &sink, region, Writer::Config, &now.prefix));
    let (arn, name) = (subject(plan, region).arn, sink.name);
    let (why, gone) = (format!("AWS Config delivers to `{name}`"), now.bucket.clone());
    let volume = Volume::range(0.01, 0.5, 20.0, "0.01 to 20 GB of histories a month");
    let change = Change::of("config:PutDeliveryChannel", region, arn, why)
        .edit(move |draft| {
            let channel = member(&mut draft.params, "DeliveryChannel");
            set_if_missing(channel, "name", NAME);
            if channel["s3BucketName"] == gone.as_str() {
                channel["s3BucketName"] = json!(name);
            }
            set_if_missing(channel, "s3BucketName", &name);
            Ok(())
        })
        .after(after)
        .cost_once("s3-storage-gb", volume);
    plan.change(change)
}

/// Plans that the recorder of a region records.
pub(super) fn start(plan: &mut Builder<'_>, region: &str, after: Vec<Handle>) -> Handle {
    let Subject { name, arn, is_new } = subject(plan, region);
    let why = format!("recorder `{name}` records");
    let mut change = Change::of("config:StartConfigurationRecorder", region, arn, why)
        .by("ConfigurationRecorderName", name)
        .after(after);
    if is_new {
        change = change.fresh(json!({"recording": false}));
    }
    plan.change(change)
}

/// A structure among parameters, empty where it is not there.
fn member<'a>(params: &'a mut serde_json::Map<String, Value>, name: &str) -> &'a mut Value {
    let value = params.entry(name.to_owned()).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value
}

fn set_if_missing(of: &mut Value, name: &str, value: &str) {
    if of[name].as_str().is_none_or(str::is_empty) {
        of[name] = json!(value);
    }
}
