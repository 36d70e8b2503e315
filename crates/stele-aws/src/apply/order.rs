//! When actions begin: as soon as what they come after has ended, and not with others.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::json;
use stele_event::runtime::ManualClock;

use super::*;
use crate::plan::{Cost, PlanScope, SCHEMA};

/// Log groups; making `slow` takes until `second` is made, or too long.
#[derive(Debug, Default)]
struct Groups(Mutex<Vec<String>>);

impl Groups {
    fn made(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Debug)]
struct Session(std::sync::Arc<Groups>);

#[async_trait]
impl Aws for Session {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        if call.operation.name == "DescribeLogGroups" {
            let made = self.0.made();
            let all: Vec<Value> = made.iter().map(|name| json!({"logGroupName": name})).collect();
            return Ok(json!({"logGroups": all}));
        }
        let name = call.params["logGroupName"].as_str().unwrap().to_owned();
        let mut turns = 0;
        while name == "slow" && turns < 10_000 && !self.0.made().contains(&"second".to_owned()) {
            turns += 1;
            tokio::task::yield_now().await;
        }
        self.0.0.lock().unwrap().push(name);
        Ok(json!({}))
    }
}

struct Nowhere;

impl Record for Nowhere {
    fn append(&self, _: &Entry) -> Result<(), JournalError> {
        Ok(())
    }
}

fn group(n: u32, name: &str, after: &[u32]) -> Action {
    let params = json!({"logGroupName": name}).as_object().unwrap().clone();
    Action {
        n,
        after: after.to_vec(),
        call: "logs:CreateLogGroup".to_owned(),
        account: "1".to_owned(),
        region: "us-east-1".to_owned(),
        resource: name.to_owned(),
        why: String::new(),
        finding: String::new(),
        findings: Vec::new(),
        params,
        before: Value::Null,
        expect: None,
        undo: Vec::new(),
        reversible: true,
        leaves: String::new(),
        monthly_cost_usd: Cost::default(),
        warnings: Vec::new(),
    }
}

#[tokio::test]
async fn an_action_waits_for_those_before_it_and_for_no_other() {
    let plan = Plan {
        schema: SCHEMA.to_owned(),
        made_at: String::new(),
        complete: true,
        scope: PlanScope::default(),
        assess_sha256: String::new(),
        actions: vec![group(1, "slow", &[]), group(2, "first", &[]), group(3, "second", &[2])],
        blocked: Vec::new(),
        monthly_cost_usd: Cost::default(),
        permissions: Vec::new(),
        warnings: Vec::new(),
        errors: Vec::new(),
        sha256: String::new(),
    };
    let groups = std::sync::Arc::new(Groups::default());
    let session: Box<dyn Aws> = Box::new(Session(std::sync::Arc::clone(&groups)));
    let sessions = Sessions::from([("1".to_owned(), session)]);
    let clock = ManualClock::at(0);
    let work = Apply {
        plan: &plan,
        sessions: &sessions,
        journal: &Nowhere,
        stages: BTreeMap::new(),
        wanted: &|_| true,
        clock: &clock,
        patience: Patience { refusal_ms: 0, settle_ms: 0, pause_ms: 0 },
        progress: &|_| {},
    };
    let ended = work.run().await.unwrap();
    assert!(ended.iter().all(|each| each.outcome == Outcome::Done), "{ended:?}");
    assert_eq!(groups.made(), ["first", "second", "slow"]);
}
