//! What a 401 asks for: the `WWW-Authenticate` header (RFC 9110, section 11.6.1).
//!
//! Every header line may hold several challenges; what is not understood is skipped, never
//! guessed at. No request is made here.

use crate::scope::Scope;

/// One challenge: a scheme and its parameters, both in lower case but for the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    scheme: String,
    params: Vec<(String, String)>,
}

/// The challenge that is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A user and a password.
    Basic,
    /// A token from a token server.
    Bearer(Bearer),
}

/// Where a token comes from and what it should be good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// The token server's URL, as written.
    pub(crate) realm: String,
    /// The name by which the token server knows the registry.
    pub(crate) service: Option<String>,
    /// What the token should allow.
    pub(crate) scopes: Vec<Scope>,
}

/// The challenge to answer among header lines: Bearer before Basic; others are not spoken.
pub(crate) fn choose<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Wanted> {
    let challenges: Vec<Challenge> = lines.flat_map(parse).collect();
    let bearer = challenges.iter().find_map(Challenge::bearer);
    let has_basic = || challenges.iter().any(|challenge| challenge.scheme == "basic");
    bearer.map(Wanted::Bearer).or_else(|| has_basic().then_some(Wanted::Basic))
}

impl Challenge {
    fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn bearer(&self) -> Option<Bearer> {
        if self.scheme != "bearer" {
            return None;
        }
        let scopes = self.param("scope").unwrap_or_default();
        Some(Bearer {
            realm: self.param("realm")?.to_owned(),
            service: self.param("service").map(str::to_owned),
            scopes: scopes.split(' ').filter_map(Scope::parse).collect(),
        })
    }
}

/// The challenges of one header line.
fn parse(line: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = Reader(line);
    loop {
        rest.skip(|c| c == ',' || c.is_whitespace());
        let word = rest.take(is_token);
        if word.is_empty() {
            // Nothing that begins a challenge or a parameter: end, or not to be understood.
            return challenges;
        }
        rest.skip(char::is_whitespace);
        let is_param = rest.0.starts_with('=') && !challenges.is_empty();
        if is_param {
            rest.0 = &rest.0[1..];
            rest.skip(char::is_whitespace);
            let value = rest.value();
            if let Some(last) = challenges.last_mut() {
                last.params.push((word.to_ascii_lowercase(), value));
            }
            continue;
        }
        challenges.push(Challenge { scheme: word.to_ascii_lowercase(), params: Vec::new() });
        rest.skip_token68();
    }
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        self.take(unwanted);
    }

    /// A quoted string with its pairs undone, or a bare word.
    fn value(&mut self) -> String {
        let Some(quoted) = self.0.strip_prefix('"') else {
            return self.take(|c| c != ',' && !c.is_whitespace()).to_owned();
        };
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &quoted[at + 1..];
                    return value;
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        self.0 = "";
        value
    }

    /// The one word of credentials that `Negotiate` carries instead of parameters.
    fn skip_token68(&mut self) {
        let word = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        let end = self.0.find(|c| !word(c)).unwrap_or(self.0.len());
        let after = self.0[end..].trim_start();
        if after.is_empty() || after.starts_with(',') {
            self.0 = &self.0[end..];
        }
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scopes: &[&str]) -> Option<Wanted> {
        Some(Wanted::Bearer(Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scopes: scopes.iter().filter_map(|scope| Scope::parse(scope)).collect(),
        }))
    }

    #[test]
    fn h2_all_lines_and_lists_are_read() {
        let pull = "repository:a/b:pull";
        let cases: [(&[&str], Option<Wanted>); 14] = [
            (&["Basic realm=\"x\""], Some(Wanted::Basic)),
            (&["bAsIc"], Some(Wanted::Basic)),
            (&["BEARER Realm=\"https://t/\""], bearer("https://t/", None, &[])),
            (
                &["Bearer realm=\"https://t/\",service=\"s\",scope=\"repository:a/b:pull\""],
                bearer("https://t/", Some("s"), &[pull]),
            ),
            (&["Bearer realm=https://t/ , service=s"], bearer("https://t/", Some("s"), &[])),
            (&["Basic realm=\"x\", Bearer realm=\"t\""], bearer("t", None, &[])),
            (&["Basic realm=\"x\"", "Bearer realm=\"t\""], bearer("t", None, &[])),
            (&["Negotiate", "NTLM", "Basic realm=x"], Some(Wanted::Basic)),
            (&["Negotiate a87421000492aa874209af8bc028==, Basic realm=x"], Some(Wanted::Basic)),
            (&["Bearer realm=\"a\\\"b,c\\\\\",service=\"s\""], bearer("a\"b,c\\", Some("s"), &[])),
            (&["Bearer realm = \"t\" ,, error=\"invalid_token\""], bearer("t", None, &[])),
            (&["Bearer service=\"s\"", "Basic realm=x"], Some(Wanted::Basic)),
            (&["Digest realm=\"x\", nonce=\"y\""], None),
            (&["", "=", "\"", ",,,"], None),
        ];
        for (lines, expected) in cases {
            assert_eq!(choose(lines.iter().copied()), expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_to_its_end(line in "(Bearer|Basic|[ -~]{0,9})[ -~\\PC]{0,60}") {
            choose(std::iter::once(line.as_str()));
        }

        #[test]
        fn a_quoted_realm_comes_back(realm in "\\PC{0,40}") {
            let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!("Negotiate, Bearer realm=\"{quoted}\", service=s");
            prop_assert_eq!(choose(std::iter::once(line.as_str())), bearer(&realm, Some("s"), &[]));
        }
    }
}
