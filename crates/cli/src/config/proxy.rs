//! Proxies as the file names them: an address that may hold a password, or none at all.

use std::fmt;

use oci::credentials::never_dump;
use toml::de::DeValue;
use url::Url;

use super::{
    Problem,
    value::{Value, problem, wrong},
};

/// A proxy; its `Display` and its `Debug` leave out the password.
#[derive(Clone, PartialEq, Eq)]
pub enum Proxy {
    /// There is none, though others may say that there is.
    None,
    /// Where it is, perhaps with a user and a password.
    At(String),
}

const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

pub(super) fn read(value: &Value<'_>) -> Result<Proxy, Problem> {
    match value.get_ref() {
        DeValue::Boolean(false) => Ok(Proxy::None),
        DeValue::String(text) => {
            let url: Option<Url> = text.parse().ok();
            let url = url.filter(|url| SCHEMES.contains(&url.scheme()) && url.has_host());
            // Browsers' rules let the slashes be missing; what hides passwords looks for them.
            match url.filter(|_| text.contains("://")) {
                Some(_) => Ok(Proxy::at(text.clone().into_owned())),
                None => {
                    let what = "this is not the address of a proxy".to_owned();
                    let help = "write \"http://proxy.example.org:3128\", or `false`".to_owned();
                    Err(problem(value.span(), what, "must name scheme and host", Some(help)))
                }
            }
        }
        _ => Err(wrong(value, "a proxy's address or `false`")),
    }
}

impl Proxy {
    /// The proxy of an address; a process that has read its password is not dumped when it crashes.
    pub(crate) fn at(url: String) -> Self {
        if url.contains('@') {
            never_dump();
        }
        Self::At(url)
    }

    /// The address with all that it holds, where there is one.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::At(url) => Some(url.clone()),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            // Not even its length is anybody's business.
            Self::At(url) => match url.split_once("://").zip(url.rsplit_once('@')) {
                Some(((scheme, _), (_, host))) => write!(f, "{scheme}://***@{host}"),
                None => f.write_str(url),
            },
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// The text with `*` for every user and password in it, each as long as it was.
///
/// Whoever writes an address by hand leaves a slash, a quote or a space in a password as it is, so
/// everything from the scheme to the last `@` of the line goes; without a scheme, from the quote.
pub(super) fn without_secrets(text: &str) -> String {
    text.split_inclusive('\n').map(line_without_secrets).collect()
}

fn line_without_secrets(line: &str) -> String {
    let start = line.find("://").map(|at| at + 3);
    let start = start.or_else(|| line.find(['"', '\'']).map(|at| at + 1));
    match start.zip(line.rfind('@')).filter(|(start, end)| start < end) {
        Some((start, end)) => [&line[..start], &"*".repeat(end - start), &line[end..]].concat(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let cases = [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://me:s3cret@proxy.example:3128/", "http://*********@proxy.example:3128/"),
            (
                "a = \"htp://me:p@w@p\"\nb = \"https://x/@y\"",
                "a = \"htp://******@p\"\nb = \"https://**@y\"",
            ),
            ("http://me@p and http://u:p@q", "http://*******************@q"),
            ("http://me:a/b 'c\"@p:1/x", "http://**********@p:1/x"),
            ("x@y = \"http://p\"\n@", "x@y = \"http://p\"\n@"),
            ("no address", "no address"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_secrets(text), expected);
            assert_eq!(without_secrets(text).len(), text.len());
        }
        for user in ["me:s3cret", "me:s3/cr et\"*", "s3cr@et"] {
            let proxy = Proxy::At(format!("http://{user}@p:1"));
            assert_eq!(format!("{proxy} {proxy:?}"), "http://***@p:1 Proxy(http://***@p:1)");
        }
    }
}
