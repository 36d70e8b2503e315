//! The rows of [`super::setting`], one file for each service.

mod cloudtrail;
mod dns;
pub(super) mod ec2;
mod iam;
mod kms;
pub(super) mod logs;
pub(super) mod s3;

use super::setting::Setting;

/// All rows by service.
pub(super) const ALL: &[&[Setting]] =
    &[cloudtrail::ALL, dns::ALL, ec2::ALL, iam::ALL, kms::ALL, logs::ALL, s3::ALL];
