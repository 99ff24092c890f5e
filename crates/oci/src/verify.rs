//! Whether bytes are the ones that were asked for: size first, then digest.
//!
//! Both checks work on bytes as they pass; where the bytes come from is not known here.

use digest::{Digest, Hasher, Unsupported};

/// Checks the bytes of one blob while they arrive.
#[derive(Clone)]
pub struct Verifier {
    expected: Digest,
    size: Option<u64>,
    taken: u64,
    hasher: Hasher,
}

/// The bytes are not the ones that were asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More bytes came than the descriptor declares.
    #[error("{digest} goes on after the {size} bytes that are declared")]
    Longer {
        /// The digest asked for.
        digest: Digest,
        /// The declared size in bytes.
        size: u64,
    },
    /// The bytes ended early; asking again may help.
    #[error("{digest} ended after {taken} of {size} bytes")]
    Shorter {
        /// The digest asked for.
        digest: Digest,
        /// The bytes that came.
        taken: u64,
        /// The declared size in bytes.
        size: u64,
    },
    /// The bytes have another digest.
    #[error("the {size} bytes received for {expected} have the digest {actual}")]
    Digest {
        /// The digest asked for, or promised by a header.
        expected: Digest,
        /// The digest of the bytes.
        actual: Digest,
        /// How many bytes came.
        size: u64,
    },
    /// Nobody here can compute digests of this algorithm.
    #[error("cannot verify {digest}")]
    Unsupported {
        /// The digest asked for.
        digest: Digest,
        /// The algorithm that is missing.
        #[source]
        source: Unsupported,
    },
}

impl Verifier {
    /// Expects the content of `expected`, and exactly `size` bytes where the size is known.
    pub fn new(expected: Digest, size: Option<u64>) -> Result<Self, Error> {
        let hasher = hasher_like(&expected)?;
        Ok(Self { expected, size, taken: 0, hasher })
    }

    /// Goes on after `taken` bytes that `hasher` has seen already.
    pub fn resumed(expected: Digest, size: Option<u64>, taken: u64, hasher: Hasher) -> Self {
        Self { expected, size, taken, hasher }
    }

    /// Takes the next bytes; refused at the first byte beyond the declared size.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let after = self.taken.saturating_add(bytes.len() as u64);
        if let Some(size) = self.size
            && after > size
        {
            return Err(Error::Longer { digest: self.expected.clone(), size });
        }
        self.hasher.update(bytes);
        self.taken = after;
        Ok(())
    }

    /// How many bytes were taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The verdict, once all bytes were taken: the size is compared before the digest.
    pub fn finish(self) -> Result<(), Error> {
        let Self { expected, size, taken, hasher } = self;
        if let Some(size) = size
            && taken < size
        {
            return Err(Error::Shorter { digest: expected, taken, size });
        }
        let actual = hasher.finish();
        if actual == expected {
            Ok(())
        } else {
            Err(Error::Digest { expected, actual, size: taken })
        }
    }
}

/// Checks that `bytes` are the content of `expected`, with no size declared.
pub fn check(bytes: &[u8], expected: &Digest) -> Result<(), Error> {
    let mut verifier = Verifier::new(expected.clone(), None)?;
    verifier.take(bytes)?;
    verifier.finish()
}

/// The digest of a manifest as served, after checking it against what was asked and promised.
///
/// `asked` decides. A `Docker-Content-Digest` header must hold too where it is a digest of an
/// algorithm known here, and names the manifest when it was asked for by tag; else it is ignored.
pub fn manifest(
    bytes: &[u8],
    asked: Option<&Digest>,
    header: Option<&str>,
) -> Result<Digest, Error> {
    if let Some(asked) = asked {
        check(bytes, asked)?;
    }
    let promised = header
        .and_then(|text| text.trim().parse::<Digest>().ok())
        .filter(|digest| Hasher::like(digest).is_ok());
    if let Some(promised) = &promised {
        check(bytes, promised)?;
    }
    Ok(asked.cloned().or(promised).unwrap_or_else(|| Digest::sha256(bytes)))
}

fn hasher_like(digest: &Digest) -> Result<Hasher, Error> {
    Hasher::like(digest).map_err(|source| Error::Unsupported { digest: digest.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"{}";
    const SHA512: &str = "sha512:\
                          27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9\
                          a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd";

    fn digest(text: &str) -> Digest {
        text.parse().unwrap()
    }

    #[test]
    fn b6_what_was_asked_decides_and_a_known_header_must_hold() {
        let sha256 = Digest::sha256(BYTES);
        let other = Digest::sha256(b"other");
        let blake3 = digest("blake3:abc");
        let check = |asked: Option<&Digest>, header: Option<&str>, expected: Option<&Digest>| {
            let found = manifest(BYTES, asked, header);
            assert_eq!(found.as_ref().ok(), expected, "{asked:?} {header:?}: {found:?}");
        };
        check(None, None, Some(&sha256));
        check(None, Some(sha256.as_str()), Some(&sha256));
        check(None, Some(SHA512), Some(&digest(SHA512)));
        check(None, Some("blake3:abc"), Some(&sha256));
        check(None, Some("no digest"), Some(&sha256));
        check(None, Some(other.as_str()), None);
        check(Some(&sha256), Some(SHA512), Some(&sha256));
        check(Some(&sha256), Some("blake3:abc"), Some(&sha256));
        check(Some(&sha256), Some(other.as_str()), None);
        check(Some(&other), Some(sha256.as_str()), None);
        check(Some(&blake3), Some(sha256.as_str()), None);
    }

    #[test]
    fn a8_an_unknown_algorithm_fails_only_when_verified() {
        let blake3 = digest("blake3:abc");
        let error = Verifier::new(blake3.clone(), None).err();
        assert!(matches!(error, Some(Error::Unsupported { digest, .. }) if digest == blake3));
    }

    #[test]
    fn sizes_are_compared_before_digests() {
        let run = |pieces: &[&[u8]], size: Option<u64>| {
            let mut verifier = Verifier::new(Digest::sha256(b"abcd"), size).unwrap();
            pieces.iter().try_for_each(|piece| verifier.take(piece))?;
            verifier.finish()
        };
        assert_eq!(run(&[b"ab", b"", b"cd"], Some(4)), Ok(()));
        assert_eq!(run(&[b"abcd"], None), Ok(()));
        assert!(matches!(run(&[b"abcd", b"e"], Some(4)), Err(Error::Longer { size: 4, .. })));
        assert!(matches!(run(&[b"xbc"], Some(4)), Err(Error::Shorter { taken: 3, .. })));
        assert!(matches!(run(&[b"xbcd"], Some(4)), Err(Error::Digest { size: 4, .. })));
        assert!(matches!(run(&[b"abc"], None), Err(Error::Digest { size: 3, .. })));
    }

    #[test]
    fn c4_a_blob_of_no_bytes_is_complete_at_once() {
        assert_eq!(Verifier::new(Digest::sha256(b""), Some(0)).unwrap().finish(), Ok(()));
    }
}
