//! A manifest into a place, after the blobs that it names.

use oci::{Body, Client, Descriptor, Manifest, Place, Pushed};

/// What did not arrive.
pub(crate) struct Unsent {
    /// What was being done, as the beginning of a sentence that the place ends.
    pub(crate) step: &'static str,
    /// What the registry said.
    pub(crate) source: oci::Error,
}

/// Sends blobs and then their manifest under the place's tag or digest; how many bytes of blobs
/// were sent, as what is there already is not.
pub(crate) async fn send(
    client: &Client,
    place: &Place,
    manifest: &Manifest,
    blobs: &[(Descriptor, Body)],
) -> Result<u64, Unsent> {
    let unsent = |step| move |source| Unsent { step, source };
    let mut sent = 0;
    for (descriptor, body) in blobs {
        let pushed = client.push_blob(place, descriptor, body, None).await;
        if let Pushed::Sent { bytes } = pushed.map_err(unsent("push to"))? {
            sent += bytes;
        }
    }
    client.push_manifest(place, manifest).await.map_err(unsent("push"))?;
    Ok(sent)
}
