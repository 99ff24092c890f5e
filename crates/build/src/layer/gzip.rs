//! A layer as one gzip member, without a time and a name.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
};

use digest::Sha256;
use flate2::{GzBuilder, write::GzEncoder};

use super::{Encoder, blob::Blob};
use crate::archive::Member;

pub(super) struct Gzip(GzEncoder<Blob>);

impl Gzip {
    pub(super) fn new(blob: Blob) -> Self {
        // The header says neither time nor name, and the system as unknown.
        Self(GzBuilder::new().write(blob, flate2::Compression::best()))
    }
}

impl Encoder for Gzip {
    fn header(&mut self, _: &Member, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn contents(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn end_contents(&mut self, _: Sha256) -> io::Result<()> {
        Ok(())
    }

    fn finish(mut self, end: &[u8]) -> io::Result<(Blob, BTreeMap<String, String>)> {
        self.0.write_all(end)?;
        Ok((self.0.finish()?, BTreeMap::new()))
    }
}
