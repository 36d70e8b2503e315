//! The table of columns: the one place that says what a stored event consists of.
//!
//! The Arrow schema, the Delta schema, `docs/event-model.md` and the list of query fields are all
//! generated from [`COLUMNS`]. Names follow OCSF 1.8.0 with dots turned into underscores. Columns
//! are only ever added, at the end of their group; none is renamed, retyped or removed, because
//! files already written keep the old shape.

/// What a column holds, in the few types that every reader of the lake understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A list of UTF-8 texts.
    TextList,
    /// Signed 64 bit integer.
    Int64,
    /// Signed 32 bit integer.
    Int32,
    /// True or false.
    Bool,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time,
    /// Bytes exactly as received.
    Bytes,
}

/// The part of the event that a column describes; the order of groups is the order in the docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Which event this is, when it happened, and where the ledger has it.
    Identity,
    /// What kind of event OCSF says it is, and how it ended.
    Class,
    /// Where the record came from and how it was understood.
    Source,
    /// Who acted.
    Actor,
    /// What was done.
    Operation,
    /// Between which network endpoints.
    Endpoint,
    /// On which resource, page, name, process or file, and how much.
    Subject,
    /// The record itself.
    Payload,
}

/// How a column is written, beyond its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Few distinct values: dictionary encoding.
    Repeating,
    /// Mostly distinct values that people search for whole: no dictionary, a bloom filter.
    Identifier,
    /// Repeating values that people search for whole: dictionary and bloom filter.
    Needle,
    /// Numbers or times that grow slowly within a file: delta encoding.
    Sequence,
    /// Neither dictionary nor statistics: long text and raw bytes.
    Blob,
}

/// One row of the column table.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSpec {
    /// The identifier used in code.
    pub column: Column,
    /// The name in the table, in queries and in the API.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
    /// The part of the event that it describes.
    pub group: Group,
    /// How it is stored.
    pub storage: Storage,
    /// The OCSF 1.8.0 attribute path that it stands for; empty where OCSF has none.
    pub ocsf: &'static str,
    /// One sentence for people.
    pub doc: &'static str,
}

macro_rules! columns {
    ($($group:ident { $($column:ident $name:literal $kind:ident $storage:ident $ocsf:literal $doc:literal;)* })*) => {
        /// A column of the event table; the discriminant is its place in [`COLUMNS`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Column {
            $($(
                #[doc = $doc]
                $column,
            )*)*
        }

        /// Every column, in the order of the stored table.
        pub const COLUMNS: &[ColumnSpec] = &[
            $($(ColumnSpec {
                column: Column::$column,
                name: $name,
                kind: Kind::$kind,
                group: Group::$group,
                storage: Storage::$storage,
                ocsf: $ocsf,
                doc: $doc,
            },)*)*
        ];
    };
}

columns! {
    Identity {
        EventUid "event_uid" Text Identifier "metadata.uid" "The source's own id of the event (CloudTrail eventID); empty where it has none.";
        IdConflict "id_conflict" Bool Repeating "" "True where the same id was already stored over different bytes.";
        Time "time" Time Sequence "time" "When it happened, by the source's clock.";
        TimeEnd "time_end" Time Sequence "end_time" "When it ended, where the record covers an interval.";
        ObservedTime "observed_time" Time Sequence "metadata.logged_time" "When an agent or relay saw it, by that host's clock.";
        IngestTime "ingest_time" Time Sequence "metadata.processed_time" "When Stele received it; partitions and retention go by this.";
        TimeQuality "time_quality" Text Repeating "" "How far `time` can be trusted: exact, no-zone, year-guessed, future, ingest.";
        Batch "_batch" Int64 Sequence "" "The ledger batch: writer in the upper bits, sequence in the lower 40.";
        Pos "_pos" Int32 Sequence "" "The place in the batch; `<_batch>-<_pos>` is the event's address.";
        Truncated "truncated" Bool Repeating "" "True where the record was longer than the limit and was cut.";
        OriginalBytes "original_bytes" Int64 Repeating "" "The length of the record before it was cut.";
    }
    Class {
        ClassUid "class_uid" Int32 Repeating "class_uid" "OCSF class; 0 where the record could not be understood.";
        CategoryUid "category_uid" Int32 Repeating "category_uid" "OCSF category.";
        ActivityId "activity_id" Int32 Repeating "activity_id" "OCSF activity within the class.";
        TypeUid "type_uid" Int64 Repeating "type_uid" "class_uid * 100 + activity_id.";
        SeverityId "severity_id" Int32 Repeating "severity_id" "OCSF severity: 0 unknown, 1 informational, 2 low, 3 medium, 4 high, 5 critical, 6 fatal.";
        StatusId "status_id" Int32 Repeating "status_id" "OCSF status: 0 unknown, 1 success, 2 failure, 99 other.";
        StatusCode "status_code" Text Repeating "status_code" "The source's own status or error code.";
        StatusDetail "status_detail" Text Repeating "status_detail" "The source's own words about the outcome.";
        DispositionId "disposition_id" Int32 Repeating "disposition_id" "OCSF disposition: what a security control did.";
        ActionId "action_id" Int32 Repeating "action_id" "OCSF action: 1 allowed, 2 denied.";
        Message "message" Text Blob "message" "The line for people, where the record has one.";
    }
    Source {
        SourceType "source_type" Text Repeating "metadata.log_format" "The format by which the record was read (`cloudtrail`, `vpcflow`, ...).";
        ParserVersion "parser_version" Int32 Repeating "" "The version of the mapping that filled the columns.";
        ParseStatus "parse_status" Text Repeating "" "ok, partial (some fields refused) or failed (raw only).";
        ParseError "parse_error" Text Repeating "" "Why parse_status is not ok.";
        Source "source" Text Repeating "metadata.log_source" "Who delivered it: the `?source=` of the request, the imported file's folder, the agent.";
        Tenant "tenant" Text Repeating "metadata.tenant_uid" "The tenant it belongs to.";
        AccountUid "account_uid" Text Repeating "cloud.account.uid" "The cloud account in whose log it stands.";
        Region "region" Text Repeating "cloud.region" "The cloud region.";
        LogName "log_name" Text Repeating "metadata.log_name" "Log group, trail or file.";
        LogStream "log_stream" Text Repeating "" "Log stream or object key.";
        HostName "host_name" Text Repeating "device.hostname" "The host that wrote it.";
    }
    Actor {
        UserName "user_name" Text Needle "actor.user.name" "The acting user's name.";
        UserUid "user_uid" Text Needle "actor.user.uid" "The acting user's unique id (the ARN at AWS).";
        UserUidAlt "user_uid_alt" Text Repeating "actor.user.uid_alt" "A second id of the user (the AWS principal id).";
        UserType "user_type" Text Repeating "actor.user.type" "The source's word for the kind of user (IAMUser, AssumedRole, Root, ...).";
        CredentialUid "credential_uid" Text Needle "actor.user.credential_uid" "The key used (AWS access key id).";
        SessionUid "session_uid" Text Needle "actor.session.uid" "The session acted in.";
        SessionIssuer "session_issuer" Text Repeating "actor.session.issuer" "Who issued the session (the role's ARN).";
        IsMfa "is_mfa" Bool Repeating "actor.session.is_mfa" "Whether the session was opened with a second factor.";
        InvokedBy "invoked_by" Text Repeating "actor.invoked_by" "The service that acted on the user's behalf.";
        UserAccountUid "user_account_uid" Text Repeating "actor.user.account.uid" "The account that the user belongs to.";
    }
    Operation {
        Operation "operation" Text Repeating "api.operation" "What was done: API call, method, verb, SQL class, event type.";
        Service "service" Text Repeating "api.service.name" "Which service it was asked of, as the source writes it.";
        RequestUid "request_uid" Text Identifier "api.request.uid" "The request's id.";
        CorrelationUid "correlation_uid" Text Identifier "metadata.correlation_uid" "The id that joins the events of one transaction.";
        TraceUid "trace_uid" Text Identifier "" "The distributed trace's id.";
        IsReadOnly "is_read_only" Bool Repeating "" "Whether the operation only read.";
        DataAccess "data_access" Bool Repeating "" "Whether the operation touched data rather than configuration.";
    }
    Endpoint {
        SrcIp "src_ip" Text Needle "src_endpoint.ip" "The address it came from, in canonical form.";
        SrcPort "src_port" Int32 Repeating "src_endpoint.port" "The port it came from.";
        SrcName "src_name" Text Repeating "src_endpoint.domain" "The origin where it is a name and not an address.";
        DstIp "dst_ip" Text Needle "dst_endpoint.ip" "The address it went to, in canonical form.";
        DstPort "dst_port" Int32 Repeating "dst_endpoint.port" "The port it went to.";
        DstName "dst_name" Text Repeating "dst_endpoint.domain" "The target where it is a name and not an address.";
        SrcInstanceUid "src_instance_uid" Text Repeating "src_endpoint.instance_uid" "The instance it came from.";
        DstInstanceUid "dst_instance_uid" Text Repeating "dst_endpoint.instance_uid" "The instance it went to.";
        InterfaceUid "interface_uid" Text Repeating "src_endpoint.interface_uid" "The network interface that saw it.";
        VpcUid "vpc_uid" Text Repeating "src_endpoint.vpc_uid" "The virtual network.";
        ProtocolNum "protocol_num" Int32 Repeating "connection_info.protocol_num" "IANA protocol number.";
        DirectionId "direction_id" Int32 Repeating "connection_info.direction_id" "OCSF direction: 1 inbound, 2 outbound.";
    }
    Subject {
        HttpMethod "http_method" Text Repeating "http_request.http_method" "HTTP method.";
        UrlPath "url_path" Text Repeating "http_request.url.path" "Path of the URL.";
        UrlHost "url_host" Text Repeating "http_request.url.hostname" "Host of the URL.";
        HttpStatus "http_status" Int32 Repeating "http_response.code" "HTTP status code.";
        UserAgent "user_agent" Text Repeating "http_request.user_agent" "The client's name for itself.";
        QueryHostname "query_hostname" Text Repeating "query.hostname" "The name asked of DNS, without the trailing dot.";
        ResourceUid "resource_uid" Text Repeating "resources[0].uid" "The first resource touched.";
        ResourceUids "resource_uids" TextList Repeating "resources[].uid" "Every resource touched.";
        ProcessName "process_name" Text Repeating "process.name" "The program.";
        ProcessCmdLine "process_cmd_line" Text Blob "process.cmd_line" "The program's command line.";
        FilePath "file_path" Text Repeating "file.path" "The file touched.";
        Bytes "bytes" Int64 Repeating "traffic.bytes" "Bytes transferred.";
        Packets "packets" Int64 Repeating "traffic.packets" "Packets transferred.";
        DurationMs "duration_ms" Int64 Repeating "duration" "How long it took, in milliseconds.";
    }
    Payload {
        Attrs "attrs" Text Blob "" "JSON object of OCSF attributes (by path) that have no column.";
        Unmapped "unmapped" Text Blob "unmapped" "JSON object of source fields without a place, where raw is not itself JSON.";
        Raw "raw" Bytes Blob "raw_data" "The record, byte for byte as received.";
    }
}

/// How many columns there are.
pub const COLUMN_COUNT: usize = COLUMNS.len();

impl Column {
    /// The row of the table that describes this column.
    pub fn spec(self) -> &'static ColumnSpec {
        &COLUMNS[self as usize]
    }

    /// The name in the table and in queries.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The column of that name, if there is one.
    pub fn by_name(name: &str) -> Option<Self> {
        COLUMNS.iter().find(|spec| spec.name == name).map(|spec| spec.column)
    }

    /// The column that stands for an OCSF attribute path, if there is one.
    pub fn by_ocsf_path(path: &str) -> Option<Self> {
        COLUMNS
            .iter()
            .find(|spec| !spec.ocsf.is_empty() && spec.ocsf == path)
            .map(|spec| spec.column)
    }
}

/// A name that a source uses for one of its fields, and the column that stands for it.
///
/// Queries and rules may use the source's own name. The column answers only where it is
/// `lossless`: where it holds, for every record of that format, exactly the value that the raw
/// record has (null included). Elsewhere the raw record is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceField {
    /// The format that has the field.
    pub format: &'static str,
    /// The source's name, as a path into its record (`userIdentity.arn`).
    pub name: &'static str,
    /// The column that holds its value.
    pub column: Column,
    /// Whether the column holds exactly the source's value in every record.
    pub lossless: bool,
}
