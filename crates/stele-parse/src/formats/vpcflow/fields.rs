//! The fields of a flow record, and the orders in which they stand where no header says so.
//!
//! Amazon VPC user guide, "Flow log records"; Amazon VPC Transit Gateways, "Transit Gateway Flow
//! Log records".

/// The default of version 2.
pub(super) const DEFAULT: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
                                  protocol packets bytes start end action log-status";

/// The default of transit gateways (version 6).
pub(super) const TRANSIT_GATEWAY: &str = "\
     version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id \
     tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id \
     tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr \
     srcport dstport protocol packets bytes start end log-status type packets-lost-no-route \
     packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region \
     flow-direction pkt-src-aws-service pkt-dst-aws-service";

/// The fields of versions 3 to 11 that neither default has.
const MORE: &str = "\
     vpc-id subnet-id instance-id pkt-srcaddr pkt-dstaddr az-id sublocation-type sublocation-id \
     traffic-path ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn \
     ecs-container-instance-id ecs-container-id ecs-second-container-id ecs-service-name \
     ecs-task-definition-arn ecs-task-arn ecs-task-id reject-reason resource-id encryption-status \
     instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2 interface-type \
     next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id \
     next-hop-interface-type";

/// What a field of a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// The highest version of the fields, which says nothing about the flow.
    Version,
    Account,
    Interface,
    Vpc,
    Instance,
    Region,
    Source,
    Destination,
    PacketSource,
    PacketDestination,
    SourcePort,
    DestinationPort,
    Protocol,
    Packets,
    Bytes,
    Start,
    End,
    Action,
    LogStatus,
    Direction,
    /// A field without a column, by its name.
    Other(String),
}

impl Field {
    /// The field of that name. Names may have underscores (Parquet, CSV); `windowstart` and
    /// `windowend` are no names of AWS, but its guide uses them and so do people.
    pub(super) fn named(name: &str) -> Self {
        match canonical(name).as_str() {
            "version" => Self::Version,
            "account-id" => Self::Account,
            "interface-id" => Self::Interface,
            "vpc-id" => Self::Vpc,
            "instance-id" => Self::Instance,
            "region" => Self::Region,
            "srcaddr" => Self::Source,
            "dstaddr" => Self::Destination,
            "pkt-srcaddr" => Self::PacketSource,
            "pkt-dstaddr" => Self::PacketDestination,
            "srcport" => Self::SourcePort,
            "dstport" => Self::DestinationPort,
            "protocol" => Self::Protocol,
            "packets" => Self::Packets,
            "bytes" => Self::Bytes,
            "start" | "windowstart" => Self::Start,
            "end" | "windowend" => Self::End,
            "action" => Self::Action,
            "log-status" => Self::LogStatus,
            "flow-direction" => Self::Direction,
            other => Self::Other(other.to_owned()),
        }
    }
}

fn canonical(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// The fields that a header, or one of the defaults, names.
pub(super) fn parse(header: &str) -> Vec<Field> {
    header.split_ascii_whitespace().map(Field::named).collect()
}

/// Whether a line names fields: two or more, and most of them known. Fields of later versions are
/// not known yet. Only spaces and tabs part them: a line that holds a control character is kept as
/// a record, for a header is not stored.
pub(super) fn is_header(line: &str) -> bool {
    if line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return false;
    }
    let (mut names, mut known) = (0, 0);
    for name in line.split_ascii_whitespace() {
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return false;
        }
        names += 1;
        let found = !matches!(Field::named(name), Field::Other(_)) || {
            let name = canonical(name);
            [TRANSIT_GATEWAY, MORE].iter().any(|list| list.split(' ').any(|field| field == name))
        };
        known += usize::from(found);
    }
    known >= 2 && known * 2 > names
}
