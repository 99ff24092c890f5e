//! Strict reading of archives: what they hold, as a plan.
//!
//! There is one decode. While a blob arrives it is decompressed on one thread; on another its
//! entries are read and the contents of files hashed; a third puts these into staging under our
//! own digest names. The archive's names stay in memory as a [`Plan`], which is handed out only when
//! the blob's digest and every entry were accepted. Where programs read an archive in different
//! ways it is refused. Nothing here knows where bytes come from nor where entries will lie.

mod bounds;
mod chunks;
mod decode;
mod error;
mod format;
mod header;
mod inflate;
mod listing;
mod name;
mod order;
mod pax;
mod plan;
mod rule;
mod sink;
mod tape;
mod tarball;
mod zipped;

pub use bounds::{Bounds, Excess};
pub use chunks::Chunks;
pub use decode::decode;
pub use error::Error;
pub use format::{Compression, Format};
pub use order::{Order, Profile};
pub use plan::{Dropped, Entry, Kind, Malformed, Note, Plan};
pub use rule::Rule;

pub use name::{strict as read_path, target as read_target};

pub(crate) use name::check as check_path;

#[cfg(test)]
mod tests;
