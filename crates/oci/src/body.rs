//! What is sent: bytes that can be read from the start as often as a server asks for them.
//!
//! Where they are sent, and whether they are the ones that a digest names, is not known here.

use std::{fmt, io, path::PathBuf, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::{
    StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::{fs::File, io::AsyncReadExt as _};

use crate::{Download, Error, coalesce::CHUNK_BYTES, push};

/// The bytes of a body in order; an error is the last item.
pub type Chunks = BoxStream<'static, Result<Bytes, Error>>;

/// Content that lies somewhere else, and is opened anew each time that it is sent.
pub trait Content: Send + Sync {
    /// Begins to read at the first byte.
    fn open(&self) -> BoxFuture<'_, Result<Chunks, Error>>;
}

/// Bytes that can be sent more than once.
#[derive(Clone)]
pub enum Body {
    /// In memory.
    Bytes(Bytes),
    /// A file, read as it is sent.
    File(PathBuf),
    /// The content of another place, read as it is sent.
    Source(Arc<dyn Content>),
}

impl Body {
    /// Begins to read at the first byte.
    pub async fn open(&self) -> Result<Chunks, Error> {
        match self {
            Self::Bytes(bytes) => Ok(split(bytes.clone())),
            Self::File(path) => {
                let opened = File::open(path).await;
                let file = opened.map_err(|source| unreadable(path.clone(), source))?;
                Ok(read(path.clone(), file))
            }
            Self::Source(content) => content.open().await,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Source(_) => f.write_str("Source"),
        }
    }
}

/// The bytes of a download as they arrive.
pub fn chunks(download: Download) -> Chunks {
    let next = async |mut download: Download| {
        let item = download.next().await.transpose()?;
        Some((item, download))
    };
    stream::unfold(download, next).boxed()
}

fn split(bytes: Bytes) -> Chunks {
    let next = async |mut rest: Bytes| {
        let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
        (!chunk.is_empty()).then_some((Ok(chunk), rest))
    };
    stream::unfold(bytes, next).boxed()
}

fn read(path: PathBuf, file: File) -> Chunks {
    let next = |(path, mut file): (PathBuf, File)| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
        let item = match file.read_buf(&mut chunk).await {
            Ok(0) => return None,
            Ok(_) => Ok(chunk.freeze()),
            Err(source) => Err(unreadable(path.clone(), source)),
        };
        Some((item, (path, file)))
    };
    stream::unfold((path, file), next).boxed()
}

fn unreadable(path: PathBuf, source: io::Error) -> Error {
    Error::Push(push::Error::Read { path, source })
}
