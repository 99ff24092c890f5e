//! Files and folders as artifacts, in the conventions of oras, and files out of artifacts.
//!
//! A file is a layer whose title is its path; a folder is one layer, an archive that says of
//! itself that it is to be unpacked. Equal files give the manifest that oras gives, byte for byte.
//! What the files are for is deliberately not known here.

pub mod annotations;
pub mod chart;
mod document;
mod folder;
mod ground;
mod header;
pub mod pack;
pub mod pull;
pub mod push;
mod unpack;

use std::path::PathBuf;

/// Says of a layer that it is a folder, which is to be unpacked where its title says.
pub const UNPACK: &str = "io.deis.oras.content.unpack";
/// The digest of a folder's archive before it was compressed.
pub const CONTENT_DIGEST: &str = "io.deis.oras.content.digest";

/// A file or folder that somebody names, and the type that they give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Where it is.
    pub path: PathBuf,
    /// The path as it was written.
    pub text: String,
    /// Its media type, where it was said.
    pub media_type: Option<String>,
}

impl Given {
    /// Reads `FILE[:TYPE]`; the last colon counts, so a file with one in its name ends with `:`.
    ///
    /// `None` where there is no path.
    pub fn parse(text: &str) -> Option<Self> {
        let (path, media_type) = text.rsplit_once(':').unwrap_or((text, ""));
        let media_type = Some(media_type.to_owned()).filter(|text| !text.is_empty());
        let (path, text) = (PathBuf::from(path), path.to_owned());
        (!text.is_empty()).then_some(Self { path, text, media_type })
    }

    /// The shortest way to write the path, which is the title that others will know it by.
    pub fn title(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for part in self.text.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
                ".." if self.text.starts_with('/') => {}
                part => parts.push(part),
            }
        }
        let root = if self.text.starts_with('/') { "/" } else { "" };
        let title = format!("{root}{}", parts.join("/"));
        if title.is_empty() { ".".to_owned() } else { title }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_oras_reads_them() {
        for (text, path, media_type, title) in [
            ("hi.txt", "hi.txt", None, "hi.txt"),
            ("./a//b/../hi.txt:text/plain", "./a//b/../hi.txt", Some("text/plain"), "a/hi.txt"),
            ("hi:txt:", "hi:txt", None, "hi:txt"),
            ("../x", "../x", None, "../x"),
            ("../../x/..", "../../x/..", None, "../.."),
            ("/a/../../x", "/a/../../x", None, "/x"),
            ("a/..", "a/..", None, "."),
        ] {
            let given = Given::parse(text).unwrap();
            let found = (given.path.to_str().unwrap(), given.media_type.as_deref());
            assert_eq!(found, (path, media_type), "{text}");
            assert_eq!(given.title(), title, "{text}");
        }
        assert_eq!(Given::parse(":text/plain"), None);
    }
}
