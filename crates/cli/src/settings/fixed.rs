//! What the system's file says for everybody: a key that it sets, no user can change.

use std::fmt;

use super::{Origin, Setting};
use crate::config::{Mirror, Registry, Tap};

/// Decides between both files, and remembers what the user's said in vain.
#[derive(Default)]
pub(super) struct Fixed {
    pub(super) unheard: Vec<Unheard>,
}

/// A line of the user's file that is not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    /// The key.
    pub key: String,
    /// Where the user's file has it.
    pub user: Origin,
    /// Where the system's has it.
    pub system: Origin,
}

impl Fixed {
    /// The system's value, else the user's.
    pub(super) fn either<T: PartialEq>(
        &mut self,
        key: &str,
        system: Option<Setting<T>>,
        user: Option<Setting<T>>,
    ) -> Option<Setting<T>> {
        if let (Some(system), Some(user)) = (&system, &user)
            && system.value != user.value
        {
            self.ignore(key.to_owned(), user.origin, system.origin);
        }
        system.or(user)
    }

    /// All mirrors of the system, and those of the user for other addresses.
    pub(super) fn mirrors(
        &mut self,
        mut system: Vec<Setting<Mirror>>,
        user: Vec<Setting<Mirror>>,
    ) -> Vec<Setting<Mirror>> {
        let mut heard = Vec::new();
        for own in user {
            // The longest match counts, so one that is more exact would win too.
            let is_fixed = |fixed: &&Setting<Mirror>| {
                let (from, start) = (asked(&own.value.from), asked(&fixed.value.from));
                from == start || !fixed.value.is_of_tap() && from.starts_with(&start)
            };
            match system.iter().find(is_fixed) {
                Some(fixed) if fixed.value == own.value => {}
                Some(fixed) => {
                    self.ignore(format!("mirror.\"{}\"", own.value.from), own.origin, fixed.origin);
                }
                None => heard.push(own),
            }
        }
        system.extend(heard);
        system
    }

    /// The taps of the system, then those of the user that have other names.
    pub(super) fn taps(
        &mut self,
        mut system: Vec<Setting<Tap>>,
        user: Vec<Setting<Tap>>,
    ) -> Vec<Setting<Tap>> {
        for own in user {
            match system.iter().find(|fixed| fixed.value.name == own.value.name) {
                Some(fixed) if fixed.value == own.value => {}
                Some(fixed) => {
                    self.ignore(format!("tap.{}", own.value.name), own.origin, fixed.origin);
                }
                None => system.push(own),
            }
        }
        system
    }

    /// Each registry with the keys that the system sets, and those of the user beside them.
    pub(super) fn registries(
        &mut self,
        mut system: Vec<Registry>,
        user: Vec<Registry>,
    ) -> Vec<Registry> {
        for own in user {
            match system.iter().position(|fixed| fixed.host == own.host) {
                Some(at) => {
                    let fixed = std::mem::take(&mut system[at]);
                    system[at] = self.registry(fixed, own);
                }
                None => system.push(own),
            }
        }
        system
    }

    fn registry(&mut self, system: Registry, user: Registry) -> Registry {
        let key = |key: &str| format!("registry.\"{}\".{key}", user.host);
        macro_rules! either {
            ($field:ident, $key:literal) => {
                self.either(&key($key), system.$field, user.$field)
            };
        }
        Registry {
            plain_http: either!(plain_http, "plain-http"),
            token_servers: either!(token_servers, "token-server"),
            ca: either!(ca, "ca"),
            client_certificate: either!(client_certificate, "client-certificate"),
            client_key: either!(client_key, "client-key"),
            proxy: either!(proxy, "proxy"),
            mirrors: either!(mirrors, "mirrors"),
            fallback: either!(fallback, "fallback"),
            host: system.host,
        }
    }

    fn ignore(&mut self, key: String, user: Origin, system: Origin) {
        self.unheard.push(Unheard { key, user, system });
    }
}

/// An address with its registry by the one name that all of its names stand for.
fn asked(from: &str) -> String {
    let Some((scheme, rest)) = from.split_once("://") else { return from.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let canonical = oci::host::canonical(host);
    format!("{scheme}://{}{path}", canonical.as_deref().unwrap_or(host))
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, user, system } = self;
        write!(f, "`{key}` at {user} is not heard: {system} says it for everybody")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, SYSTEM_FILE};

    fn check(system: &str, user: &str, unheard: &[&str]) -> (Vec<String>, Vec<Registry>) {
        let system = Config::parse(system, Path::new(SYSTEM_FILE)).unwrap();
        let user = Config::parse(user, Path::new("/c/config.toml")).unwrap();
        let mut fixed = Fixed::default();
        let mirrors = fixed.mirrors(system.mirrors, user.mirrors);
        let registries = fixed.registries(system.registries, user.registries);
        let said: Vec<String> = fixed.unheard.iter().map(ToString::to_string).collect();
        assert_eq!(said, unheard);
        let shown = |mirror: Setting<Mirror>| format!("{} {}", mirror.value.to, mirror.origin);
        (mirrors.into_iter().map(shown).collect(), registries)
    }

    #[test]
    fn a_mirror_of_the_system_is_not_gone_around() {
        let (mirrors, _) = check(
            "[mirror]\n\"https://a.example/\" = \"https://m.example/\"\n",
            "[mirror]\n\"https://a.example/x/\" = \"https://e.example/\"\n\
             \"https://b.example/\" = \"https://f.example/\"\n\
             \"https://a.example/\" = \"https://m.example/\"\n",
            &["`mirror.\"https://a.example/x/\"` at config.toml:2 is not heard: \
               /etc/pkg/config.toml:2 says it for everybody"],
        );
        assert_eq!(
            mirrors,
            ["https://m.example/ /etc/pkg/config.toml:2", "https://f.example/ config.toml:3"]
        );
        // The address of a tap is a whole one, and no other tap's.
        let (mirrors, _) = check(
            "[mirror]\n\"oci://a.example/tap\" = \"oci://m.example/tap\"\n",
            "[mirror]\n\"oci://a.example/tap\" = \"oci://e.example/tap\"\n\
             \"oci://a.example/tap2\" = \"oci://f.example/tap2\"\n",
            &["`mirror.\"oci://a.example/tap\"` at config.toml:2 is not heard: \
               /etc/pkg/config.toml:2 says it for everybody"],
        );
        let system = "oci://m.example/tap /etc/pkg/config.toml:2";
        assert_eq!(mirrors, [system, "oci://f.example/tap2 config.toml:3"]);
    }

    #[test]
    fn another_name_of_a_registry_leads_around_nothing() {
        for name in ["registry-1.docker.io", "index.docker.io", "Docker.io"] {
            let (mirrors, _) = check(
                "[mirror]\n\"https://docker.io/\" = \"https://m.example/\"\n",
                &format!("[mirror]\n\"https://{name}/v2/\" = \"https://e.example/\"\n"),
                &[&format!(
                    "`mirror.\"https://{name}/v2/\"` at config.toml:2 is not heard: \
                     /etc/pkg/config.toml:2 says it for everybody"
                )],
            );
            assert_eq!(mirrors, ["https://m.example/ /etc/pkg/config.toml:2"]);
        }
    }

    #[test]
    fn a_key_of_a_registry_is_the_systems_or_the_users() {
        let (_, registries) = check(
            "[registry.\"r.example\"]\nplain-http = false\nfallback = true\n",
            "[registry.\"R.example\"]\nplain-http = true\nfallback = true\nca = \"own.pem\"\n\
             [registry.\"s.example\"]\nplain-http = true\n",
            &["`registry.\"r.example\".plain-http` at config.toml:2 is not heard: \
               /etc/pkg/config.toml:2 says it for everybody"],
        );
        let [first, second] = &registries[..] else { panic!("{registries:?}") };
        assert_eq!(first.plain_http.as_ref().map(|plain| plain.value), Some(false));
        assert_eq!(first.ca.as_ref().map(|ca| ca.origin), Some(Origin::File(4)));
        assert_eq!(second.plain_http.as_ref().map(|plain| plain.value), Some(true));
    }
}
