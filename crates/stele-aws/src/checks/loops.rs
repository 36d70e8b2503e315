//! The graph "writes a log about": who looks at whom, and where that is written.
//!
//! An edge goes from a thing to where something is written when the thing is written to. A path
//! that returns to its start is a loop: each entry makes the next one.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Fact, Unread};
use crate::inventory::Inventory;
use crate::judge::selectors::{Selector, records_object_writes};

/// A thing: its region and its ARN.
pub(super) type Node = (String, String);

/// By what something is written when a thing is written to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    /// The access log of a bucket.
    AccessLog,
    /// A trail: its ARN.
    Trail(String),
    /// A subscription: the names of the filter and of the function that it wakes.
    Filter(String, String),
}

/// An edge.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    /// Where it leads.
    pub(super) to: Node,
    /// By what.
    pub(super) by: By,
    /// For people.
    pub(super) text: String,
}

/// The graph.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    edges: BTreeMap<Node, Vec<Edge>>,
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
                graph.add(node(&bucket.name), node(&log.target_bucket), By::AccessLog, edge);
            }
            let (region, arn) = node(&bucket.name);
            for trail in inventory.trails.values().filter(|trail| trail.covers(&region)) {
                let logging = trail.is_logging() == Fact::Known(true);
                let selectors: Vec<&Selector> =
                    trail.selectors.items().unwrap_or_default().iter().collect();
                if logging && records_object_writes(&selectors, &format!("{arn}/")) {
                    let row = &trail.row;
                    let edge =
                        format!("trail `{}` records its objects into `{}`", row.name, row.bucket);
                    let by = By::Trail(row.arn.clone());
                    graph.add((region.clone(), arn.clone()), node(&row.bucket), by, edge);
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
                        let by =
                            By::Filter(filter.filter_name.clone(), function.function_name.clone());
                        graph.add(from.clone(), to, by, edge);
                    }
                }
            }
        }
        graph
    }

    fn add(&mut self, from: Node, to: Node, by: By, text: String) {
        self.edges.entry(from).or_default().push(Edge { to, by, text });
    }

    /// Every thing on a loop, with the edge by which the loop leaves it.
    pub(super) fn members(&self) -> Vec<(String, String, String)> {
        let mut members = Vec::new();
        for (node, edges) in &self.edges {
            let looping = edges.iter().find(|edge| self.reaches(&edge.to, node));
            if let Some(edge) = looping {
                members.push((node.0.clone(), node.1.clone(), edge.text.clone()));
            }
        }
        members
    }

    /// The edges of the loops that a thing is on, each with the thing that it leaves.
    pub(super) fn loops_of(&self, node: &Node) -> Vec<(&Node, &Edge)> {
        let all = self.edges.iter().flat_map(|(from, edges)| edges.iter().map(move |e| (from, e)));
        all.filter(|(from, edge)| self.reaches(node, from) && self.reaches(&edge.to, node))
            .collect()
    }

    /// The ARNs of all that is on a loop with a thing.
    pub(super) fn ring_of(&self, node: &Node) -> Vec<String> {
        let mut all: Vec<String> =
            self.loops_of(node).iter().map(|(from, _)| from.1.clone()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The graph without some of its edges.
    pub(super) fn without(&self, dropped: impl Fn(&Node, &Edge) -> bool) -> Self {
        let mut graph = self.clone();
        for (from, edges) in &mut graph.edges {
            edges.retain(|edge| !dropped(from, edge));
        }
        graph
    }

    fn reaches(&self, from: &Node, goal: &Node) -> bool {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![from]);
        while let Some(node) = todo.pop() {
            if node == goal {
                return true;
            }
            if seen.insert(node) {
                todo.extend(self.edges.get(node).into_iter().flatten().map(|edge| &edge.to));
            }
        }
        false
    }
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
