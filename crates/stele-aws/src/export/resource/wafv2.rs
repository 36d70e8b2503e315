//! What web ACLs log.

use super::{How, Kind, Row, Say, how, same};

const ACL: (&str, &str) = ("WebAcl", "The ARN of the web ACL that logs");

pub(super) const ALL: &[Row] = &[Row {
    call: "wafv2:PutLoggingConfiguration",
    cloudformation: Say::Own(&Kind {
        props: &[
            how("LoggingConfiguration.ResourceArn", "ResourceArn", How::Set(ACL.0, ACL.1)),
            same("LoggingConfiguration.LogDestinationConfigs", "LogDestinationConfigs"),
            same("LoggingConfiguration.RedactedFields", "RedactedFields"),
            same("LoggingConfiguration.LoggingFilter", "LoggingFilter"),
        ],
        ..Kind::new("AWS::WAFv2::LoggingConfiguration", "WafLog")
    }),
    terraform: Say::Own(&Kind {
        props: &[
            how("LoggingConfiguration.ResourceArn", "resource_arn", How::Set(ACL.0, ACL.1)),
            same("LoggingConfiguration.LogDestinationConfigs", "log_destination_configs"),
            how("LoggingConfiguration.RedactedFields", "redacted_fields", How::Blocks),
            how("LoggingConfiguration.LoggingFilter", "logging_filter", How::Blocks),
        ],
        import: "{LoggingConfiguration.ResourceArn}",
        ..Kind::new("aws_wafv2_web_acl_logging_configuration", "")
    }),
}];
