//! The catalog with a thousand manifests, in a real Chromium. What measures it is a test, which holds the weight at every run of the tests;
//! here it measures the release.

use std::process::Command;

use super::built;
use crate::step;

/// The test that opens the page.
const TEST: &str = "pages::weight::a_catalog_of_a_thousand_manifests_weighs_a_hundred_kilobytes_at_most";

/// Measures it. The test prints the figures.
pub(super) fn run() -> Result<(), String> {
    let program = built(&["keyferry"])?.join("keyferry");
    let mut test = Command::new("cargo");
    test.args([
        "test",
        "--quiet",
        "--locked",
        "--package",
        "keyferry",
        "--test",
        "it",
        "--",
        "--exact",
        TEST,
    ]);
    test.arg("--nocapture").env("KEYFERRY_TEST_PROGRAM", program).env("CI", "true");
    step::run(&mut test, None)
}
