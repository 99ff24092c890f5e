//! Quirks by name: how registries that exist differ from each other and from the specification.
//!
//! A fault is for some requests; a quirk is how a registry is, from when a test asks for it.

/// One way to differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quirk {
    /// Upload sessions are named in this form: `{path}`, `{id}` and `{host}` stand for their own.
    /// What follows `?` must come back as it is, in front of the digest.
    Location(String),
    /// A chunk is answered with 201, as ECR does.
    ChunkCreated,
    /// `Range` stays at the end of the first chunk, though more is stored.
    StickyRange,
    /// `Range` counts from the chunk's own beginning.
    RelativeRange,
    /// Of a chunk only so many bytes are kept, and `Range` says so.
    ShortChunks(usize),
    /// Chunks but the last have so many bytes at least, and the answer to POST says so.
    ChunkMin(usize),
    /// A chunk with a range has at most so many bytes, else 416, as GHCR.
    ChunkMax(usize),
    /// Chunks are refused altogether, as GAR does.
    WithoutChunks,
    /// Larger bodies get 413 from a proxy.
    BodyMax(usize),
    /// Every mount is refused with a session.
    WithoutMounts,
    /// A POST with a digest begins a session.
    WithoutSinglePost,
    /// A query that is not known is refused.
    StrictQuery,
    /// What an upload has cannot be asked: 405.
    WithoutStatus,
    /// Sessions do not outlive a broken request.
    FragileSessions,
    /// Referrers are not listed, and nobody says that they are.
    WithoutReferrers,
    /// `artifactType` is ignored in lists of referrers.
    WithoutFilters,
    /// So many referrers come at once.
    ReferrersPage(usize),
    /// `tag` in the query of a manifest's PUT is ignored.
    WithoutManyTags,
    /// A manifest is stored without a `Location`.
    WithoutManifestLocation,
    /// `If-Match` and `If-None-Match` hold for PUT too.
    Conditions,
    /// Only images' types are taken for configs and layers, as Quay does.
    ImagesOnly,
    /// Tags are not deleted.
    WithoutTagDeletion,
    /// Nothing is deleted.
    WithoutDeletion,
    /// Content is also known by the sha256 of whatever algorithm it came with.
    Sha256Header,
}
