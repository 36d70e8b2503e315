//! Roles by which services do what is asked of them, each with one policy of its own.

use serde_json::{Value, json};

use super::change::{Builder, Change, Handle};
use super::short_hash;

/// Something with an ARN that a plan names, made where it is not there.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its ARN, or what it will be.
    pub arn: String,
    /// What must have been done before it is of use.
    pub after: Vec<Handle>,
}

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

/// Plans a role by which a service writes to a log group, and what is below it.
pub fn of_group(plan: &mut Builder<'_>, name: &str, service: &str, group_arn: &str) -> Given {
    let from_here = json!({"StringEquals": {"aws:SourceAccount": plan.inventory.account}});
    let wanted = Role {
        name,
        service,
        condition: from_here,
        actions: &["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        resource: group_arn,
        with: None,
    };
    make(plan, &wanted)
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
    // One role serves groups and streams of several regions, each by a policy of its own.
    let own = format!("{name}-{}", short_hash(resource));
    let policy = plan.change(
        Change::of("iam:PutRolePolicy", &region, arn.as_str(), why)
            .by("RoleName", *name)
            .by("PolicyName", own)
            .set(json!({"PolicyDocument": document(allowed)}))
            .with(*with)
            .after([made]),
    );
    Given { arn, after: vec![made, policy] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_policy_for_each_place_that_it_writes_to() {
        let (inventory, baseline, allowances) = Default::default();
        let mut plan = Builder::new(&inventory, &baseline, &allowances);
        let mut policy = |place: &str| {
            let arn = format!("arn:aws:logs:{place}:*");
            of_group(&mut plan, "r", "x.amazonaws.com", &arn).after
        };
        let places = ["eu-west-1:1:log-group:a/b", "us-east-1:1:log-group:a/b"];
        let first = policy(places[0]);
        let others = [policy(places[1]), policy("eu-west-1:1:log-group:ab")];
        assert_eq!(policy(places[0]), first);
        for other in &others {
            assert_eq!(other[0], first[0], "one role");
            assert_ne!(other[1], first[1]);
        }
        assert_ne!(others[0][1], others[1][1]);
    }
}
