//! VPCs, their subnets and interfaces, and the flow logs on any of them.

use serde::Deserialize;

use crate::baseline::FLOW_FIELDS_V2;
use crate::caller::Caller;
use crate::fact::Fact;
use crate::lenient;

/// What a region has.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// VPCs of the account, and those shared with it.
    pub vpcs: Fact<Vec<Vpc>>,
    /// Subnets.
    pub subnets: Fact<Vec<Subnet>>,
    /// Flow logs.
    pub flow_logs: Fact<Vec<FlowLog>>,
    /// Interfaces; asked only where an interface has a flow log of its own.
    pub interfaces: Fact<Vec<Interface>>,
}

/// A VPC.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Vpc {
    /// `vpc-…`.
    pub vpc_id: String,
    /// Whose it is.
    pub owner_id: String,
    /// Its tags.
    #[serde(rename = "TagSet", deserialize_with = "lenient::list")]
    pub tags: Vec<Tag>,
}

/// A tag.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A subnet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Subnet {
    /// `subnet-…`.
    pub subnet_id: String,
    /// Where it is.
    pub vpc_id: String,
}

/// A network interface.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Interface {
    /// `eni-…`.
    pub network_interface_id: String,
    /// Where it is.
    pub vpc_id: String,
    /// Where in there.
    pub subnet_id: String,
}

/// Transit gateways of a region.
#[derive(Debug, Clone, Default)]
pub struct Gateways {
    /// Those of the account, and those shared with it.
    pub gateways: Fact<Vec<Gateway>>,
    /// What is attached to them; asked only where an attachment has a flow log of its own.
    pub attachments: Fact<Vec<Attachment>>,
}

/// A transit gateway.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Gateway {
    /// `tgw-…`.
    pub transit_gateway_id: String,
    /// `available`, `pending`, `deleting`, …
    pub state: String,
    /// Whose it is.
    pub owner_id: String,
    /// Its tags.
    #[serde(rename = "TagSet", deserialize_with = "lenient::list")]
    pub tags: Vec<Tag>,
}

/// Something attached to a transit gateway.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Attachment {
    /// `tgw-attach-…`.
    pub transit_gateway_attachment_id: String,
    /// To what.
    pub transit_gateway_id: String,
    /// `available`, `pending`, `deleting`, …
    pub state: String,
}

/// A flow log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FlowLog {
    /// `fl-…`.
    pub flow_log_id: String,
    /// `ACTIVE`.
    pub flow_log_status: String,
    /// A VPC, a subnet, an interface or a transit gateway.
    pub resource_id: String,
    /// `ALL`, `ACCEPT` or `REJECT`; empty for transit gateways.
    pub traffic_type: String,
    /// `cloud-watch-logs`, `s3` or `kinesis-data-firehose`.
    pub log_destination_type: String,
    /// The bucket, group or stream.
    pub log_destination: String,
    /// The group, where only its name is given.
    pub log_group_name: String,
    /// The role that writes to a group.
    pub deliver_logs_permission_arn: String,
    /// `SUCCESS` or `FAILED`; absent before the first delivery.
    pub deliver_logs_status: String,
    /// Why it failed.
    pub deliver_logs_error_message: String,
    /// The fields of a line.
    pub log_format: String,
}

impl FlowLog {
    /// The bucket and the prefix in it, where it writes to S3.
    pub fn bucket(&self) -> Option<(&str, &str)> {
        let (name, prefix) = crate::arn::place(&self.log_destination)?;
        Some((name, prefix.trim_end_matches('/')))
    }

    /// The fields of a line; without a format AWS writes those of version 2.
    pub fn fields(&self) -> Vec<&str> {
        if self.log_format.is_empty() {
            return FLOW_FIELDS_V2.to_vec();
        }
        let words = self.log_format.split_whitespace();
        words.map(|word| word.trim_start_matches("${").trim_end_matches('}')).collect()
    }

    /// The log group, where it writes to one.
    pub fn group(&self) -> Option<&str> {
        if self.log_destination_type != "cloud-watch-logs" && !self.log_destination_type.is_empty()
        {
            return None;
        }
        let named = (!self.log_group_name.is_empty()).then_some(self.log_group_name.as_str());
        named.or_else(|| crate::arn::log_group(&self.log_destination))
    }
}

/// Reads a region.
pub(super) async fn collect(caller: Caller<'_>, interfaces: bool) -> Network {
    let (vpcs, subnets, flow_logs) = futures::join!(
        caller.list("ec2:DescribeVpcs", &[]),
        caller.list("ec2:DescribeSubnets", &[]),
        caller.list::<FlowLog>("ec2:DescribeFlowLogs", &[]),
    );
    let on_interfaces =
        |logs: &Vec<FlowLog>| logs.iter().any(|l| l.resource_id.starts_with("eni-"));
    let interfaces = if interfaces || flow_logs.known().is_some_and(on_interfaces) {
        caller.list("ec2:DescribeNetworkInterfaces", &[]).await
    } else {
        Fact::Absent
    };
    Network { vpcs, subnets, flow_logs, interfaces }
}

/// Reads the transit gateways of a region, of which flow logs are known.
pub(super) async fn gateways(caller: Caller<'_>, flow_logs: &Fact<Vec<FlowLog>>) -> Gateways {
    let gateways = caller.list("ec2:DescribeTransitGateways", &[]).await;
    let logs = flow_logs.items().unwrap_or_default();
    let attachments = if logs.iter().any(|log| log.resource_id.starts_with("tgw-attach-")) {
        caller.list("ec2:DescribeTransitGatewayAttachments", &[]).await
    } else {
        Fact::Absent
    };
    Gateways { gateways, attachments }
}
