//! Where the relocations of a package stand: in its annotation, or as a file in its layer.

use std::collections::BTreeMap;

use digest::Sha256;
use formula::{Annotation, Relocation, Relocations};

use super::Error;
use crate::{
    archive::{Kind, Member},
    layer::{Contents, Item, Source},
};

/// Puts the list into the annotation or, where it makes that too long, among the package's files.
pub(super) fn record(
    list: Vec<Relocation>,
    annotation: &mut Annotation,
    items: &mut Vec<Item>,
) -> Result<(), Error> {
    annotation.relocations = Relocations::List(list);
    if serde_jcs::to_vec(annotation)?.len() <= LIST_BYTES_MAX {
        return Ok(());
    }
    let elsewhere = Relocations::File(Relocations::PATH.to_owned());
    let list = std::mem::replace(&mut annotation.relocations, elsewhere);
    let bytes = serde_jcs::to_vec(&list)?;
    if bytes.len() as u64 > Relocations::BYTES_MAX {
        let (size, limit) = (bytes.len(), Relocations::BYTES_MAX);
        return Err(Error::TooLong { what: "the list of its relocations", size, limit });
    }
    let folder = Relocations::PATH.rsplit_once('/').map_or("", |(folder, _)| folder);
    insert(items, folder, Kind::Folder, None);
    let kind = Kind::File { size: bytes.len() as u64, executable: false };
    let sha256 = Sha256::of(&bytes);
    let contents = Contents { source: Source::Bytes(bytes), sha256 };
    insert(items, Relocations::PATH, kind, Some(contents));
    Ok(())
}

/// The annotation's limit, less what is added after the relocations.
const LIST_BYTES_MAX: usize = Annotation::BYTES_MAX - 100;

/// Refuses an annotation that nobody would read.
pub(super) fn check_length(annotations: &BTreeMap<String, String>) -> Result<(), Error> {
    let size = annotations.get(Annotation::KEY).map_or(0, String::len);
    let limit = Annotation::BYTES_MAX as u64;
    if size as u64 > limit {
        return Err(Error::TooLong { what: "what the package says of itself", size, limit });
    }
    Ok(())
}

/// Adds a member that no staged folder may hold, in the order of the paths.
fn insert(items: &mut Vec<Item>, path: &str, kind: Kind, contents: Option<Contents>) {
    let position = items.partition_point(|item| item.member.path.as_str() < path);
    let member = Member { path: path.to_owned(), kind, mtime: super::members::MTIME };
    items.insert(position, Item { member, contents });
}
