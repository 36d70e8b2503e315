//! The registry: one line a check, in the order of the catalogue. A check is one file here and one
//! page of cases in `tests/checks/`. Files without a check hold what several of them share.

mod account_separation;
mod agent_association;
mod aggregator;
mod alb_access;
mod alb_connection;
mod audit_source;
mod aurora_export;
mod balancer;
mod balancer_destination;
mod bucket_access_log;
mod bucket_mfa_delete;
mod bucket_object_lock;
mod bucket_private;
mod bucket_retention;
mod bucket_tls;
mod bucket_versioning;
mod channel_delivery;
mod clb_access;
mod cloudfront;
mod data_dynamodb;
mod data_events;
mod data_lambda;
mod data_s3;
mod data_s3_read;
mod data_s3_write;
mod docdb_export;
mod eks;
mod engine_audit;
mod export;
mod flow_coverage;
mod flow_delivery;
mod flow_extra;
mod flow_format;
mod flow_log;
mod gateway_flow;
mod group;
mod group_central;
mod group_data_protection;
mod group_deletion_protection;
mod group_kms;
mod group_retention;
mod guardduty;
mod http_api;
mod hybrid_node;
mod instance_coverage;
mod key;
mod key_rotation;
mod lambda_format;
mod lambda_group;
mod log_key;
mod log_loop;
mod loops;
mod neptune_export;
mod network;
mod nlb_access;
mod node;
mod rds_export;
mod recorder;
mod recorder_on;
mod recorder_scope;
mod redshift_audit;
mod repair;
mod resolver_coverage;
mod resolver_destination;
mod rest_api;
mod s3_access;
mod security_hub;
mod sink;
mod stage;
mod stage_log;
mod trail;
mod trail_all_regions;
mod trail_cwl;
mod trail_delivery;
mod trail_exclusions;
mod trail_insights;
mod trail_kms;
mod trail_mgmt_rw;
mod trail_org;
mod trail_target;
mod trail_validation;
mod waf_acl;
mod zone_query_log;

use crate::check::Check;

/// All checks.
pub const ALL: &[&dyn Check] = &[
    &trail_all_regions::TrailAllRegions,
    &trail_validation::TrailValidation,
    &trail_kms::TrailKms,
    &trail_delivery::TrailDelivery,
    &trail_mgmt_rw::TrailManagement,
    &trail_exclusions::TrailExclusions,
    &trail_cwl::TrailCloudWatch,
    &trail_insights::TrailInsights,
    &data_s3_read::DataS3Read,
    &data_s3_write::DataS3Write,
    &data_lambda::DataLambda,
    &data_dynamodb::DataDynamoDb,
    &bucket_private::BucketPrivate,
    &bucket_versioning::BucketVersioning,
    &bucket_access_log::BucketAccessLog,
    &bucket_retention::BucketRetention,
    &bucket_object_lock::BucketObjectLock,
    &flow_coverage::FlowCoverage,
    &flow_delivery::FlowDelivery,
    &flow_format::FlowFormat,
    &resolver_coverage::ResolverCoverage,
    &resolver_destination::ResolverDestination,
    &zone_query_log::ZoneQueryLog,
    &recorder_on::RecorderOn,
    &recorder_scope::RecorderScope,
    &channel_delivery::ChannelDelivery,
    &alb_access::AlbAccess,
    &nlb_access::NlbAccess,
    &clb_access::ClbAccess,
    &balancer_destination::BalancerDestination,
    &rds_export::RdsExport,
    &aurora_export::AuroraExport,
    &audit_source::AuditSource,
    &docdb_export::DocumentDbExport,
    &neptune_export::NeptuneExport,
    &redshift_audit::RedshiftAudit,
    &s3_access::S3Access,
    &cloudfront::CloudFront,
    &waf_acl::WafAcl,
    &rest_api::RestApi,
    &http_api::HttpApi,
    &eks::EksControlPlane,
    &lambda_group::LambdaGroup,
    &group_retention::GroupRetention,
    &group_kms::GroupKms,
    &group_central::GroupCentral,
    &agent_association::AgentAssociation,
    &log_key::LogKey,
    &key_rotation::KeyRotation,
    &account_separation::AccountSeparation,
    &log_loop::LogLoop,
    &trail_org::TrailOrganization,
    &bucket_mfa_delete::BucketMfaDelete,
    &bucket_tls::BucketTls,
    &gateway_flow::GatewayFlow,
    &aggregator::ConfigAggregator,
    &alb_connection::AlbConnection,
    &lambda_format::LambdaFormat,
    &group_deletion_protection::GroupDeletionProtection,
    &group_data_protection::GroupDataProtection,
    &hybrid_node::HybridNode,
    &instance_coverage::InstanceCoverage,
    &guardduty::GuardDuty,
    &security_hub::SecurityHub,
];

/// A check by its id.
pub fn find(id: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.meta().id == id)
}
