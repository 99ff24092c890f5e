//! Editions of a tap, put into the test registry as `pkg tap publish` would push them.

use catalog::edition::{Contents, Moment, Packages, Packed};
use digest::Digest;
use test_registry::TestRegistry;

use super::Sandbox;

/// The type of an image manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An edition of the folder `desk/<folder>` at noon of `day`, as `latest` of the repository `tap`.
pub(crate) fn publish(sandbox: &Sandbox, folder: &str, serial: u64, day: &str) -> Digest {
    let packed = pack(sandbox, folder, serial, day);
    push(sandbox, &packed)
}

/// The edition as bytes, of a tap without packages.
pub(crate) fn pack(sandbox: &Sandbox, folder: &str, serial: u64, day: &str) -> Packed {
    pack_with(sandbox, folder, serial, day, &Packages::new())
}

/// The edition as bytes, with what was published.
pub(crate) fn pack_with(
    sandbox: &Sandbox,
    folder: &str,
    serial: u64,
    day: &str,
    packages: &Packages,
) -> Packed {
    let tap = catalog::Tap::folder(&sandbox.home().join("desk").join(folder), None).unwrap();
    let published = Moment::parse(&format!("{day}T12:00:00Z")).unwrap();
    let mut contents = Contents::of(&tap).unwrap();
    for name in tap.names().unwrap() {
        contents.add(&tap.formula(&name).unwrap().unwrap().formula);
    }
    contents.draft(packages).unwrap().pack(serial, &published).unwrap()
}

/// Stores the blobs, then the manifest under its two tags.
pub(crate) fn push(sandbox: &Sandbox, packed: &Packed) -> Digest {
    push_to(sandbox.registry(), packed)
}

/// The same in another registry than the sandbox's own.
pub(crate) fn push_to(registry: &TestRegistry, packed: &Packed) -> Digest {
    for blob in &packed.blobs {
        assert_eq!(registry.push_blob("tap", blob.bytes.clone()), blob.descriptor.digest);
    }
    for tag in ["latest", &packed.tag] {
        registry.push_manifest("tap", Some(tag), MANIFEST, packed.manifest.clone());
    }
    packed.digest.clone()
}

/// Writes an image layout whose only artifact is the edition, as `latest` and under its tag.
pub(crate) fn layout(sandbox: &Sandbox, folder: &str, packed: &Packed) {
    let blob = |digest: &Digest, bytes: &[u8]| {
        sandbox.write(&format!("{folder}/blobs/sha256/{}", digest.encoded()), bytes);
    };
    packed.blobs.iter().for_each(|part| blob(&part.descriptor.digest, &part.bytes));
    blob(&packed.digest, &packed.manifest);
    let entry = |name: &str| {
        serde_json::json!({
            "mediaType": MANIFEST,
            "digest": packed.digest,
            "size": packed.manifest.len(),
            "annotations": { "org.opencontainers.image.ref.name": name },
        })
    };
    let entries = ["latest", &packed.tag].map(entry);
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": entries });
    sandbox.write(&format!("{folder}/index.json"), index.to_string());
    sandbox.write(&format!("{folder}/oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
}
