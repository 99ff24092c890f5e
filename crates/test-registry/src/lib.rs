//! An OCI registry in memory, for tests: real answers on loopback, faults on request.
//!
//! [`TestRegistry`] runs on its own thread and stops when it is dropped, so plain tests can use
//! it. It takes content directly ([`TestRegistry::push_image`]) or over HTTP as any registry
//! does, serves plain files, asks for credentials, and misbehaves where a test says so
//! ([`TestRegistry::on`]). Every request is kept in a log ([`TestRegistry::requests`]).
//!
//! It deliberately knows no room of the project but `digest`: what it serves is written from the
//! specification a second time, so that both sides must agree with the text and not with each
//! other.

mod auth;
mod connection;
mod content;
mod fault;
mod log;
mod package;
mod proxy;
mod pull;
mod push;
mod quirk;
mod range;
mod reply;
mod route;
mod server;
mod state;
mod tls;
mod upload;
mod wire;

pub use auth::Tokens;
pub use content::{IMAGE, INDEX, Layer, Tree};
pub use fault::{Fault, On};
pub use log::Request;
pub use package::{Package, Published};
pub use proxy::{Proxy, ProxyRules};
pub use quirk::Quirk;
pub use server::TestRegistry;
pub use tls::Authority;
