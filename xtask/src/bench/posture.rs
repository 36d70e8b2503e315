//! `cargo xtask bench posture`: how long an AWS account takes to assess and to plan for.
//!
//! First made-up accounts on a stand-in inside the process (the example `posture` of `stele-aws`),
//! then the whole program against moto with one crowded region, and beside it Prowler on the same
//! account with the checks that ask the same, where it is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::machine::Machine;
use super::measure::{self, Usage};
use crate::aws::StandIn;
use crate::external::empty_folder;
use crate::steps::Outcome;
use crate::workspace::{self, Workspace};

/// Checks of Stele, and those of Prowler 5.46 that ask for the same or less.
const PAIRS: &[(&str, &str)] = &[
    ("ct.trail.all-regions", "cloudtrail_multi_region_enabled"),
    ("ct.trail.mgmt-rw", "cloudtrail_multi_region_enabled_logging_management_events"),
    ("ct.trail.validation", "cloudtrail_log_file_validation_enabled"),
    ("ct.trail.kms", "cloudtrail_kms_encryption_enabled"),
    ("ct.trail.cwl", "cloudtrail_cloudwatch_logging_enabled"),
    ("ct.trail.insights", "cloudtrail_insights_exist"),
    ("ct.data.s3-read", "cloudtrail_s3_dataevents_read_enabled"),
    ("ct.data.s3-write", "cloudtrail_s3_dataevents_write_enabled"),
    ("ct.data.lambda", "awslambda_function_invoke_api_operations_cloudtrail_logging_enabled"),
    ("ct.bucket.private", "cloudtrail_logs_s3_bucket_is_not_publicly_accessible"),
    ("ct.bucket.access-log", "cloudtrail_logs_s3_bucket_access_logging_enabled"),
    ("vpc.flow.coverage", "vpc_flow_logs_enabled"),
    ("dns.zone.public-query-log", "route53_public_hosted_zones_cloudwatch_logging_enabled"),
    ("cfg.recorder.on", "config_recorder_all_regions_enabled"),
    ("lb.alb.access", "elbv2_logging_enabled"),
    ("lb.clb.access", "elb_logging_enabled"),
    ("db.rds.audit-export", "rds_instance_integration_cloudwatch_logs"),
    ("db.aurora.audit-export", "rds_cluster_integration_cloudwatch_logs"),
    ("db.docdb.audit", "documentdb_cluster_cloudwatch_log_export"),
    ("db.neptune.audit", "neptune_cluster_integration_cloudwatch_logs"),
    ("db.redshift.audit", "redshift_cluster_audit_logging"),
    ("s3.access", "s3_bucket_server_access_logging_enabled"),
    ("cdn.cloudfront", "cloudfront_distributions_logging_enabled"),
    ("waf.acl", "wafv2_webacl_logging_enabled"),
    ("api.rest.access", "apigateway_restapi_logging_enabled"),
    ("api.http.access", "apigatewayv2_api_access_logging_enabled"),
    ("eks.control-plane", "eks_control_plane_logging_all_types_enabled"),
    ("log.group.retention", "cloudwatch_log_group_retention_policy_specific_days_enabled"),
    ("log.group.kms", "cloudwatch_log_group_kms_encryption_enabled"),
];
const REGION: &str = "us-east-1";
/// What `stele aws assess` ends with when something fails.
const FINDINGS: i32 = 3;

/// Runs both parts.
pub(super) fn run(workspace: &Workspace, prowler: Option<PathBuf>) -> anyhow::Result<()> {
    println!("{}\n", Machine::describe()?.sentence());
    let words = ["run", "--release", "--locked", "--package", "stele-aws", "--example", "posture"];
    workspace::run(&mut workspace.cargo(&words))?;

    let mut build = workspace.cargo(&["build", "--release", "--locked", "--package", "stele"]);
    // What is measured here does not need it.
    workspace::run(build.env("STELE_WITHOUT_PAGE", "1"))?;
    let folder = workspace.target.join("bench").join("posture");
    empty_folder(&folder)?;
    let calls = folder.join("calls.ndjson");
    eprintln!("filling a region of moto; this takes half a minute");
    let arguments = ["--crowd", "--calls", &calls.display().to_string()];
    let stand_in = match StandIn::start(workspace, &arguments)? {
        Ok(stand_in) => stand_in,
        Err(Outcome::Skipped(reason)) => {
            eprintln!("skipped: the program against moto: {reason}");
            return Ok(());
        }
        Err(Outcome::Done) => return Ok(()),
    };
    let bench = Crowded { workspace, folder: &folder, calls: &calls, url: &stand_in.url };
    println!(
        "\nOne region of moto: 2,000 log groups, 200 VPCs, 600 buckets\n\n\
         | what | wall | CPU | peak memory | calls | findings |\n|---|---:|---:|---:|---:|---:|"
    );
    bench.stele("stele, every check of the default policy", None)?;
    let ours: Vec<&str> = PAIRS.iter().map(|(ours, _)| *ours).collect();
    let pairs = PAIRS.len();
    bench.stele(&format!("stele, {pairs} checks that Prowler has too"), Some(&ours))?;
    if let Some(prowler) = prowler.or_else(on_path) {
        return bench.prowler(&prowler, &format!("Prowler, its {pairs} of the same"));
    }
    eprintln!(
        "skipped: Prowler is not on the PATH; `pip install prowler` in an environment of its own, \
         and `--prowler FILE` names it"
    );
    Ok(())
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("prowler")).find(|file| file.is_file())
}

/// The account that both look at.
struct Crowded<'a> {
    workspace: &'a Workspace,
    folder: &'a Path,
    calls: &'a Path,
    url: &'a str,
}

impl Crowded<'_> {
    fn stele(&self, name: &str, checks: Option<&[&str]>) -> anyhow::Result<()> {
        let output = self.folder.join("stele.ndjson");
        let mut command = Command::new(self.workspace.binary("release"));
        // A data folder that is not there: nothing is kept.
        command.arg("--data").arg(self.folder.join("none"));
        command
            .args(["aws", "assess", "--regions", REGION, "--format", "ndjson", "-o"])
            .arg(&output);
        if let Some(checks) = checks {
            command.args(["--checks", &checks.join(",")]);
        }
        self.row(name, &mut command, &[0, FINDINGS], || count(&output))
    }

    fn prowler(&self, prowler: &Path, name: &str) -> anyhow::Result<()> {
        let output = self.folder.join("prowler");
        let mut command = Command::new(prowler);
        command
            .args(["aws", "-f", REGION, "-b", "-z", "-M", "json-ocsf", "-F", "out", "-o"])
            .arg(&output);
        command
            .args(["--scan-unused-services", "--checks"])
            .args(PAIRS.iter().map(|(_, theirs)| theirs));
        self.row(name, &mut command, &[0], || {
            let text = fs::read_to_string(output.join("out.ocsf.json"))?;
            Ok(text.matches("\"finding_info\":").count())
        })
    }

    fn row(
        &self,
        name: &str,
        command: &mut Command,
        codes: &[i32],
        findings: impl FnOnce() -> anyhow::Result<usize>,
    ) -> anyhow::Result<()> {
        let before = count(self.calls)?;
        let access = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, "demo"));
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name, REGION));
        command.envs(access).envs(region).env("AWS_ENDPOINT_URL", self.url);
        let Usage { wall_seconds, cpu_seconds, peak_resident_bytes, .. } =
            measure::run_to(command, codes)?;
        let calls = count(self.calls)? - before;
        println!(
            "| {name} | {wall_seconds:.1} s | {cpu_seconds:.1} s | {} MiB | {calls} | {} |",
            peak_resident_bytes >> 20,
            findings()?
        );
        Ok(())
    }
}

/// The lines of a file.
fn count(file: &Path) -> anyhow::Result<usize> {
    let text = fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
    Ok(text.lines().count())
}
