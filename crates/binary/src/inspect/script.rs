//! The first line of a script.

use super::Mention;

/// A text that names its interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The interpreter, as the line has it.
    pub interpreter: Mention,
    /// What the line gives it.
    pub argument: Option<String>,
    /// Bytes of the line, without its end.
    pub line_bytes: usize,
}

/// Longest first line that is read.
const LINE_BYTES_MAX: usize = 4096;

/// The script that begins with `#!`.
pub(super) fn read(bytes: &[u8]) -> Option<Script> {
    let head = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    let line = head.split(|byte| *byte == b'\n').next()?;
    let rest = line.strip_prefix(b"#!")?;
    let rest = std::str::from_utf8(rest).ok()?;
    let words = rest.trim_start_matches([' ', '\t']);
    let (interpreter, argument) = words.split_once([' ', '\t']).unwrap_or((words, ""));
    let interpreter = interpreter.trim_end_matches('\r');
    if interpreter.is_empty() || interpreter.contains('\0') {
        return None;
    }
    let argument = Some(argument.trim()).filter(|argument| !argument.is_empty());
    Some(Script {
        interpreter: Mention {
            offset: (line.len() - words.len()) as u64,
            text: interpreter.to_owned(),
        },
        argument: argument.map(ToOwned::to_owned),
        line_bytes: line.len(),
    })
}
