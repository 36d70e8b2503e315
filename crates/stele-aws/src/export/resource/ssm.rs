//! Associations of managed nodes.

use super::{How, Kind, Row, Say, how, same};
use crate::export::node::Node;

pub(super) const ALL: &[Row] = &[Row {
    call: "ssm:CreateAssociation",
    cloudformation: Say::Own(&Kind {
        props: &[
            same("Name", "Name"),
            same("DocumentVersion", "DocumentVersion"),
            same("AssociationName", "AssociationName"),
            same("Parameters", "Parameters"),
            same("Targets", "Targets"),
            same("ScheduleExpression", "ScheduleExpression"),
            same("MaxErrors", "MaxErrors"),
            same("MaxConcurrency", "MaxConcurrency"),
            same("ComplianceSeverity", "ComplianceSeverity"),
            same("ApplyOnlyAtCronInterval", "ApplyOnlyAtCronInterval"),
            how("Tags", "Tags", How::Tags),
        ],
        made: &[("AssociationId", "", "AssociationDescription.AssociationId")],
        ..Kind::new("AWS::SSM::Association", "Association")
    }),
    terraform: Say::Own(&Kind {
        props: &[
            same("Name", "name"),
            same("DocumentVersion", "document_version"),
            same("AssociationName", "association_name"),
            how("Parameters", "parameters", How::By(single)),
            how("Targets", "targets", How::Blocks),
            same("ScheduleExpression", "schedule_expression"),
            same("MaxErrors", "max_errors"),
            same("MaxConcurrency", "max_concurrency"),
            same("ComplianceSeverity", "compliance_severity"),
            same("ApplyOnlyAtCronInterval", "apply_only_at_cron_interval"),
            how("Tags", "tags", How::TagMap),
        ],
        made: &[("AssociationId", "association_id", "AssociationDescription.AssociationId")],
        ..Kind::new("aws_ssm_association", "")
    }),
}];

/// Terraform has one value for each parameter of the document.
fn single(parameters: &Node) -> Option<Node> {
    let Node::Map(members) = parameters else { return None };
    let one = members.iter().map(|(name, values)| match values {
        Node::List(values) => match values.as_slice() {
            [only] => Some((name.clone(), only.clone())),
            _ => None,
        },
        _ => None,
    });
    one.collect::<Option<_>>().map(Node::Map)
}
