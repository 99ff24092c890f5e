//! Taps and artifacts: which formula a name means, and which layers a version is made of.
//!
//! A [`Spec`] is what a user names; [`Taps`] find its formula; [`locate`] follows a formula's
//! source to an [`Artifact`], [`direct`] a bare reference. An [`edition`] is a tap as an artifact
//! in a registry, [`refresh`] follows its editions, and a [`mirror`] has all that they name. This room deliberately does not know where
//! things are installed.

pub mod spec;

mod builtin;
pub mod tap;
pub mod taps;

pub mod closure;
pub mod edition;
pub mod mirror;
pub mod refresh;
mod remembered;
mod snapshot;

mod artifact;
mod manifests;
mod published;

pub mod direct;
pub mod locate;

pub use artifact::{
    Artifact, CHART_CONFIG, Layer, Origin, PACKAGE, Placement, Shape, Strip, is_here,
};
pub use builtin::NAME as BUILTIN;
pub use direct::TAP as DIRECT;
pub use formula::Annotation;
pub use locate::{in_oci_words, repository};
pub use manifests::Manifests;
pub use published::Published;
pub use refresh::{Refresh, Refreshed};
pub use remembered::Subscription;
pub use snapshot::{Broken, Changes};
pub use spec::Spec;
pub use tap::{At, Found, Summary, Tap};
pub use taps::{Declared, Hit, Rules, Taps};
