//! Calls about things that belong to others: load balancers, databases, clusters, functions, flow
//! logs that go.

use super::{FOREIGN, PROPERTY, Row, Say};

const fn never(call: &'static str) -> Row {
    Row { call, cloudformation: Say::Never(FOREIGN), terraform: Say::Never(PROPERTY) }
}

const GONE: &str = "a file says what there is, not what goes that it never made";

pub(super) const ALL: &[Row] = &[
    never("elbv2:ModifyLoadBalancerAttributes"),
    never("elb:ModifyLoadBalancerAttributes"),
    never("rds:ModifyDBInstance"),
    never("rds:ModifyDBCluster"),
    never("eks:UpdateClusterConfig"),
    never("lambda:UpdateFunctionConfiguration"),
    Row {
        call: "ec2:DeleteFlowLogs",
        cloudformation: Say::Never(GONE),
        terraform: Say::Never(GONE),
    },
];
