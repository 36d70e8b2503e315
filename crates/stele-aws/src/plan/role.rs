//! Roles by which services do what is asked of them, each with one policy of its own.

use serde_json::{Value, json};

use super::change::{Builder, Change, Handle};
use super::sink::Given;

/// A role that is wanted.
#[derive(Debug)]
pub struct Role<'a> {
    /// Its name.
    pub name: &'a str,
    /// Who takes it on.
    pub service: &'a str,
    /// Under which condition; empty for none.
    pub condition: Value,
    /// What it may do.
    pub actions: &'a [&'a str],
    /// With what.
    pub resource: &'a str,
    /// What it is wanted for alone, if that is made.
    pub with: Option<Handle>,
}

/// Plans a role and its policy, made where they are not there.
pub fn make(plan: &mut Builder<'_>, role: &Role<'_>) -> Given {
    let Role { name, service, condition, actions, resource, with } = role;
    let inventory = plan.inventory;
    let arn = format!("arn:{}:iam::{}:role/{name}", inventory.partition, inventory.account);
    let region = inventory.home_region.clone();
    let mut trust = json!({"Effect": "Allow", "Principal": {"Service": service},
        "Action": "sts:AssumeRole"});
    if condition.as_object().is_some_and(|condition| !condition.is_empty()) {
        trust["Condition"] = condition.clone();
    }
    let document =
        |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let why = format!("{service} has a role of its own");
    let made = plan.change(
        Change::of("iam:CreateRole", &region, arn.as_str(), why)
            .by("RoleName", *name)
            .set(json!({
                "AssumeRolePolicyDocument": document(trust),
                "Tags": [{"Key": "stele:managed", "Value": "true"}],
            }))
            .with(*with),
    );
    let allowed = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    let why = format!("`{name}` may do what it is for, and nothing else");
    let policy = plan.change(
        Change::of("iam:PutRolePolicy", &region, arn.as_str(), why)
            .by("RoleName", *name)
            .by("PolicyName", *name)
            .set(json!({"PolicyDocument": document(allowed)}))
            .with(*with)
            .after([made]),
    );
    Given { arn, after: vec![made, policy] }
}
