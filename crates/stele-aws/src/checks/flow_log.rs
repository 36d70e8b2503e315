//! Flow logs that a plan makes.

use serde_json::json;

use crate::finding::Finding;
use crate::plan::change::{Builder, Change, Handle};
use crate::plan::cost::Volume;
use crate::plan::sink::{self, Writer};

/// Plans a flow log of all wanted traffic on the VPC of a finding, with the fields of the policy.
/// `instead` names one that it replaces, because flow logs cannot be changed.
pub(super) fn make(finding: &Finding, plan: &mut Builder<'_>, instead: Option<&str>) -> Handle {
    let region = finding.region.as_str();
    let id = finding.resource.rsplit('/').next().unwrap_or_default();
    let wanted = &plan.baseline.vpc_flow;
    let fields: Vec<String> = wanted.fields.iter().map(|field| format!("${{{field}}}")).collect();
    let mut params = json!({
        "ResourceType": "VPC",
        "TrafficType": wanted.traffic,
        "MaxAggregationInterval": wanted.aggregation_s,
        "LogFormat": fields.join(" "),
        "TagSpecifications": [{"ResourceType": "vpc-flow-log",
            "Tags": [{"Key": "stele:managed", "Value": "true"}]}],
    });
    let (traffic, format) = (wanted.traffic.clone(), wanted.file_format.clone());
    let (after, item) = if wanted.destination == "cloudwatch" {
        let name = format!("/aws/vpc-flow-logs/{id}");
        let group = sink::group(plan, region, &name);
        let arn = plan.inventory.arn("logs", region, &format!("log-group:{name}:*"));
        let service = "vpc-flow-logs.amazonaws.com";
        let role = sink::role(plan, "stele-flow-logs", service, &arn);
        params["LogDestinationType"] = json!("cloud-watch-logs");
        params["LogDestination"] = json!(arn.trim_end_matches(":*"));
        params["DeliverLogsPermissionArn"] = json!(role.arn);
        let mut after = role.after;
        after.push(group);
        (after, "vended-cloudwatch-gb")
    } else {
        let bucket = sink::bucket(plan, region);
        let policy = sink::allow(plan, &bucket, region, Writer::Delivery, "");
        params["LogDestinationType"] = json!("s3");
        params["LogDestination"] = json!(plan.inventory.bucket_arn(&bucket.name));
        if format == "parquet" {
            params["DestinationOptions"] = json!({"FileFormat": "parquet",
                "HiveCompatiblePartitions": false, "PerHourPartition": false});
        }
        (vec![policy], "vended-s3-gb")
    };
    let why = match instead {
        Some(old) => format!("a flow log beside `{old}`, which cannot be changed"),
        None => format!("{traffic} traffic of `{id}` is logged"),
    };
    let volume = Volume::range(0.1, 5.0, 500.0, "0.1 to 500 GB of flow logs for a VPC");
    let mut change = Change::of("ec2:CreateFlowLogs", region, finding.resource.as_str(), why)
        .by("ResourceIds", json!([id]))
        .set(params)
        .after(after)
        .cost(item, volume);
    if let Some(old) = instead {
        change = change.warn(format!("while `{old}` runs beside it, both are paid for"));
    }
    plan.change(change)
}
