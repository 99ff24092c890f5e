//! What a registry tells its users in passing (distribution-spec, "Warnings").

/// Longest warning that is shown, in bytes; a longer one is no warning.
const BYTES_MAX: usize = 4096;

/// The text of a `Warning` header of exactly the form `299 - "text"`.
pub(crate) fn parse(value: &[u8]) -> Option<String> {
    if value.len() > BYTES_MAX {
        return None;
    }
    let value = std::str::from_utf8(value).ok()?;
    let quoted = value.strip_prefix("299 - \"")?.strip_suffix('"')?;
    let mut text = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
    let is_plain = !text.is_empty() && !text.chars().any(char::is_control);
    is_plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e13_only_the_form_of_the_specification_is_a_warning() {
        let check = |value: &str, expected: Option<&str>| {
            assert_eq!(parse(value.as_bytes()).as_deref(), expected, "{value:.80}");
        };
        check("299 - \"this registry closes soon\"", Some("this registry closes soon"));
        check("299 - \"say \\\"hi\\\" \\\\ ü\"", Some("say \"hi\" \\ ü"));
        check("199 - \"x\"", None);
        check("299 reg.example \"x\"", None);
        check("299 - x", None);
        check("299 - \"\"", None);
        check("299 - \"x\" \"Sun, 06 Nov 1994 08:49:37 GMT\"", None);
        check("299 - \"x\\\"", None);
        check("299 - \"\u{1b}[2J\"", None);
        check("299 - \"a\tb\"", None);
        check(&format!("299 - \"{}\"", "x".repeat(4096)), None);
    }
}
