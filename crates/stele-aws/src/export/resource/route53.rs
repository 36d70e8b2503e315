//! DNS: what resolvers are asked, and what public zones are.

use super::{How, Kind, PROPERTY, Row, Say, how, same};

const VPC: (&str, &str) = ("ResolverLogOf", "The VPC whose queries are logged");

pub(super) const ALL: &[Row] = &[
    Row {
        call: "route53resolver:CreateResolverQueryLogConfig",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("Name", "Name"),
                same("DestinationArn", "DestinationArn"),
                how("Tags", "Tags", How::Tags),
            ],
            ignored: &["CreatorRequestId"],
            made: &[
                ("Id", "", "ResolverQueryLogConfig.Id"),
                ("Arn", "Arn", "ResolverQueryLogConfig.Arn"),
            ],
            ..Kind::new("AWS::Route53Resolver::ResolverQueryLoggingConfig", "QueryLog")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Name", "name"),
                same("DestinationArn", "destination_arn"),
                how("Tags", "tags", How::TagMap),
            ],
            ignored: &["CreatorRequestId"],
            made: &[
                ("Id", "id", "ResolverQueryLogConfig.Id"),
                ("Arn", "arn", "ResolverQueryLogConfig.Arn"),
            ],
            ..Kind::new("aws_route53_resolver_query_log_config", "")
        }),
    },
    Row {
        call: "route53resolver:AssociateResolverQueryLogConfig",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("ResolverQueryLogConfigId", "ResolverQueryLogConfigId"),
                how("ResourceId", "ResourceId", How::Set(VPC.0, VPC.1)),
            ],
            ..Kind::new("AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation", "QueryLogOf")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("ResolverQueryLogConfigId", "resolver_query_log_config_id"),
                how("ResourceId", "resource_id", How::Set(VPC.0, VPC.1)),
            ],
            ..Kind::new("aws_route53_resolver_query_log_config_association", "")
        }),
    },
    Row {
        call: "route53:CreateQueryLoggingConfig",
        cloudformation: Say::Never(PROPERTY),
        terraform: Say::Own(&Kind {
            props: &[
                same("HostedZoneId", "zone_id"),
                same("CloudWatchLogsLogGroupArn", "cloudwatch_log_group_arn"),
            ],
            made: &[("Id", "id", "QueryLoggingConfig.Id")],
            ..Kind::new("aws_route53_query_log", "")
        }),
    },
];
