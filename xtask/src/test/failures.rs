//! Which tests failed and what they said, once more at the end: what was printed between is long, and a log is often cut in its middle.

/// The longest that one test's words may be, in lines.
const LINES: usize = 8;

/// The name of each test that failed, with its panic's place and message, from what `cargo test` printed.
pub(super) fn of(printed: &str) -> Vec<String> {
    let (mut told, mut among, mut left) = (Vec::new(), false, 0);
    for line in printed.lines() {
        if line == "failures:" {
            among = true;
        } else if line.starts_with("test result:") {
            among = false;
        } else if among && let Some(name) = line.strip_prefix("---- ") {
            told.push(name.trim_end_matches(" stdout ----").to_owned());
            left = 0;
        } else if among && line.contains("panicked at ") {
            told.push(format!("    {line}"));
            left = LINES;
        } else if line.starts_with("stack backtrace:") || line.starts_with("note: ") {
            left = 0;
        } else if left > 0 && among && !line.trim().is_empty() {
            told.push(format!("    {line}"));
            left -= 1;
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_failed_is_told_without_what_passed_and_without_the_stack() {
        let printed = "\
running 3 tests
test good ... ok
test bad ... FAILED

successes:

---- good stdout ----
thread 'meant' panicked at src/a.rs:1:2:
as it should

successes:
    good

failures:

---- bad stdout ----
a word before
thread 'bad' (7) panicked at src/b.rs:3:4:
assertion `left == right` failed
  left: 1
 right: 2
stack backtrace:
   0: somewhere

---- fails stdout ----
Error: \"not there\"

failures:
    bad
    fails

test result: FAILED. 1 passed; 2 failed
note: after it
";
        let told = [
            "bad",
            "    thread 'bad' (7) panicked at src/b.rs:3:4:",
            "    assertion `left == right` failed",
            "      left: 1",
            "     right: 2",
            "fails",
        ];
        assert_eq!(of(printed), told);
        assert_eq!(of("error: could not compile"), Vec::<String>::new());
    }
}
