//! Files that hold credentials: Docker's `config.json`, podman's `auth.json`, `.dockercfg`.
//!
//! A broken entry harms nobody but itself. No message quotes a file, as any part of it may be a
//! secret that slipped to the wrong place.

use std::{borrow::Cow, collections::BTreeMap, io, path::PathBuf};

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use super::{Credential, Error, Found, Origin, Secret, key, never_dump};
use crate::excerpt::excerpt;

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `auths`, `credHelpers` and `credsStore`.
    Current,
    /// What is in `auths`, and nothing around it.
    Legacy,
}

/// A file's bytes; they are read again at each use, so that its secrets lie in one place only.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) form: Form,
    bytes: Zeroizing<Vec<u8>>,
}

/// What a file says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Content<'a> {
    #[serde(borrow, deserialize_with = "crate::manifest::null_as_default")]
    auths: BTreeMap<Cow<'a, str>, &'a RawValue>,
    #[serde(rename = "credHelpers", deserialize_with = "crate::manifest::null_as_default")]
    own_helpers: BTreeMap<String, String>,
    #[serde(rename = "credsStore", deserialize_with = "crate::manifest::null_as_default")]
    helper: String,
}

impl File {
    /// Reads a file; `None` if it does not exist.
    pub(super) async fn read(path: PathBuf, form: Form) -> Result<Option<Self>, Error> {
        never_dump();
        let mut bytes = Zeroizing::new(Vec::new());
        let read = async {
            let file = tokio::fs::File::open(&path).await?;
            file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).await
        };
        match read.await {
            Ok(_) if bytes.len() as u64 > FILE_BYTES_MAX => {
                Err(Error::Large { path, limit: FILE_BYTES_MAX })
            }
            Ok(_) => Ok(Some(Self { path, form, bytes })),
            Err(source) if is_absent(&source) => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// What the file says; an empty file says nothing.
    pub(super) fn content(&self) -> Result<Content<'_>, Error> {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes);
        if bytes.trim_ascii().is_empty() {
            return Ok(Content::default());
        }
        let parsed = match self.form {
            Form::Current => serde_json::from_slice(bytes),
            Form::Legacy => {
                serde_json::from_slice(bytes).map(|auths| Content { auths, ..Content::default() })
            }
        };
        parsed.map_err(|error| Error::Json {
            path: self.path.clone(),
            line: error.line(),
            column: error.column(),
        })
    }

    /// The credential of the most specific entry that holds one.
    pub(super) fn find(
        &self,
        content: &Content<'_>,
        host: &str,
        repository: &str,
        problems: &mut Vec<Error>,
    ) -> Option<Found> {
        for key in key::suitable(content.auths.keys().map(AsRef::as_ref), host, repository) {
            let path = self.path.clone();
            match content.credential(key) {
                Ok(None) => {}
                Ok(Some(credential)) => {
                    let origin = Origin::Entry { file: path, key: excerpt(key) };
                    return Some(Found { credential, origin });
                }
                Err(rule) => problems.push(Error::Entry { path, key: excerpt(key), rule }),
            }
        }
        None
    }
}

impl Content<'_> {
    /// The keys of all entries.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.auths.keys().map(AsRef::as_ref)
    }

    /// The helpers that are named for a registry, its own first.
    pub(super) fn helpers(&self, host: &str) -> Vec<&str> {
        let keys = self.own_helpers.keys().map(String::as_str);
        let own = key::suitable(keys, host, "").first().and_then(|key| self.own_helpers.get(*key));
        let all = own.into_iter().chain([&self.helper]).map(String::as_str);
        all.filter(|name| !name.is_empty()).collect()
    }

    /// The credential under a key; `None` for an entry that only notes a login kept elsewhere.
    ///
    /// The error is the rule that the entry breaks.
    fn credential(&self, key: &str) -> Result<Option<Credential>, &'static str> {
        let Some(raw) = self.auths.get(key) else {
            return Ok(None);
        };
        let entry: Option<Entry> =
            serde_json::from_str(raw.get()).map_err(|_| "it is no object of texts")?;
        entry.unwrap_or_default().credential()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
    registrytoken: Option<Secret>,
}

impl Entry {
    fn credential(self) -> Result<Option<Credential>, &'static str> {
        let given = |secret: Option<Secret>| secret.filter(|secret| !secret.is_empty());
        if let Some(token) = given(self.registrytoken) {
            return Ok(Some(Credential::Bearer(token)));
        }
        if let Some(token) = given(self.identitytoken) {
            return Ok(Some(Credential::Identity(token)));
        }
        let (user, password) = match given(self.auth) {
            Some(auth) => decode(&auth)?,
            None => (self.username.unwrap_or_default(), self.password.unwrap_or_default()),
        };
        Ok(Credential::of_user(user, password))
    }
}

/// `auth` as user and password; padding is optional, and some tools fill up with zero bytes.
fn decode(auth: &Secret) -> Result<(String, Secret), &'static str> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
    let bytes = BASE64.decode(auth.expose().trim()).map_err(|_| "its `auth` is not base64")?;
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| "its `auth` holds no text")?;
    let (user, password) = text
        .trim_matches('\0')
        .split_once(':')
        .ok_or("its `auth` has no `:` between user and password")?;
    Ok((user.to_owned(), Secret::new(password.to_owned())))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
