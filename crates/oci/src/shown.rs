//! URLs as they may be shown: without user names, passwords and the values of their queries.

use std::fmt;

use url::Url;

/// Shows a URL in messages and traces; signed URLs keep their secrets in the query.
pub(crate) struct Shown<'a>(pub(crate) &'a Url);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.0;
        write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(url.path())?;
        let mut separator = '?';
        for (name, _) in url.query_pairs() {
            let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            write!(f, "{separator}{name}=…")?;
            separator = '&';
        }
        Ok(())
    }
}

/// The `host[:port]` of a URL, as messages name a server.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e15_no_secret_of_a_url_is_shown() {
        let url = "https://me:pw@cdn.example:444/a?X-Amz-Signature=s3cret&se=1#frag";
        let url: Url = url.parse().unwrap();
        let shown = Shown(&url).to_string();
        assert_eq!(shown, "https://cdn.example:444/a?X-Amz-Signature=…&se=…");
        assert_eq!(host(&url), "cdn.example:444");
    }
}
