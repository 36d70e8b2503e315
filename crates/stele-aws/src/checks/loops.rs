//! The graph "writes a log about": who looks at whom, and where that is written.
//!
//! An edge goes from a thing to where something is written when the thing is written to. A path
//! that returns to its start is a loop: each entry makes the next one.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Fact, Unread};
use crate::inventory::Inventory;
use crate::judge::selectors::{Coverage, Question, Selector, coverage};

/// A thing: its region and its ARN.
type Node = (String, String);

/// The graph.
#[derive(Debug, Default)]
pub(super) struct Graph {
    edges: BTreeMap<Node, Vec<(Node, String)>>,
}

impl Graph {
    /// What an account's settings come to.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let mut graph = Self::default();
        let node = |name: &str| -> Node {
            let bucket = inventory.bucket(name);
            let region = bucket.and_then(|bucket| bucket.region.known().cloned());
            (region.unwrap_or_else(|| inventory.home_region.clone()), inventory.bucket_arn(name))
        };
        for bucket in inventory.buckets.items().unwrap_or_default() {
            if let Fact::Known(log) = &bucket.logging {
                let edge = format!("its access log goes to `{}`", log.target_bucket);
                graph.add(node(&bucket.name), node(&log.target_bucket), edge);
            }
            let (region, arn) = node(&bucket.name);
            for trail in inventory.trails.values().filter(|trail| trail.covers(&region)) {
                let logging = trail.is_logging() == Fact::Known(true);
                let selectors: Vec<&Selector> =
                    trail.selectors.items().unwrap_or_default().iter().collect();
                if logging && records_writes(&selectors, &format!("{arn}/")) {
                    let row = &trail.row;
                    let edge =
                        format!("trail `{}` records its objects into `{}`", row.name, row.bucket);
                    graph.add((region.clone(), arn.clone()), node(&row.bucket), edge);
                }
            }
        }
        for (name, region) in &inventory.by_region {
            for group in region.groups.items().unwrap_or_default() {
                let from = (name.clone(), group.resource().to_owned());
                for filter in group.filters.items().unwrap_or_default() {
                    let functions = region.functions.items().unwrap_or_default();
                    let to =
                        functions.iter().find(|each| each.function_arn == filter.destination_arn);
                    if let Some(function) = to {
                        let target = format!("log-group:{}", function.group());
                        let to = (name.clone(), inventory.arn("logs", name, &target));
                        let edge = format!(
                            "filter `{}` wakes `{}`, which logs to `{}`",
                            filter.filter_name,
                            function.function_name,
                            function.group()
                        );
                        graph.add(from.clone(), to, edge);
                    }
                }
            }
        }
        graph
    }

    fn add(&mut self, from: Node, to: Node, edge: String) {
        self.edges.entry(from).or_default().push((to, edge));
    }

    /// Every thing on a loop, with the edge by which the loop leaves it.
    pub(super) fn members(&self) -> Vec<(String, String, String)> {
        let mut members = Vec::new();
        for (node, edges) in &self.edges {
            let looping = edges.iter().find(|(to, _)| to == node || self.reaches(to, node));
            if let Some((_, edge)) = looping {
                members.push((node.0.clone(), node.1.clone(), edge.clone()));
            }
        }
        members
    }

    fn reaches(&self, from: &Node, goal: &Node) -> bool {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![from]);
        while let Some(node) = todo.pop() {
            if node == goal {
                return true;
            }
            if seen.insert(node) {
                todo.extend(self.edges.get(node).into_iter().flatten().map(|(to, _)| to));
            }
        }
        false
    }
}

/// Whether any write of an object in a bucket is recorded.
fn records_writes(selectors: &[&Selector], below: &str) -> bool {
    let fixed =
        [("eventCategory", "Data"), ("resources.type", "AWS::S3::Object"), ("readOnly", "false")];
    let question = Question { fixed: &fixed, arn_prefix: Some(below), except: &[] };
    coverage(selectors, &question) != Coverage::Nothing
}

/// Why the graph is not whole.
pub(super) fn unread(inventory: &Inventory) -> Option<Unread> {
    let buckets = inventory.buckets.items();
    let of_buckets = match &buckets {
        Ok(buckets) => buckets
            .iter()
            .find_map(|bucket| bucket.logging.unread().or_else(|| bucket.region.unread())),
        Err(reason) => Some(*reason),
    };
    let of_trails = inventory
        .trails
        .values()
        .find_map(|trail| trail.status.unread().or_else(|| trail.selectors.unread()));
    let of_regions = inventory.by_region.values().find_map(|region| {
        let groups = region.groups.items().unwrap_or_default();
        let lists = region.trails.unread().or_else(|| region.groups.unread());
        let functions = || region.functions.unread();
        let filters = || groups.iter().find_map(|group| group.filters.unread());
        lists.or_else(functions).or_else(filters)
    });
    of_buckets.or(of_trails).or(of_regions).cloned()
}
