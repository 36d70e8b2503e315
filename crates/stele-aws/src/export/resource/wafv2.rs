//! What web ACLs log.

use super::{How, Kind, Prop, Row, Say, how, same};
use crate::export::node::Node;

const ACL: (&str, &str) = ("WebAcl", "The ARN of the web ACL that logs");

pub(super) const ALL: &[Row] = &[Row {
    call: "wafv2:PutLoggingConfiguration",
    cloudformation: Say::Own(&Kind {
        props: &[
            how("LoggingConfiguration.ResourceArn", "ResourceArn", How::Set(ACL.0, ACL.1)),
            same("LoggingConfiguration.LogDestinationConfigs", "LogDestinationConfigs"),
            same("LoggingConfiguration.RedactedFields", "RedactedFields"),
            same("LoggingConfiguration.LoggingFilter", "LoggingFilter"),
            TYPE,
            SCOPE,
        ],
        ..Kind::new("AWS::WAFv2::LoggingConfiguration", "WafLog")
    }),
    terraform: Say::Own(&Kind {
        props: &[
            how("LoggingConfiguration.ResourceArn", "resource_arn", How::Set(ACL.0, ACL.1)),
            same("LoggingConfiguration.LogDestinationConfigs", "log_destination_configs"),
            how("LoggingConfiguration.RedactedFields", "redacted_fields", How::Blocks),
            how("LoggingConfiguration.LoggingFilter", "logging_filter", How::Blocks),
            TYPE,
            SCOPE,
        ],
        import: "{LoggingConfiguration.ResourceArn}",
        ..Kind::new("aws_wafv2_web_acl_logging_configuration", "")
    }),
}];

/// What AWS says of every configuration of a customer; nobody has a word for others.
const TYPE: Prop = how("LoggingConfiguration.LogType", "", How::By(usual));
const SCOPE: Prop = how("LoggingConfiguration.LogScope", "", How::By(usual));

fn usual(value: &Node) -> Option<Node> {
    let text = value.plain()?;
    ["WAF_LOGS", "CUSTOMER"].contains(&text.as_str()).then_some(Node::Null)
}
