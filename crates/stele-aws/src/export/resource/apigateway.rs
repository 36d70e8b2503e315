//! API Gateway: the role of the account; stages belong to their APIs.

use super::{FOREIGN, How, Kind, PROPERTY, Row, Say, how};
use crate::export::node::Node;

pub(super) const ALL: &[Row] = &[
    Row {
        call: "apigateway:UpdateAccount",
        cloudformation: Say::Own(&Kind {
            props: &[how("patchOperations", "CloudWatchRoleArn", How::By(role))],
            keep: true,
            ..Kind::new("AWS::ApiGateway::Account", "ApiAccount")
        }),
        terraform: Say::Own(&Kind {
            props: &[how("patchOperations", "cloudwatch_role_arn", How::By(role))],
            ..Kind::new("aws_api_gateway_account", "")
        }),
    },
    Row {
        call: "apigateway:UpdateStage",
        cloudformation: Say::Never(FOREIGN),
        terraform: Say::Never(PROPERTY),
    },
    Row {
        call: "apigatewayv2:UpdateStage",
        cloudformation: Say::Never(FOREIGN),
        terraform: Say::Never(PROPERTY),
    },
];

/// The role in the only patch.
fn role(patches: &Node) -> Option<Node> {
    let Node::List(patches) = patches else { return None };
    let [patch] = patches.as_slice() else { return None };
    let is =
        |name: &str, text: &str| patch.get(name).and_then(Node::plain).as_deref() == Some(text);
    let sets = is("op", "replace") && is("path", "/cloudwatchRoleArn");
    sets.then(|| patch.get("value").cloned()).flatten()
}
