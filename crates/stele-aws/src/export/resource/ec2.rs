//! Flow logs.

use super::{How, Kind, Row, Say, how, same};
use crate::export::node::Node;

const VPC: (&str, &str) = ("FlowLogOf", "Whose traffic is logged: a VPC, subnet or gateway");

pub(super) const ALL: &[Row] = &[Row {
    call: "ec2:CreateFlowLogs",
    cloudformation: Say::Own(&Kind {
        props: &[
            how("ResourceIds", "ResourceId", How::Set(VPC.0, VPC.1)),
            same("ResourceType", "ResourceType"),
            same("TrafficType", "TrafficType"),
            same("LogDestinationType", "LogDestinationType"),
            same("LogDestination", "LogDestination"),
            same("LogGroupName", "LogGroupName"),
            same("LogFormat", "LogFormat"),
            same("DeliverLogsPermissionArn", "DeliverLogsPermissionArn"),
            same("DeliverCrossAccountRole", "DeliverCrossAccountRole"),
            how("MaxAggregationInterval", "MaxAggregationInterval", How::Number),
            same("DestinationOptions", "DestinationOptions"),
            how("TagSpecifications", "Tags", How::By(tag_list)),
        ],
        made: &[("FlowLogId", "", "FlowLogIds[0]")],
        each: "ResourceIds",
        ..Kind::new("AWS::EC2::FlowLog", "FlowLog")
    }),
    terraform: Say::Own(&Kind {
        props: &[
            how(
                "ResourceIds",
                "",
                How::SetWhere(
                    VPC,
                    "ResourceType",
                    &[
                        ("VPC", "vpc_id"),
                        ("Subnet", "subnet_id"),
                        ("NetworkInterface", "eni_id"),
                        ("TransitGateway", "transit_gateway_id"),
                        ("TransitGatewayAttachment", "transit_gateway_attachment_id"),
                    ],
                ),
            ),
            how("TrafficType", "traffic_type", How::Same),
            same("LogDestinationType", "log_destination_type"),
            same("LogDestination", "log_destination"),
            same("LogFormat", "log_format"),
            same("DeliverLogsPermissionArn", "iam_role_arn"),
            same("DeliverCrossAccountRole", "deliver_cross_account_role"),
            how("MaxAggregationInterval", "max_aggregation_interval", How::Number),
            how("DestinationOptions", "destination_options", How::Blocks),
            how("TagSpecifications", "tags", How::By(tag_map)),
        ],
        made: &[("FlowLogId", "id", "FlowLogIds[0]")],
        each: "ResourceIds",
        ..Kind::new("aws_flow_log", "")
    }),
}];

/// The tags of the only specification.
fn tags(value: &Node) -> Option<Vec<(Node, Node)>> {
    let Node::List(items) = value else { return None };
    let [only] = items.as_slice() else { return None };
    let Node::List(tags) = only.get("Tags")? else { return None };
    tags.iter().map(|tag| Some((tag.get("Key")?.clone(), tag.get("Value")?.clone()))).collect()
}

fn tag_list(value: &Node) -> Option<Node> {
    let pair = |(key, value)| Node::Map(vec![("Key".to_owned(), key), ("Value".to_owned(), value)]);
    Some(Node::List(tags(value)?.into_iter().map(pair).collect()))
}

fn tag_map(value: &Node) -> Option<Node> {
    let pairs = tags(value)?.into_iter().map(|(key, value)| Some((key.plain()?, value)));
    pairs.collect::<Option<_>>().map(Node::Map)
}
