//! stele-intake
