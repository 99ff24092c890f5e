//! Proxies as the file names them: an address that may hold a password, or none at all.

use std::fmt;

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
            match url.filter(|url| SCHEMES.contains(&url.scheme()) && url.has_host()) {
                Some(_) => Ok(Proxy::At(text.clone().into_owned())),
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
            Self::At(url) => {
                f.write_str(&without_secrets(url).replace("*", "").replace("//@", "//***@"))
            }
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// The text with `*` for every user and password in it, each as long as it was.
pub(super) fn without_secrets(text: &str) -> String {
    let mut rest = text;
    let mut clean = String::with_capacity(text.len());
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after.find(['/', '"', '\'', '\n', ' ']).unwrap_or(after.len());
        let secret = after[..end].rfind('@').unwrap_or(0);
        clean.extend(std::iter::repeat_n('*', secret));
        rest = &after[secret..];
    }
    clean.push_str(rest);
    clean
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
                "a = \"htp://******@p\"\nb = \"https://x/@y\"",
            ),
            ("http://me@p and http://u:p@q", "http://**@p and http://***@q"),
            ("no address", "no address"),
        ];
        for (text, expected) in cases {
            assert_eq!(without_secrets(text), expected);
            assert_eq!(without_secrets(text).len(), text.len());
        }
        let proxy = Proxy::At("http://me:s3cret@p:1".to_owned());
        assert_eq!(format!("{proxy} {proxy:?}"), "http://***@p:1 Proxy(http://***@p:1)");
    }
}
