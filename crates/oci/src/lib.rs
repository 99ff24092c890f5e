//! The OCI specifications, spoken and read: registries, image layouts, and what they hold.
//!
//! Reading order: a [`Place`] says where, a [`Descriptor`] what; a [`Manifest`] is verified bytes
//! and its [`Document`] their meaning; an [`Index`] picks for a [`Platform`]. A [`Client`] asks,
//! a [`Download`] brings the bytes, and a [`Body`] is what is sent. [`copy`] goes from any place
//! to any other. This room deliberately knows no packages, formulas and
//! prefixes.

pub mod host;
pub mod media_type;

mod allowed;
mod artifact;
pub mod descriptor;
mod excerpt;
pub mod index;
pub mod manifest;
pub mod place;
pub mod platform;
pub mod reference;
mod scan;
pub mod verify;

pub mod credentials;

mod choose;
mod client;
pub mod config;
mod event;

mod blob;
pub mod body;
mod coalesce;
pub mod copy;
mod delete;
mod flight;
pub mod layout;
mod link;
mod pages;
mod payload;
mod pull;
pub mod push;
mod referrers;
mod registry;
mod repository;
mod source;
mod subject;
mod upload;
pub mod web;

mod challenge;
mod check;
mod scope;
mod session;
mod sites;
pub mod token;

pub mod error;
mod exchange;
mod gate;
pub mod mirror;
pub mod origin;
mod refusal;
mod retry;
mod shown;
mod tls;
pub mod transport;
mod trouble;
mod warning;

pub use allowed::Allowed;
pub use artifact::{Artifact, Shape};
pub use blob::{Download, Start};
pub use body::Body;
pub use check::{Checked, Standing};
pub use choose::NoChoice;
pub use client::Client;
pub use config::{Config, Pushing};
pub use descriptor::Descriptor;
pub use error::{Error, Kind, found};
pub use event::Event;
pub use index::Index;
pub use manifest::{Document, ImageManifest, Manifest};
pub use place::Place;
pub use platform::Platform;
pub use reference::{Reference, Wanted};
pub use refusal::{Backing, Problem, Refusal};
pub use trouble::{Broken, Trouble, Unreachable, What};
pub use upload::Pushed;
