//! The client against a registry that misbehaves on request; a test is named after its row of the
//! client's checklist.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod archive;
mod auth;
mod blob;
mod copy;
mod delete;
mod ends;
mod folder;
mod layout;
mod login;
mod manifest;
mod mirrors;
mod push;
mod referrers;
mod resume;
mod source;
mod support;
mod tags;
mod tls;
mod transport;
mod upload;
mod upload_breaks;
mod web;
