//! `pkg oci`: a registry by hand, in the words of oras as well.

mod attach;
mod blob;
mod connection;
mod content;
mod copy;
mod delete;
mod discover;
mod format;
mod layout;
mod manifest;
mod pull;
mod push;
mod resolve;
mod shape;
mod tag;
mod tags;
mod target;

use clap::{Args, Subcommand};

use crate::{args::examples, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci tags ghcr.io/acme/foo", "every tag of a repository"),
    ("pkg oci manifest get --pretty ghcr.io/acme/foo:1.2.3", "what a registry says, as it says it"),
    ("pkg oci push ghcr.io/acme/foo:1.2.3 foo.txt share", "a file and a folder"),
    ("pkg oci copy -r ghcr.io/acme/foo:1.2.3 oci:foo:1.2.3", "with signatures, into a folder"),
]))]
pub struct Oci {
    #[command(subcommand)]
    pub command: OciCommand,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum OciCommand {
    /// Log in to a registry, as `pkg login` does
    Login(super::login::Login),
    /// Log out of a registry, as `pkg logout` does
    Logout(super::logout::Logout),
    /// List the tags of a repository or layout
    Tags(tags::Tags),
    /// Tags and repositories, in the words of oras
    #[command(visible_alias = "repository")]
    Repo {
        #[command(subcommand)]
        command: Repo,
    },
    /// Tell the digest that a tag names now
    Resolve(resolve::Resolve),
    /// Get, put and delete manifests
    Manifest {
        #[command(subcommand)]
        command: manifest::Manifest,
    },
    /// Get, put and delete blobs
    Blob {
        #[command(subcommand)]
        command: blob::Blob,
    },
    /// Push files and folders as an artifact
    Push(push::Push),
    /// Pull an artifact's files into a folder
    Pull(pull::Pull),
    /// Attach files to an artifact that is there
    Attach(attach::Attach),
    /// Show what refers to an artifact, as a tree
    Discover(discover::Discover),
    /// Copy an artifact from one place to another, digests and all
    #[command(visible_alias = "cp")]
    Copy(copy::Copy),
    /// Give a manifest further tags
    Tag(tag::Tag),
    /// Take a tag away and leave its manifest
    Untag(tag::Untag),
    /// List and check what an image layout on this machine holds
    Layout {
        #[command(subcommand)]
        command: layout::Layout,
    },
}

#[derive(Debug, Subcommand)]
pub enum Repo {
    /// List the tags of a repository or layout
    Tags(tags::Tags),
    /// List the repositories of a registry
    #[command(visible_alias = "list")]
    Ls(tags::Repositories),
}

impl Oci {
    pub(crate) fn run(self, session: &Session) -> Result {
        match self.command {
            OciCommand::Login(args) => args.run(session),
            OciCommand::Logout(args) => args.run(session),
            OciCommand::Tags(args) | OciCommand::Repo { command: Repo::Tags(args) } => {
                args.run(session)
            }
            OciCommand::Repo { command: Repo::Ls(args) } => args.run(session),
            OciCommand::Resolve(args) => args.run(session),
            OciCommand::Manifest { command } => command.run(session),
            OciCommand::Blob { command } => command.run(session),
            OciCommand::Push(args) => args.run(session),
            OciCommand::Pull(args) => args.run(session),
            OciCommand::Attach(args) => args.run(session),
            OciCommand::Discover(args) => args.run(session),
            OciCommand::Copy(args) => args.run(session),
            OciCommand::Tag(args) => args.run(session),
            OciCommand::Untag(args) => args.run(session),
            OciCommand::Layout { command } => command.run(session),
        }
    }
}
