//! How the commands of `stele aws` reach AWS: the flags that they share, and what comes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;
use stele_aws::apply::Sessions;
use stele_aws::assess::Selection;
use stele_aws::baseline::Baseline;
use stele_aws::call::Aws;
use stele_aws::client::{HttpAws, Limits, default_region};
use stele_aws::drift::Earlier;
use stele_aws::run::{self, Options};
use stele_aws::tags::Tags;
use stele_aws::variables::Variables;
use stele_intake::system::{SystemClock, SystemEntropy};

use crate::Usage;

/// Where AWS is asked, and as whom.
#[derive(Debug, clap::Args)]
pub(super) struct SessionArguments {
    /// Regions, or `enabled` for all that the account has enabled.
    #[arg(long, value_name = "R", value_delimiter = ',', default_value = ENABLED)]
    pub(super) regions: Vec<String>,
    /// Accounts, each by `--assume-role`.
    #[arg(long, value_name = "A", value_delimiter = ',')]
    pub(super) accounts: Vec<String>,
    /// Every active account of the organisation.
    #[arg(long)]
    pub(super) org: bool,
    /// The role to take on: its ARN, or with several accounts the name that each of them has.
    #[arg(long, value_name = "NAME|ARN")]
    assume_role: Option<String>,
    /// What the role asks to be told.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// The profile of AWS's files to take the credentials from.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Calls in flight at once.
    #[arg(long, default_value_t = 64, value_name = "N")]
    concurrency: usize,
    /// Seconds after which nothing more is asked.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    timeout: u64,
}

/// What `--regions` says where nobody says anything.
const ENABLED: &str = "enabled";

/// A way to AWS.
pub(super) struct Session {
    pub(super) aws: HttpAws,
    pub(super) clock: Arc<SystemClock>,
    /// The region that is asked first.
    pub(super) region: String,
    pub(super) options: Options,
}

impl SessionArguments {
    /// Takes the regions and accounts of an earlier result.
    ///
    /// # Errors
    /// A flag says others: it would not be heeded.
    pub(super) fn as_in(&mut self, before: &Earlier) -> anyhow::Result<()> {
        self.left_to("the earlier result says what is looked at")?;
        self.regions.clone_from(&before.scope.regions);
        if before.scope.accounts.len() > 1 || is_name(self.assume_role.as_deref()) {
            self.accounts.clone_from(&before.scope.accounts);
        }
        Ok(())
    }

    /// Refuses flags for what a file says.
    fn left_to(&self, file: &str) -> anyhow::Result<()> {
        if self.org || !self.accounts.is_empty() || self.regions != [ENABLED] {
            let text = format!("{file}; leave out --regions, --accounts and --org");
            return Err(Usage(text).into());
        }
        Ok(())
    }

    /// Finds credentials and regions; asks nothing yet.
    pub(super) fn open(&self, baseline: Baseline, selection: Selection) -> anyhow::Result<Session> {
        let clock = Arc::new(SystemClock);
        let variables = Variables::of_process();
        let region = default_region(&variables, self.profile.as_deref());
        let limits = Limits { concurrency: self.concurrency, timeout_seconds: self.timeout };
        let entropy = Arc::new(SystemEntropy);
        let aws = HttpAws::new(clock.clone(), entropy, variables, self.profile.clone(), limits)
            .map_err(anyhow::Error::msg)?;
        let regions: Vec<String> =
            self.regions.iter().filter(|region| *region != ENABLED).cloned().collect();
        // What asks first asks where we are, and not in a region that may be misspelt.
        let region = regions.first().cloned().unwrap_or(region);
        let options = Options {
            regions,
            accounts: self.accounts.clone(),
            organization: self.org,
            assume_role: self.assume_role.clone(),
            external_id: self.external_id.clone(),
            selection,
            home_regions: BTreeMap::new(),
            baseline,
            tags: Tags::default(),
        };
        Ok(Session { aws, clock, region, options })
    }
}

impl SessionArguments {
    /// Finds credentials for the changes that a plan or a journal names; asks nothing yet.
    ///
    /// # Errors
    /// A flag says where: the file does.
    pub(super) fn open_for_changes(&self) -> anyhow::Result<Session> {
        self.left_to("the file says what is changed")?;
        self.open(Baseline::default(), Selection::default())
    }
}

/// Whether a role is given by its name, which each account has, and not by the ARN of one.
fn is_name(role: Option<&str>) -> bool {
    role.is_some_and(|role| !role.starts_with("arn:"))
}

impl Session {
    /// A session that may write for each account, by its number, and the ARN of who asks.
    ///
    /// `accounts` are those that a plan or a journal names: more than one, or another than that of
    /// the credentials, is entered by `--assume-role`.
    pub(super) async fn writing(
        mut self,
        accounts: &[String],
    ) -> anyhow::Result<(Sessions, String)> {
        if accounts.len() > 1 || is_name(self.options.assume_role.as_deref()) {
            self.options.accounts = accounts.to_vec();
        }
        let entered = run::accounts(&self.aws, &self.region, &self.options).await?;
        if let Some(error) = entered.errors.first() {
            bail!("account {}: {}; {}", error.account, error.message, error.hint);
        }
        let sessions: BTreeMap<String, Box<dyn Aws>> = entered
            .sessions
            .into_iter()
            .map(|(account, aws)| {
                let aws: Box<dyn Aws> = Box::new(aws.allowing_writes());
                (account, aws)
            })
            .collect();
        Ok((sessions, entered.caller))
    }
}
