//! Lists of what may be used at all, such as an administrator writes them.
//!
//! What is asked itself is looked at, not where it leads: a registry that is allowed may send its
//! clients to storage and to token servers that nobody listed.

/// Lists of patterns; what is used must fit one of each. Without a list everything may be used.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Vec<List>);

#[derive(Debug, Clone)]
struct List {
    patterns: Vec<String>,
    by: String,
}

impl Allowed {
    /// Adds a list, in which `*` stands for any text; `by` says who wrote it.
    pub fn add(&mut self, patterns: Vec<String>, by: String) {
        self.0.push(List { patterns, by });
    }

    /// That it is on every list; the error is who wrote the first that it is not on.
    ///
    /// What goes up on its way is on none: it leads elsewhere than its text begins.
    pub fn check(&self, what: &str) -> Result<(), String> {
        let is_on = |list: &List| list.patterns.iter().any(|pattern| fits(pattern, what));
        let lacks = |list: &&List| goes_up(what) || !is_on(list);
        self.0.iter().find(lacks).map_or(Ok(()), |list| Err(list.by.clone()))
    }
}

/// Whether a path has `..` in it, as it stands or as servers read it.
fn goes_up(text: &str) -> bool {
    text.split('/').any(|part| part.to_ascii_lowercase().replace("%2e", ".") == "..")
}

/// Whether a text is what a pattern says, with anything in the place of each `*`.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').map_or(("", rest), |(middle, last)| (middle, last));
    for part in middle.split('*') {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        let cases = [
            ("reg.example", "reg.example", true),
            ("reg.example", "reg.example:5000", false),
            ("reg.example", "xreg.example", false),
            ("*.example", "reg.example", true),
            ("*.example", "example", false),
            ("*.example", "reg.example.evil", false),
            ("*.example:*", "reg.example:5000", true),
            ("oci://reg.example/tap*", "oci://reg.example/taps/a", true),
            ("oci://reg.example/tap*", "oci://reg.example/a", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("aa*aa", "aaa", false),
            ("*", "", true),
            ("**", "x", true),
            ("", "x", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_used_is_on_every_list() {
        let mut allowed = Allowed::default();
        assert!(allowed.check("anything").is_ok());
        allowed.add(vec!["a".to_owned(), "b".to_owned()], "one".to_owned());
        allowed.add(vec!["b".to_owned(), "c".to_owned()], "two".to_owned());
        let found = ["a", "b", "c"].map(|what| allowed.check(what).err());
        assert_eq!(found, [Some("two".to_owned()), None, Some("one".to_owned())]);
        let ups = ["b/../c", "b/%2E./c", ".."];
        assert!(ups.iter().all(|up| Allowed::default().check(up).is_ok()));
        allowed.add(vec!["*".to_owned()], "all".to_owned());
        assert!(ups.iter().all(|up| allowed.check(up).is_err()) && allowed.check("b").is_ok());
        allowed.add(Vec::new(), "three".to_owned());
        assert_eq!(allowed.check("b").err().as_deref(), Some("three"));
    }
}
