//! What the environment says of credentials, handed in as values: nothing here reads it.

use std::{collections::BTreeMap, ffi::OsString, fmt, path::PathBuf};

use super::{Credential, Found, Origin, Secret};

/// What credentials are looked up by: the caller's environment, as a value.
#[derive(Clone, Default)]
pub struct Environment {
    /// `HOME`: `.docker/config.json`, `.config/containers/auth.json` and `.dockercfg` are below.
    pub home: Option<PathBuf>,
    /// `DOCKER_CONFIG`: the folder of `config.json`, instead of `.docker`.
    pub docker_config: Option<PathBuf>,
    /// `REGISTRY_AUTH_FILE`: a file that is looked at before all others.
    pub registry_auth_file: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`: `containers/auth.json` is below.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`: `containers/auth.json` is below, instead of `.config`.
    pub xdg_config_home: Option<PathBuf>,
    /// `PATH`: where credential helpers are found; its relative parts are skipped.
    pub path: Option<OsString>,
    /// `PKG_REGISTRY_<HOST>_USER` and `PKG_REGISTRY_<HOST>_TOKEN`, by their whole name.
    pub registries: BTreeMap<String, Secret>,
    /// All that a credential helper is started with.
    pub helper_variables: Vec<(OsString, OsString)>,
}

/// Podman's file, below each of its folders.
const AUTH_FILE: &str = "containers/auth.json";

const REGISTRY_PREFIX: &str = "PKG_REGISTRY_";

/// The user that goes with a token where none is named; most registries look at the token alone.
const TOKEN_USER: &str = "token";

impl Environment {
    /// Sorts a process's variables; those that are empty count as unset.
    ///
    /// Helpers get all of them but pkg's own, so that no registry's token reaches another's helper.
    pub fn from_variables(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut found = Self::default();
        for (name, value) in variables {
            if value.is_empty() {
                continue;
            }
            match name.to_str() {
                Some("HOME") => found.home = Some(value.clone().into()),
                Some("DOCKER_CONFIG") => found.docker_config = Some(value.clone().into()),
                Some("REGISTRY_AUTH_FILE") => found.registry_auth_file = Some(value.clone().into()),
                Some("XDG_RUNTIME_DIR") => found.xdg_runtime_dir = absolute(&value),
                Some("XDG_CONFIG_HOME") => found.xdg_config_home = absolute(&value),
                Some("PATH") => found.path = Some(value.clone()),
                Some(own) if own.starts_with("PKG_") => {
                    if own.starts_with(REGISTRY_PREFIX)
                        && let Ok(text) = value.into_string()
                    {
                        found.registries.insert(own.to_owned(), Secret::new(text));
                    }
                    continue;
                }
                _ => {}
            }
            found.helper_variables.push((name, value));
        }
        found
    }

    /// The credential that the variables for one registry hold.
    ///
    /// A host is written in upper case with `__` for `-` and `_` for every other sign:
    /// `PKG_REGISTRY_GHCR_IO_TOKEN`, `PKG_REGISTRY_LOCALHOST_5000_TOKEN`.
    pub(super) fn registry(&self, host: &str) -> Option<Found> {
        let mut base = REGISTRY_PREFIX.to_owned();
        for c in host.chars() {
            match c {
                '-' => base.push_str("__"),
                c if c.is_ascii_alphanumeric() => base.push(c.to_ascii_uppercase()),
                _ => base.push('_'),
            }
        }
        let name = format!("{base}_TOKEN");
        let token = self.registries.get(&name)?.clone();
        let user = self.registries.get(&format!("{base}_USER"));
        let user = user.map_or(TOKEN_USER, Secret::expose).to_owned();
        Some(Found {
            credential: Credential::of_user(user, token)?,
            origin: Origin::Variable { name },
        })
    }

    /// Docker's file.
    pub(super) fn docker_file(&self) -> Option<PathBuf> {
        let below_home = || self.home.as_ref().map(|home| home.join(".docker"));
        let folder = self.docker_config.clone().or_else(below_home);
        folder.map(|folder| folder.join("config.json"))
    }

    /// Podman's file that outlives a reboot.
    pub(super) fn podman_file(&self) -> Option<PathBuf> {
        let below_home = || self.home.as_ref().map(|home| home.join(".config"));
        let folder = self.xdg_config_home.clone().or_else(below_home);
        folder.map(|folder| folder.join(AUTH_FILE))
    }

    /// The files that may hold credentials, in the order of containers-auth.json(5).
    pub(super) fn files(&self) -> Vec<(PathBuf, super::file::Form)> {
        use super::file::Form::{Current, Legacy};
        let legacy = self.home.as_ref().map(|home| home.join(".dockercfg"));
        let all = [
            (self.registry_auth_file.clone(), Current),
            (self.xdg_runtime_dir.as_ref().map(|folder| folder.join(AUTH_FILE)), Current),
            (self.podman_file(), Current),
            (self.docker_file(), Current),
            (legacy, Legacy),
        ];
        all.into_iter().filter_map(|(path, form)| Some((path?, form))).collect()
    }
}

/// Relative folders in `XDG_…` are invalid (XDG base directory specification).
fn absolute(value: &OsString) -> Option<PathBuf> {
    Some(PathBuf::from(value)).filter(|path| path.is_absolute())
}

impl fmt::Debug for Environment {
    /// Leaves out the values of variables, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("home", &self.home)
            .field("docker_config", &self.docker_config)
            .field("registry_auth_file", &self.registry_auth_file)
            .field("xdg_runtime_dir", &self.xdg_runtime_dir)
            .field("xdg_config_home", &self.xdg_config_home)
            .field("registries", &self.registries.keys())
            .finish_non_exhaustive()
    }
}
