//! Calls about things that belong to others: load balancers, databases, clusters, functions, a
//! detector that is suspended, and flow logs that are replaced.

use super::{FOREIGN, PROPERTY, Row, Say};

const fn never(call: &'static str) -> Row {
    Row { call, cloudformation: Say::Never(FOREIGN), terraform: Say::Never(PROPERTY) }
}

pub(super) const ALL: &[Row] = &[
    never("ec2:DeleteFlowLogs"),
    never("elbv2:ModifyLoadBalancerAttributes"),
    never("elb:ModifyLoadBalancerAttributes"),
    never("rds:ModifyDBInstance"),
    never("rds:ModifyDBCluster"),
    never("eks:UpdateClusterConfig"),
    never("guardduty:UpdateDetector"),
    never("organizations:EnableAWSServiceAccess"),
    never("lambda:UpdateFunctionConfiguration"),
];
