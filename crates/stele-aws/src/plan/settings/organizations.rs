//! Which services of AWS may work in all accounts of the organisation.

use serde_json::Value;

use crate::plan::setting::{Setting, exists, nothing, only, pick, stays};

pub(super) const ALL: &[Setting] = &[Setting {
    call: "organizations:EnableAWSServiceAccess",
    read: "organizations:ListAWSServiceAccessForOrganization",
    by: &[],
    find: |list, params| match pick(list, NAME, &params[NAME]) {
        Value::Null => Value::Null,
        found => only(&found, &[NAME]),
    },
    start: nothing,
    settled: exists,
    undo: stays,
    leaves: "the service's trusted access to the organisation, which its other uses may need by \
             then",
    contents: "",
}];

const NAME: &str = "ServicePrincipal";
