//! The client: signed calls to AWS in its five protocols, over one pool of connections.
//!
//! It is generic: what it can ask stands in the table of operations. Why no SDK: the 27 crates
//! that this part would need take some 20 CPU-minutes and 7 GB to build. `aws-sigv4` and
//! `aws-config` alone take one CPU-minute and bring a second HTTP client; the signature is a
//! hundred lines that AWS's own suite tests.
//!
//! A session reads. What is no read is refused before anything is sent, unless the session was told
//! to write ([`HttpAws::allowing_writes`]); `assess` never tells it to.

pub(crate) mod credentials;
mod decode;
mod encode;
mod endpoint;
mod http;
mod retry;
mod sigv4;
mod xml;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use stele_event::runtime::{Clock, Entropy};

use crate::call::{Aws, Call, CallError, Failure};
use crate::operation::Operation;
use crate::variables::Variables;
use credentials::Provider;
pub use credentials::{Credentials, CredentialsError, Role, Secret, default_region};
pub use endpoint::Partition;
use http::Http;
pub use http::Limits;

/// AWS, with the credentials of one account.
#[derive(Debug, Clone)]
pub struct HttpAws {
    http: Http,
    provider: Arc<Provider>,
    writes: bool,
}

impl HttpAws {
    /// A session with the usual chain of credentials.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        variables: Variables,
        profile: Option<String>,
        limits: Limits,
    ) -> Result<Self, String> {
        let region = default_region(&variables, profile.as_deref());
        let http = Http::new(clock, entropy, variables, limits)?;
        let provider = Arc::new(Provider::chain(http.clone(), &region, profile));
        Ok(Self { http, provider, writes: false })
    }

    /// A session that takes on a role with this one's credentials; they share their connections.
    /// It reads only, whatever this one may do.
    #[must_use]
    pub fn with_role(&self, role: Role) -> Self {
        let provider = Arc::new(Provider::role(Arc::clone(&self.provider), role));
        Self { http: self.http.clone(), provider, writes: false }
    }

    /// The same session, which may change the account as well. For those alone who carry out a plan
    /// that somebody agreed to, or take it back.
    #[must_use]
    pub fn allowing_writes(self) -> Self {
        Self { writes: true, ..self }
    }

    /// Whether there are credentials.
    ///
    /// # Errors
    /// There are none, or a role cannot be taken on.
    pub async fn sign_in(&self) -> Result<(), CredentialsError> {
        self.provider.get().await.map(|_| ())
    }

    /// Credentials that hold for the next minutes, for a client that signs by itself.
    ///
    /// # Errors
    /// There are none, or a role cannot be taken on.
    pub async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        self.provider.get().await
    }

    /// How many requests the whole run has sent, repetitions among them.
    pub fn requests(&self) -> u64 {
        self.http.requests()
    }
}

/// What would be sent, before it is signed: for the comparison with botocore, and for nothing else.
///
/// # Errors
/// The call cannot be written down.
#[doc(hidden)]
pub fn written(call: &Call) -> Result<Value, String> {
    let endpoint = endpoint::resolve(call.operation, &call.region, &Variables::of(&[]));
    let request = encode::request(call, &endpoint)?;
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    Ok(json!({
        "method": request.method,
        "url": request.url(),
        "headers": headers,
        "body": String::from_utf8(request.body).map_err(|error| error.to_string())?,
        "signing_name": call.operation.service.signing,
        "signing_region": endpoint.signing_region,
    }))
}

/// How an answer is read: for the comparison with botocore, and for nothing else.
///
/// # Errors
/// It is no answer to the operation.
#[doc(hidden)]
pub fn read(operation: &Operation, body: &[u8]) -> Result<Value, String> {
    decode::answer(operation, body, &[])
}

#[async_trait]
impl Aws for HttpAws {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        if !self.writes && !call.operation.reads() {
            let message = "this session reads only; nothing was sent";
            return Err(CallError::new(call, Failure::Other, "read-only", message));
        }
        let credentials = self.provider.get().await.map_err(|error| {
            CallError::new(call, Failure::Denied, "NoCredentials", error.to_string())
        })?;
        self.http.call(call, Some(&credentials)).await
    }
}

#[cfg(test)]
mod tests;
