//! How often something may be done, as people write it: `600/m`.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use governor::Quota;

/// So many at once, and as many again in each period (the generic cell rate algorithm's burst and rate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

/// Why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number from 1 to 1000000 in a time, such as 20/s, 600/m or 1000/h")]
pub struct InvalidRate;

/// The highest count.
const MOST: u32 = 1_000_000;

// === impl Rate ===

impl Rate {
    /// So many in a minute.
    #[must_use]
    pub const fn per_minute(count: NonZeroU32) -> Self {
        Self { count, unit: Unit::Minute }
    }

    /// How many may come at once.
    #[must_use]
    pub const fn burst(self) -> NonZeroU32 {
        self.count
    }

    /// How long until one more may come. At least a microsecond.
    #[must_use]
    pub fn pause(self) -> Duration {
        let period = match self.unit {
            Unit::Second => Duration::from_secs(1),
            Unit::Minute => Duration::from_secs(60),
            Unit::Hour => Duration::from_secs(3_600),
        };
        (period / self.count.get()).max(Duration::from_micros(1))
    }

    pub(crate) fn quota(self) -> Quota {
        Quota::with_period(self.pause()).unwrap_or(Quota::per_second(self.count)).allow_burst(self.count)
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (count, unit) = text.trim().split_once('/').ok_or(InvalidRate)?;
        let unit = match unit {
            "s" => Unit::Second,
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            _ => return Err(InvalidRate),
        };
        let plain = count.bytes().all(|byte| byte.is_ascii_digit());
        let count: NonZeroU32 = count.parse().map_err(|_| InvalidRate)?;
        if plain && count.get() <= MOST { Ok(Self { count, unit }) } else { Err(InvalidRate) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => 's',
            Unit::Minute => 'm',
            Unit::Hour => 'h',
        };
        write!(out, "{}/{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_burst_and_a_pause() {
        for (text, burst, pause) in
            [("20/s", 20, 50), ("600/m", 600, 100), (" 3600/h ", 3_600, 1_000), ("1/m", 1, 60_000)]
        {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.burst().get(), rate.pause()), (burst, Duration::from_millis(pause)), "{text}");
            assert_eq!(rate.to_string(), text.trim());
        }
        assert_eq!("1000000/s".parse::<Rate>().unwrap().pause(), Duration::from_micros(1));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in
            ["", "20", "0/s", "+1/s", "-1/s", "20/d", "20/ s", "1000001/s", "99999999999/s", "x/s", "20/s/s"]
        {
            assert_eq!(text.parse::<Rate>(), Err(InvalidRate), "{text}");
        }
    }
}
