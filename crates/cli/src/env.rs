//! The process's environment, read once: nothing else in the program asks for a variable.
//!
//! It knows which variables count and what their texts mean, not what the answers are used for.
//! `PKG_*` is ignored where the program runs with another user's rights than its caller's.

use std::{
    ffi::OsString,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

/// The environment as the program uses it.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `PKG_ROOT`: the root folder.
    pub root: Option<PathBuf>,
    /// `PKG_OFFLINE`: no network.
    pub offline: bool,
    /// `PKG_JOBS`: downloads and unpackings at once.
    pub jobs: Option<NonZeroUsize>,
    /// `PKG_YES`: every question is answered with yes.
    pub yes: bool,
    /// `PKG_LOG`: what to log, as `-v` does.
    pub log: Option<String>,
    /// `CI` or `NO_PROGRESS`: no progress bars.
    pub no_progress: bool,
    /// `XDG_DATA_HOME`, where it is an absolute path.
    pub data_home: Option<PathBuf>,
    /// `PATH`.
    pub path: Option<OsString>,
    /// `SHELL`.
    pub shell: Option<PathBuf>,
    /// `PKG_HOOK`: what the hook of a shell activated.
    pub hook: Option<String>,
    /// Proxies, as variables: what programs that `pkg` runs are told of them.
    pub proxies: Vec<(OsString, OsString)>,
    /// What credentials for registries are looked up by.
    pub credentials: oci::credentials::Environment,
    /// The user's own folders; none where neither `HOME` nor the password file names a home.
    pub folders: Option<Folders>,
}

/// Folders below the user's home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The home folder.
    pub home: PathBuf,
    /// Where `config.toml` is.
    pub config: PathBuf,
    /// What may be deleted at any time.
    pub cache: PathBuf,
}

/// A variable whose text cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A relative path would mean another folder in each working directory.
    #[error("the variable `{variable}` is `{value}`, which is not an absolute path")]
    Relative {
        /// The variable.
        variable: &'static str,
        /// Its text.
        value: String,
    },
    /// Not a whole number of at least 1.
    #[error("the variable `{variable}` is `{value}`, which is not a whole number from 1 on")]
    NotANumber {
        /// The variable.
        variable: &'static str,
        /// Its text.
        value: String,
    },
}

/// Every variable that `pkg` itself reads, with its meaning, in the order of the reference page.
pub const VARIABLES: &[(&str, &str)] = &[
    ("PKG_ROOT", "The root folder: an absolute path. `--root` wins."),
    ("PKG_OFFLINE", "`1`: no network, as `--offline`."),
    ("PKG_JOBS", "How many downloads run at once; wins over `jobs` of config.toml."),
    ("PKG_YES", "`1`: questions are answered with yes, as `--yes`."),
    ("PKG_LOG", "What to log to stderr: `warn`, `info`, `debug`, `trace`, or `pkg_oci=debug,…`."),
    (
        "PKG_HOOK",
        "What the hook of a shell activated, and how to take it back; `pkg hook` sets it.",
    ),
    ("NO_PROGRESS", "Set and neither empty nor `0`: no progress bars."),
    ("CI", "As `NO_PROGRESS`."),
    ("XDG_DATA_HOME", "The root folder is `pkg` in it; `~/.local/share` where it is unset."),
    ("PATH", "Searched for the commands that a package would hide; never changed."),
    ("SHELL", "The shell that `pkg shellenv` writes for when none is named."),
];

/// Variables that libraries read on the program's behalf.
pub const VARIABLES_ELSEWHERE: &[(&str, &str)] = &[
    ("PKG_COMPLETE", "Set by the scripts of `pkg completions` while a command is being typed."),
    ("HOME", "The user's home; where it is unset, the password file says it."),
    ("XDG_CONFIG_HOME", "`config.toml` is in `pkg` in it; `~/.config` where it is unset."),
    ("XDG_CACHE_HOME", "Caches are in `pkg` in it; `~/.cache` where it is unset."),
    (
        "PKG_REGISTRY_<HOST>_TOKEN",
        "A registry's token or password; the host in upper case, `_` for `.` and `:`, `__` for `-`.",
    ),
    ("PKG_REGISTRY_<HOST>_USER", "The user that goes with it."),
    ("DOCKER_CONFIG", "The folder of Docker's `config.json`, for credentials; else `~/.docker`."),
    ("REGISTRY_AUTH_FILE", "A file of credentials that is looked at before all others."),
    ("XDG_RUNTIME_DIR", "Podman's credentials are in `containers/auth.json` in it."),
    ("HTTPS_PROXY", "A proxy; `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` count too."),
    (
        "NO_COLOR",
        "Set and not empty: no colours. `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` count too.",
    ),
];

/// A variable of the user's that a project sets otherwise, to be set back later.
pub(crate) fn of_user(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

impl Environment {
    /// Reads the environment of this process.
    ///
    /// # Errors
    ///
    /// A `PKG_*` variable or `HOME` holds a text that cannot be meant.
    pub fn of_process() -> Result<Self, Error> {
        let is_trusted = !has_borrowed_rights();
        let mut environment = Self::read(is_trusted, &mut |name| std::env::var_os(name))?;
        environment.folders = folders()?;
        let is_heard = |(name, _): &(OsString, OsString)| {
            is_trusted || !name.as_encoded_bytes().starts_with(b"PKG_")
        };
        environment.proxies = std::env::vars_os().filter(is_proxy).collect();
        let variables = std::env::vars_os().filter(is_heard);
        environment.credentials = oci::credentials::Environment::from_variables(variables);
        Ok(environment)
    }

    /// Reads the variables through `lookup`; `PKG_*` only where they are trusted.
    fn read(
        is_trusted: bool,
        lookup: &mut dyn FnMut(&'static str) -> Option<OsString>,
    ) -> Result<Self, Error> {
        let mut variable = |name| {
            let value = lookup(name).filter(|value| !value.is_empty());
            value.filter(|_| is_trusted || !name.starts_with("PKG_"))
        };
        Ok(Self {
            root: variable("PKG_ROOT").map(|value| absolute("PKG_ROOT", value)).transpose()?,
            offline: variable("PKG_OFFLINE").is_some_and(is_yes),
            jobs: variable("PKG_JOBS").map(|value| number("PKG_JOBS", &value)).transpose()?,
            yes: variable("PKG_YES").is_some_and(is_yes),
            log: variable("PKG_LOG").map(|value| value.to_string_lossy().into_owned()),
            no_progress: variable("NO_PROGRESS").is_some_and(is_yes)
                | variable("CI").is_some_and(is_yes),
            // The base directory specification: "all paths must be absolute", others are ignored.
            data_home: variable("XDG_DATA_HOME").map(PathBuf::from).filter(|p| p.is_absolute()),
            path: variable("PATH"),
            shell: variable("SHELL").map(PathBuf::from),
            hook: variable("PKG_HOOK").map(|value| value.to_string_lossy().into_owned()),
            proxies: Vec::new(),
            credentials: oci::credentials::Environment::default(),
            folders: None,
        })
    }
}

fn folders() -> Result<Option<Folders>, Error> {
    let Some(dirs) = directories::ProjectDirs::from("", "", "pkg") else { return Ok(None) };
    let Some(base) = directories::BaseDirs::new() else { return Ok(None) };
    let home = absolute("HOME", base.home_dir().into())?;
    let (config, cache) = (dirs.config_dir().to_owned(), dirs.cache_dir().to_owned());
    Ok(Some(Folders { home, config, cache }))
}

fn is_proxy((name, _): &(OsString, OsString)) -> bool {
    ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether the program runs with rights that its caller does not have (setuid, setgid).
fn has_borrowed_rights() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}

fn absolute(variable: &'static str, value: OsString) -> Result<PathBuf, Error> {
    if Path::new(&value).is_absolute() {
        return Ok(value.into());
    }
    Err(Error::Relative { variable, value: value.to_string_lossy().into_owned() })
}

fn number(variable: &'static str, value: &OsString) -> Result<NonZeroUsize, Error> {
    let value = value.to_string_lossy();
    let malformed = |_| Error::NotANumber { variable, value: value.clone().into_owned() };
    value.parse().map_err(malformed)
}

fn is_yes(value: OsString) -> bool {
    !["0", "false", "no", "off"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(is_trusted: bool, variables: &[(&str, &str)]) -> Result<Environment, Error> {
        Environment::read(is_trusted, &mut |name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some(value.into())
        })
    }

    #[test]
    fn what_is_asked_for_is_what_the_reference_lists() {
        let mut asked = Vec::new();
        Environment::read(true, &mut |name| {
            asked.push(name);
            None
        })
        .unwrap();
        let mut listed: Vec<_> = VARIABLES.iter().map(|(name, _)| *name).collect();
        asked.sort_unstable();
        listed.sort_unstable();
        assert_eq!(asked, listed);
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let empty: Vec<_> = VARIABLES.iter().map(|(name, _)| (*name, "")).collect();
        let environment = read(true, &empty).unwrap();
        assert_eq!(format!("{environment:?}"), format!("{:?}", Environment::default()));
    }

    #[test]
    fn switches_are_on_unless_they_say_no() {
        for (value, on) in
            [("1", true), ("true", true), ("x", true), ("0", false), ("FALSE", false)]
        {
            let environment = read(
                true,
                &[("PKG_OFFLINE", value), ("PKG_YES", value), ("CI", value), ("NO_PROGRESS", "0")],
            )
            .unwrap();
            let got = [environment.offline, environment.yes, environment.no_progress];
            assert_eq!(got, [on; 3], "{value}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_meant_is_an_error() {
        for (variable, value, expect) in [
            ("PKG_ROOT", "here", Some("`PKG_ROOT` is `here`, which is not an absolute path")),
            ("PKG_ROOT", "/here", None),
            ("PKG_JOBS", "0", Some("`PKG_JOBS` is `0`, which is not a whole number from 1 on")),
            ("PKG_JOBS", "many", Some("`PKG_JOBS` is `many`, which is not a whole number")),
            ("PKG_JOBS", "3", None),
            ("XDG_DATA_HOME", "here", None),
        ] {
            let error = read(true, &[(variable, value)]).err().map(|error| error.to_string());
            match (&error, expect) {
                (Some(error), Some(expect)) => assert!(error.contains(expect), "{error}"),
                _ => assert_eq!(error.as_deref(), expect, "{variable}={value}"),
            }
        }
    }

    #[test]
    fn a_relative_xdg_path_is_ignored() {
        assert_eq!(read(true, &[("XDG_DATA_HOME", "here")]).unwrap().data_home, None);
        let data_home = read(true, &[("XDG_DATA_HOME", "/d")]).unwrap().data_home;
        assert_eq!(data_home, Some("/d".into()));
    }

    #[test]
    fn with_borrowed_rights_our_own_variables_are_not_heard() {
        let variables = [("PKG_ROOT", "/x"), ("PKG_YES", "1"), ("PKG_JOBS", "many"), ("CI", "1")];
        let environment = read(false, &variables).unwrap();
        assert_eq!((environment.root, environment.yes, environment.jobs), (None, false, None));
        assert!(environment.no_progress);
    }
}
