//! What can go wrong in the store, as decisions that a caller can take.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The object store refused or failed; nothing was half-written, the caller may try again.
    #[error("cannot {action} `{path}`: {source}")]
    Object {
        /// What was being done.
        action: &'static str,
        /// The object's path.
        path: String,
        /// The cause.
        source: object_store::Error,
    },
    /// The table's log could not be read or written.
    #[error("cannot {action} the table log: {source}")]
    Table {
        /// What was being done.
        action: &'static str,
        /// The cause.
        source: Box<deltalake_core::DeltaTableError>,
    },
    /// Columns could not be turned into Arrow or Parquet: a fault of Stele.
    #[error("cannot {action}: {message}")]
    Encode {
        /// What was being done.
        action: &'static str,
        /// The cause.
        message: String,
    },
    /// The lake's address is not one that can be opened.
    #[error("cannot open the lake at `{location}`: {message}")]
    Location {
        /// The folder or URL.
        location: String,
        /// What is wrong with it.
        message: String,
    },
    /// Rows could not be read from the lake; the query may be asked again.
    #[error("cannot read rows from the lake: {message}")]
    Read {
        /// The cause.
        message: String,
    },
    /// The query is wrong; the text shows where.
    #[error("{0}")]
    Query(String),
    /// The query went over one of its limits and was stopped.
    #[error(
        "the query went over its limit of {limit}; narrow the time range or the filter, or raise `{setting}`"
    )]
    Limit {
        /// The limit, with its unit.
        limit: String,
        /// The setting that raises it.
        setting: &'static str,
    },
}

impl StoreError {
    pub(crate) fn object(
        action: &'static str,
        path: &(impl ToString + ?Sized),
    ) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.to_string();
        move |source| Self::Object { action, path, source }
    }

    pub(crate) fn table(
        action: &'static str,
    ) -> impl FnOnce(deltalake_core::DeltaTableError) -> Self {
        move |source| Self::Table { action, source: Box::new(source) }
    }

    pub(crate) fn encode<E: std::fmt::Display>(action: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Encode { action, message: error.to_string() }
    }
}
