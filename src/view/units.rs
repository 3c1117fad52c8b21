//! Sizes, rates, durations and times in words.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::core::Timestamp;

/// `512 B`, `1.2 KiB`, `45 GiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS.iter();
    let mut name = unit.next().copied().unwrap_or_default();
    // 1023.95 would be shown as 1024.
    while value >= 1023.5 {
        let Some(next) = unit.next() else { break };
        value /= 1024.0;
        name = next;
    }
    if value < 9.95 {
        format!("{value:.1} {name}")
    } else {
        format!("{value:.0} {name}")
    }
}

/// `1.2 MiB/s`.
pub fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", size(bytes_per_second))
}

/// `1 item`, `3 items`.
pub fn count(number: u64, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// `14 ms`, `1.5 s`, then as [`span`].
pub fn brief(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else if duration < Duration::from_secs(10) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        span(duration)
    }
}

/// `12 s`, `3 min`, `2 h 5 min`, `3 days`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if seconds < 60 {
        format!("{seconds} s")
    } else if minutes < 60 {
        format!("{minutes} min")
    } else if hours < 24 && minutes % 60 == 0 {
        format!("{hours} h")
    } else if hours < 24 {
        format!("{hours} h {} min", minutes % 60)
    } else {
        count(days, "day")
    }
}

/// `just now`, `3 min ago`. Clocks differ: what lies in the future is just now.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    let past = now.since(then);
    if past < Duration::from_secs(5) {
        "just now".to_owned()
    } else {
        format!("{} ago", span(past))
    }
}

/// `2026-11-21`, in `zone`.
pub fn date(time: Timestamp, zone: &TimeZone) -> String {
    shown(time, zone, "%Y-%m-%d")
}

/// `2026-11-21 02:00:14`, in `zone`.
pub fn date_time(time: Timestamp, zone: &TimeZone) -> String {
    shown(time, zone, "%Y-%m-%d %H:%M:%S")
}

/// `02:00:14`, in `zone`.
pub fn clock(time: Timestamp, zone: &TimeZone) -> String {
    shown(time, zone, "%H:%M:%S")
}

fn shown(time: Timestamp, zone: &TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(time.as_millis()) {
        Ok(instant) => instant.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => time.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, words) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10_188, "9.9 KiB"),
            (10_230, "10 KiB"),
            (1_048_575, "1.0 MiB"),
            (1_288_490_189, "1.2 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn durations_are_short() {
        for (millis, words) in [
            (0, "0 ms"),
            (14, "14 ms"),
            (1500, "1.5 s"),
            (12_300, "12 s"),
            (180_000, "3 min"),
            (7_500_000, "2 h 5 min"),
            (7_200_000, "2 h"),
            (86_400_000, "1 day"),
            (u64::MAX, "213503982334 days"),
        ] {
            assert_eq!(brief(Duration::from_millis(millis)), words);
        }
    }

    #[test]
    fn times_are_told_in_the_zone() {
        let time: Timestamp = "2026-11-21T23:30:00Z".parse().expect("time");
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(date_time(time, &zone), "2026-11-22 01:30:00");
        assert_eq!(date(time, &TimeZone::UTC), "2026-11-21");
        assert_eq!(ago(time, time + Duration::from_secs(60)), "just now");
        assert_eq!(ago(time + Duration::from_secs(60), time), "1 min ago");
        let first = Timestamp::from_millis(i64::MIN);
        assert!(date_time(first, &zone).starts_with("0001-01-01"));
        // The end of the calendar in a zone ahead of UTC must not panic.
        date_time(Timestamp::from_millis(i64::MAX), &zone);
    }
}
