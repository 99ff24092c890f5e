//! Paths and names of links that a formula may write.

use crate::{
    report::{Code, Finding},
    tree::At,
};

/// Refuses a path that is not below the folder it is joined to.
pub(crate) fn check_relative(path: &str, at: At) -> Result<(), Finding> {
    let bad = |label: &'static str| {
        let message =
            format!("`{}` is not a path inside the package", crate::name::printable(path));
        Err(Finding::new(Code::Path, at, message)
            .label(label)
            .help("write it relative to its folder, with `/`, without `.` and `..`"))
    };
    if path.is_empty() {
        return bad("empty");
    }
    if path.starts_with('/') {
        return bad("absolute");
    }
    if path.contains('\\') {
        return bad("holds a backslash");
    }
    if path.len() > 1024 {
        return bad("longer than 1024 bytes");
    }
    for part in path.strip_suffix('/').unwrap_or(path).split('/') {
        match part {
            "" => return bad("two slashes in a row"),
            "." | ".." => return bad("holds `.` or `..`"),
            _ if part.len() > 255 => return bad("a part is longer than 255 bytes"),
            _ if part.contains('\n') => return bad("holds a line break"),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a target that no link has; it may lead anywhere.
pub(crate) fn check_target(target: &str, at: At) -> Result<(), Finding> {
    if target.is_empty() || target.len() > 1024 {
        return Err(Finding::new(Code::Path, at, "not a target that a link can have")
            .label("empty, or longer than 1024 bytes")
            .help("write the target as the link has it, such as `/etc/ssl/certs`"));
    }
    Ok(())
}

/// Refuses a name that is not one component, or that commands would read as an option.
pub(crate) fn check_link(name: &str, at: At) -> Result<(), Finding> {
    let bad = |label: &'static str| {
        let message = format!("`{}` cannot name a link", crate::name::printable(name));
        Err(Finding::new(Code::Path, at, message)
            .label(label)
            .help("write the name that is typed, without any folder"))
    };
    if name.contains('/') {
        return bad("holds a slash");
    }
    if name.starts_with('-') {
        return bad("starts like an option");
    }
    check_relative(name, at).or_else(|_| bad("not one component"))
}
