//! How a manifest, a config or a descriptor is printed.

use clap::Args;
use oci::Descriptor;

use crate::{indent::indented, session::Session};

// What is printed of a document, and how.
#[derive(Debug, Args)]
pub struct Shape {
    /// Print the descriptor: type, digest and size
    #[arg(long)]
    pub descriptor: bool,
    /// Print JSON over several lines
    #[arg(long)]
    pub pretty: bool,
}

impl Shape {
    /// Prints bytes as they are, or over several lines.
    pub(super) fn print(&self, session: &Session, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) if self.pretty => session.printer.raw((indented(text) + "\n").as_bytes()),
            _ => session.printer.raw(bytes),
        };
    }

    /// Prints a descriptor as documents hold it.
    pub(super) fn describe(&self, session: &Session, descriptor: &Descriptor) {
        let text = serde_json::to_string(descriptor).expect("a descriptor has text keys only");
        self.print(session, text.as_bytes());
    }
}
