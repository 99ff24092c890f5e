//! The program against real registries and clients of others; nothing here is imitated.
//!
//! What this machine lacks is said on the terminal as `skipped: TEST: NAME is not here`. Where `CI`
//! is set, a program that `.ci/run` installs from Debian may not be missing.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test that cannot go on fails, and a transcript is long"
)]

#[allow(dead_code, unused_imports, reason = "the tests of the commands use all of it")]
mod support;

mod interop {
    mod airgap;
    mod by_hand;
    mod chart;
    mod cut;
    mod desk;
    mod guarded;
    mod history;
    mod image;
    mod index;
    mod issuer;
    mod layout;
    mod locks;
    mod maker;
    mod oras;
    mod page;
    mod peers;
    mod plumbing;
    mod podman;
    mod publishing;
    mod push;
    mod race;
    mod readers;
    mod registry;
    mod teams;
    mod tokens;
    mod toolchain;
    mod tree;
    mod wire;
}
