//! `pkg oci tags` and `pkg oci repo`

use clap::Args;

use super::{connection::Connection, format::Format, target::Target};
use crate::{
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
pub struct Tags {
    #[command(flatten)]
    pub target: Target,
    /// Only tags that come after this one
    #[arg(long, value_name = "TAG")]
    pub last: Option<String>,
    /// Leave out tags that stand for a digest, as lists of referrers do
    #[arg(long)]
    pub exclude_digest_tags: bool,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Repositories {
    /// HOST[:PORT][/NAMESPACE]
    #[arg(value_name = "REGISTRY")]
    pub registry: String,
    /// Only repositories that come after this one
    #[arg(long, value_name = "REPOSITORY")]
    pub last: Option<String>,
    #[command(flatten)]
    pub connection: Connection,
    #[command(flatten)]
    pub format: Format,
}

impl Tags {
    pub(super) fn run(self, session: &Session) -> Result {
        self.format.check()?;
        let (place, registry) = self.target.open(session)?;
        let names = place.tag().is_some() || place.digest().is_some();
        let tags = registry.ask(async |client| {
            let mut tags = client.tags(&place).await?;
            if names {
                let digest = client.resolve(&place).await?.digest;
                let mut named = Vec::new();
                for tag in tags {
                    let Ok(here) = place.with_tag(&tag) else { continue };
                    if oci::found(client.resolve(&here).await)?
                        .is_some_and(|it| it.digest == digest)
                    {
                        named.push(tag);
                    }
                }
                tags = named;
            }
            Ok(tags)
        })?;
        session.progress.end();
        let is_wanted = |tag: &String| {
            self.last.as_ref().is_none_or(|last| tag > last)
                && !(self.exclude_digest_tags && is_digest(tag))
        };
        let view = view::Tags::of(tags.into_iter().filter(is_wanted).collect());
        self.format.answer(session, &view, || {
            view.tags.iter().for_each(|tag| session.printer.answer(tag));
        })
    }
}

impl Repositories {
    pub(super) fn run(self, session: &Session) -> Result {
        self.format.check()?;
        let (host, below) = self.registry.split_once('/').unwrap_or((&self.registry, ""));
        oci::host::canonical(host).map_err(|rule| {
            let sentence = format!("`{host}` is no registry's host: {rule}");
            Failure::told(Exit::Usage, sentence).hint("write HOST[:PORT][/NAMESPACE]")
        })?;
        let below = below.trim_end_matches('/');
        let registry = self.connection.open_host(session, host)?;
        let names = registry.ask(async |client| client.repositories(host).await)?;
        session.progress.end();
        let is_wanted = |name: &String| {
            self.last.as_ref().is_none_or(|last| name > last)
                && (below.is_empty() || name.starts_with(&format!("{below}/")))
        };
        let view = view::Repositories::of(host, names.into_iter().filter(is_wanted).collect());
        self.format.answer(session, &view, || {
            view.repositories.iter().for_each(|name| session.printer.answer(name));
        })
    }
}

/// Whether a tag is a digest with `-` for `:`, whatever follows it.
fn is_digest(tag: &str) -> bool {
    let hex = tag.strip_prefix("sha256-").or_else(|| tag.strip_prefix("sha512-"));
    hex.is_some_and(|hex| hex.len() >= 64 && hex.bytes().take(64).all(|b| b.is_ascii_hexdigit()))
}
