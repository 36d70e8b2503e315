//! Where the lake is: an object store and a place in it.
//!
//! On a local disk every object is durable before it has a name ([`durable`]): the table log may
//! be relied on after a power cut, and the write-ahead log is only shortened after that. On S3 and
//! the like the service gives that by itself.

pub mod durable;
#[cfg(test)]
pub(crate) mod fault;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use url::Url;

use crate::error::StoreError;
use durable::DurableLocal;

/// An opened place for tables.
#[derive(Debug, Clone)]
pub struct Lake {
    /// The store, rooted at the root of the storage system.
    pub root: Arc<dyn ObjectStore>,
    /// The address of the lake, with a trailing slash.
    pub url: Url,
    /// The lake's place below the root.
    pub prefix: Path,
}

impl Lake {
    /// Opens a lake at a folder, an `s3://bucket/prefix` URL, or `memory://`. A folder is made
    /// where it does not exist. S3 takes its credentials and endpoint from `AWS_…` variables.
    ///
    /// # Errors
    /// [`StoreError::Location`] where the address cannot be used, with the reason.
    pub fn open(location: &str) -> Result<Self, StoreError> {
        let refuse =
            |message: String| StoreError::Location { location: location.to_owned(), message };
        if let Some(rest) = location.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let store = AmazonS3Builder::from_env()
                .with_bucket_name(bucket)
                .build()
                .map_err(|error| refuse(error.to_string()))?;
            return Self::at(Arc::new(store), &format!("s3://{bucket}"), prefix).map_err(refuse);
        }
        if location.starts_with("memory://") {
            return Self::at(Arc::new(InMemory::new()), "memory://", "lake").map_err(refuse);
        }
        if location.contains("://") {
            return Err(refuse("only folders and s3:// URLs are supported".to_owned()));
        }
        std::fs::create_dir_all(location).map_err(|error| refuse(error.to_string()))?;
        let folder = std::fs::canonicalize(location).map_err(|error| refuse(error.to_string()))?;
        let prefix =
            Path::from_absolute_path(&folder).map_err(|error| refuse(error.to_string()))?;
        let url = Url::from_directory_path(&folder)
            .map_err(|()| refuse("the path cannot be written as a URL".to_owned()))?;
        Ok(Self { root: Arc::new(DurableLocal::new()), url, prefix })
    }

    fn at(root: Arc<dyn ObjectStore>, base: &str, prefix: &str) -> Result<Self, String> {
        let prefix = Path::parse(prefix.trim_matches('/')).map_err(|error| error.to_string())?;
        let slash = if prefix.as_ref().is_empty() { "" } else { "/" };
        let url =
            Url::parse(&format!("{base}/{prefix}{slash}")).map_err(|error| error.to_string())?;
        Ok(Self { root, url, prefix })
    }

    /// The same place through another store: how tests put faults between Stele and its disk.
    #[must_use]
    pub fn with_store(
        &self,
        wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>,
    ) -> Self {
        Self { root: wrap(self.root.clone()), ..self.clone() }
    }

    /// The store rooted at a folder of the lake.
    pub fn folder(&self, name: &str) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(self.root.clone(), self.prefix.clone().join(name)))
    }

    /// Removes what was half written into folders of the lake when a process ended. Only on a local
    /// disk is there anything. Nobody else may write there meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Location`] where it cannot be removed.
    pub async fn clear_unfinished(&self, folders: &[&'static str]) -> Result<(), StoreError> {
        let Ok(lake) = self.url.to_file_path() else { return Ok(()) };
        let folders: Vec<_> = folders.iter().map(|folder| lake.join(folder)).collect();
        let cleared = tokio::task::spawn_blocking(move || {
            folders.iter().try_for_each(|folder| durable::clear_unfinished(folder))
        });
        let failed = |message: String| StoreError::Location {
            location: self.url.to_string(),
            message: format!("what was half written there cannot be removed: {message}"),
        };
        cleared
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))
    }

    /// The address of a folder of the lake, with a trailing slash.
    ///
    /// # Errors
    /// [`StoreError::Location`] where the name cannot stand in a URL.
    pub fn folder_url(&self, name: &str) -> Result<Url, StoreError> {
        self.url.join(&format!("{name}/")).map_err(|error| StoreError::Location {
            location: format!("{}{name}", self.url),
            message: error.to_string(),
        })
    }
}
