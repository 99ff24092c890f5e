//! The sha256 of one file's bytes, small enough to be held once per file of an archive.

use std::{cmp::Reverse, fmt};

use sha2::Digest as _;

use crate::text::{Digest, decode_hex, encode_hex};

/// A sha256 as 32 bytes; the store names files by it, whatever algorithm an artifact uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digests of several messages, in their order.
    ///
    /// Two are hashed in turns, block by block. Within a message each round waits for the one
    /// before it, so a processor with SHA instructions is half idle; it fills the gaps by itself
    /// with the rounds of another message that stand near enough in the stream of instructions.
    pub fn of_each(messages: &[&[u8]]) -> Vec<Self> {
        let mut digests = vec![Self([0; 32]); messages.len()];
        // The longest first, so that little is left over for one alone.
        let mut order: Vec<usize> = (0..messages.len()).collect();
        order.sort_by_key(|&position| Reverse(messages[position].len()));
        let mut lanes = order.into_iter().map(|position| Lane::new(position, messages[position]));
        let mut pair = [lanes.next(), lanes.next()];
        while let [Some(one), Some(other)] = &mut pair {
            one.run_beside(other);
            for lane in &mut pair {
                if let Some(done) = lane.take_if(|lane| lane.left.len() < BLOCK_BYTES) {
                    done.finish(&mut digests);
                    *lane = lanes.next();
                }
            }
        }
        for lane in pair.into_iter().flatten() {
            lane.finish(&mut digests);
        }
        digests
    }

    /// Reads 64 lower-case hexadecimal digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        decode_hex(text).map(Self)
    }

    /// The 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        encode_hex(&self.0)
    }

    /// The bytes of the digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest in its general form, `sha256:…`.
    pub fn to_digest(self) -> Digest {
        Digest::from_parts("sha256", &self.to_hex())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl serde::Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> serde::Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not a sha256 in hex"))
    }
}

/// What SHA-256 takes at once (FIPS 180-4, 5.2.1).
const BLOCK_BYTES: usize = 64;

/// One of the messages that are hashed beside each other.
struct Lane<'a> {
    position: usize,
    hasher: sha2::Sha256,
    left: &'a [u8],
}

impl<'a> Lane<'a> {
    fn new(position: usize, message: &'a [u8]) -> Self {
        Self { position, hasher: sha2::Sha256::new(), left: message }
    }

    /// Takes whole blocks of both until one of them has no other.
    fn run_beside(&mut self, other: &mut Self) {
        let (own, _) = self.left.as_chunks::<BLOCK_BYTES>();
        let (others, _) = other.left.as_chunks::<BLOCK_BYTES>();
        for (own, others) in own.iter().zip(others) {
            self.hasher.update(own);
            other.hasher.update(others);
        }
        let taken = own.len().min(others.len()) * BLOCK_BYTES;
        self.left = &self.left[taken..];
        other.left = &other.left[taken..];
    }

    fn finish(mut self, digests: &mut [Sha256]) {
        self.hasher.update(self.left);
        digests[self.position] = Sha256(self.hasher.finalize().into());
    }
}

/// Computes the [`Sha256`] of a file as its bytes pass.
#[derive(Clone, Default)]
pub struct ContentHasher(sha2::Sha256);

impl ContentHasher {
    /// Takes the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes taken.
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways_and_refuses_upper_case() {
        let empty = Sha256::of(b"");
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(empty.to_hex(), hex);
        assert_eq!(Sha256::from_hex(hex), Some(empty));
        assert_eq!(Sha256::from_hex(&hex.to_uppercase()), None);
        assert_eq!(Sha256::from_hex(&hex[1..]), None);
        assert_eq!(serde_json_round_trip(empty), empty);
    }

    #[test]
    fn messages_beside_each_other_hash_as_alone() {
        let bytes: Vec<u8> = (0..=250).cycle().take(1010).collect();
        let lengths = [0, 1, 63, 64, 65, 127, 128, 129, 640, 1000];
        for count in 0..=lengths.len() {
            for turn in 0..lengths.len() {
                let of = |place: usize| &bytes[place..][..lengths[(place + turn) % lengths.len()]];
                let messages: Vec<&[u8]> = (0..count).map(of).collect();
                let alone: Vec<Sha256> = messages.iter().map(|bytes| Sha256::of(bytes)).collect();
                assert_eq!(Sha256::of_each(&messages), alone, "{count} from {turn}");
            }
        }
    }

    fn serde_json_round_trip(digest: Sha256) -> Sha256 {
        serde_json::from_str(&serde_json::to_string(&digest).unwrap()).unwrap()
    }
}
