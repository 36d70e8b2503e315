//! Changes that belong to others, and what is paid once.

use serde_json::{Map, Value, json};

use super::*;
use crate::plan::cost::Volume;

fn finding() -> Finding {
    Finding {
        id: "waf.acl",
        status: Status::Fail,
        severity: crate::finding::Severity::Low,
        account: "1".to_owned(),
        region: "r".to_owned(),
        resource: "x".to_owned(),
        reason: "y".to_owned(),
        reason_code: "z".to_owned(),
        fix: None,
        evidence: Map::new(),
        cause: None,
        pending: false,
        exception: None,
        controls: Vec::new(),
        stream: None,
        missing: false,
    }
}

/// Asks for two groups, each with a key that is wanted only if the group is made, and for a filter
/// after it.
fn plan(states: &[Value]) -> Part {
    let (inventory, baseline, allowances) = Default::default();
    let mut builder = Builder::new(&inventory, &baseline, &allowances);
    for name in ["a", "b"] {
        builder.begin(&finding());
        let made = builder
            .change(Change::of("logs:CreateLogGroup", "r", name, "w").by("logGroupName", name));
        let of_all = Change::of("kms:CreateKey", "r", "k", "w").by("Description", "alias/k");
        let all =
            builder.change(of_all.with(made).cost_once("kms-key", Volume::exactly(1.0, "one key")));
        let keyed = Change::of("logs:AssociateKmsKey", "r", name, "w").by("logGroupName", name);
        let keyed = keyed.set(json!({"kmsKeyId": all.reference("KeyId")}));
        let keyed = builder.change(keyed.with(made).after([made, all]));
        let filter = Change::of("logs:PutSubscriptionFilter", "r", name, "w")
            .by("logGroupName", name)
            .set(json!({"filterName": "f", "destinationArn": "d", "filterPattern": ""}));
        builder.change(filter.after([keyed]));
    }
    // The key is asked for after the first group, and once.
    let order = ["group a", "key", "keyed a", "filter a", "group b", "keyed b", "filter b"];
    assert_eq!(order.len(), states.len());
    let states: Vec<Fact<Value>> = states.iter().cloned().map(Fact::Known).collect();
    build("1", builder, &states, &Volumes::default())
}

fn calls(part: &Part) -> Vec<(&str, &str, &[u32])> {
    let name =
        |action: &Action| action.call.split_once(':').map_or(0, |(service, _)| service.len());
    let each = part.actions.iter();
    each.map(|a| (&a.call[name(a) + 1..], a.resource.as_str(), a.after.as_slice())).collect()
}

#[test]
fn what_belongs_to_something_made_is_left_out_where_it_is_there() {
    let there = json!({"arn": "a"});
    let none = Value::Null;
    // Only the second group is made, which stands behind the key in the order.
    let part = plan(&[
        there.clone(),
        none.clone(),
        none.clone(),
        none.clone(),
        none.clone(),
        none.clone(),
        none.clone(),
    ]);
    // What is left out passes on what it came after.
    let expected: Vec<(&str, &str, &[u32])> = vec![
        ("CreateKey", "k", &[]),
        ("PutSubscriptionFilter", "a", &[1]),
        ("CreateLogGroup", "b", &[]),
        ("AssociateKmsKey", "b", &[1, 3]),
        ("PutSubscriptionFilter", "b", &[4]),
    ];
    assert_eq!(calls(&part), expected);
    assert_eq!(part.actions[3].params["kmsKeyId"], "${1.KeyId}");
    // Neither is made: no key, and what came after it comes all the same.
    let part =
        plan(&[there.clone(), none.clone(), none.clone(), none.clone(), there, none.clone(), none]);
    let expected: Vec<(&str, &str, &[u32])> =
        vec![("PutSubscriptionFilter", "a", &[]), ("PutSubscriptionFilter", "b", &[])];
    assert_eq!(calls(&part), expected);
}

#[test]
fn what_several_ask_for_is_paid_once() {
    let none = || Value::Null;
    let part = plan(&[none(), none(), none(), none(), none(), none(), none()]);
    let key = part.actions.iter().find(|action| action.call == "kms:CreateKey").unwrap();
    assert!((key.monthly_cost_usd.high - 1.0).abs() < 0.001, "{:?}", key.monthly_cost_usd);
    assert_eq!(key.monthly_cost_usd.basis, "one key at $1 per key a month");
}

/// Plans of two accounts in one: what refers to an action refers to its own account's.
#[test]
fn references_of_a_second_account_are_to_its_own_actions() {
    let action = |n: u32, after: &[u32]| {
        let params = json!({"Id": "${1.Id}", "Text": "${srcaddr} ${1.Id}"});
        Action {
            n,
            after: after.to_vec(),
            call: "x:Y".to_owned(),
            account: "2".to_owned(),
            region: "r".to_owned(),
            resource: "x".to_owned(),
            why: "x".to_owned(),
            finding: "x".to_owned(),
            findings: Vec::new(),
            params: params.as_object().unwrap().clone(),
            before: Value::Null,
            expect: None,
            undo: setting::undo("x:Z", json!({"Id": "${1.Id}", "Own": "${self.Id}"})),
            reversible: true,
            leaves: String::new(),
            monthly_cost_usd: Cost::default(),
            warnings: Vec::new(),
        }
    };
    let shifted = shifted(action(2, &[1]), 10);
    assert_eq!((shifted.n, shifted.after), (12, vec![11]));
    assert_eq!(shifted.params["Id"], "${11.Id}");
    assert_eq!(shifted.params["Text"], "${srcaddr} ${11.Id}");
    assert_eq!(shifted.undo[0].params["Id"], "${11.Id}");
    assert_eq!(shifted.undo[0].params["Own"], "${self.Id}");
}

/// Twelve log groups and as many answers as calls.
#[derive(Debug, Default)]
struct Groups {
    prefixes: std::sync::Mutex<Vec<Option<String>>>,
}

#[async_trait::async_trait]
impl Aws for Groups {
    async fn call(&self, call: &crate::call::Call) -> Result<Value, crate::call::CallError> {
        let prefix = call.params.get("logGroupNamePrefix").and_then(Value::as_str);
        self.prefixes.lock().unwrap().push(prefix.map(str::to_owned));
        let names = (0..12).map(|n| format!("/g/{n}"));
        let names = names.filter(|name| prefix.is_none_or(|prefix| name.starts_with(prefix)));
        let all: Vec<Value> = names
            .enumerate()
            .map(|(days, name)| json!({"logGroupName": name, "retentionInDays": days + 1}))
            .collect();
        Ok(json!({"logGroups": all}))
    }
}

/// The states of some groups and how they were asked for.
async fn retained(count: usize) -> (Vec<Fact<Value>>, Vec<Option<String>>) {
    let mut inventory = crate::inventory::Inventory::default();
    let groups = Fact::Known(vec![crate::collect::logs::Group::default(); 12]);
    let region = crate::inventory::Region { groups, ..Default::default() };
    inventory.by_region.insert("r".to_owned(), region);
    let (baseline, allowances) = Default::default();
    let mut builder = Builder::new(&inventory, &baseline, &allowances);
    builder.begin(&finding());
    // The last is not there.
    for n in (13 - count)..13 {
        let name = format!("/g/{n}");
        let change = Change::of("logs:PutRetentionPolicy", "r", name.as_str(), "w");
        builder.change(change.by("logGroupName", name).set(json!({"retentionInDays": 30})));
    }
    let aws = Groups::default();
    let log = CallLog::default();
    let states = states::read(&aws, &log, &builder).await;
    (states, aws.prefixes.into_inner().unwrap())
}

#[tokio::test]
async fn a_list_is_read_whole_where_that_takes_fewer_calls() {
    let state = |days: i64| Fact::Known(json!({"retentionInDays": days}));
    let (states, asked) = retained(3).await;
    assert_eq!(states, [state(11), state(12), Fact::Known(Value::Null)]);
    assert_eq!(asked, [None]);
    let (states, asked) = retained(1).await;
    assert_eq!(states, [Fact::Known(Value::Null)]);
    assert_eq!(asked, [Some("/g/12".to_owned())]);
}
