//! Changes one entry of a file of credentials and leaves everything else in it as it is.
//!
//! The file is read and replaced under a lock, so that two logins at the same time are both
//! kept; what a link leads to is replaced and not the link.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::fs::{FlockOperation, flock};
use serde::Serialize as _;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{
    Credential,
    file::Form,
    key::{self, Key},
    login::{Error, folder},
    never_dump,
};

/// Most links that are followed to a file.
const LINKS_MAX: usize = 8;

/// Sets the entry of a key, or removes it.
pub(super) async fn file(
    path: &Path,
    form: Form,
    key: &Key,
    credential: Option<&Credential>,
) -> Result<(), Error> {
    let (path, key) = (path.to_owned(), key.clone());
    let entry = credential.map(entry);
    let failed = path.clone();
    let work = move || rewrite(&path, form, &key, entry);
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|source| Error::Write { path: failed, source }),
        Err(stopped) => Err(Error::Write { path: failed, source: io::Error::other(stopped) }),
    }
}

/// The entry of a credential.
fn entry(credential: &Credential) -> Value {
    match credential {
        Credential::Basic { user, password } => {
            let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
            json!({"auth": BASE64_STANDARD.encode(pair.as_bytes())})
        }
        Credential::Identity(token) => json!({"identitytoken": token.expose()}),
        Credential::Bearer(token) => json!({"registrytoken": token.expose()}),
    }
}

fn rewrite(path: &Path, form: Form, key: &Key, entry: Option<Value>) -> io::Result<()> {
    let path = followed(path.to_owned())?;
    let folder = folder(&path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let lock = fs::File::open(folder)?;
    // Where folders cannot be locked, as on some network file systems, the last one wins.
    let _locked = rustix::io::retry_on_intr(|| flock(&lock, FlockOperation::LockExclusive));
    never_dump();
    let bytes = match fs::read(&path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Zeroizing::default(),
        Err(error) => return Err(error),
    };
    let text = changed(&bytes, form, key, entry)?;
    // Such files are made readable for their owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    lock.sync_all()
}

/// The file that a path leads to through links.
fn followed(mut path: PathBuf) -> io::Result<PathBuf> {
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(target) => path = folder(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links lead on from each other"))
}

fn changed(
    bytes: &[u8],
    form: Form,
    key: &Key,
    entry: Option<Value>,
) -> io::Result<Zeroizing<Vec<u8>>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut whole = match bytes.trim_ascii() {
        b"" => Map::new(),
        text => serde_json::from_slice(text)?,
    };
    let auths = match form {
        Form::Legacy => &mut whole,
        Form::Current => {
            let auths = whole.entry("auths").or_insert(Value::Null);
            if auths.is_null() {
                *auths = Value::Object(Map::new());
            }
            auths.as_object_mut().ok_or(io::ErrorKind::InvalidData)?
        }
    };
    // Of several spellings of a key none is left beside the new one.
    let old = key::equal(auths.keys().map(String::as_str), key);
    let old: Vec<String> = old.into_iter().map(str::to_owned).collect();
    for old in old {
        auths.remove(&old);
    }
    if let Some(entry) = entry {
        auths.insert(key.written(), entry);
    }
    let mut text = Zeroizing::new(Vec::new());
    // As Docker writes it.
    let format = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    whole.serialize(&mut serde_json::Serializer::with_formatter(&mut *text, format))?;
    Ok(text)
}
