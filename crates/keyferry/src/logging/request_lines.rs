//! The line that the proxy writes for each request, as JSON.
//!
//! The subscriber's own formatter hands each of its pieces on by itself, which for this line alone came to a twentieth of all that the
//! proxy does. Here it is written in one go. All other lines are left to that formatter, and this one looks the same.

use std::fmt;

use keyferry_proxy::REQUEST_LOG_TARGET;
use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// Formats the lines of requests itself, and has others formatted.
#[derive(Debug)]
pub(super) struct RequestLines<F>(pub(super) F);

/// The fields of one line, each led by a comma.
#[derive(Default)]
struct Fields(Vec<u8>);

impl<S, N, F> FormatEvent<S, N> for RequestLines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (level, target) = (event.metadata().level(), event.metadata().target());
        if target != REQUEST_LOG_TARGET {
            return self.0.format_event(context, line, event);
        }
        let mut fields = Fields(Vec::with_capacity(256));
        event.record(&mut fields);
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        write!(line, "\",\"level\":\"{level}\"")?;
        line.write_str(std::str::from_utf8(&fields.0).map_err(|_| fmt::Error)?)?;
        writeln!(line, ",\"target\":\"{target}\"}}")
    }
}

// === impl Fields ===

impl Fields {
    fn put(&mut self, field: &Field, value: &(impl Serialize + ?Sized)) {
        // The names are our own and need no escaping.
        for part in [",\"", field.name(), "\":"] {
            self.0.extend_from_slice(part.as_bytes());
        }
        let before = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(before);
            self.0.extend_from_slice(b"null");
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, &format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, &value);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// The line without its time, which has the subscriber's form.
    fn line(written: &Lines) -> String {
        let bytes = std::mem::take(&mut *written.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        let (time, rest) = text.strip_prefix("{\"timestamp\":\"").unwrap().split_once('"').unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'), "{time}");
        rest.to_owned()
    }

    #[test]
    fn a_line_is_the_subscribers_own_to_the_letter() {
        let written = Lines::default();
        let stock = || tracing_subscriber::fmt().with_writer(written.clone()).json().flatten_event(true);
        let log = || {
            tracing::info!(
                target: REQUEST_LOG_TARGET,
                request_id = %"e514b01e4878c14b",
                caller = Some("a \"quoted\" \\ name\n\u{1}ß"),
                provider = None::<&str>,
                status = Some(200_u16),
                minus = -1,
                slow = true,
                "request"
            );
        };
        let own = stock().map_event_format(RequestLines).finish();
        tracing::subscriber::with_default(own, log);
        let own = line(&written);
        tracing::subscriber::with_default(stock().finish(), log);
        assert_eq!(own, line(&written));
        assert!(
            own.contains(r#""caller":"a \"quoted\" \\ name\n\u0001ß","status":200,"minus":-1,"slow":true"#),
            "{own}"
        );
    }
}
