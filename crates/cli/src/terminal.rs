//! Reads secrets from stdin: from a terminal without showing them, or from a pipe.
//!
//! What is read goes past the buffers of the standard library, which nobody clears. An interrupt
//! gives the terminal back as it was.

use std::{
    fs::File,
    io::{self, Read as _},
    os::fd::AsFd as _,
    sync::{Mutex, PoisonError},
};

use oci::credentials::{Secret, never_dump};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Longest secret that is read, in bytes; identity tokens have some thousand.
const SECRET_BYTES_MAX: usize = 64 << 10;

/// The terminal as it was before it fell silent.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A terminal that shows nothing of what is typed, until this is dropped.
pub(crate) struct Silence;

impl Silence {
    /// Silences the terminal on stdin, and forgets what was typed before.
    ///
    /// # Errors
    ///
    /// Stdin is no terminal.
    pub(crate) fn begin() -> io::Result<Self> {
        let mut modes = tcgetattr(io::stdin())?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(modes.clone());
        modes.local_modes.remove(LocalModes::ECHO);
        modes.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &modes)?;
        Ok(Self)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back as it was, if it was silenced.
pub(crate) fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(modes) = before {
        // A terminal that is gone needs nothing back.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
    }
}

/// Reads stdin to its end; the line's end there is not part of the secret.
///
/// # Errors
///
/// Stdin cannot be read, is too long, or is not UTF-8.
pub(crate) fn read_to_end() -> io::Result<Secret> {
    // A terminal in place of a pipe: whoever types it there is not shown it either.
    let _silence = Silence::begin().ok();
    read(false)
}

/// Reads a line of stdin.
///
/// # Errors
///
/// Stdin cannot be read, the line is too long, or it is not UTF-8.
pub(crate) fn read_line() -> io::Result<Secret> {
    read(true)
}

fn read(is_line: bool) -> io::Result<Secret> {
    never_dump();
    let mut stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut bytes = Vec::with_capacity(SECRET_BYTES_MAX);
    let mut buffer = [0; 512];
    loop {
        let count = stdin.read(&mut buffer)?;
        // It never grows beyond its capacity, so that no copy stays behind.
        if bytes.len() + count > SECRET_BYTES_MAX {
            return Err(io::Error::other("it has more than 65536 bytes"));
        }
        bytes.extend_from_slice(&buffer[..count]);
        if count == 0 || (is_line && bytes.ends_with(b"\n")) {
            break;
        }
    }
    buffer.fill(0);
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
    let mut text = String::from_utf8(bytes).map_err(not_text)?;
    let length = text
        .strip_suffix('\n')
        .map_or(text.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
    text.truncate(length);
    Ok(Secret::new(text))
}
