//! Redshift's audit logs.

use super::{FOREIGN, Kind, Row, Say, same};

pub(super) const ALL: &[Row] = &[Row {
    call: "redshift:EnableLogging",
    cloudformation: Say::Never(FOREIGN),
    terraform: Say::Own(&Kind {
        props: &[
            same("ClusterIdentifier", "cluster_identifier"),
            same("BucketName", "bucket_name"),
            same("S3KeyPrefix", "s3_key_prefix"),
            same("LogDestinationType", "log_destination_type"),
            same("LogExports", "log_exports"),
        ],
        import: "{ClusterIdentifier}",
        ..Kind::new("aws_redshift_logging", "")
    }),
}];
