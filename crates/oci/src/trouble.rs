//! What stands in the way of a request, as far as somebody can do something about it.
//!
//! The errors say what happened; this says what sort of thing it is, so that a program can add
//! what to do. It knows no program and none of its words.

use std::{error::Error as _, fmt, io};

use rustls::CertificateError;

use crate::{
    Error, host,
    refusal::{Backing, Refusal},
    shown,
};

/// Something in the way, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The server, as its registry is known.
    pub host: String,
    /// What it is.
    pub what: What,
}

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A login is needed, and there is none.
    NoLogin,
    /// The login is not taken.
    BadLogin,
    /// The login was good once.
    Expired,
    /// The login is taken, and is not enough.
    Forbidden,
    /// It does not exist.
    Absent,
    /// The server is no registry.
    NoRegistry,
    /// The server fails on its side, which may pass.
    Failing,
    /// The server speaks TLS, and was asked without.
    NeedsTls,
    /// The login is kept from the token server at this origin, which is on another site.
    TokenServer(String),
    /// A proxy on the way asks for a user and a password.
    ProxyPassword,
    /// A proxy on the way takes another user or password.
    BadProxyPassword,
    /// A proxy on the way cannot be reached.
    NoProxy,
    /// A proxy on the way makes no tunnel to the server.
    NoTunnel,
    /// There is no way to the server.
    Unreachable(Unreachable),
}

/// Why there is no way to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreachable {
    /// Its name has no address.
    NoAddress,
    /// Nothing listens there.
    NoListener,
    /// No network leads there.
    NoRoute,
    /// It does not answer in time.
    Silent,
    /// Its certificate is signed by nobody who is trusted.
    UnknownAuthority,
    /// Its certificate is for these names.
    OtherName(Vec<String>),
    /// Its certificate has expired, or holds later only.
    OutOfDate,
    /// Its certificate cannot be used for another reason.
    BadCertificate,
    /// It speaks no TLS.
    NoTls,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAddress => "no address is known for its name",
            Self::NoListener => "nothing listens there",
            Self::NoRoute => "no network leads there",
            Self::Silent => "it does not answer in time",
            Self::UnknownAuthority => "its certificate is signed by nobody who is trusted here",
            Self::OutOfDate => "its certificate has expired, or the clock is wrong",
            Self::BadCertificate => "its certificate cannot be used",
            Self::NoTls => "it speaks no TLS",
            Self::OtherName(names) => {
                let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
                return write!(f, "its certificate is for {names}");
            }
        })
    }
}

/// A connection that failed or broke; its text is the one cause that says something.
#[derive(Debug)]
pub struct Broken(reqwest::Error);

impl Broken {
    pub(crate) fn new(error: reqwest::Error) -> Self {
        Self(error.without_url())
    }

    /// Whether it may succeed later; a certificate that is not trusted stays so.
    pub(crate) fn may_pass(&self) -> bool {
        let refused = |error: &rustls::Error| {
            use rustls::Error::{AlertReceived, InvalidCertificate};
            matches!(error, InvalidCertificate(_) | AlertReceived(_))
        };
        let mut causes = std::iter::successors(self.0.source(), |error| next(*error));
        !self.0.is_builder() && !causes.any(|error| error.downcast_ref().is_some_and(refused))
    }
}

impl fmt::Display for Broken {
    /// The libraries between this one and the system say that they failed, and nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes = std::iter::successors(self.0.source(), |error| next(*error));
        match causes.last() {
            Some(cause) => write!(f, "{cause}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl std::error::Error for Broken {}

/// A reason at the end of a sentence, where there is one.
pub(crate) struct Why<'a>(pub(crate) Option<&'a Unreachable>);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(why) => write!(f, ": {why}"),
            None => Ok(()),
        }
    }
}

impl Unreachable {
    /// Why a request failed, where that is known.
    pub(crate) fn of(error: &reqwest::Error) -> Option<Self> {
        for cause in std::iter::successors(error.source(), |error| next(*error)) {
            if let Some(error) = cause.downcast_ref::<rustls::Error>() {
                return Self::of_tls(error);
            }
            if let Some(known) = cause.downcast_ref::<io::Error>().and_then(Self::of_io) {
                return Some(known);
            }
            // The resolver's error has a type that nobody can name.
            if cause.to_string().starts_with("dns error") {
                return Some(Self::NoAddress);
            }
        }
        (error.is_timeout() && error.is_connect()).then_some(Self::Silent)
    }

    fn of_io(error: &io::Error) -> Option<Self> {
        Some(match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::NoListener,
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Self::NoRoute,
            _ => return None,
        })
    }

    fn of_tls(error: &rustls::Error) -> Option<Self> {
        let rustls::Error::InvalidCertificate(error) = error else {
            return matches!(error, rustls::Error::InvalidMessage(_)).then_some(Self::NoTls);
        };
        Some(match error {
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::NotValidForName => Self::OtherName(Vec::new()),
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::OtherName(presented.iter().map(|name| plain(name)).collect())
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::OutOfDate,
            _ => Self::BadCertificate,
        })
    }
}

/// A name of a certificate as people write it.
fn plain(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    crate::excerpt::excerpt(inner.unwrap_or(name).trim_matches('"'))
}

/// The cause of a cause: an I/O error names its inner error's cause as its own, and so hides the
/// inner one.
fn next<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a (dyn std::error::Error + 'static)> {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match inner {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

impl Error {
    /// What stands in the way, if it is something that somebody can do something about.
    pub fn trouble(&self) -> Option<Trouble> {
        let (host, what) = match self {
            Self::Login { host, source } => (host.clone(), of_login(source)),
            Self::Denied { host, source, .. } => (host.clone(), of_denial(source)),
            Self::Answer { host, source } if source.is_denial() => {
                (host.clone(), of_denial(source))
            }
            Self::Answer { host, source } if source.wants_tls() => (host.clone(), What::NeedsTls),
            Self::Answer { host, source } if source.is_failure() => (host.clone(), What::Failing),
            // Of other addresses there is no repository to be spelt.
            Self::NotFound { what, source: Some(source) } if !what.contains("://") => {
                (source.host(), What::Absent)
            }
            Self::NoRegistry { host, .. } => (host.clone(), What::NoRegistry),
            Self::Realm { host, realm, .. } => (host.clone(), What::TokenServer(realm.clone())),
            Self::ProxyPassword { host, is_given: true } => (host.clone(), What::BadProxyPassword),
            Self::ProxyPassword { host, .. } => (host.clone(), What::ProxyPassword),
            Self::NoProxy { host, .. } => (host.clone(), What::NoProxy),
            Self::NoTunnel { host, .. } => (host.clone(), What::NoTunnel),
            Self::Request { url, why: Some(why), .. } => {
                (host_of(url), What::Unreachable(why.clone()))
            }
            Self::Stalled { url, .. } => (host_of(url), What::Unreachable(Unreachable::Silent)),
            _ => return None,
        };
        Some(Trouble { host: host::canonical(&host).unwrap_or(host), what })
    }
}

fn of_login(refusal: &Refusal) -> What {
    match refusal.status() {
        _ if refusal.speaks_of_age() => What::Expired,
        403 => What::Forbidden,
        _ => What::BadLogin,
    }
}

fn of_denial(refusal: &Refusal) -> What {
    match refusal.backing {
        Backing::Nobody => What::NoLogin,
        _ if refusal.speaks_of_age() => What::Expired,
        Backing::Refused => What::BadLogin,
        Backing::Credential if refusal.status() == 401 => What::BadLogin,
        Backing::Credential | Backing::Token => What::Forbidden,
    }
}

fn host_of(url: &str) -> String {
    url.parse().map(|url| shown::host(&url)).unwrap_or_default()
}
