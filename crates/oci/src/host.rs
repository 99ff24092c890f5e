//! Registry hosts: their grammar, their one canonical spelling, and which may go without TLS.
//!
//! A host here is `name[:port]`, as a reference writes it. This file deliberately opens no
//! connection and knows no redirects; those are the transport's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::shown;

/// The canonical name of Docker Hub, under which its repositories and credentials are known.
pub(crate) const DOCKER_HUB: &str = "docker.io";

/// The host that answers Docker Hub's registry API.
const DOCKER_HUB_CONTACT: &str = "registry-1.docker.io";

/// Longest host that is read, port included, in bytes (RFC 1035 allows names of 253).
const HOST_BYTES_MAX: usize = 260;

/// Whether a reference's first component is a host: it holds `.` or `:`, or is `localhost`.
pub(crate) fn is_qualified(component: &str) -> bool {
    component.contains(['.', ':']) || component.eq_ignore_ascii_case("localhost")
}

/// The one spelling of a host: lower case, short addresses, Docker Hub as `docker.io`.
///
/// Two hosts are the same registry exactly when these are equal; an IPv6 zone keeps its case.
/// The error is the rule of the host grammar that `text` breaks.
pub fn canonical(text: &str) -> Result<String, &'static str> {
    if text.len() > HOST_BYTES_MAX {
        return Err("the host is longer than 260 bytes");
    }
    let (name, port) = split_port(text)?;
    let name = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => canonical_ipv6(address)?,
        None => canonical_name(name)?,
    };
    Ok(match (name.as_str(), port) {
        ("index.docker.io" | DOCKER_HUB_CONTACT, None) => DOCKER_HUB.to_owned(),
        (_, None) => name,
        (_, Some(port)) => format!("{name}:{port}"),
    })
}

/// The host to connect to for a canonical host; they differ for Docker Hub only.
pub(crate) fn contact(canonical: &str) -> &str {
    if canonical == DOCKER_HUB { DOCKER_HUB_CONTACT } else { canonical }
}

/// The canonical host of a URL's registry, by which its credentials and settings are known.
pub(crate) fn of(url: &url::Url) -> String {
    let host = shown::host(url);
    canonical(&host).unwrap_or(host)
}

/// Whether a canonical host is this machine: `localhost`, 127.0.0.0/8 or `::1`.
pub fn is_loopback(canonical: &str) -> bool {
    let Ok((name, _)) = split_port(canonical) else {
        return false;
    };
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether `canonical` is spoken to without TLS: it is this machine, or `configured` names it.
///
/// Every other host is https, and a failed handshake is never a reason to try http. Entries of
/// `configured` that are no hosts match nothing.
pub fn is_plain_http(canonical: &str, configured: &[String]) -> bool {
    let named = |entry: &String| self::canonical(entry).is_ok_and(|entry| entry == canonical);
    is_loopback(canonical) || configured.iter().any(named)
}

const IPV6_RULE: &str = "the host in brackets is no IPv6 address";

fn split_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    let colon = match text.rfind(']') {
        Some(bracket) => text[bracket..].find(':').map(|at| bracket + at),
        None if text.starts_with('[') => return Err(IPV6_RULE),
        None => text.find(':'),
    };
    let Some(colon) = colon else {
        return Ok((text, None));
    };
    let (name, port) = (&text[..colon], &text[colon + 1..]);
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number != 0 => Ok((name, Some(number))),
        _ => Err("the port is not a number from 1 to 65535"),
    }
}

fn canonical_name(name: &str) -> Result<String, &'static str> {
    let is_label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !name.split('.').all(is_label) {
        return Err("the host is not letters, digits and `-` in parts joined by `.`");
    }
    let name = name.to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    // URL parsers read `127.1` and `0x7f.1` as addresses; only the plain form may be one.
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if is_number && name.parse::<Ipv4Addr>().is_err() {
        return Err("the host ends in a number but is no address of four numbers");
    }
    Ok(name)
}

fn canonical_ipv6(text: &str) -> Result<String, &'static str> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let address: Ipv6Addr = address.parse().map_err(|_| IPV6_RULE)?;
    match zone {
        None => Ok(format!("[{address}]")),
        Some(zone) => {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~-".contains(&b);
            let fits = !zone.is_empty() && zone.bytes().all(allowed);
            if fits { Ok(format!("[{address}%{zone}]")) } else { Err(IPV6_RULE) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(canonical(text).ok().as_deref(), expected, "{text}");
    }

    #[test]
    fn a10_ipv6_literals_are_hosts() {
        check("[::1]:5000", Some("[::1]:5000"));
        check("[2001:DB8::1]", Some("[2001:db8::1]"));
        check("[::1", None);
        check("[::1]x", None);
        check("[::1]5000", None);
        check("[127.0.0.1]", None);
        check("::1", None);
    }

    #[test]
    fn a11_hosts_compare_by_case_address_and_zone() {
        check("REG.Example:5000", Some("reg.example:5000"));
        check("[0:0:0:0:0:0:0:1]", Some("[::1]"));
        check("[fe80::1%eth0]", Some("[fe80::1%eth0]"));
        check("[FE80::1%ETH0]", Some("[fe80::1%ETH0]"));
        check("reg.example:05000", Some("reg.example:5000"));
        for bad in ["127.1", "0x7f.0.0.1", "1.2.3.4.5", "256.0.0.1", "a.example:0", "a:65536"] {
            check(bad, None);
        }
        for bad in ["", "-a.b", "a-.b", "a..b", ".a", "a.", "a b.c", "a_b.c", "ä.c", "a:", "a:+1"]
        {
            check(bad, None);
        }
        check(&format!("{}.example", "a".repeat(64)), None);
    }

    #[test]
    fn a4_docker_hub_has_one_name_and_another_contact() {
        for host in ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.IO"] {
            check(host, Some("docker.io"));
        }
        assert_eq!(contact("docker.io"), "registry-1.docker.io");
        assert_eq!(contact("ghcr.io"), "ghcr.io");
    }

    #[test]
    fn a12_only_this_machine_and_configured_hosts_go_without_tls() {
        let configured = ["Lab.Example:5000".to_owned(), "not a host".to_owned()];
        let plain = ["localhost", "localhost:5000", "127.0.0.1:1", "127.9.8.7", "[::1]:5000"];
        for host in plain.into_iter().chain(["lab.example:5000"]) {
            assert!(is_plain_http(host, &configured), "{host}");
        }
        let tls = ["lab.example", "localhost.example", "128.0.0.1", "10.0.0.1:80", "[::2]"];
        for host in tls.into_iter().chain(["127.0.0.1.nip.io", "not a host", "docker.io:80"]) {
            assert!(!is_plain_http(host, &configured), "{host}");
        }
    }
}
