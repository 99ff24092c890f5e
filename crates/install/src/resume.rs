//! Large downloads that are slow: what came of them is kept, so that a later run goes on.

use std::{fs::File, io::Write as _, path::PathBuf, time::Duration};

use crate::feed::Error;

/// Blobs up to this size are never kept for resuming, in bytes.
const KEPT_FROM_BYTES: u64 = 8 << 20;
/// A download with more than this to go after its first 8 MiB is kept.
const SLOW_REST: Duration = Duration::from_secs(2);

/// A download's bytes as they came, kept while it is large and slow.
pub(crate) struct Kept {
    path: PathBuf,
    size: Option<u64>,
    file: Option<File>,
    written: u64,
    /// How long the decoder had nothing to do: its own time is not the download's.
    waited: Duration,
    resumed: bool,
}

impl Kept {
    pub(crate) fn new(path: PathBuf, size: Option<u64>, resumed: bool) -> Self {
        Self { path, size, file: None, written: 0, waited: Duration::ZERO, resumed }
    }

    /// Whether this download is worth keeping, after what has come of it.
    fn is_worth_it(&self) -> bool {
        if self.resumed {
            return true;
        }
        match self.size {
            Some(size) if size <= KEPT_FROM_BYTES => false,
            Some(size) if self.written >= KEPT_FROM_BYTES => {
                let rest = (size - self.written) as f64 / self.written as f64;
                self.waited.mul_f64(rest) > SLOW_REST
            }
            None if self.written >= KEPT_FROM_BYTES => self.waited > SLOW_REST / 2,
            _ => true,
        }
    }

    /// Takes the next bytes, for which the decoder waited so long.
    pub(crate) fn write(&mut self, piece: &[u8], waited: Duration) -> Result<(), Error> {
        self.waited += waited;
        let first = self.written < KEPT_FROM_BYTES;
        if first && self.size.is_some_and(|size| size <= KEPT_FROM_BYTES) {
            return Ok(());
        }
        if self.file.is_none() && self.written == 0 {
            self.file = Some(self.open()?);
        }
        self.written += piece.len() as u64;
        if let Some(file) = &mut self.file
            && let Err(source) = file.write_all(piece)
        {
            // Keeping is a help, not a need: a full disk shows itself where it matters.
            tracing::debug!(error = %source, "cannot keep a download");
            self.discard();
        }
        if first && self.written >= KEPT_FROM_BYTES && !self.is_worth_it() {
            self.discard();
        }
        Ok(())
    }

    fn open(&self) -> Result<File, Error> {
        let file = |source| Error::File { step: "keep", path: self.path.clone(), source };
        if let Some(folder) = self.path.parent() {
            fs_err::create_dir_all(folder).map_err(file)?;
        }
        let mut options = File::options();
        options.create(true).append(true);
        options.open(&self.path).map_err(file)
    }

    pub(crate) fn discard(&mut self) {
        self.file = None;
        if self.written > 0 || self.resumed {
            // A leftover costs space until `cleanup`, nothing else.
            let _ = fs_err::remove_file(&self.path).is_ok();
        }
    }
}
