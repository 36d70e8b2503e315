//! What the checks of log groups share.

use crate::check::{Findings, regions};
use crate::collect::logs::Group;
use crate::finding::Verdict;
use crate::inventory::{Inventory, Region};

/// Judges each log group.
pub(super) fn each_group(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&Region, &Group) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        let groups = match region.groups.items() {
            Ok(groups) => groups,
            Err(reason) => {
                findings.unread(name, "logs", "log-group:*", reason);
                continue;
            }
        };
        for group in groups {
            findings.add(name, group.resource().to_owned(), judge(region, group));
        }
    }
}

/// Groups that are AWS's own: names without a slash in front are reserved for it.
pub(super) fn is_managed(group: &Group) -> bool {
    group.log_group_name.starts_with("aws/")
}
