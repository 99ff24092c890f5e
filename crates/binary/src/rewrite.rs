//! Putting the real root in the placeholder's place.
//!
//! A text takes the root as it is. In every other file the root is followed by slashes up to the
//! placeholder's length, since `a////b` and `a/b` are the same path. So no byte moves: sections,
//! string tables that share their tails, lengths that a compiler worked out, lengths of marshalled
//! strings and offsets in a library all stay true. Moving strings, or a new string table as
//! patchelf makes it, breaks some of them.

use std::io::{self, Read, Seek};

use crate::{
    find::{Found, find, occurrences},
    kind::Kind,
    placeholder::{self, ID, PLACEHOLDER, ROOT_BYTES_MAX},
    signature,
};

/// What takes the places that a build left open.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The root; the placeholder itself leaves every byte as it is.
    pub root: &'a str,
    /// Name of the package.
    pub name: &'a str,
    /// `<version>[_<revision>]`.
    pub version: &'a str,
    /// The id of its keg.
    pub id: &'a str,
}

/// Some bytes of a file, and what stands there afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where the bytes begin, in the file as it was.
    pub at: u64,
    /// How many bytes are replaced.
    pub over: u64,
    /// What they are replaced with.
    pub with: Vec<u8>,
}

/// A file cannot be written for a root.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// The root would not fit.
    #[error("a root of {bytes} bytes does not fit into the placeholder; {ROOT_BYTES_MAX} do")]
    Root {
        /// Bytes of the root.
        bytes: usize,
    },
    /// The id is none.
    #[error("`{id}` is not the id of a keg")]
    Id {
        /// The id.
        id: String,
    },
    /// The file is of another kind than was said.
    #[error("it is {is}, not {said}")]
    Kind {
        /// What it is.
        is: Kind,
        /// What was said.
        said: Kind,
    },
    /// The placeholder does not stand where it was said to.
    #[error("the placeholder does not stand at byte {offset}")]
    Absent {
        /// The place.
        offset: u64,
    },
    /// The placeholder stands where nobody said so.
    #[error("the placeholder also stands at byte {offset}")]
    Left {
        /// The place.
        offset: u64,
    },
    /// The code signature cannot be made anew.
    #[error("its code signature cannot be made anew")]
    Signature(#[from] signature::Error),
}

/// The edits that write a file for a root, ascending; what was said of the file must hold of it.
pub fn rewrite(
    file: &mut (impl Read + Seek),
    said: &Found,
    target: &Target<'_>,
) -> Result<Vec<Edit>, Error> {
    file.rewind()?;
    let is = find(&mut *file)?;
    compare(said, &is)?;
    let root = root(target, is.kind)?;
    if target.id.len() != ID.len() {
        return Err(Error::Id { id: target.id.to_owned() });
    }
    let over = PLACEHOLDER.len() as u64;
    let roots = is.offsets.iter().map(|&at| Edit { at, over, with: root.clone() });
    let mut edits: Vec<Edit> = roots.filter(|_| target.root != PLACEHOLDER).collect();
    let keg = placeholder::keg(target.name, target.version);
    file.rewind()?;
    edits.extend(occurrences(&mut *file, keg.as_bytes())?.into_iter().map(|at| Edit {
        at: at + (keg.len() - ID.len()) as u64,
        over: ID.len() as u64,
        with: target.id.as_bytes().to_vec(),
    }));
    edits.sort_by_key(|edit| edit.at);
    if is.kind == Kind::MachO {
        edits.extend(signature::mend(file, &edits)?);
        edits.sort_by_key(|edit| edit.at);
    }
    Ok(edits)
}

/// The bytes that take the placeholder's place.
fn root(target: &Target<'_>, kind: Kind) -> Result<Vec<u8>, Error> {
    let mut root = target.root.as_bytes().to_vec();
    if root.len() > ROOT_BYTES_MAX && target.root != PLACEHOLDER {
        return Err(Error::Root { bytes: root.len() });
    }
    if kind != Kind::Text {
        root.resize(PLACEHOLDER.len(), b'/');
    }
    Ok(root)
}

fn compare(said: &Found, is: &Found) -> Result<(), Error> {
    if said.kind != is.kind {
        return Err(Error::Kind { is: is.kind, said: said.kind });
    }
    let mut here = is.offsets.iter().copied().peekable();
    for &offset in &said.offsets {
        match here.next() {
            Some(found) if found == offset => {}
            Some(found) if found < offset => return Err(Error::Left { offset: found }),
            _ => return Err(Error::Absent { offset }),
        }
    }
    here.next().map_or(Ok(()), |offset| Err(Error::Left { offset }))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A file after its edits.
    pub(crate) fn edited(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
        let (mut result, mut done) = (Vec::new(), 0);
        for edit in edits {
            let at = usize::try_from(edit.at).unwrap();
            result.extend_from_slice(&bytes[done..at]);
            result.extend_from_slice(&edit.with);
            done = at + usize::try_from(edit.over).unwrap();
        }
        result.extend_from_slice(&bytes[done..]);
        result
    }

    const TARGET: Target<'static> =
        Target { root: "/home/me/pkg", name: "foo", version: "1.0_2", id: "0123456789ab" };

    fn written(bytes: &[u8], target: &Target<'_>) -> Vec<u8> {
        let found = find(bytes).unwrap();
        let edits = rewrite(&mut Cursor::new(bytes), &found, target).unwrap();
        edited(bytes, &edits)
    }

    #[test]
    fn a_text_shrinks_and_other_files_keep_every_place() {
        let keg = placeholder::keg("foo", "1.0_2");
        let other = placeholder::keg("foo", "1.0");
        let text = format!("#!{PLACEHOLDER}/current/bin/sh\n{keg}/lib:{other}/lib\n");
        assert_eq!(
            String::from_utf8(written(text.as_bytes(), &TARGET)).unwrap(),
            "#!/home/me/pkg/current/bin/sh\n/home/me/pkg/cellar/foo/1.0_2-0123456789ab/lib:\
             /home/me/pkg/cellar/foo/1.0-@@@@@@@@@@@@/lib\n"
        );
        let binary = format!("\0{keg}/lib\0{PLACEHOLDER}\0tail");
        let result = written(binary.as_bytes(), &TARGET);
        let padded = format!("/home/me/pkg{}", "/".repeat(116));
        let expect = format!("\0{padded}/cellar/foo/1.0_2-0123456789ab/lib\0{padded}\0tail");
        assert_eq!(String::from_utf8(result).unwrap(), expect);
        assert_eq!(expect.len(), binary.len());
    }

    #[test]
    fn under_the_placeholder_only_the_id_is_written() {
        let target = Target { root: PLACEHOLDER, ..TARGET };
        let keg = placeholder::keg("foo", "1.0_2");
        for text in [format!("{keg}/x {PLACEHOLDER}/etc"), format!("\0{keg}/x {PLACEHOLDER}/etc")] {
            let expect = text.replace(ID, TARGET.id);
            assert_eq!(String::from_utf8(written(text.as_bytes(), &target)).unwrap(), expect);
        }
    }

    #[test]
    fn what_is_said_of_a_file_must_hold_of_it() {
        let text = format!("{PLACEHOLDER}..{PLACEHOLDER}");
        let said = |kind, offsets: &[u64]| Found { kind, offsets: offsets.to_vec() };
        let refused = |said: &Found, target: &Target<'_>| {
            rewrite(&mut Cursor::new(text.as_bytes()), said, target).unwrap_err().to_string()
        };
        for (said, expect) in [
            (said(Kind::Binary, &[0, 130]), "it is a text, not a file of bytes"),
            (said(Kind::Text, &[0]), "the placeholder also stands at byte 130"),
            (said(Kind::Text, &[130]), "the placeholder also stands at byte 0"),
            (said(Kind::Text, &[]), "the placeholder also stands at byte 0"),
            (said(Kind::Text, &[0, 129]), "the placeholder does not stand at byte 129"),
            (said(Kind::Text, &[0, 130, u64::MAX]), "the placeholder does not stand at byte"),
        ] {
            let error = refused(&said, &TARGET);
            assert!(error.starts_with(expect), "{said:?}: {error}");
        }
        let long = format!("/{}", "x".repeat(100));
        let fits = said(Kind::Text, &[0, 130]);
        assert!(refused(&fits, &Target { root: &long, ..TARGET }).contains("101 bytes"));
        assert!(refused(&fits, &Target { id: "12", ..TARGET }).contains("`12`"));
    }
}
