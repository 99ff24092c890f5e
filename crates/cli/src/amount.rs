//! Sizes and counts as people read them.

/// A number of bytes in three digits or so, in powers of 1000: `88.7 kB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1000.0, 0);
    // From 999.5 on the text would be 1000 of the smaller unit.
    while value >= 999.5 {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 99.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A number of things: `1 package`, `2 packages`, `2 entries`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match (number, thing.strip_suffix('y')) {
        (1, _) => format!("1 {thing}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_have_three_digits_or_so() {
        for (bytes, expect) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1450, "1.4 kB"),
            (99_940, "99.9 kB"),
            (99_950, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (33_000_000, "33.0 MB"),
            (1_234_567_890, "1.2 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(super::bytes(bytes), expect, "{bytes}");
        }
    }

    #[test]
    fn one_thing_is_singular() {
        let texts = [0, 1, 2].map(|number| super::count(number, "package"));
        assert_eq!(texts, ["0 packages", "1 package", "2 packages"]);
        let texts = [1, 2].map(|number| super::count(number, "entry"));
        assert_eq!(texts, ["1 entry", "2 entries"]);
    }
}
