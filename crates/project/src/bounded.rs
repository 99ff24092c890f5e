//! Files that anybody may have written, read as text up to a bound.

use std::{
    io::{self, Read as _},
    path::Path,
};

/// The text of a file of at most `bytes_max`, a number of whole MiB.
pub(crate) fn read(file: &Path, bytes_max: u64) -> io::Result<String> {
    let mut text = String::new();
    fs_err::File::open(file)?.take(bytes_max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it is larger than {} MiB", bytes_max >> 20)));
    }
    Ok(text)
}
