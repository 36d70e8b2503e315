//! The registry: one line a check, in the order of the catalogue. A check is one file here and one
//! page of cases in `tests/checks/`.

mod trail;
mod trail_all_regions;
mod trail_validation;

use crate::check::Check;

/// All checks.
pub const ALL: &[&dyn Check] =
    &[&trail_all_regions::TrailAllRegions, &trail_validation::TrailValidation];

/// A check by its id.
pub fn find(id: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.meta().id == id)
}
