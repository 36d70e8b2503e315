//! What engines of databases must be told to write an audit log, and whether they are.

use std::collections::BTreeMap;

use crate::collect::audit::{EngineOption, Parameters, is_default};
use crate::collect::database::GroupMembership;
use crate::fact::{Fact, Unread};
use crate::finding::Verdict;

/// MySQL, MariaDB, SQL Server: an option must be in a group that is in force.
pub(super) fn option(
    groups: &BTreeMap<String, Fact<Vec<EngineOption>>>,
    memberships: &[GroupMembership],
    name: &str,
) -> Verdict {
    let mut unread = None;
    let holding = memberships.iter().filter(|each| !is_default(&each.name)).find_map(|each| {
        let options = match groups.get(&each.name) {
            Some(Fact::Known(options)) => options,
            Some(Fact::Absent) => return None,
            Some(Fact::Unknown(reason)) => {
                unread = Some(reason.clone());
                return None;
            }
            None => {
                unread = Some(Unread::not_read());
                return None;
            }
        };
        Some((each, options.iter().find(|option| option.option_name == name)?))
    });
    let Some((membership, option)) = holding else {
        return unread.map_or_else(
            || Verdict::fail("no-option", format!("its option group lacks {name}")),
            |reason| Verdict::unknown(&reason),
        );
    };
    let (group, status) = (&membership.name, membership.status.as_str());
    let verdict = match status {
        "" | "in-sync" => Verdict::pass(format!("option group `{group}` holds {name}")),
        "applying" | "pending-apply" | "pending-maintenance-apply" => {
            let reason = format!("option group `{group}` with {name} is not in force ({status})");
            Verdict::fail("not-in-force", reason).pending()
        }
        _ => {
            let reason = format!("option group `{group}` with {name} is not in force ({status})");
            Verdict::fail("not-in-force", reason)
        }
    };
    let settings = option.option_settings.iter().filter(|setting| !setting.value.is_empty());
    let told = settings
        .filter(|setting| setting.name.starts_with("SERVER_AUDIT_"))
        .filter(|setting| !setting.name.contains("FILE") && !setting.name.contains("QUERY_LOG"));
    told.fold(verdict, |verdict, setting| verdict.evidence(&setting.name, setting.value.as_str()))
}

/// Aurora MySQL: advanced auditing, with something to write down.
pub(super) fn aurora_mysql(set: &Parameters) -> Verdict {
    let get = |name: &str| set.get(name).map_or("", |value| value.trim());
    let (logging, events) = (get("server_audit_logging"), get("server_audit_events"));
    let on = ["1", "on", "true"].iter().any(|word| logging.eq_ignore_ascii_case(word));
    let verdict = match (on, events) {
        (false, _) => Verdict::fail("not-audited", "server_audit_logging is off"),
        (true, "") => {
            let reason = "server_audit_logging is on, and server_audit_events names no event";
            Verdict::fail("no-events", reason)
        }
        (true, events) => Verdict::pass(format!("server_audit_logging is on for {events}")),
    };
    verdict.evidence("server_audit_events", events)
}

/// PostgreSQL: pgaudit must be loaded, and told what to log.
pub(super) fn postgres(set: &Parameters) -> Verdict {
    let get = |name: &str| set.get(name).map_or("", |value| value.trim());
    let libraries = get("shared_preload_libraries");
    if !libraries.split(',').any(|library| library.trim() == "pgaudit") {
        return Verdict::fail("not-audited", "pgaudit is not among shared_preload_libraries")
            .evidence("shared_preload_libraries", libraries);
    }
    let (log, role) = (get("pgaudit.log"), get("pgaudit.role"));
    let verdict = match (log.eq_ignore_ascii_case("none") || log.is_empty(), role) {
        (false, _) => Verdict::pass(format!("pgaudit logs {log}")),
        (true, "") => {
            Verdict::fail("no-events", "pgaudit is loaded, and pgaudit.log tells it to log nothing")
        }
        (true, role) => {
            let reason = format!(
                "pgaudit logs only what role `{role}` is granted in the database, which is not seen"
            );
            Verdict::fail("objects-only", reason)
        }
    };
    verdict.evidence("pgaudit.log", log)
}

/// Oracle: audit records must go to files, for those are exported; a table is not.
pub(super) fn oracle(set: &Parameters) -> Verdict {
    let trail = set.get("audit_trail").map_or("", |value| value.trim());
    let first = trail.split(',').next().unwrap_or_default().trim().to_uppercase();
    let verdict = match first.as_str() {
        "OS" | "XML" => Verdict::pass(format!("audit_trail is {trail}")),
        "DB" | "TRUE" => {
            let reason = format!(
                "audit_trail is {trail}: records stay in a table, and no file is there to export"
            );
            Verdict::fail("in-table", reason)
        }
        _ => Verdict::fail("not-audited", "audit_trail is not set to files"),
    };
    verdict.evidence("audit_trail", trail)
}
