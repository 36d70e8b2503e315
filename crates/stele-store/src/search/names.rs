//! Words for numbers: `severity:high`, `class:authentication`, `protocol:tcp`.
//!
//! Names are those of the OCSF schema 1.8.0 (captions in lower case, spaces as `_`); protocols are
//! those of the IANA registry "Protocol Numbers" that logs mention.

use stele_event::Column;

/// The words for the numbers of a column; empty where it has none.
pub(super) fn of_column(column: Column) -> &'static [(&'static str, i64)] {
    match column {
        Column::SeverityId => SEVERITIES,
        Column::StatusId => STATUSES,
        Column::ActionId => ACTIONS,
        Column::DispositionId => DISPOSITIONS,
        Column::DirectionId => DIRECTIONS,
        Column::CategoryUid => CATEGORIES,
        Column::ClassUid => CLASSES,
        Column::ProtocolNum => PROTOCOLS,
        _ => &[],
    }
}

/// The number that a word stands for in a column; `-` and spaces count as `_`, and case does not.
pub(super) fn number(column: Column, word: &str) -> Option<i64> {
    let word = word.trim().to_lowercase().replace([' ', '-'], "_");
    of_column(column).iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
}

static SEVERITIES: &[(&str, i64)] = &[
    ("unknown", 0),
    ("informational", 1),
    ("info", 1),
    ("low", 2),
    ("medium", 3),
    ("high", 4),
    ("critical", 5),
    ("fatal", 6),
    ("other", 99),
];

static STATUSES: &[(&str, i64)] = &[("unknown", 0), ("success", 1), ("failure", 2), ("other", 99)];

static ACTIONS: &[(&str, i64)] = &[
    ("unknown", 0),
    ("allowed", 1),
    ("denied", 2),
    ("observed", 3),
    ("modified", 4),
    ("other", 99),
];

static DIRECTIONS: &[(&str, i64)] =
    &[("unknown", 0), ("inbound", 1), ("outbound", 2), ("lateral", 3), ("local", 4), ("other", 99)];

static PROTOCOLS: &[(&str, i64)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("tcp", 6),
    ("udp", 17),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("sctp", 132),
];

static CATEGORIES: &[(&str, i64)] = &[
    ("system", 1),
    ("findings", 2),
    ("iam", 3),
    ("network", 4),
    ("discovery", 5),
    ("application", 6),
    ("remediation", 7),
    ("unmanned_systems", 8),
];

static DISPOSITIONS: &[(&str, i64)] = &[
    ("unknown", 0),
    ("allowed", 1),
    ("blocked", 2),
    ("quarantined", 3),
    ("isolated", 4),
    ("deleted", 5),
    ("dropped", 6),
    ("custom_action", 7),
    ("approved", 8),
    ("restored", 9),
    ("exonerated", 10),
    ("corrected", 11),
    ("partially_corrected", 12),
    ("uncorrected", 13),
    ("delayed", 14),
    ("detected", 15),
    ("no_action", 16),
    ("logged", 17),
    ("tagged", 18),
    ("alert", 19),
    ("count", 20),
    ("reset", 21),
    ("captcha", 22),
    ("challenge", 23),
    ("access_revoked", 24),
    ("rejected", 25),
    ("unauthorized", 26),
    ("error", 27),
    ("other", 99),
];

/// Among them `event_log_actvity`, as the schema spells it.
static CLASSES: &[(&str, i64)] = &[
    ("base_event", 0),
    ("file_activity", 1001),
    ("kernel_extension_activity", 1002),
    ("kernel_activity", 1003),
    ("memory_activity", 1004),
    ("module_activity", 1005),
    ("scheduled_job_activity", 1006),
    ("process_activity", 1007),
    ("event_log_actvity", 1008),
    ("script_activity", 1009),
    ("peripheral_activity", 1010),
    ("security_finding", 2001),
    ("vulnerability_finding", 2002),
    ("compliance_finding", 2003),
    ("detection_finding", 2004),
    ("incident_finding", 2005),
    ("data_security_finding", 2006),
    ("application_security_posture_finding", 2007),
    ("iam_analysis_finding", 2008),
    ("account_change", 3001),
    ("authentication", 3002),
    ("authorize_session", 3003),
    ("entity_management", 3004),
    ("user_access", 3005),
    ("group_management", 3006),
    ("network_activity", 4001),
    ("http_activity", 4002),
    ("dns_activity", 4003),
    ("dhcp_activity", 4004),
    ("rdp_activity", 4005),
    ("smb_activity", 4006),
    ("ssh_activity", 4007),
    ("ftp_activity", 4008),
    ("email_activity", 4009),
    ("network_file_activity", 4010),
    ("email_file_activity", 4011),
    ("email_url_activity", 4012),
    ("ntp_activity", 4013),
    ("tunnel_activity", 4014),
    ("inventory_info", 5001),
    ("config_state", 5002),
    ("user_inventory", 5003),
    ("patch_state", 5004),
    ("kernel_object_query", 5006),
    ("file_query", 5007),
    ("folder_query", 5008),
    ("admin_group_query", 5009),
    ("job_query", 5010),
    ("module_query", 5011),
    ("network_connection_query", 5012),
    ("networks_query", 5013),
    ("peripheral_device_query", 5014),
    ("process_query", 5015),
    ("service_query", 5016),
    ("session_query", 5017),
    ("user_query", 5018),
    ("device_config_state_change", 5019),
    ("software_info", 5020),
    ("osint_inventory_info", 5021),
    ("startup_item_query", 5022),
    ("cloud_resources_inventory_info", 5023),
    ("evidence_info", 5040),
    ("web_resources_activity", 6001),
    ("application_lifecycle", 6002),
    ("api_activity", 6003),
    ("web_resource_access_activity", 6004),
    ("datastore_activity", 6005),
    ("file_hosting", 6006),
    ("scan_activity", 6007),
    ("application_error", 6008),
    ("remediation_activity", 7001),
    ("file_remediation_activity", 7002),
    ("process_remediation_activity", 7003),
    ("network_remediation_activity", 7004),
    ("drone_flights_activity", 8001),
    ("airborne_broadcast_activity", 8002),
    ("registry_key_activity", 201_001),
    ("registry_value_activity", 201_002),
    ("windows_resource_activity", 201_003),
    ("windows_service_activity", 201_004),
    ("registry_key_query", 205_004),
    ("registry_value_query", 205_005),
    ("prefetch_query", 205_019),
    ("event_log_activity", 1008),
];
