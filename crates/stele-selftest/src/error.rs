//! Why a case could not be done.

/// An error of this crate. The folder under test, or the disk, is not as the case needs it; it says
/// nothing about what the verifier would have found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk refused.
    #[error("cannot read or write a folder under test: {0}")]
    Disk(#[from] std::io::Error),
    /// A folder cannot be walked through.
    #[error("cannot list a folder under test: {0}")]
    List(#[from] walkdir::Error),
    /// The ledger under test is not sound to begin with, or a record cannot be made.
    #[error("the ledger under test: {0}")]
    Ledger(#[from] stele_ledger::Error),
    /// The write-ahead log cannot be written.
    #[error("the write-ahead log under test: {0}")]
    Log(#[from] stele_intake::wal::WalError),
    /// Rows cannot be made into columns.
    #[error("rows under test: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A Parquet file cannot be read or written.
    #[error("a file under test: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The verifier could not begin.
    #[error("the verifier: {0}")]
    Verify(#[from] stele_verify::lake::Error),
    /// The folder has not what the case is about.
    #[error("the folder under test has no {0}")]
    Lacks(&'static str),
}
