//! Derives OCSF 1.8.0 documents.
