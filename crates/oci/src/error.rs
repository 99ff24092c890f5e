//! Why the client could not do what it was asked for.

use std::time::Duration;

use digest::Digest;

use crate::{
    NoChoice, copy, layout, mirror, origin, push, reference,
    refusal::{Backing, Refusal},
    shown, token, transport,
    trouble::{Broken, Unreachable, Why},
    verify,
};

/// A failure of [`crate::Client`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No server may be asked.
    #[error("{host} is not asked while offline")]
    Offline {
        /// The server that has what is missing here.
        host: String,
    },
    /// It is not on a list of what may be used.
    #[error("{what} is not on the list of what may be used: {by}")]
    Forbidden {
        /// The registry or the address.
        what: String,
        /// Where the list is.
        by: String,
    },
    /// The HTTP client cannot be made as it is configured.
    #[error("cannot set up the HTTP client")]
    Transport(#[source] transport::Error),
    /// A mirror cannot be used.
    #[error("cannot use the configured mirrors")]
    Mirror(#[source] mirror::Unusable),
    /// A text that should be a URL is none.
    #[error("`{text}` is no http or https URL")]
    Url {
        /// The text, shortened.
        text: String,
    },
    /// There is no source to download from.
    #[error("no URL to download {digest} from")]
    NoSource {
        /// What was to be downloaded.
        digest: Digest,
    },
    /// A server named a URL that is not followed.
    #[error("cannot go on at {host}")]
    Refused {
        /// The server.
        host: String,
        /// The URL and the rule against it.
        #[source]
        source: origin::Refused,
    },
    /// A server leads from one URL to the next without end.
    #[error("{url} leads through more than {limit} redirects")]
    Redirects {
        /// The URL that was asked first.
        url: String,
        /// How many are followed.
        limit: usize,
    },
    /// A server cannot be reached, or the connection broke.
    #[error("cannot get an answer from {url}{}", Why(why.as_ref()))]
    Request {
        /// The URL.
        url: String,
        /// Why, where that is known.
        why: Option<Unreachable>,
        /// What broke.
        #[source]
        source: Broken,
    },
    /// A proxy lets nobody through without a password, or not with the one that it was given.
    #[error("the proxy on the way to {host} {}", asks(*is_given))]
    ProxyPassword {
        /// The server behind it.
        host: String,
        /// Whether it was given a user; of the system's own proxy nobody knows.
        is_given: bool,
    },
    /// The proxy on the way to a server cannot be reached.
    #[error("cannot reach the proxy {proxy} on the way to {host}{}", Why(why.as_ref()))]
    NoProxy {
        /// The server behind it.
        host: String,
        /// The `host[:port]` of the proxy; `of the system` where only the system knows it.
        proxy: String,
        /// Why, where that is known.
        why: Option<Unreachable>,
        /// What broke.
        #[source]
        source: Broken,
    },
    /// A proxy answers, and makes no tunnel: which status it says, the client does not tell.
    #[error("the proxy {proxy} does not let through to {host}")]
    NoTunnel {
        /// The server behind it.
        host: String,
        /// The `host[:port]` of the proxy; `of the system` where only the system knows it.
        proxy: String,
    },
    /// A registry is read from its mirrors alone, and none of them may be asked for this.
    #[error("{host} is read from its mirrors alone, and none of them answers tags")]
    NoMirror {
        /// The registry.
        host: String,
    },
    /// A mirror sends other bytes than those of the digest; asking again asks somebody else.
    #[error("the mirror {mirror} sends other bytes than it was asked for")]
    FalseMirror {
        /// The mirror.
        mirror: String,
        /// How they differ.
        #[source]
        source: Box<Self>,
    },
    /// A server fell silent.
    #[error("{url} sent nothing for {:.1} s", silence.as_secs_f32())]
    Stalled {
        /// The URL.
        url: String,
        /// For how long.
        silence: Duration,
    },
    /// A server answered with an error.
    #[error("{host} {}", does(source))]
    Answer {
        /// The server.
        host: String,
        /// What it answered.
        #[source]
        source: Box<Refusal>,
    },
    /// What was asked for does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// What was asked for.
        what: String,
        /// What the server answered.
        #[source]
        source: Option<Box<Refusal>>,
    },
    /// The registry does not let this user, or anyone without a login, have it.
    #[error("{}", denied(host, what, source))]
    Denied {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// What it answered.
        #[source]
        source: Box<Refusal>,
    },
    /// A server answers, but not as registries do.
    #[error("{host} is no registry")]
    NoRegistry {
        /// The server.
        host: String,
        /// What it answered.
        #[source]
        source: Box<Refusal>,
    },
    /// A registry, or its token server, does not take a credential.
    #[error("{}", not_taken(host, source))]
    Login {
        /// The registry.
        host: String,
        /// What it answered.
        #[source]
        source: Box<Refusal>,
    },
    /// A credential is kept from a token server on another site.
    #[error(
        "the token server {realm} is on another site than {host}; \
         the credentials for {host} were not sent to it"
    )]
    Realm {
        /// The registry.
        host: String,
        /// The token server's origin.
        realm: String,
        /// What came of asking without them.
        #[source]
        source: Option<Box<Self>>,
    },
    /// A token server gave no token.
    #[error("cannot get a token for {host}")]
    Token {
        /// The registry.
        host: String,
        /// What went wrong.
        #[source]
        source: token::Error,
    },
    /// A server asks for more time than the caller has.
    #[error(
        "{host} asks to wait {} s, more than the {} s that are granted; try again later",
        wait.as_secs(), budget.as_secs()
    )]
    Wait {
        /// The server.
        host: String,
        /// How long it asks for.
        wait: Duration,
        /// How long the request may still wait.
        budget: Duration,
    },
    /// An answer is longer than any such answer may be.
    #[error("{url} sends more than {limit} bytes")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// An answer is compressed though nobody asked for that.
    #[error("{url} sends its content encoded as `{encoding}`, which was not asked for")]
    Encoded {
        /// The URL.
        url: String,
        /// The encoding.
        encoding: String,
    },
    /// An answer is a part of what was asked for, and no part was asked for.
    #[error("{url} sends a part, and not the one that was asked for")]
    Part {
        /// The URL.
        url: String,
    },
    /// A blob is there, and its answer does not tell its size.
    #[error("{url} does not say how large it is")]
    NoSize {
        /// The URL.
        url: String,
    },
    /// An answer is a page for people.
    #[error("{url} answers with a web page; a proxy or a login page may stand in between")]
    WebPage {
        /// The URL.
        url: String,
    },
    /// An answer is no JSON of the form that it should have.
    #[error("cannot read the answer of {url}")]
    Json {
        /// The URL.
        url: String,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
    /// A list has more pages or entries than are read.
    #[error("the list at {url} has no end; {count} entries were read")]
    Endless {
        /// The URL of the first page.
        url: String,
        /// How many entries were read.
        count: usize,
    },
    /// A layout on this machine does not give what is asked of it.
    #[error("cannot use an image layout")]
    Layout(#[source] layout::Error),
    /// The bytes are not the ones that were asked for.
    #[error("{host} does not send what was asked for")]
    Verify {
        /// The server.
        host: String,
        /// How they differ.
        #[source]
        source: verify::Error,
    },
    /// The content that a descriptor carries, or that a caller has already, does not fit it.
    #[error("cannot begin to read {digest}")]
    Start {
        /// The digest.
        digest: Digest,
        /// How they differ.
        #[source]
        source: verify::Error,
    },
    /// Something cannot be pushed, or deleted.
    #[error("cannot write to a registry")]
    Push(#[source] push::Error),
    /// A name cannot be one in a registry.
    #[error("`{name}` cannot be a tag")]
    Name {
        /// The name.
        name: String,
        /// The rule that it breaks.
        #[source]
        source: reference::Error,
    },
    /// An artifact was not copied.
    #[error("the copy is not complete")]
    Copy(#[source] copy::Error),
    /// There is no one manifest for a platform.
    #[error(transparent)]
    Choose(NoChoice),
    /// The runtime stopped before the work was done.
    #[error("the work was interrupted")]
    Stopped,
    /// The download's task ended without a verdict, as when the runtime stops.
    #[error("the download of {digest} was interrupted")]
    Interrupted {
        /// What was being downloaded.
        digest: Digest,
    },
}

/// What sort of failure it is, for exit codes and hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It does not exist.
    NotFound,
    /// It exists perhaps, but not for this user.
    Unauthorized,
    /// A server could not be reached, or the connection broke.
    Network,
    /// A server answered, but not with what it should.
    Registry,
    /// The bytes are not the ones that were asked for.
    Integrity,
    /// It would need a server, and none may be asked.
    Offline,
    /// Whoever looks after this machine does not allow it.
    Forbidden,
    /// What was asked for, or the configuration, makes no sense.
    Invalid,
}

/// What was asked for, or `None` where it does not exist; any other failure stays one.
pub fn found<T>(asked: Result<T, Error>) -> Result<Option<T>, Error> {
    match asked {
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        asked => asked.map(Some),
    }
}

impl Error {
    /// What sort of failure this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Offline { .. } => Kind::Offline,
            Self::Forbidden { .. } => Kind::Forbidden,
            Self::NotFound { .. } => Kind::NotFound,
            Self::Denied { .. } | Self::Login { .. } | Self::Realm { .. } => Kind::Unauthorized,
            Self::Answer { source, .. } => match source.status() {
                401 | 403 => Kind::Unauthorized,
                404 => Kind::NotFound,
                _ => Kind::Registry,
            },
            Self::Token { source, .. } => source.kind(),
            Self::Push(source) => source.kind(),
            Self::Copy(source) => source.kind(),
            Self::Choose(source) => source.kind(),
            Self::Layout(
                layout::Error::Unknown { .. }
                | layout::Error::Missing { .. }
                | layout::Error::Empty { .. },
            ) => Kind::NotFound,
            Self::Layout(layout::Error::Damaged { .. }) => Kind::Integrity,
            Self::Layout(_) => Kind::Invalid,
            Self::FalseMirror { source, .. } => source.kind(),
            Self::Request { .. }
            | Self::ProxyPassword { .. }
            | Self::NoProxy { .. }
            | Self::NoTunnel { .. }
            | Self::Stalled { .. }
            | Self::Interrupted { .. }
            | Self::Stopped => Kind::Network,
            Self::Verify { source: verify::Error::Unsupported { .. }, .. } => Kind::Invalid,
            Self::Verify { .. } | Self::Start { .. } => Kind::Integrity,
            Self::Transport(_)
            | Self::Mirror(_)
            | Self::Url { .. }
            | Self::NoSource { .. }
            | Self::NoMirror { .. }
            | Self::Name { .. } => Kind::Invalid,
            Self::NoRegistry { .. }
            | Self::Refused { .. }
            | Self::Redirects { .. }
            | Self::Wait { .. }
            | Self::TooLarge { .. }
            | Self::Encoded { .. }
            | Self::Part { .. }
            | Self::NoSize { .. }
            | Self::WebPage { .. }
            | Self::Json { .. }
            | Self::Endless { .. } => Kind::Registry,
        }
    }

    /// Whether no other server could do better: it is about this machine, or what is asked for.
    pub(crate) fn is_of_ours(&self) -> bool {
        matches!(self.kind(), Kind::Offline | Kind::Forbidden | Kind::Invalid)
    }

    /// `Some` if asking again may help, with the time that the server asks for.
    pub(crate) fn transience(&self) -> Option<Option<Duration>> {
        match self {
            Self::Answer { source, .. } => {
                crate::retry::is_transient(source.status()).then_some(source.retry_after)
            }
            Self::Request { source, .. } | Self::NoProxy { source, .. } => {
                source.may_pass().then_some(None)
            }
            // It may be the one behind it that is away for a moment.
            Self::Stalled { .. } | Self::NoTunnel { .. } => Some(None),
            Self::Verify { source: verify::Error::Shorter { .. }, .. } => Some(None),
            _ => None,
        }
    }

    /// The error as it should be read by who asked for `what`.
    pub(crate) fn about(self, what: &dyn std::fmt::Display) -> Self {
        match self {
            Self::Answer { source, .. } if source.status() == 404 => {
                Self::NotFound { what: what.to_string(), source: Some(source) }
            }
            Self::Answer { host, source } if source.is_denial() => {
                let kept_from = source.kept_from.clone();
                let denied = Self::Denied { host: host.clone(), what: what.to_string(), source };
                match kept_from {
                    Some(realm) => Self::realm(host, realm, denied),
                    None => denied,
                }
            }
            Self::Token { host, source } => match source.denial() {
                Ok(source) => Self::Denied { host, what: what.to_string(), source },
                Err(source) => Self::Token { host, source },
            },
            other => other,
        }
    }

    /// The error of who asked without the credentials that a token server must not see.
    pub(crate) fn realm(host: String, realm: String, source: Self) -> Self {
        Self::Realm { host, realm, source: Some(Box::new(source)) }
    }

    /// The error of a refusal by the server at `url`.
    pub(crate) fn answer(url: &url::Url, refusal: Refusal) -> Self {
        Self::Answer { host: shown::host(url), source: Box::new(refusal) }
    }
}

/// Who fails has refused nothing: the same may be answered in a while.
fn does(refusal: &Refusal) -> &'static str {
    if refusal.is_failure() { "fails on its side" } else { "refuses the request" }
}

/// Registries hide what somebody may not have, so both reasons are named where both are possible.
fn denied(host: &str, what: &str, refusal: &Refusal) -> String {
    if refusal.speaks_of_age() && refusal.backing != Backing::Nobody {
        return format!("the login for {host} has expired");
    }
    match (refusal.backing, refusal.status()) {
        (Backing::Nobody, _) => format!("{what} needs a login, or does not exist"),
        (Backing::Refused, _) | (Backing::Credential, 401) => {
            format!("{host} does not take the login that {what} needs")
        }
        _ => format!("the login for {host} is not enough for {what}, or that does not exist"),
    }
}

fn asks(is_given: bool) -> &'static str {
    match is_given {
        true => "does not take the user and the password that it was given",
        false => "asks for a user and a password",
    }
}

fn not_taken(host: &str, refusal: &Refusal) -> String {
    match refusal.status() {
        _ if refusal.speaks_of_age() => format!("the login for {host} has expired"),
        403 => format!("{host} forbids what is asked with this login"),
        _ => format!("{host} does not take the login"),
    }
}
