//! Computing and verifying a digest as bytes pass.

use sha2::Digest as _;

use crate::text::{Digest, encode_hex};

/// The digest's algorithm is one that this program cannot compute.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("digests of algorithm `{algorithm}` cannot be verified here; sha256 and sha512 can")]
pub struct Unsupported {
    /// The algorithm as the digest names it.
    pub algorithm: String,
}

/// Computes a digest of the same algorithm as another, to compare the two.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// A hasher for sha256.
    pub fn sha256() -> Self {
        Self(State::Sha256(sha2::Sha256::new()))
    }

    /// A hasher of the algorithm that `digest` names.
    pub fn like(digest: &Digest) -> Result<Self, Unsupported> {
        match digest.algorithm() {
            "sha256" => Ok(Self::sha256()),
            "sha512" => Ok(Self(State::Sha512(sha2::Sha512::new()))),
            other => Err(Unsupported { algorithm: other.to_owned() }),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all bytes taken.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => Digest::from_parts("sha256", &encode_hex(&state.finalize())),
            State::Sha512(state) => Digest::from_parts("sha512", &encode_hex(&state.finalize())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hash_as_the_whole() {
        let whole = Digest::sha256(b"one two");
        let mut hasher = Hasher::like(&whole).unwrap();
        hasher.update(b"one ");
        hasher.update(b"two");
        assert_eq!(hasher.finish(), whole);
    }

    #[test]
    fn an_unknown_algorithm_fails_only_here() {
        let digest: Digest = "blake3:abc".parse().unwrap();
        assert_eq!(
            Hasher::like(&digest).err(),
            Some(Unsupported { algorithm: "blake3".to_owned() })
        );
    }
}
