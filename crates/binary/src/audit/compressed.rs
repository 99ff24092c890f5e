//! Paths inside of compressed bytes: pages of the manual, archives of Java, and so on.
//!
//! What is compressed cannot be written anew in its place, so a path in it is told of. Archives
//! in archives are not looked into.

use std::io::{self, Cursor, Read};

use zip::ZipArchive;

use super::{
    Rules,
    finding::{Report, Rule},
    paths,
};
use crate::{find::Scanner, placeholder::PLACEHOLDER};

/// How much is decoded of one file: a bomb of zeros takes a second of this.
const DECODED_BYTES_MAX: u64 = 1 << 30;

/// Looks for the placeholder and the paths of the build in what the file holds compressed.
pub(super) fn check(bytes: &[u8], rules: &Rules<'_>, report: &mut Report<'_>) {
    let mut left = DECODED_BYTES_MAX;
    if bytes.starts_with(b"PK\x03\x04") {
        let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return };
        for position in 0..archive.len() {
            // A member that is stored as it is was found in the file's own bytes.
            let Ok(mut member) = archive.by_index(position) else { continue };
            if member.compression() == zip::CompressionMethod::Stored {
                continue;
            }
            let at = member.data_start();
            let name = String::from_utf8_lossy(member.name_raw()).into_owned();
            look(&mut member, &mut left, rules, &mut |path| {
                report.add(Rule::Compressed, at, &format!("`{path}` in its member `{name}`"));
            });
        }
    } else if let Some(mut decoder) = decoder(bytes) {
        look(&mut decoder, &mut left, rules, &mut |path| {
            report.add(Rule::Compressed, Some(0), &format!("`{path}`"));
        });
    }
}

fn decoder(bytes: &[u8]) -> Option<Box<dyn Read + '_>> {
    Some(match bytes {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        [b'B', b'Z', b'h', ..] => Box::new(bzip2::read::MultiBzDecoder::new(bytes)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            Box::new(liblzma::read::XzDecoder::new_multi_decoder(bytes))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::Decoder::new(bytes).ok()?),
        _ => return None,
    })
}

/// Tells each path that the decoded bytes hold; damaged ones are read as far as they go.
fn look(reader: &mut dyn Read, left: &mut u64, rules: &Rules<'_>, tell: &mut dyn FnMut(&str)) {
    let folders: Vec<&str> = std::iter::once(PLACEHOLDER).chain(paths::forbidden(rules)).collect();
    let scanners = folders.iter().map(|folder| (Scanner::new(folder.as_bytes()), false));
    let mut scanners: Vec<(Scanner<'_>, bool)> = scanners.collect();
    let mut buffer = vec![0; 64 << 10];
    while *left > 0 {
        let count = match reader.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) | Ok(0) => break,
            Ok(count) => count,
        };
        *left = left.saturating_sub(count as u64);
        for (scanner, found) in &mut scanners {
            scanner.feed(&buffer[..count], &mut |_| *found = true);
        }
    }
    for (folder, (_, found)) in folders.iter().zip(scanners) {
        if found {
            tell(if *folder == PLACEHOLDER { "<root>" } else { folder });
        }
    }
}
