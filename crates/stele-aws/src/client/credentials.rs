//! Credentials: what they are, the usual chain that finds them, and their renewal.
//!
//! The chain is that of AWS's tools: environment, web identity, profile files (with roles of
//! roles), container, instance (IMDSv2). Sources are in `credentials/sources.rs` and
//! `credentials/profile.rs`. Secrets never reach `Debug`, an error or a log.

pub(crate) mod profile;
mod sources;

use std::sync::Arc;

use tokio::sync::Mutex;

use super::http::Http;
use crate::variables::Variables;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for what signs with it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What requests are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The id of the key, which is no secret.
    pub access_key: String,
    /// The key.
    pub secret: Secret,
    /// The token of temporary credentials.
    pub token: Option<Secret>,
    /// When they end, in microseconds since 1970.
    pub expires_micros: Option<i64>,
}

/// Why there are no credentials; the text says what was looked at and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialsError(pub String);

/// A role to take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What the other account asks to be told.
    pub external_id: Option<String>,
    /// The name of the session in CloudTrail.
    pub session_name: String,
}

/// Where credentials come from.
#[derive(Debug)]
enum Source {
    /// The chain, with a profile if one was named.
    Chain { profile: Option<String> },
    /// A role, taken on with the credentials of another provider.
    Role { base: Arc<Provider>, role: Role },
}

/// Hands out credentials and renews them before they end.
#[derive(Debug)]
pub(crate) struct Provider {
    http: Http,
    region: String,
    source: Source,
    cached: Mutex<Option<Credentials>>,
}

/// Renewed so long before they end: five minutes.
const RENEW_BEFORE_MICROS: i64 = 300_000_000;

impl Provider {
    /// The usual chain.
    pub(crate) fn chain(http: Http, region: &str, profile: Option<String>) -> Self {
        Self {
            http,
            region: region.to_owned(),
            source: Source::Chain { profile },
            cached: Mutex::new(None),
        }
    }

    /// A role on top of another provider.
    pub(crate) fn role(base: Arc<Self>, role: Role) -> Self {
        Self {
            http: base.http.clone(),
            region: base.region.clone(),
            source: Source::Role { base, role },
            cached: Mutex::new(None),
        }
    }

    /// Credentials that hold for the next minutes.
    ///
    /// # Errors
    /// There are none, or the role cannot be taken on.
    pub(crate) async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut cached = self.cached.lock().await;
        let now = self.http.now_micros();
        if let Some(credentials) = cached.as_ref() {
            let left = credentials.expires_micros.map_or(i64::MAX, |expires| expires - now);
            if left > RENEW_BEFORE_MICROS {
                return Ok(credentials.clone());
            }
        }
        let credentials = match &self.source {
            Source::Chain { profile } => {
                sources::chain(&self.http, &self.region, profile.as_deref()).await?
            }
            Source::Role { base, role } => {
                let base = Box::pin(base.get()).await?;
                sources::assume(&self.http, &self.region, &base, role).await?
            }
        };
        *cached = Some(credentials.clone());
        Ok(credentials)
    }
}

/// The region that is meant where none is named: variables, then the profile, then us-east-1.
pub fn default_region(variables: &Variables, profile: Option<&str>) -> String {
    variables
        .get("AWS_REGION")
        .or_else(|| variables.get("AWS_DEFAULT_REGION"))
        .map(str::to_owned)
        .or_else(|| profile::Files::read(variables).region(profile, variables))
        .unwrap_or_else(|| "us-east-1".to_owned())
}
