#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{DenyFile, allows};

const ALLOWED: &[&str] = &["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"];

fn check(expression: &str, wanted: bool) {
    assert_eq!(allows(expression, &|name| ALLOWED.contains(&name)), wanted, "`{expression}`");
}

#[test]
fn an_expression_is_met_as_spdx_says() {
    for met in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-3.0-only/MIT",
        "Apache-2.0 / MIT",
        "MIT AND ISC",
        "GPL-2.0-only AND BSL-1.0 OR MIT",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0-only",
        "(MIT OR GPL-3.0-only) AND (GPL-3.0-only OR (ISC))",
    ] {
        check(met, true);
    }
    for unmet in [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT OR ISC) AND GPL-3.0-only",
        "MIT WITH LLVM-exception",
        "",
        "MIT OR",
        "(MIT",
        "MIT)",
        "MIT ISC",
        "AND MIT",
    ] {
        check(unmet, false);
    }
}

#[test]
fn an_exception_is_for_its_crate_alone() {
    let text = "[licenses]\nallow = [\"MIT\"]\nexceptions = [{ crate = \"roots\", allow = [\"CDLA-Permissive-2.0\"] }]";
    let deny: DenyFile = toml::from_str(text).unwrap();
    assert!(deny.licenses.allow_package("roots", "CDLA-Permissive-2.0"));
    assert!(deny.licenses.allow_package("roots", "MIT"));
    assert!(!deny.licenses.allow_package("other", "CDLA-Permissive-2.0"));
}
