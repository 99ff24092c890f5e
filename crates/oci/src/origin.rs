//! One policy for every URL that a server names: redirects, next pages, token realms.
//!
//! A server may send a client anywhere; what it may not do is take credentials along, leave TLS,
//! or point at machines that only the client can reach. This file opens no connection and
//! resolves no names: an address is judged where it is written as one.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use url::{Host, Url};

use crate::{host, shown::Shown};

/// What a URL that a server names is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A `Location` to fetch the same content from.
    Redirect,
    /// The next page of a list.
    Page,
    /// The token server of a challenge.
    Realm,
    /// A `Location` to send content to.
    Upload,
}

/// A URL that a server named and that is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{from} names {to} as {purpose}, which is refused: {rule}")]
pub struct Refused {
    /// What the URL would have been for.
    pub purpose: Purpose,
    /// The URL that the server was asked at, without secrets.
    pub from: String,
    /// The URL that it named, without secrets.
    pub to: String,
    /// The rule that the URL breaks.
    pub rule: &'static str,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redirect => "a redirect",
            Self::Page => "the next page",
            Self::Realm => "its token server",
            Self::Upload => "the place to upload to",
        })
    }
}

/// Decides which URLs are followed, and which may see credentials.
#[derive(Debug, Default)]
pub(crate) struct UrlPolicy {
    token_servers: HashMap<String, Vec<url::Origin>>,
    uploads_stay: bool,
}

impl UrlPolicy {
    /// A policy that lets uploads go to another origin unless `uploads_stay`.
    pub(crate) fn new(uploads_stay: bool) -> Self {
        Self { token_servers: HashMap::new(), uploads_stay }
    }

    /// Gives the stored credentials of the registry at `host`, as it is spelled canonically, to
    /// the token server at this origin too.
    pub(crate) fn trust(&mut self, host: &str, token_server: &Url) {
        self.token_servers.entry(host.to_owned()).or_default().push(token_server.origin());
    }

    fn trusts(&self, registry: &Url, realm: &Url) -> bool {
        let trusted = self.token_servers.get(&host::of(registry));
        trusted.is_some_and(|origins| origins.contains(&realm.origin()))
    }

    /// The URL that `to`, named by the answer to a request at `from`, leads to.
    pub(crate) fn follow(&self, from: &Url, to: &str, purpose: Purpose) -> Result<Url, Refused> {
        let refused =
            |to: String, rule| Err(Refused { purpose, from: Shown(from).to_string(), to, rule });
        let Ok(mut url) = from.join(to) else {
            return refused(crate::excerpt::excerpt(to), "it is no URL");
        };
        url.set_fragment(None);
        match self.broken_rule(from, &url, purpose) {
            Some(rule) => refused(Shown(&url).to_string(), rule),
            None => Ok(url),
        }
    }

    fn broken_rule(&self, from: &Url, to: &Url, purpose: Purpose) -> Option<&'static str> {
        if !matches!(to.scheme(), "https" | "http") {
            return Some("it is neither https nor http");
        }
        if !to.username().is_empty() || to.password().is_some() {
            return Some("it carries a user name");
        }
        if to.origin() == from.origin() {
            return None;
        }
        if from.scheme() == "https" && to.scheme() == "http" {
            return Some("it leaves TLS");
        }
        let stays = purpose == Purpose::Page || purpose == Purpose::Upload && self.uploads_stay;
        if stays {
            return Some("it leads to another origin");
        }
        let is_trusted = purpose == Purpose::Realm && self.trusts(from, to);
        if is_trusted || from.host() == to.host() {
            return None;
        }
        match (Reach::of(to), Reach::of(from)) {
            (Reach::Loopback, Reach::Loopback) | (Reach::Anywhere, _) => None,
            (Reach::Loopback, _) => Some("it leads to this machine"),
            (Reach::Link, _) => Some("it leads to a link-local address"),
            // Private networks serve blobs from bare addresses; no credentials go there.
            (Reach::Private, _) if purpose == Purpose::Redirect => None,
            (Reach::Private, _) => Some("it leads to a private address"),
        }
    }

    /// Whether a registry's stored credentials may be sent to the token server at `realm`.
    ///
    /// The same origin, another https host of the same site (`registry.example.com` and
    /// `auth.example.com`), and what the user trusts by name.
    pub(crate) fn may_hold_credentials(&self, registry: &Url, realm: &Url) -> bool {
        realm.origin() == registry.origin()
            || self.trusts(registry, realm)
            || (realm.scheme() == "https"
                && site(realm).is_some_and(|realm| site(registry) == Some(realm)))
    }
}

/// From where a host can be reached, as far as its text says.
#[derive(Debug, PartialEq, Eq)]
enum Reach {
    Anywhere,
    Private,
    Link,
    Loopback,
}

impl Reach {
    fn of(url: &Url) -> Self {
        match url.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let is_local = name == "localhost" || name.ends_with(".localhost");
                if is_local { Self::Loopback } else { Self::Anywhere }
            }
            Some(Host::Ipv4(address)) => Self::of_address(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Self::of_address(IpAddr::V6(address).to_canonical()),
            None => Self::Anywhere,
        }
    }

    fn of_address(address: IpAddr) -> Self {
        if address.is_loopback() || address.is_unspecified() {
            return Self::Loopback;
        }
        let (link, private) = match address {
            IpAddr::V4(v4) => (v4.is_link_local(), v4.is_private() || is_shared(v4)),
            IpAddr::V6(v6) => (v6.is_unicast_link_local(), is_unique_local(v6)),
        };
        match (link, private) {
            (true, _) => Self::Link,
            (_, true) => Self::Private,
            _ => Self::Anywhere,
        }
    }
}

/// 100.64.0.0/10, between a provider and its customers (RFC 6598).
fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && second & 0xc0 == 64
}

/// fc00::/7 (RFC 4193).
fn is_unique_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xfe00 == 0xfc00
}

/// The part of a name that one owner holds, guessed: the last two labels, or three where the last
/// two are short, as in `co.uk`.
///
/// A list of public suffixes would be exact and grows stale; a wrong guess costs an extra line of
/// configuration, or trusts a neighbour that a registry chose as its token server.
fn site(url: &Url) -> Option<&str> {
    let name = url.domain()?.trim_end_matches('.');
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    let (last, second) = (dots.next()?, dots.next());
    let is_suffix = name.len() - last - 1 == 2 && last - second.map_or(0, |at| at + 1) <= 3;
    let start = if is_suffix {
        second?;
        dots.next()
    } else {
        second
    };
    Some(&name[start.map_or(0, |at| at + 1)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    /// The URL followed to, or a part of the rule that refuses it.
    fn check(purpose: Purpose, from: &str, to: &str, expected: Result<&str, &str>) {
        let found = UrlPolicy::default().follow(&url(from), to, purpose);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.as_str(), expected, "{from} {to}"),
            (Err(found), Err(rule)) => assert!(found.rule.contains(rule), "{from} {to}: {found}"),
            (found, expected) => panic!("{purpose:?} {from} {to}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn e10_one_policy_decides_redirects() {
        let from = "https://reg.example/v2/a/blobs/x";
        let cases = [
            ("/v2/b?x=1#f", Ok("https://reg.example/v2/b?x=1")),
            ("y", Ok("https://reg.example/v2/a/blobs/y")),
            ("//cdn.example/y", Ok("https://cdn.example/y")),
            ("https://cdn.example/y", Ok("https://cdn.example/y")),
            ("https://10.1.2.3/y", Ok("https://10.1.2.3/y")),
            ("http://reg.example/y", Err("leaves TLS")),
            ("http://cdn.example/y", Err("leaves TLS")),
            ("ftp://cdn.example/y", Err("neither https nor http")),
            ("file:///etc/passwd", Err("neither https nor http")),
            ("https://me:pw@cdn.example/y", Err("user name")),
            ("https://169.254.169.254/latest", Err("link-local")),
            ("https://[fe80::1]/", Err("link-local")),
            ("https://127.0.0.1/", Err("this machine")),
            ("https://[::ffff:127.0.0.1]/", Err("this machine")),
            ("https://0.0.0.0/", Err("this machine")),
            ("https://LOCALHOST./", Err("this machine")),
            ("https://a.localhost/", Err("this machine")),
            ("https://[::1]:443/", Err("this machine")),
            ("https://", Err("no URL")),
        ];
        for (to, expected) in cases {
            check(Purpose::Redirect, from, to, expected);
        }
        check(
            Purpose::Redirect,
            "http://127.0.0.1:1/",
            "http://localhost:2/",
            Ok("http://localhost:2/"),
        );
        check(
            Purpose::Redirect,
            "http://a.example/",
            "https://a.example/",
            Ok("https://a.example/"),
        );
    }

    #[test]
    fn f14_uploads_go_to_no_machine_that_only_we_reach() {
        let from = "https://reg.example/v2/a/blobs/uploads/";
        let cases = [
            ("/v2/a/blobs/uploads/1?x=%2B", Ok("https://reg.example/v2/a/blobs/uploads/1?x=%2B")),
            ("//cdn.example/1", Ok("https://cdn.example/1")),
            ("https://bucket.example/1?sig=a", Ok("https://bucket.example/1?sig=a")),
            ("http://reg.example/1", Err("leaves TLS")),
            ("http://bucket.example/1", Err("leaves TLS")),
            ("https://10.1.2.3/1", Err("private address")),
            ("https://[fd00::1]/1", Err("private address")),
            ("https://169.254.169.254/1", Err("link-local")),
            ("https://127.0.0.1/1", Err("this machine")),
            ("https://me:pw@bucket.example/1", Err("user name")),
        ];
        for (to, expected) in cases {
            check(Purpose::Upload, from, to, expected);
        }
        let at_home = UrlPolicy::new(true);
        let follow = |to| at_home.follow(&url(from), to, Purpose::Upload).is_ok();
        assert!(follow("/v2/a/blobs/uploads/1") && !follow("https://bucket.example/1"));
        assert!(at_home.follow(&url(from), "https://cdn.example/1", Purpose::Redirect).is_ok());
    }

    #[test]
    fn e10_pages_stay_at_their_origin() {
        let from = "https://reg.example/v2/a/tags/list";
        check(
            Purpose::Page,
            from,
            "/v2/a/tags/list?n=2",
            Ok("https://reg.example/v2/a/tags/list?n=2"),
        );
        check(Purpose::Page, from, "https://reg.example:443/x", Ok("https://reg.example/x"));
        check(Purpose::Page, from, "https://reg.example:444/x", Err("another origin"));
        check(Purpose::Page, from, "https://evil.example/x", Err("another origin"));
    }

    #[test]
    fn h12_realms_are_judged() {
        let from = "https://reg.example/v2/";
        let cases = [
            ("https://auth.example/token", Ok("https://auth.example/token")),
            ("http://reg.example/token", Err("leaves TLS")),
            ("https://10.0.0.1/token", Err("private address")),
            ("https://100.64.0.1/token", Err("private address")),
            ("https://[fd00::1]/token", Err("private address")),
            ("https://169.254.169.254/token", Err("link-local")),
            ("https://localhost/token", Err("this machine")),
        ];
        for (to, expected) in cases {
            check(Purpose::Realm, from, to, expected);
        }
        check(
            Purpose::Realm,
            "http://10.0.0.1/",
            "http://10.0.0.1:81/t",
            Ok("http://10.0.0.1:81/t"),
        );
        check(Purpose::Realm, "http://10.0.0.1/", "http://10.0.0.2/t", Err("private address"));
        let mut trusting = UrlPolicy::default();
        trusting.trust("reg.example", &url("https://10.0.0.1"));
        let follow = |from| trusting.follow(&url(from), "https://10.0.0.1/token", Purpose::Realm);
        assert!(follow(from).is_ok());
        assert!(follow("https://other.example/v2/").is_err(), "trusted for one registry alone");
    }

    #[test]
    fn h12_stored_credentials_stay_on_the_site() {
        let check = |registry: &str, realm: &str, expected: bool| {
            let found = UrlPolicy::default().may_hold_credentials(&url(registry), &url(realm));
            assert_eq!(found, expected, "{registry} {realm}");
        };
        check("https://registry-1.docker.io", "https://auth.docker.io/token", true);
        check("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true);
        check("https://reg.example", "https://reg.example:444/token", true);
        check("https://reg.example", "http://reg.example/token", false);
        check("https://reg.a.example", "https://reg.b.example/token", false);
        check("https://reg.a.co.uk", "https://auth.a.co.uk/token", true);
        check("https://reg.a.co.uk", "https://reg.b.co.uk/token", false);
        check("https://a.co.uk", "https://b.co.uk/token", false);
        check("https://a.com", "https://b.com/token", false);
        check("https://a.com.", "https://b.com./token", false);
        check("http://127.0.0.1:1", "http://127.0.0.1:2/token", false);
        check("https://10.0.0.1", "https://10.0.0.1:444/token", false);
        check("http://127.0.0.1:1", "http://127.0.0.1:1/token", true);
        let mut trusting = UrlPolicy::default();
        trusting.trust("127.0.0.1:1", &url("http://127.0.0.1:2/any"));
        for (registry, expected) in [("http://127.0.0.1:1", true), ("http://127.0.0.1:3", false)] {
            let realm = url("http://127.0.0.1:2/token");
            assert_eq!(trusting.may_hold_credentials(&url(registry), &realm), expected);
        }
    }
}
