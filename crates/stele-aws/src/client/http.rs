//! The wire: one pool of connections, attempts, the clock's error, the size of answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::DateTime;
use serde_json::Value;
use stele_event::runtime::{Clock, Entropy};
use tokio::sync::Semaphore;

use super::credentials::Credentials;
use super::encode::Request;
use super::retry::{self, Again, Paces};
use super::sigv4::{self, Scope, ToSign};
use super::{decode, encode, endpoint};
use crate::call::{Call, CallError, Failure};
use crate::variables::Variables;

const RESPONSE_BYTES_MAX: usize = 32 << 20;
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Metadata services answer at once or are not there.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
/// A clock may be off by five minutes before AWS refuses; we correct it from four.
const SKEW_MICROS_MIN: i64 = 240_000_000;

/// Limits of one run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls in flight at once.
    pub concurrency: usize,
    /// After so many seconds nothing is asked any more.
    pub timeout_seconds: u64,
}

/// What all sessions of a run share.
#[derive(Debug, Clone)]
pub(crate) struct Http(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    variables: Variables,
    all: Semaphore,
    paces: Paces,
    skew_micros: AtomicI64,
    skew_known: AtomicBool,
    ends_micros: i64,
    requests: AtomicU64,
}

/// How one attempt ended.
enum Attempt {
    Answered(Value),
    Failed { error: CallError, again: Again, date: Option<String> },
}

impl Http {
    /// A pool for one run.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        variables: Variables,
        limits: Limits,
    ) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ATTEMPT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stele/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("cannot set up TLS: {error}"))?;
        let timeout_micros = i64::try_from(limits.timeout_seconds).unwrap_or(i64::MAX / 2_000_000);
        let ends_micros = clock.now_micros().saturating_add(timeout_micros * 1_000_000);
        Ok(Self(Arc::new(Shared {
            client,
            clock,
            entropy,
            variables,
            all: Semaphore::new(limits.concurrency.max(1)),
            paces: Paces::new(limits.concurrency),
            skew_micros: AtomicI64::new(0),
            skew_known: AtomicBool::new(false),
            ends_micros,
            requests: AtomicU64::new(0),
        })))
    }

    /// The time by AWS's clock, as far as it is known.
    pub(crate) fn now_micros(&self) -> i64 {
        self.0.clock.now_micros() + self.0.skew_micros.load(Ordering::Relaxed)
    }

    pub(crate) fn variables(&self) -> &Variables {
        &self.0.variables
    }

    /// How many requests were sent, repetitions among them.
    pub(crate) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Makes a call, with as many attempts as it takes.
    pub(crate) async fn call(
        &self,
        call: &Call,
        by: Option<&Credentials>,
    ) -> Result<Value, CallError> {
        let endpoint = endpoint::resolve(call.operation, &call.region, &self.0.variables);
        let request = encode::request(call, &endpoint)
            .map_err(|reason| CallError::new(call, Failure::Other, "request", reason))?;
        let pace = self.0.paces.of(&call.operation.service.name, &call.region);
        let mut attempt = 0;
        loop {
            attempt += 1;
            if self.0.clock.now_micros() >= self.0.ends_micros {
                let message = "the time for the whole run is over (--timeout)";
                let mut error = CallError::new(call, Failure::Timeout, "timeout", message);
                error.attempts = attempt - 1;
                return Err(error);
            }
            let ended = {
                let _place = pace.place().await;
                // The semaphore is never closed; were it, the call would go on without a limit.
                let _permit = self.0.all.acquire().await;
                self.attempt(call, &request, &endpoint.signing_region, by).await
            };
            let (mut error, again, date) = match ended {
                Attempt::Answered(value) => {
                    pace.faster();
                    return Ok(value);
                }
                Attempt::Failed { error, again, date } => (error, again, date),
            };
            error.attempts = attempt;
            if error.failure == Failure::Throttled {
                pace.slower();
            }
            if self.corrects_skew(&error, date.as_deref()) {
                continue;
            }
            if attempt >= again.attempts_max() {
                return Err(error);
            }
            let CallError { call, region, code, .. } = &error;
            tracing::debug!(%call, %region, %code, attempt, "trying again");
            tokio::time::sleep(retry::wait(attempt, self.0.entropy.as_ref())).await;
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        request: &Request,
        signing_region: &str,
        by: Option<&Credentials>,
    ) -> Attempt {
        let failed = |failure, code: &str, message: String, sent| Attempt::Failed {
            error: CallError::new(call, failure, code, message),
            again: Again::after_silence(call, sent),
            date: None,
        };
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        let response = match self.signed(call, request, signing_region, by).send().await {
            Ok(response) => response,
            Err(error) => {
                let code = if error.is_timeout() { "timeout" } else { "connection" };
                let sent = !error.is_connect() && !error.is_builder();
                return failed(Failure::Timeout, code, causes(&error), sent);
            }
        };
        let status = response.status().as_u16();
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (date, kind) = (header("date"), header("x-amzn-errortype"));
        let wanted = call.operation.row.answer_header.values();
        let headers: Vec<(String, String)> =
            wanted.filter_map(|name| Some((name.clone(), header(name)?))).collect();
        let body = match body(response).await {
            Ok(body) => body,
            Err(reason) => return failed(Failure::Other, "broken-answer", reason, true),
        };
        if (200..300).contains(&status) {
            return match decode::answer(call.operation, &body, &headers) {
                Ok(value) => Attempt::Answered(value),
                Err(reason) => failed(Failure::Other, "broken-answer", reason, true),
            };
        }
        let refusal = decode::refusal(status, kind.as_deref(), &body);
        let failure = Failure::of(&refusal.code, status);
        let again = Again::after_refusal(call, failure, &refusal.code, status);
        let error = CallError::new(call, failure, &refusal.code, refusal.message);
        Attempt::Failed { error, again, date }
    }

    fn signed(
        &self,
        call: &Call,
        request: &Request,
        signing_region: &str,
        by: Option<&Credentials>,
    ) -> reqwest::RequestBuilder {
        let mut headers = request.headers.clone();
        if let Some(by) = by.filter(|_| !call.operation.row.unsigned) {
            let service = call.operation.service.signing.as_str();
            let date = DateTime::from_timestamp_micros(self.now_micros()).unwrap_or_default();
            let date = date.format("%Y%m%dT%H%M%SZ").to_string();
            let body_sha256 = sigv4::sha256_hex(&request.body);
            headers.push(("host".to_owned(), request.host().to_owned()));
            headers.push(("x-amz-date".to_owned(), date.clone()));
            if service == "s3" {
                headers.push(("x-amz-content-sha256".to_owned(), body_sha256.clone()));
            }
            if let Some(token) = &by.token {
                headers.push(("x-amz-security-token".to_owned(), token.reveal().to_owned()));
            }
            let to_sign = ToSign {
                method: &request.method,
                path: &request.full_path(),
                query: &request.query,
                headers: &headers,
                body_sha256: &body_sha256,
            };
            let encode_path = service != "s3";
            let scope = Scope { region: signing_region, service, date: &date, encode_path };
            let authorization = sigv4::authorization(&to_sign, &scope, by);
            headers.push(("authorization".to_owned(), authorization));
            headers.retain(|(name, _)| name != "host");
        }
        // All methods of the table are good ones.
        let method = request.method.parse().unwrap_or(reqwest::Method::POST);
        let mut builder = self.0.client.request(method, request.url()).body(request.body.clone());
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        builder
    }

    /// Whether AWS refused for this machine's clock, which is now corrected; once in a run.
    fn corrects_skew(&self, error: &CallError, date: Option<&str>) -> bool {
        let suspicious = [
            "AuthFailure",
            "InvalidSignatureException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
        ];
        if !suspicious.contains(&error.code.as_str()) {
            return false;
        }
        let there = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let Some(there) = there.map(|date| date.timestamp_micros()) else {
            return false;
        };
        let skew = there - self.0.clock.now_micros();
        let known = self.0.skew_micros.load(Ordering::Relaxed);
        if (skew - known).abs() < SKEW_MICROS_MIN {
            // Another call may have corrected it while this one was on its way.
            return known != 0 && error.attempts == 1;
        }
        if self.0.skew_known.swap(true, Ordering::Relaxed) {
            return false;
        }
        tracing::warn!(seconds = skew / 1_000_000, "this machine's clock is off; AWS's is taken");
        self.0.skew_micros.store(skew, Ordering::Relaxed);
        true
    }

    /// A request without a signature, to a metadata service.
    pub(crate) async fn plain(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<String, String> {
        let method = method.parse().unwrap_or(reqwest::Method::GET);
        let mut builder = self.0.client.request(method, url).timeout(METADATA_TIMEOUT);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let response = builder.send().await.map_err(|error| causes(&error))?;
        let status = response.status();
        let body = body(response).await?;
        if !status.is_success() {
            return Err(format!("`{url}` answers {status}"));
        }
        String::from_utf8(body).map_err(|error| error.to_string())
    }
}

/// The body, up to the limit.
async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| causes(&error))? {
        if body.len() + part.len() > RESPONSE_BYTES_MAX {
            return Err(format!("more than {RESPONSE_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The error with what is behind it, and without the address, which may hold names.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() { "no connection".to_owned() } else { text }
}
