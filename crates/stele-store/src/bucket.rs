//! A bucket of S3, or of a store that speaks as S3 does, to be read from: listed and fetched.
//!
//! Who signs the requests is handed in ([`Keys`]): this crate looks for no credentials itself. A
//! failure is an I/O error, for whoever reads a bucket reads files.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use object_store::path::Path;
use object_store::{
    ClientConfigKey, CredentialProvider, Error, ObjectStore, ObjectStoreExt, RetryConfig,
};
use tokio::io::AsyncWriteExt;
use url::Url;

/// A request that is not answered is sent again so often.
const RETRIES_MAX: usize = 5;
/// After this time it is not sent again.
const RETRY_TIMEOUT: Duration = Duration::from_mins(1);
/// One file must come within this time, or go on from where it was in a new request.
const REQUEST_TIMEOUT: &str = "300 seconds";

/// Signs requests.
#[async_trait]
pub trait Keys: fmt::Debug + Send + Sync {
    /// The key of now.
    ///
    /// # Errors
    /// There is none; the text says what was looked at.
    async fn key(&self) -> Result<Key, String>;
}

/// What requests are signed with. It has no `Debug`: two of its parts are secrets.
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Key {
    /// The id of the key.
    pub access_key: String,
    /// The key.
    pub secret: String,
    /// The token of temporary credentials.
    pub token: Option<String>,
}

/// An opened bucket.
#[derive(Debug, Clone)]
pub struct Bucket(Arc<dyn ObjectStore>);

impl Bucket {
    /// A bucket in a region; nothing is asked yet. The endpoint is AWS's, or that of the variable
    /// `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// What is set in variables cannot be used.
    pub fn open(name: &str, region: &str, keys: Arc<dyn Keys>) -> io::Result<Self> {
        let builder = AmazonS3Builder::from_env().with_bucket_name(name).with_region(region);
        // Who names an endpoint without TLS means it.
        let endpoints = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
        let endpoint = endpoints.iter().find_map(|key| builder.get_config_value(key));
        let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
        let retry = RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        };
        let builder = if is_plain { builder.with_allow_http(true) } else { builder };
        let store = builder
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT)
            .with_retry(retry)
            .with_credentials(Arc::new(Signer(keys)))
            .build();
        Ok(Self(Arc::new(store.map_err(failed)?)))
    }

    /// The names of the folders directly below a folder, which ends in a slash or is empty.
    ///
    /// # Errors
    /// They cannot be listed.
    pub async fn folders(&self, folder: &str) -> io::Result<Vec<String>> {
        let prefix = Path::parse(folder).map_err(|error| failed(error.into()))?;
        let listed = self.0.list_with_delimiter(Some(&prefix)).await.map_err(failed)?;
        let names = listed.common_prefixes.iter().filter_map(|path| path.filename());
        Ok(names.map(str::to_owned).collect())
    }

    /// All objects below a folder, by their names from there, with their lengths.
    ///
    /// # Errors
    /// They cannot be listed, or the name of one could not be that of a file.
    pub async fn list(&self, folder: &str) -> io::Result<BTreeMap<String, u64>> {
        let prefix = Path::parse(folder).map_err(|error| failed(error.into()))?;
        let mut objects = BTreeMap::new();
        let mut listed = self.0.list(Some(&prefix));
        while let Some(object) = listed.try_next().await.map_err(failed)? {
            let Some(name) = object.location.as_ref().strip_prefix(folder) else { continue };
            objects.insert(name.to_owned(), object.size);
        }
        // Tools put an empty object where they want a folder to be seen.
        let is_folder = |name: &str| {
            let inside = format!("{name}/");
            let next = objects.range(inside.clone()..).next();
            next.is_some_and(|(name, _)| name.starts_with(&inside))
        };
        let empty = objects.iter().filter(|(_, bytes)| **bytes == 0).map(|(name, _)| name);
        let marks: BTreeSet<String> = empty.filter(|name| is_folder(name)).cloned().collect();
        objects.retain(|name, _| !marks.contains(name));
        Ok(objects)
    }

    /// Fetches an object into a file. `admit` is asked first whether so many bytes may come.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where there is none; others where it cannot be had as a whole.
    pub async fn fetch(
        &self,
        name: &str,
        mut file: tokio::fs::File,
        admit: impl FnOnce(u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let path = Path::parse(name).map_err(|error| failed(error.into()))?;
        let found = self.0.get(&path).await.map_err(failed)?;
        let bytes_total = found.meta.size;
        admit(bytes_total)?;
        let mut bytes = 0;
        let mut parts = found.into_stream();
        while let Some(part) = parts.next().await {
            let part = part.map_err(failed)?;
            bytes += part.len() as u64;
            file.write_all(&part).await?;
        }
        file.flush().await?;
        if bytes != bytes_total {
            let reason = format!("only {bytes} of its {bytes_total} bytes came");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Signer(Arc<dyn Keys>);

#[async_trait]
impl CredentialProvider for Signer {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let missing = |reason: String| Error::Generic { store: "S3", source: reason.into() };
        let Key { access_key, secret, token } = self.0.key().await.map_err(missing)?;
        Ok(Arc::new(AwsCredential { key_id: access_key, secret_key: secret, token }))
    }
}

/// The error as one of files.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failed(error: Error) -> io::Error {
    let kind = match &error {
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        _ => io::ErrorKind::Other,
    };
    // Its own text begins with the path, which whoever asked knows.
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    io::Error::new(kind, brief(&text))
}

/// What the store answered, or that it did not: without how long it took, which is another each
/// time, and without the ids of the request.
fn brief(text: &str) -> String {
    let between = |from: &str, to: &str| Some(text.split_once(from)?.1.split_once(to)?.0.trim());
    if let Some(status) = between("status code: ", ":") {
        let code = between("<Code>", "</Code>");
        let message = between("<Message>", "</Message>");
        return [Some(status), code, message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    }
    let url = text.split_whitespace().find_map(|word| Url::parse(word).ok());
    let url = url.filter(|url| url.scheme().starts_with("http"));
    match (url, text.rsplit_once(" - ")) {
        (Some(url), Some((_, reason))) => {
            format!("cannot ask {}: {reason}", url.origin().ascii_serialization())
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_the_store_answered_and_nothing_that_changes() {
        let asked = "Error performing GET http://127.0.0.1:5000/b/p/lake?x=1 in 3.4ms";
        for (end, wanted) in [
            (
                " - Server returned non-2xx status code: 403 Forbidden: <Error><Code>AccessDenied\
                 </Code><Message>not yours</Message><RequestId>1</RequestId></Error>",
                "403 Forbidden: AccessDenied: not yours",
            ),
            (" - Server returned non-2xx status code: 404 Not Found: ", "404 Not Found"),
            (
                ", after 5 retries, max_retries: 5  - HTTP error: error sending request",
                "cannot ask http://127.0.0.1:5000: HTTP error: error sending request",
            ),
        ] {
            assert_eq!(brief(&format!("{asked}{end}")), wanted);
        }
        assert_eq!(brief("no credentials: not here"), "no credentials: not here");
    }

    #[derive(Debug)]
    struct NoKeys;

    #[async_trait]
    impl Keys for NoKeys {
        async fn key(&self) -> Result<Key, String> {
            Err("there is no key".to_owned())
        }
    }

    #[tokio::test]
    async fn without_a_key_nothing_is_asked() {
        let bucket = Bucket::open("nowhere", "eu-central-1", Arc::new(NoKeys)).unwrap();
        let error = bucket.folders("a/").await.unwrap_err();
        assert!(error.to_string().contains("there is no key"), "{error}");
        let error = bucket.list("a/../b/").await.unwrap_err();
        assert!(error.to_string().contains(".."), "{error}");
    }
}
