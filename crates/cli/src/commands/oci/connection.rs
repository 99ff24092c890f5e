//! How a plumbing verb reaches a registry: the flags of oras that are taken, and those that are not.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use oci::Place;

use super::target::Registry;
use crate::{
    commands::login::Unseen,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
};

// Flags of every verb that asks a registry.
#[derive(Debug, Args)]
pub struct Connection {
    /// Speak plain HTTP to the registry
    #[arg(long)]
    pub plain_http: bool,
    /// Trust the certificates of this file (PEM) as well
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Transfers at once
    #[arg(long, value_name = "NUMBER")]
    pub concurrency: Option<NonZeroUsize>,
    /// Show no bars
    #[arg(long, hide = true)]
    pub no_tty: bool,
    #[command(flatten)]
    pub refused: Refused,
}

impl Connection {
    /// A client that reaches these places as the flags say.
    pub(super) fn open(&self, session: &Session, places: &[&Place]) -> Result<Registry> {
        let plain = if self.plain_http { places } else { &[] };
        self.open_with(session, plain)
    }

    /// The same, with plain HTTP for the registries of `plain` alone.
    pub(super) fn open_with(&self, session: &Session, plain: &[&Place]) -> Result<Registry> {
        let hosts = plain.iter().filter_map(|place| match place {
            Place::Registry(reference) => Some(reference.host().to_owned()),
            _ => None,
        });
        self.open_hosts(session, hosts.collect())
    }

    /// The same for a registry.
    pub(super) fn open_host(&self, session: &Session, host: &str) -> Result<Registry> {
        self.open_hosts(session, self.plain_http.then(|| host.to_owned()).into_iter().collect())
    }

    fn open_hosts(&self, session: &Session, plain: Vec<String>) -> Result<Registry> {
        self.refused.check()?;
        if self.no_tty {
            session.progress.end();
        }
        let home = session.home_with(|config| {
            config.ca.extend(self.ca_file.clone());
            if let Some(number) = self.concurrency {
                (config.jobs, config.streams_per_host) = (number.get(), number.get());
            }
            config.plain_http.extend(plain);
        })?;
        Ok(Registry { home })
    }
}

// Flags of oras that would be wrong to take; each is answered with what to do instead.
#[derive(Debug, Args)]
pub struct Refused {
    #[arg(long, hide = true)]
    insecure: bool,
    #[arg(long, short, hide = true, value_name = "USER")]
    username: Option<String>,
    #[arg(long, short, hide = true, value_name = "PASSWORD")]
    password: Option<Unseen>,
    #[arg(long, hide = true)]
    password_stdin: bool,
    #[arg(long, hide = true, value_name = "TOKEN")]
    identity_token: Option<Unseen>,
    #[arg(long, hide = true)]
    identity_token_stdin: bool,
    #[arg(long, hide = true, value_name = "FILE")]
    registry_config: Option<PathBuf>,
    #[arg(long, hide = true, value_name = "FILE")]
    cert_file: Option<PathBuf>,
    #[arg(long, hide = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[arg(long, short = 'H', hide = true, value_name = "HEADER")]
    header: Vec<String>,
    #[arg(long, hide = true, value_name = "RULE")]
    resolve: Vec<String>,
    #[arg(long, hide = true, value_name = "SPEC")]
    distribution_spec: Option<String>,
    #[arg(long, short, hide = true)]
    debug: bool,
}

const LOGIN: &str = "log in once, with `pkg login HOST`: secrets on a command line are everybody's";
const CERTS: &str = "put certificate and key into `certs.d/HOST:PORT` beside `config.toml`";
const HTTP: &str = "`--ca-file` or `ca` in `config.toml` trusts the registry's own authority";

impl Refused {
    fn check(&self) -> Result {
        let said = [
            ("--insecure", self.insecure, HTTP),
            ("--username", self.username.is_some(), LOGIN),
            ("--password", self.password.is_some(), LOGIN),
            ("--password-stdin", self.password_stdin, LOGIN),
            ("--identity-token", self.identity_token.is_some(), LOGIN),
            ("--identity-token-stdin", self.identity_token_stdin, LOGIN),
            (
                "--registry-config",
                self.registry_config.is_some(),
                "the variable `REGISTRY_AUTH_FILE` names a file of credentials",
            ),
            ("--cert-file", self.cert_file.is_some(), CERTS),
            ("--key-file", self.key_file.is_some(), CERTS),
            ("--header", !self.header.is_empty(), "a registry gets what the specification says"),
            ("--resolve", !self.resolve.is_empty(), "`[mirror]` of `config.toml` leads elsewhere"),
            (
                "--distribution-spec",
                self.distribution_spec.is_some(),
                "leave it out: what a registry can do is found out by asking it",
            ),
            ("--debug", self.debug, "`-vv` logs what is done"),
        ];
        match said.iter().find(|(_, is_given, _)| *is_given) {
            Some((flag, _, instead)) => {
                let sentence = format!("`{flag}` of oras is not taken here");
                Err(Failure::told(Exit::Usage, sentence).hint(*instead))
            }
            None => Ok(()),
        }
    }
}
