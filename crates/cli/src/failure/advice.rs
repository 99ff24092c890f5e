//! What somebody can do about a registry that does not give what it is asked for.

use std::error::Error;

use oci::{Trouble, Unreachable, What};

use super::verdict::seen;

/// What lets through a proxy.
const PROXY: &str =
    "`HTTPS_PROXY`, or `proxy` of config.toml, may say them: http://USER:PASSWORD@HOST:PORT";

/// What was wrong with it.
const BAD_PROXY: &str = "look at those of `HTTPS_PROXY`, or of `proxy` of config.toml: a letter or \
                         a digit stands for itself, and all else is written `%XX`";

/// What leads to another proxy, or to none.
const NO_PROXY: &str = "look at whether it runs: `HTTPS_PROXY`, or `proxy` of config.toml, names \
                        it; `no-proxy` names hosts that are asked without it";

/// Sentences for the first thing in the chain of `error` that somebody can do something about.
pub(super) fn of(error: &oci::Error) -> Vec<String> {
    first(error).map_or_else(Vec::new, |trouble| about(&trouble))
}

/// The first thing in the chain of `error` that stands in the way of a request.
pub(super) fn first(error: &(dyn Error + 'static)) -> Option<Trouble> {
    let mut chain = std::iter::successors(Some(error), |cause| (*cause).source());
    chain.find_map(|cause| seen(cause).and_then(oci::Error::trouble))
}

/// The same for somebody who logs in, of whom nothing was kept.
pub(super) fn to_log_in(error: &oci::Error) -> Vec<String> {
    let one = match error.trouble().map(|trouble| trouble.what) {
        Some(What::BadLogin) => {
            "look at the user and the password; some registries take a token in its place only"
        }
        Some(What::Expired) => "make a new token or password where the registry gives them out",
        Some(What::Forbidden) => "who runs the registry knows whether this user may come in",
        _ => return of(error),
    };
    vec![one.to_owned()]
}

/// The same for somebody who sees already which login is used.
pub(super) fn to_check(error: &oci::Error) -> Vec<String> {
    let Some(Trouble { host, what }) = error.trouble() else { return of(error) };
    match what {
        What::BadLogin | What::Expired => vec![format!("`pkg login {host}` keeps another one")],
        What::Forbidden => {
            vec![format!("ask for access to it, or `pkg login {host}` as another user")]
        }
        _ => of(error),
    }
}

fn about(Trouble { host, what }: &Trouble) -> Vec<String> {
    let one = match what {
        What::NoLogin => format!(
            "`pkg login {host}` logs in; a login of Docker or podman for it is used as well"
        ),
        What::BadLogin => format!(
            "`pkg login --check {host}` says which login that is, and `pkg login {host}` keeps \
             another one"
        ),
        What::Expired => format!(
            "`pkg login {host}` keeps a new one; `pkg login --check {host}` says which one it is \
             now"
        ),
        What::Forbidden => format!(
            "ask for access to it, or take another user; `pkg login --check {host}` says which \
             login is used"
        ),
        What::Absent => {
            "look at the spelling of the repository, and of its tag; `pkg oci tags` lists them"
                .to_owned()
        }
        What::NoRegistry => "look at the spelling of the host, and at its port".to_owned(),
        What::Failing => format!("try again later; if it stays so, who runs {host} can say why"),
        What::NeedsTls => format!(
            "it is asked without TLS as it is this machine: `plain-http = false` below \
             `[registry.\"{host}\"]` of config.toml"
        ),
        What::TokenServer(realm) => format!(
            "if they are meant for it: `token-server = \"{realm}\"` below \
             `[registry.\"{host}\"]` of config.toml"
        ),
        What::ProxyPassword => PROXY.to_owned(),
        What::BadProxyPassword => BAD_PROXY.to_owned(),
        What::NoProxy => NO_PROXY.to_owned(),
        What::NoTunnel => format!(
            "it may not take CONNECT, or not to {host}: who runs it knows; `NO_PROXY`, or \
             `no-proxy` of config.toml, names hosts that are asked without it"
        ),
        What::Unreachable(why) => return unreachable(host, why),
        _ => return Vec::new(),
    };
    vec![one]
}

fn unreachable(host: &str, why: &Unreachable) -> Vec<String> {
    vec![match why {
        Unreachable::NoAddress => {
            "look at the spelling of the host, and at whether there is a network".to_owned()
        }
        Unreachable::NoListener => "look at whether the registry runs, and at its port".to_owned(),
        Unreachable::NoRoute => {
            "there is no network, or it takes a proxy: the variable `HTTPS_PROXY` names one"
                .to_owned()
        }
        Unreachable::Silent => "a firewall may stand in between; `HTTPS_PROXY` names a proxy, and \
             `stall-seconds` below `[patience]` of config.toml says how long to wait"
            .to_owned(),
        Unreachable::UnknownAuthority => format!(
            "if {host} is run by people whom you trust, get the certificate of their authority \
             from them: `ca = \"FILE\"` of config.toml trusts it"
        ),
        Unreachable::OtherName(_) => {
            "ask for the registry by a name of its certificate; whoever answers here may not be it"
                .to_owned()
        }
        Unreachable::OutOfDate => {
            "look at this machine's clock; who runs the registry can renew the certificate"
                .to_owned()
        }
        Unreachable::NoTls => format!(
            "where the network can be trusted: `plain-http = true` below \
             `[registry.\"{host}\"]` of config.toml"
        ),
        _ => return Vec::new(),
    }]
}
