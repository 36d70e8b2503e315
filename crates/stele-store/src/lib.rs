//! stele-store
