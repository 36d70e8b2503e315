//! The parts of a whole that somebody can leave out: one for each group of checks.

use crate::plan::Action;

/// A switch: the first words of checks, the parameter, and what it is about.
#[derive(Debug)]
pub(super) struct Switch {
    checks: &'static [&'static str],
    pub(super) name: &'static str,
    pub(super) about: &'static str,
}

pub(super) const ALL: &[Switch] = &[
    Switch { checks: &["ct", "cen"], name: "WithTrail", about: "CloudTrail: who did what" },
    Switch { checks: &["vpc", "tgw"], name: "WithFlowLogs", about: "Flow logs of networks" },
    Switch { checks: &["dns"], name: "WithDns", about: "Logs of DNS queries" },
    Switch { checks: &["cfg"], name: "WithConfig", about: "AWS Config: what changed" },
    Switch { checks: &["lb"], name: "WithBalancers", about: "Access logs of load balancers" },
    Switch { checks: &["db"], name: "WithDatabases", about: "Audit logs of databases" },
    Switch { checks: &["s3"], name: "WithBuckets", about: "Access logs of buckets" },
    Switch { checks: &["cdn"], name: "WithCloudFront", about: "Access logs of CloudFront" },
    Switch { checks: &["waf"], name: "WithWaf", about: "Logs of web ACLs" },
    Switch { checks: &["api"], name: "WithApis", about: "Access logs of APIs" },
    Switch { checks: &["eks"], name: "WithClusters", about: "Logs of EKS control planes" },
    Switch { checks: &["fn"], name: "WithFunctions", about: "Log groups of functions" },
    Switch { checks: &["log"], name: "WithLogGroups", about: "Settings of log groups" },
    Switch { checks: &["ssm"], name: "WithAgents", about: "Log agents of managed nodes" },
    Switch { checks: &["kms"], name: "WithKeys", about: "Settings of keys of logs" },
    Switch { checks: &["ext"], name: "WithDetectors", about: "GuardDuty and Security Hub" },
];

/// The switches of an action, by the findings that it serves.
pub(super) fn of(action: &Action) -> impl Iterator<Item = &'static str> {
    let checks: Vec<String> =
        action.findings.iter().chain([&action.finding]).map(|each| first_word(each)).collect();
    ALL.iter()
        .filter(move |switch| checks.iter().any(|check| switch.checks.contains(&check.as_str())))
        .map(|switch| switch.name)
}

fn first_word(finding: &str) -> String {
    finding.split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    #[test]
    fn every_check_has_a_switch() {
        for check in checks::ALL {
            let word = first_word(check.meta().id);
            let found = ALL.iter().filter(|each| each.checks.contains(&word.as_str())).count();
            assert_eq!(found, 1, "{}", check.meta().id);
        }
    }
}
