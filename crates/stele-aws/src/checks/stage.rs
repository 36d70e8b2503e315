//! What the checks of APIs share: their stages.

use crate::collect::application::Stage;
use crate::finding::{Finding, Verdict};
use crate::inventory::{Inventory, Stages};

/// Judges each stage of the APIs of a region; `path` is `restapis` or `apis`.
pub(super) fn each_stage(
    inventory: &Inventory,
    region: &str,
    apis: &Stages,
    path: &str,
    mut add: impl FnMut(String, Verdict),
    judge: impl Fn(&Stage) -> Verdict,
) {
    let arn =
        |rest: &str| format!("arn:{}:apigateway:{region}::/{path}/{rest}", inventory.partition);
    let apis = match apis.items() {
        Ok(apis) => apis,
        Err(reason) => return add(arn("*"), Verdict::unknown(reason)),
    };
    for (api, stages) in apis {
        match stages.items() {
            Ok(stages) => {
                for stage in stages {
                    add(arn(&format!("{api}/stages/{}", stage.name)), judge(stage));
                }
            }
            Err(reason) => add(arn(&format!("{api}/stages/*")), Verdict::unknown(reason)),
        }
    }
}

/// The stage of a finding, by its API and name.
pub(super) fn of<'a>(apis: &'a Stages, finding: &Finding) -> Option<&'a Stage> {
    let rest = finding.resource.split("::/").nth(1)?;
    let mut parts = rest.split('/').skip(1);
    let (api, name) = (parts.next()?, parts.nth(1)?);
    let stages = apis.items().ok()?.iter().filter(|(id, _)| id == api);
    let mut stages = stages.flat_map(|(_, stages)| stages.items().unwrap_or_default());
    stages.find(|stage| stage.name == name)
}

/// The stream of a stage.
pub(super) fn stream(finding: &Finding) -> Option<String> {
    let rest = finding.resource.split("::/").nth(1)?;
    let mut parts = rest.split('/').skip(1);
    let (api, stage) = (parts.next()?, parts.nth(1)?);
    let Finding { account, region, .. } = finding;
    (stage != "*").then(|| format!("aws:apigw:{account}:{region}:{api}/{stage}"))
}
