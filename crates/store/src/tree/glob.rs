//! Patterns of paths: `*` and `?` within one component.

/// Whether a component of a pattern stands for more than itself.
pub(super) fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// Whether `path` matches `pattern`, component by component.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if part_matches(pattern, part) => {}
            _ => return false,
        }
    }
}

/// Tries the last `*` again one character later, which is enough and takes no recursion.
fn part_matches(pattern: &str, part: &str) -> bool {
    let (pattern, part): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), part.chars().collect());
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < part.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(c) if *c == '?' || *c == part[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((position, from)) = star else { return false };
                star = Some((position, from + 1));
                at = position + 1;
                seen = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let rows = [
            ("bin/*", "bin/rg", true),
            ("bin/*", "bin/a/b", false),
            ("bin/*", "bin", false),
            ("lib/lib*.so.?", "lib/libz.so.1", true),
            ("lib/lib*.so.?", "lib/libz.so.12", false),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbxbc", false),
            ("?", "\u{e9}", true),
            ("**", "x", true),
            ("x", "x", true),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
