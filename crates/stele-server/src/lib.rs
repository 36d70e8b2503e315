//! stele-server
