//! Points at which a test ends the process, to see what is left. They are nothing in a program that is shipped.

/// The step that the process is at. The names are those of docs/architecture.md.
#[inline]
pub(crate) fn failpoint(name: &'static str) {
    #[cfg(feature = "failpoints")]
    fail::fail_point!(name);
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}
