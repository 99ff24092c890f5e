//! Packages that are made on this machine from source code, where none is published for it.
//!
//! How they are made is not known here: a proposal says what is to be made, and whoever makes it
//! tells where the package lies then.

use std::sync::PoisonError;

use catalog::{Artifact, Shape};
use digest::{Digest, Sha256};
use formula::{Build, Pin, Resolved, Source};

use crate::{around::Around, home::Home, proposal::Proposal};

/// A package that is made before its proposal can be carried out.
#[derive(Debug, Clone)]
pub struct ToMake {
    /// The version, with how it is made.
    pub resolved: Resolved,
    /// Where what its formula names is looked for.
    pub around: Around,
    /// The tap that the formula is of.
    pub tap: String,
}

impl Proposal {
    /// What is made first, in this order.
    pub fn to_make(&self) -> Vec<ToMake> {
        let to_make = self.comings.iter().filter(|coming| coming.to_make);
        let one = |coming: &crate::proposal::Coming| ToMake {
            resolved: coming.resolved.clone(),
            around: coming.around.clone(),
            tap: coming.tap.clone(),
        };
        to_make.map(one).collect()
    }
}

impl Home {
    /// Takes note of a package that was made: the layout's reference and its manifest.
    pub fn has_made(&self, resolved: &Resolved, reference: String, manifest: Digest) {
        let source = Source::Oci {
            reference,
            pin: Pin::Manifest(manifest),
            format: None,
            strip: None,
            external_links: Vec::new(),
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(inputs(resolved), source);
    }

    /// Where the package of a version lies that was made in this run.
    pub(crate) fn made(&self, resolved: &Resolved) -> Option<Source> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(&inputs(resolved)).cloned()
    }

    /// Whether a version can be made here, and may be.
    pub(crate) fn may_make(&self, resolved: &Resolved) -> bool {
        self.setting.builds && resolved.build.is_some()
    }
}

/// What a package is made of and for: another input may make other bytes.
pub fn inputs(resolved: &Resolved) -> Sha256 {
    let build: Option<&Build> = resolved.build.as_ref();
    let inputs = (
        (&resolved.name, &resolved.version, resolved.revision, resolved.key),
        (build, &resolved.depends, &resolved.expose, &resolved.env, &resolved.setup),
    );
    Sha256::of(&serde_jcs::to_vec(&inputs).expect("a build has only text keys"))
}

/// Stands for a package that is not there yet; it has no layers.
pub(crate) fn promised(resolved: &Resolved) -> Artifact {
    Artifact {
        digest: inputs(resolved).to_digest(),
        layers: Vec::new(),
        shape: Shape::Joined,
        annotation: None,
    }
}
