//! Which version a server is of: its official page changed its rules now and then.

/// Whether `version`, such as `v1.29.5-rc.1`, is this one or a later one. What is no version is none.
pub fn is_at_least(version: &str, wanted: [u64; 3]) -> bool {
    let digits = |part: &str| {
        let end = part.find(|char: char| !char.is_ascii_digit());
        part.get(..end.unwrap_or(part.len()))?.parse::<u64>().ok()
    };
    let mut parts = version.trim_start_matches('v').splitn(3, '.').map(digits);
    let mut next = || parts.next().flatten();
    match (next(), next(), next()) {
        (Some(major), Some(minor), patch) => [major, minor, patch.unwrap_or(0)] >= wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_as_numbers() {
        for (version, expected) in [
            ("v1.30.0", true),
            ("v1.30.0-rc.1+3-gabcdef", true),
            ("v1.29.5", false),
            ("v1.9.0", false),
            ("v2.0.0", true),
            ("v2.1", true),
            ("2.1.3", true),
            ("unknown-dev", false),
            ("", false),
        ] {
            assert_eq!(is_at_least(version, [1, 30, 0]), expected, "{version}");
        }
    }
}
