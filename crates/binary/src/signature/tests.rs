use std::io::Cursor;

use super::*;
use crate::{
    find::find,
    placeholder::PLACEHOLDER,
    rewrite::{self, Target, rewrite},
    samples::{LINKER_SIGNED, MachOSample, PAGE, Signed, fat, is_true, macho},
};

const TARGET: Target<'static> =
    Target { root: "/home/me/pkg", name: "foo", version: "1.0", id: "0123456789ab" };

fn written(bytes: &[u8]) -> Result<Vec<u8>, rewrite::Error> {
    let found = find(bytes).unwrap();
    let edits = rewrite(&mut Cursor::new(bytes), &found, &TARGET)?;
    let mut result = bytes.to_vec();
    for edit in edits {
        let at = usize::try_from(edit.at).unwrap();
        result[at..at + edit.with.len()].copy_from_slice(&edit.with);
    }
    assert!(find(&result[..]).unwrap().offsets.is_empty());
    Ok(result)
}

/// Data of several pages, with the placeholder across the border of two of them.
fn data() -> Vec<u8> {
    let mut data = vec![1; 3 * PAGE - 300];
    data.extend_from_slice(PLACEHOLDER.as_bytes());
    data.extend_from_slice(&[2; 2 * PAGE]);
    data
}

fn signed(data: &[u8], signature: Signed) -> Vec<u8> {
    let name = format!("{PLACEHOLDER}/current/lib/libfoo.dylib");
    macho(&MachOSample { install_name: &name, data, signature, ..MachOSample::default() })
}

#[test]
fn the_hashes_of_edited_pages_are_made_anew() {
    let library = signed(&data(), LINKER_SIGNED);
    assert!(is_true(&library));
    let result = written(&library).unwrap();
    assert_eq!(result.len(), library.len());
    assert!(is_true(&result));
    let flags = &result[result.len() - 12 - 32 * 6 - 52 + 12..][..4];
    assert_eq!(flags, 0x2_0002_u32.to_be_bytes(), "it is still signed by a linker");
}

#[test]
fn each_part_of_a_fat_file_is_signed_by_itself() {
    let parts = [signed(&data(), LINKER_SIGNED), signed(b"", LINKER_SIGNED)];
    let library = fat(&parts);
    let result = written(&library).unwrap();
    let second = (PAGE + parts[0].len()).next_multiple_of(PAGE);
    for (start, part) in [(PAGE, &parts[0]), (second, &parts[1])] {
        assert!(is_true(&library[start..start + part.len()]));
        assert!(is_true(&result[start..start + part.len()]));
    }
}

#[test]
fn static_libraries_for_several_processors_are_not_signed() {
    let archive = |cpu: &str| format!("!<arch>\n{cpu}{PLACEHOLDER}/current\0").into_bytes();
    let library = fat(&[archive("x86_"), archive("arm6")]);
    assert!(check(&library).is_ok());
    let result = written(&library).unwrap();
    assert_eq!(result.len(), library.len());
}

#[test]
fn what_cannot_be_signed_anew_is_refused() {
    for (signature, expect) in [
        (Signed::Somebody, Some("somebody signed it")),
        (Signed::Linker { flags: 0, hash: 2 }, Some("somebody signed it")),
        (Signed::Linker { flags: 2, hash: 1 }, Some("hashes are of kind 1")),
        (Signed::Linker { flags: 2, hash: 9 }, Some("hashes are of kind 9")),
        (Signed::Nobody, None),
    ] {
        let library = signed(&data(), signature);
        let error = written(&library).err().map(|error| match error {
            rewrite::Error::Signature(error) => error.to_string(),
            error => panic!("{error}"),
        });
        assert_eq!(error.is_some(), expect.is_some());
        if let (Some(error), Some(expect)) = (error, expect) {
            assert!(error.contains(expect), "{error}");
            assert!(check(&library).is_err());
        }
        let plain = macho(&MachOSample { data: b"plain", signature, ..MachOSample::default() });
        assert!(check(&plain).is_ok(), "what is not edited keeps its signature");
        assert_eq!(written(&plain).unwrap(), plain);
    }
    let mut library = signed(&data(), LINKER_SIGNED);
    let at = library.len() - 140;
    library[at..at + 128].copy_from_slice(PLACEHOLDER.as_bytes());
    assert!(matches!(check(&library), Err(Error::Inside { .. })));
}
