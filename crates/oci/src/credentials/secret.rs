//! Texts that are in nobody's sight: not shown, not left in memory, not written by a crash.
//!
//! It knows neither what they are good for nor where they are kept.

use std::{fmt, sync::Once};

use serde::Deserialize;
use zeroize::Zeroizing;

/// A password or token: never shown, not even by `Debug`, and overwritten when dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text out of sight.
    pub fn new(text: String) -> Self {
        never_dump();
        Self(Zeroizing::new(text))
    }

    /// The text, for the one header or form that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input).map(Self::new)
    }
}

/// Keeps this process's memory out of the files that the system writes when a process crashes.
///
/// Called before the first secret is read: a crash without one stays as easy to look into as any.
/// Programs that are started from here are dumped as before.
pub fn never_dump() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Err(error) = hide() {
            tracing::debug!(%error, "a crash may write secrets into a file");
        }
    });
}

#[cfg(target_os = "linux")]
fn hide() -> rustix::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Elsewhere only a limit tells the system, which started programs inherit and may raise again.
#[cfg(not(target_os = "linux"))]
fn hide() -> rustix::io::Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Core);
    limit.current = Some(0);
    setrlimit(Resource::Core, limit)
}
