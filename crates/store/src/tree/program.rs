//! What can be run: how a program begins, and programs that archives hold without their mode.

use super::Sealed;
use crate::{Content, Layout, Staging, staging};

/// ELF, Mach-O (thin in both orders, and fat), PE and scripts.
const MAGICS: &[&[u8]] = &[
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"MZ",
    b"#!",
];

/// Whether a file that begins so can be run.
pub(super) fn is_program(head: &[u8]) -> bool {
    MAGICS.iter().any(|magic| head.starts_with(magic))
}

/// Whether a path is named as shared libraries are: `libz.so`, `libz.so.1`, `libz.dylib`.
pub(super) fn is_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".so") || name.contains(".so.") || name.ends_with(".dylib")
}

/// Stages the programs whose bytes are here only under the mode of a plain file.
///
/// The mode is a part of a content, so [`Tree::set_executable`](super::Tree::set_executable)
/// asks for a file that neither the store nor staging may have yet.
///
/// # Errors
///
/// What staging fails with, also where the plain file is missing.
pub fn stage_programs(
    sealed: &Sealed,
    layout: &Layout,
    staging: &Staging,
) -> Result<(), staging::Error> {
    for (_, content) in sealed.files().filter(|(_, content)| content.executable) {
        if !staging.contains(content) && fs_err::symlink_metadata(layout.file(content)).is_err() {
            stage_one(content, layout, staging)?;
        }
    }
    Ok(())
}

fn stage_one(program: &Content, layout: &Layout, staging: &Staging) -> Result<(), staging::Error> {
    let plain = Content { executable: false, ..*program };
    if staging.contains(&plain) {
        return staging.copy(staging.path(), staging.read(&plain)?, program);
    }
    let path = layout.file(&plain);
    let failed = |source| staging::Error::Read { path: path.clone(), source };
    let file = fs_err::File::open(&path).map_err(failed)?.into_parts().0;
    staging.copy(&path, file, program)
}
