//! What a name in an archive, and what a symlink's target, may look like.
//!
//! Nothing here knows whether names agree with one another, nor where links lead.

use super::Rule;

/// Deepest path, in components.
pub(crate) const DEPTH_MAX: usize = 64;
/// Longest component of a path, in bytes.
pub(crate) const COMPONENT_BYTES_MAX: usize = 255;
/// Longest path and longest target of a symlink, in bytes.
pub(crate) const PATH_BYTES_MAX: usize = 1024;

/// Marks a name in a layer of an image that removes another (image-spec, layer.md).
pub(crate) const WHITEOUT: &str = ".wh.";
/// Marks a directory in a layer of an image that hides what lower layers put there.
pub(crate) const OPAQUE: &str = ".wh..wh..opq";

/// Reads a name strictly; the path it returns has no `.`, no doubled and no trailing `/`.
///
/// The empty path is the root: `.` and `./` are common names of it.
///
/// # Errors
///
/// The rule that the name breaks.
pub fn strict(name: &[u8]) -> Result<String, Rule> {
    let text = text(name)?;
    if text.is_empty() {
        return Err(Rule::Empty);
    }
    if text.starts_with('/') {
        return Err(Rule::Absolute);
    }
    let mut path = String::with_capacity(text.len());
    for part in parts(text) {
        check_part(part.as_bytes())?;
        push(&mut path, part);
    }
    limits(&path)?;
    Ok(path)
}

/// Whether `path` is a path that [`strict`] returns, other than the root.
pub(crate) fn check(path: &str) -> Result<(), Rule> {
    controls(path)?;
    if path.starts_with('/') {
        return Err(Rule::Absolute);
    }
    for part in path.as_bytes().split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => return Err(Rule::Empty),
            part => check_part(part)?,
        }
    }
    limits(path)
}

fn check_part(part: &[u8]) -> Result<(), Rule> {
    match part {
        b".." => Err(Rule::Parent),
        part if part.starts_with(WHITEOUT.as_bytes()) => Err(Rule::Whiteout),
        _ => Ok(()),
    }
}

/// Reads a name of an image's layer, relative to the image's root.
///
/// A leading `/` is dropped and `..` stays below the root. Where another rule is broken the path
/// is a readable stand-in, by which an error can name the entry.
pub(crate) fn image(name: &[u8]) -> (String, Option<Rule>) {
    let checked = text(name);
    let lossy = String::from_utf8_lossy(name);
    let mut path = String::with_capacity(lossy.len());
    let mut rule = checked.err();
    for part in parts(&lossy) {
        if part == ".." {
            path.truncate(path.rfind('/').unwrap_or(0));
            rule = rule.or(Some(Rule::Parent));
        } else {
            push(&mut path, part);
        }
    }
    rule = rule.or(limits(&path).err());
    if rule.is_some() {
        path = legible(&path);
    }
    (path, rule)
}

/// Reads the target of a symlink; where it leads is for the tree to judge.
///
/// # Errors
///
/// The rule that the target breaks.
pub fn target(bytes: &[u8]) -> Result<String, Rule> {
    if bytes.is_empty() || bytes.len() > PATH_BYTES_MAX {
        return Err(Rule::Target);
    }
    text(bytes).map(str::to_owned)
}

/// A name as a message may show it: at most 200 characters, none of them a control character.
pub(crate) fn legible(name: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    name.chars().take(200).map(shown).collect()
}

/// [`legible`] for a name that may not be UTF-8.
pub(crate) fn legible_bytes(name: &[u8]) -> String {
    legible(&String::from_utf8_lossy(&name[..name.len().min(4 * PATH_BYTES_MAX)]))
}

fn text(bytes: &[u8]) -> Result<&str, Rule> {
    let text = str::from_utf8(bytes).map_err(|_| Rule::NotUtf8)?;
    controls(text).map(|()| text)
}

fn controls(text: &str) -> Result<(), Rule> {
    // Without an early end, so that many bytes are looked at in one step.
    let in_ascii = text.bytes().fold(false, |found, byte| found | byte.is_ascii_control());
    let found = in_ascii || !text.is_ascii() && text.chars().any(char::is_control);
    if found { Err(Rule::Control) } else { Ok(()) }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split('/').filter(|part| !matches!(*part, "" | "."))
}

fn push(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(part);
}

fn limits(path: &str) -> Result<(), Rule> {
    if path.len() > PATH_BYTES_MAX {
        return Err(Rule::Length);
    }
    if path.bytes().filter(|byte| *byte == b'/').count() >= DEPTH_MAX {
        return Err(Rule::Depth);
    }
    let is_long = |part: &str| part.len() > COMPONENT_BYTES_MAX;
    if is_long(path) && path.split('/').any(is_long) { Err(Rule::Component) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_names() {
        let long = "x".repeat(255);
        let rows = [
            ("a/b", Ok("a/b")),
            ("./a//b/./c/", Ok("a/b/c")),
            ("./", Ok("")),
            (" leading space\\and more", Ok(" leading space\\and more")),
            ("..a/b..", Ok("..a/b..")),
            (&long, Ok(long.as_str())),
            ("", Err(Rule::Empty)),
            ("/a", Err(Rule::Absolute)),
            ("a/../b", Err(Rule::Parent)),
            ("a\nb", Err(Rule::Control)),
            ("a\u{85}b", Err(Rule::Control)),
            ("a/.wh.b", Err(Rule::Whiteout)),
        ];
        for (name, expected) in rows {
            let path = strict(name.as_bytes());
            assert_eq!(path.as_deref(), expected.as_ref().copied(), "{name}");
            let is_canonical = path.as_deref() == Ok(name) && !name.is_empty();
            assert_eq!(check(name).is_ok(), is_canonical, "{name}");
        }
        assert_eq!(strict(b"a\xff"), Err(Rule::NotUtf8));
        assert_eq!(strict("x".repeat(256).as_bytes()), Err(Rule::Component));
        assert_eq!(strict("x/".repeat(64).as_bytes()), Ok("x/".repeat(64)[..127].to_owned()));
        assert_eq!(strict("x/".repeat(65).as_bytes()), Err(Rule::Depth));
        assert_eq!(strict(format!("{long}/").repeat(5).as_bytes()), Err(Rule::Length));
    }

    #[test]
    fn names_of_images_stay_below_their_root() {
        let rows: [(&[u8], &str, Option<Rule>); 5] = [
            (b"./usr/bin/x", "usr/bin/x", None),
            (b"/usr/bin/x", "usr/bin/x", None),
            (b"a/../../b", "b", Some(Rule::Parent)),
            (b"a\x1bb", "a\u{fffd}b", Some(Rule::Control)),
            (b"a\xffb", "a\u{fffd}b", Some(Rule::NotUtf8)),
        ];
        for (name, path, rule) in rows {
            assert_eq!(image(name), (path.to_owned(), rule));
        }
    }
}
