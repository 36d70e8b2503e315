//! The rows of [`super::setting`], one file for each service.

mod apigateway;
mod cloudtrail;
mod config;
mod dns;
pub(super) mod ec2;
mod eks;
mod elb;
mod iam;
mod kms;
mod lambda;
pub(super) mod logs;
mod organizations;
mod rds;
mod redshift;
pub(super) mod s3;
mod security;
pub(crate) mod wafv2;

use super::setting::Setting;

/// All rows by service.
pub(super) const ALL: &[&[Setting]] = &[
    apigateway::ALL,
    cloudtrail::ALL,
    config::ALL,
    dns::ALL,
    ec2::ALL,
    eks::ALL,
    elb::ALL,
    iam::ALL,
    kms::ALL,
    lambda::ALL,
    logs::ALL,
    organizations::ALL,
    rds::ALL,
    redshift::ALL,
    s3::ALL,
    security::ALL,
    wafv2::ALL,
];

#[cfg(test)]
mod tests;
