//! The proxies of this run: the environment's, else a file's.

use std::ffi::{OsStr, OsString};

use super::{Origin, Setting};
use crate::config::Proxy;

/// The proxies for everything but this machine; without any, the system is asked for its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proxies {
    /// For what is asked without TLS.
    pub http: Option<Setting<Proxy>>,
    /// For what is asked with TLS.
    pub https: Option<Setting<Proxy>>,
    /// Who is asked without one.
    pub except: Option<Setting<String>>,
}

impl Proxies {
    /// Variables win over a file, each for itself.
    pub(super) fn new(
        variables: &[(OsString, OsString)],
        proxy: Option<Setting<Proxy>>,
        except: Option<Setting<Vec<String>>>,
    ) -> Self {
        let variable = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let is_it = |(known, _): &&(OsString, OsString)| known == OsStr::new(name);
                let (_, value) = variables.iter().find(is_it)?;
                let value = value.to_str()?.to_owned();
                let origin = Origin::Variable(name);
                Some(Setting { value, origin }).filter(|variable| !variable.value.is_empty())
            })
        };
        let at = |names| {
            let Setting { value, origin } = variable(names)?;
            // Other programs take an address without a scheme, and so it is written.
            let has_scheme = value.contains("://");
            let value = if has_scheme { value } else { format!("http://{value}") };
            Some(Setting { value: Proxy::at(value), origin })
        };
        let joined =
            except.map(|Setting { value, origin }| Setting { value: value.join(","), origin });
        Self {
            http: at(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]).or(proxy.clone()),
            https: at(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]).or(proxy),
            except: variable(&["NO_PROXY", "no_proxy"]).or(joined),
        }
    }

    /// As the client takes them; none where the system is to be asked.
    pub fn of_client(&self) -> Option<oci::config::Proxies> {
        if self.http.is_none() && self.https.is_none() {
            return None;
        }
        let url = |proxy: &Option<Setting<Proxy>>| proxy.as_ref().and_then(|p| p.value.url());
        let except = self.except.as_ref().map(|except| except.value.clone());
        Some(oci::config::Proxies { http: url(&self.http), https: url(&self.https), except })
    }

    /// As variables, for programs that are run on the way.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let Some(proxies) = self.of_client() else { return Vec::new() };
        let named = [
            ("http_proxy", proxies.http),
            ("https_proxy", proxies.https),
            ("no_proxy", proxies.except),
        ];
        named.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], file: Option<&str>, expected: [Option<&str>; 3]) {
        let variables: Vec<(OsString, OsString)> =
            variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let origin = Origin::File(1);
        let proxy = file.map(|url| Setting { value: Proxy::At(url.to_owned()), origin });
        let except = Some(Setting { value: vec!["a".to_owned(), "b".to_owned()], origin });
        let found = Proxies::new(&variables, proxy, except);
        let origins = [
            found.http.as_ref().map(|http| http.origin.to_string()),
            found.https.as_ref().map(|https| https.origin.to_string()),
            found.except.as_ref().map(|except| format!("{} {}", except.value, except.origin)),
        ];
        assert_eq!(origins.each_ref().map(Option::as_deref), expected, "{variables:?}");
    }

    #[test]
    fn a_variable_wins_over_the_file() {
        let file = Some("http://p:1");
        let (of_file, except) = (Some("config.toml:1"), Some("a,b config.toml:1"));
        check(&[], None, [None, None, except]);
        check(&[], file, [of_file, of_file, except]);
        check(&[("https_proxy", "q:2")], file, [of_file, Some("https_proxy"), except]);
        check(&[("HTTPS_PROXY", "")], file, [of_file, of_file, except]);
        check(
            &[("ALL_PROXY", "http://q:2"), ("no_proxy", "c")],
            file,
            [Some("ALL_PROXY"), Some("ALL_PROXY"), Some("c no_proxy")],
        );
    }

    #[test]
    fn none_is_said_to_programs_as_nothing() {
        let none = Setting { value: Proxy::None, origin: Origin::File(1) };
        let proxies = Proxies::new(&[], Some(none), None);
        assert!(proxies.of_client().is_some_and(|client| client.https.is_none()));
        assert!(proxies.variables().is_empty());
        let with = Setting { value: Proxy::At("http://p".to_owned()), origin: Origin::File(1) };
        let variables = Proxies::new(&[], Some(with), None).variables();
        assert_eq!(variables.len(), 2);
    }
}
