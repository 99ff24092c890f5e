//! Which addresses a formula may name: TLS, no credentials, no way into a private network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    path::check_relative,
    report::{Code, Finding},
    tap::TapKind,
    tree::At,
};

/// How far a host is from this machine, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Loopback,
    Private,
    Public,
}

/// Refuses a URL that is not https, names a user, or leads to a private address.
///
/// Loopback may be plain http. Private addresses, plain or not, are for taps of a folder and for
/// taps of the same host.
pub(crate) fn check(url: &str, at: At, tap: &TapKind) -> Result<(), Finding> {
    let bad = |why: &str| {
        let shown = crate::name::printable(url);
        Finding::new(Code::Insecure, at, format!("`{shown}` {why}")).label("refused")
    };
    let plain = match url.split_once("://") {
        Some(("https", _)) => false,
        Some(("http", _)) => true,
        _ => return Err(bad("is no https URL").help("write `https://…`")),
    };
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(bad("holds credentials")
            .help("leave the user out; credentials come from the logins of docker and podman"));
    }
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(bad("holds a blank or a backslash").help("write it percent-encoded, `%20`"));
    }
    let host = host_of(authority);
    if host.is_empty() {
        return Err(bad("names no host"));
    }
    match reach(host) {
        Reach::Loopback => Ok(()),
        Reach::Private if tap.may_reach(authority) => Ok(()),
        Reach::Private => Err(bad("leads to a private address")
            .help("private addresses are for taps of a folder, or of the same host")),
        Reach::Public if plain => Err(bad("has no TLS")
            .help("write `https://…`: without TLS anyone on the way can see and change it")),
        Reach::Public => Ok(()),
    }
}

/// Refuses a git repository that is neither at an allowed URL nor a path on this machine.
///
/// `git` itself would take a text such as `host:path`, `ext::command` or `--option` as more than a
/// place: none of them passes. Whose machine a path is on is for the one who follows it to judge.
pub(crate) fn check_git(text: &str, at: At, tap: &TapKind) -> Result<(), Finding> {
    let bad = |why: &str| {
        let shown = crate::name::printable(text);
        Finding::new(Code::Insecure, at, format!("`{shown}` {why}")).label("refused")
    };
    let path = match text.strip_prefix("file://") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(bad("names a host").help("write `file:///…`")),
        None if text.starts_with("https://") || text.starts_with("http://") => {
            check(text, at, tap)?;
            return match text.contains(['?', '#']) {
                true => Err(bad("is no address of a git repository").help("leave `?` and `#` out")),
                false => Ok(()),
            };
        }
        None => text,
    };
    if path.contains(':') || path.starts_with('-') || path.contains(char::is_control) {
        let help = "write `https://…`, `file:///…`, or a path without `:` and leading `-`";
        return Err(bad("is no address that git sources have").help(help));
    }
    check_relative(path.strip_prefix('/').unwrap_or(path), at)
}

/// Refuses a registry at a private address, by the same rule.
pub(crate) fn check_registry(reference: &str, at: At, tap: &TapKind) -> Result<(), Finding> {
    let authority = reference.split('/').next().unwrap_or_default();
    if reach(host_of(authority)) == Reach::Private && !tap.may_reach(authority) {
        let message = format!("`{authority}` is a private address");
        return Err(Finding::new(Code::Insecure, at, message)
            .label("refused")
            .help("private addresses are for taps of a folder, or of the same host"));
    }
    Ok(())
}

/// The host of `host:port` or `[address]:port`.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn reach(host: &str) -> Reach {
    let lower = host.to_ascii_lowercase();
    let name = lower.strip_suffix('.').unwrap_or(&lower);
    if name == "localhost" || name.ends_with(".localhost") {
        return Reach::Loopback;
    }
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => reach_v4(address),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => reach_v4(address),
            None => reach_v6(address),
        },
        // Forms that only some resolvers read as an address, such as 127.1 or 0x7f.1.
        Err(_) if is_odd_address(name) => Reach::Private,
        Err(_) => Reach::Public,
    }
}

fn is_odd_address(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.starts_with(|c: char| c.is_ascii_digit())
        && last.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x')
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [first, second, ..] = address.octets();
    if address.is_loopback() {
        Reach::Loopback
    } else if address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || (first == 100 && (64..128).contains(&second))
    {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if address.is_loopback() {
        Reach::Loopback
    } else if address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_unspecified()
    {
        Reach::Private
    } else {
        Reach::Public
    }
}

/// Percent-encodes one segment of a path.
pub(crate) fn encode(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: At = At { file: 0, start: 0, end: 0 };

    #[test]
    fn which_urls_pass() {
        let same = TapKind::Registry { host: "10.0.0.5:5000".to_owned() };
        let other = TapKind::Registry { host: "ghcr.io".to_owned() };
        let check = |url: &str, folder: bool, same_host: bool, public: bool| {
            assert_eq!(check(url, AT, &TapKind::Folder).is_ok(), folder, "{url} in a folder");
            assert_eq!(check(url, AT, &same).is_ok(), same_host, "{url} of the same host");
            assert_eq!(check(url, AT, &other).is_ok(), public, "{url} of another host");
        };
        check("https://example.org/a.tar.gz", true, true, true);
        check("https://example.org:8443/a?b#c", true, true, true);
        check("http://example.org/a", false, false, false);
        check("http://127.0.0.1:8080/a", true, true, true);
        check("http://[::1]:8080/a", true, true, true);
        check("http://localhost/a", true, true, true);
        check("http://10.0.0.5:5000/a", true, true, false);
        check("https://10.0.0.6/a", true, false, false);
        check("https://169.254.169.254/latest", true, false, false);
        check("https://[fd00::1]/a", true, false, false);
        check("https://[::ffff:192.168.0.1]/a", true, false, false);
        check("https://192.168.1/a", true, false, false);
        check("https://0x7f.1/a", true, false, false);
        check("https://user:secret@example.org/a", false, false, false);
        check("https://example.org\\@evil/a", false, false, false);
        check("file:///etc/passwd", false, false, false);
        check("ftp://example.org/a", false, false, false);
        check("https:///a", false, false, false);
        check("https://example.org/a b", false, false, false);
        check("", false, false, false);
    }

    #[test]
    fn which_git_repositories_pass() {
        let registry = TapKind::Registry { host: "ghcr.io".to_owned() };
        for (text, folder, elsewhere) in [
            ("https://github.com/a/b", true, true),
            ("https://github.com/a/b.git", true, true),
            ("http://127.0.0.1:8080/a", true, true),
            ("http://github.com/a/b", false, false),
            ("https://user:secret@github.com/a/b", false, false),
            ("https://10.0.0.6/a", true, false),
            ("https://github.com/a?b", false, false),
            ("file:///srv/a.git", true, true),
            ("file://host/srv/a.git", false, false),
            ("file:///srv/../a", false, false),
            ("/srv/a.git", true, true),
            ("a/b", true, true),
            ("../a", false, false),
            ("", false, false),
            ("-u./x", false, false),
            ("--upload-pack=touch x", false, false),
            ("ssh://git@github.com/a/b", false, false),
            ("git@github.com:a/b", false, false),
            ("git://github.com/a/b", false, false),
            ("ext::sh -c x", false, false),
            ("HTTPS://github.com/a/b", false, false),
            ("a\nb", false, false),
        ] {
            assert_eq!(check_git(text, AT, &TapKind::Folder).is_ok(), folder, "{text}");
            assert_eq!(check_git(text, AT, &registry).is_ok(), elsewhere, "{text}");
        }
    }

    #[test]
    fn which_registries_pass() {
        let tap = TapKind::Registry { host: "ghcr.io".to_owned() };
        assert!(check_registry("ghcr.io/a/b:1", AT, &tap).is_ok());
        assert!(check_registry("localhost:5000/a:1", AT, &tap).is_ok());
        assert!(check_registry("10.0.0.5:5000/a:1", AT, &tap).is_err());
        assert!(check_registry("10.0.0.5:5000/a:1", AT, &TapKind::Folder).is_ok());
    }

    #[test]
    fn segments_are_encoded() {
        assert_eq!(encode("@biomejs"), "%40biomejs");
        assert_eq!(encode("v1.0+5~é"), "v1.0%2B5~%C3%A9");
    }
}
