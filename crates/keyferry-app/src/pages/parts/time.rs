//! Points in time as people say them. A script keeps them right while the page is open.

use jiff::Timestamp;
use maud::{Markup, html};

/// Says times from now on.
#[derive(Clone, Copy, Debug)]
pub(in crate::pages) struct Times {
    now: Timestamp,
}

impl Times {
    pub(in crate::pages) fn of(now: Timestamp) -> Self {
        Self { now }
    }

    /// `5 min ago`.
    pub(in crate::pages) fn since(self, at: Timestamp) -> Markup {
        let text = self.text(at);
        html! { time datetime=(at) data-time title=(at) { (text) } }
    }

    /// `in 5 min`, counted down by the second while the page is open.
    pub(in crate::pages) fn until(self, at: Timestamp) -> Markup {
        let text = self.text(at);
        html! { time.clock datetime=(at) data-time="count" title=(at) { (text) } }
    }

    fn text(self, at: Timestamp) -> String {
        let seconds = at.as_second() - self.now.as_second();
        match seconds {
            -4..=0 => "now".to_owned(),
            1.. => format!("in {}", length(seconds)),
            _ => format!("{} ago", length(-seconds)),
        }
    }
}

/// A length of time in its largest unit, or two where the first is small.
fn length(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => match seconds / 60 % 60 {
            0 => format!("{} h", seconds / 3600),
            minutes => format!("{} h {minutes} min", seconds / 3600),
        },
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The day, for what lies far back.
pub(in crate::pages) fn day(at: Timestamp) -> String {
    at.to_string().split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_from_now_on() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let times = Times::of(now);
        for (at, said) in [
            ("2026-01-02T00:00:00Z", "now"),
            ("2026-01-01T23:59:30Z", "30 s ago"),
            ("2026-01-02T00:04:59Z", "in 4 min"),
            ("2026-01-02T01:00:00Z", "in 1 h"),
            ("2026-01-01T21:30:00Z", "2 h 30 min ago"),
            ("2026-01-01T00:00:00Z", "1 day ago"),
            ("2026-04-02T00:00:00Z", "in 90 days"),
        ] {
            assert_eq!(times.text(at.parse().unwrap()), said, "{at}");
        }
        assert_eq!(day(now), "2026-01-02");
    }
}
