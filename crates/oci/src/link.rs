//! The `Link` header of paged lists (RFC 8288).

/// The target of the first link whose relation is `next`, in whatever quoting.
pub(crate) fn next<'a>(lines: impl Iterator<Item = &'a str>) -> Option<String> {
    lines.flat_map(links).find(|(_, params)| is_next(params)).map(|(target, _)| target.to_owned())
}

/// The links of one line: what stands in `<>`, and the text up to the next link.
fn links(line: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    let mut rest = line;
    while let Some((target, after)) =
        rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'))
    {
        let (params, more) = split(after, ',');
        links.push((target.trim(), params));
        rest = more;
    }
    links
}

/// The text before and after the first `separator` that stands in no quoted value.
fn split(text: &str, separator: char) -> (&str, &str) {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    });
    end.map_or((text, ""), |end| (&text[..end], &text[end + 1..]))
}

fn is_next(params: &str) -> bool {
    let mut rest = params;
    while !rest.is_empty() {
        let (param, more) = split(rest, ';');
        rest = more;
        let (name, value) = param.split_once('=').unwrap_or_default();
        let relations = value.trim().trim_matches(['"', '\'']);
        if name.trim().eq_ignore_ascii_case("rel")
            && relations.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g13_links_in_any_quoting() {
        let check = |lines: &[&str], expected: Option<&str>| {
            assert_eq!(next(lines.iter().copied()).as_deref(), expected, "{lines:?}");
        };
        check(&["</v2/a/tags/list?n=2&last=b>; rel=\"next\""], Some("/v2/a/tags/list?n=2&last=b"));
        check(&["<x>;rel=next"], Some("x"));
        check(&["< x > ; REL = 'Next'"], Some("x"));
        check(&["<x>; title=\"a, <b>; rel=next\"; rel=\"prev\""], None);
        check(&["<x>; rel=\"prev\", <y>; rel=\"last next\""], Some("y"));
        check(&["<x>; rel=prev", "<y?a=1,2>; rel=next"], Some("y?a=1,2"));
        check(&["<x>"], None);
        check(&["x; rel=next"], None);
        check(&["<x; rel=next"], None);
        check(&[""], None);
    }
}
