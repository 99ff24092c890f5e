//! What holds for this run: flags before variables before the user's file before the system's
//! before defaults.
//!
//! What protects, the system's file decides for everybody: that no network is used, whom TLS
//! trusts, what is fetched from elsewhere, and all that is special about a registry. Each value
//! remembers where it comes from, which is what `pkg config` shows.

mod allowed;
mod fixed;
mod proxies;

use std::{
    fmt, io,
    num::{NonZeroU64, NonZeroUsize},
    path::{Component, Path, PathBuf},
};

use crate::{
    args::Global,
    config::{Config, Mirror, Policy, Registry, SYSTEM_FILE, Tap},
    env::Environment,
    failure::Failure,
};

pub use fixed::Unheard;
pub use proxies::Proxies;

/// Downloads at once where nobody says how many.
const JOBS: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");

/// The longest silence of a server, in seconds, where nobody says how long.
const STALL_SECONDS: u64 = 30;

/// How often a failed request is tried again where nobody says how often.
const RETRIES: u32 = 5;

/// How long another process may hold the lock, in seconds, where nobody says how long.
const LOCK_SECONDS: u64 = 600;

/// The values that hold for this run.
#[derive(Debug)]
pub struct Settings {
    /// The root folder, absolute.
    pub root: Setting<PathBuf>,
    /// What may be deleted at any time; none without a home.
    pub cache: Option<Setting<PathBuf>>,
    /// Where `config.toml` is looked for; none without a home.
    pub config_file: Option<PathBuf>,
    /// Downloads at once.
    pub jobs: Setting<NonZeroUsize>,
    /// Gigabytes of downloads that stay in the cache; none where nobody says so.
    pub keep_downloads: Option<Setting<NonZeroU64>>,
    /// Connections to one host at once; as many as there are downloads where nobody says it.
    pub connections: Option<Setting<NonZeroUsize>>,
    /// No network.
    pub offline: Setting<bool>,
    /// Every question is answered with yes.
    pub yes: Setting<bool>,
    /// Certificate authorities to trust beside the system's.
    pub ca: Option<Setting<Vec<PathBuf>>>,
    /// The longest silence of a server, in seconds.
    pub stall: Setting<u64>,
    /// How often a failed request is tried again.
    pub retries: Setting<u32>,
    /// The longest wait for another process that changes the root, in seconds.
    pub lock: Setting<u64>,
    /// What is fetched from elsewhere.
    pub mirrors: Vec<Setting<Mirror>>,
    /// What is special about single registries.
    pub registries: Vec<Registry>,
    /// The proxies for everything but this machine.
    pub proxies: Proxies,
    /// Taps that are there without having been added.
    pub taps: Vec<Setting<Tap>>,
    /// What may be used at all, as each file says it: the system's, then the user's.
    pub policies: Vec<Policy>,
    /// What the user's file says in vain.
    pub unheard: Vec<Unheard>,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
    /// A line of the user's `config.toml`, counted from 1.
    File(usize),
    /// A line of the system's.
    System(usize),
    /// Nobody said anything.
    Default,
}

/// A root folder that cannot be named.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a variable nor the password file says where the home is.
    #[error("nothing says where your home is: `HOME` is unset and the password file has no entry")]
    NoHome,
    /// A relative `--root` without a working directory.
    #[error("cannot tell which folder `--root {root}` names")]
    NoWorkingFolder {
        /// The path as given.
        root: String,
        /// Why there is no working directory.
        #[source]
        source: io::Error,
    },
}

impl<T> Setting<T> {
    fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

impl Settings {
    /// Reads both files, and decides what holds.
    ///
    /// # Errors
    ///
    /// A file cannot be used, or no root folder can be named.
    pub fn read(global: &Global, environment: &Environment) -> Result<Self, Failure> {
        let folders = environment.folders.as_ref();
        let user = folders.map(|folders| Config::of_folder(&folders.config)).transpose()?;
        let system = Config::of_file(Path::new(SYSTEM_FILE))?;
        Ok(Self::new(global, environment, system, user.unwrap_or_default())?)
    }

    /// Decides what holds; `system` is the system's file, `user` the user's.
    ///
    /// # Errors
    ///
    /// No root folder can be named.
    pub fn new(
        global: &Global,
        environment: &Environment,
        system: Config,
        user: Config,
    ) -> Result<Self, Error> {
        let folders = environment.folders.as_ref();
        let switch = |flag: Option<&'static str>, variable: Option<&'static str>| {
            let flag = flag.map(Origin::Flag);
            let origin = flag.or(variable.map(Origin::Variable))?;
            Some(Setting { value: true, origin })
        };
        let offline = switch(
            global.offline.then_some("--offline"),
            environment.offline.then_some("PKG_OFFLINE"),
        );
        let yes = switch(global.yes.then_some("--yes"), environment.yes.then_some("PKG_YES"));
        let jobs =
            environment.jobs.map(|value| Setting { value, origin: Origin::Variable("PKG_JOBS") });
        let mut fixed = fixed::Fixed::default();
        // `false` fixes nothing: whoever wants less network than all may have it.
        let is_offline = system.offline.filter(|offline| offline.value);
        let is_offline = fixed.either("offline", is_offline, user.offline);
        let default_cache = folders.map(|folders| Setting::default(folders.cache.clone()));
        Ok(Self {
            root: root(global, environment)?,
            cache: user.cache.or(system.cache).or(default_cache),
            config_file: folders.map(|folders| folders.config.join("config.toml")),
            jobs: jobs.or(user.jobs).or(system.jobs).unwrap_or(Setting::default(JOBS)),
            keep_downloads: user.keep_downloads.or(system.keep_downloads),
            connections: user.connections.or(system.connections),
            offline: offline.or(is_offline).unwrap_or(Setting::default(false)),
            yes: yes.unwrap_or(Setting::default(false)),
            ca: fixed.either("ca", system.ca, user.ca),
            stall: user.stall.or(system.stall).unwrap_or(Setting::default(STALL_SECONDS)),
            retries: user.retries.or(system.retries).unwrap_or(Setting::default(RETRIES)),
            lock: user.lock.or(system.lock).unwrap_or(Setting::default(LOCK_SECONDS)),
            mirrors: fixed.mirrors(system.mirrors, user.mirrors),
            registries: fixed.registries(system.registries, user.registries),
            proxies: Proxies::new(
                &environment.proxies,
                user.proxy.or(system.proxy),
                user.no_proxy.or(system.no_proxy),
            ),
            taps: fixed.taps(system.taps, user.taps),
            policies: vec![system.policy, user.policy],
            unheard: fixed.unheard,
        })
    }
}

/// The root folder: the flag, the variable, the data folder of the user.
fn root(global: &Global, environment: &Environment) -> Result<Setting<PathBuf>, Error> {
    if let Some(root) = &global.root {
        let value = absolute(root).map_err(|source| {
            let root = root.display().to_string();
            Error::NoWorkingFolder { root, source }
        })?;
        return Ok(Setting { value, origin: Origin::Flag("--root") });
    }
    if let Some(root) = &environment.root {
        return Ok(Setting { value: root.clone(), origin: Origin::Variable("PKG_ROOT") });
    }
    // The same place on every Unix: documentation and scripts need not tell systems apart.
    if let Some(data_home) = &environment.data_home {
        let origin = Origin::Variable("XDG_DATA_HOME");
        return Ok(Setting { value: data_home.join("pkg"), origin });
    }
    let home = &environment.folders.as_ref().ok_or(Error::NoHome)?.home;
    Ok(Setting { value: home.join(".local/share/pkg"), origin: Origin::Default })
}

/// The path from the root of the file system on, without looking at it.
///
/// # Errors
///
/// The path is relative and there is no working folder.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    if path.is_absolute() { Ok(path.to_owned()) } else { Ok(below(std::env::current_dir()?, path)) }
}

/// `path` seen from `working`, a folder without links: leading `..` can be taken off as text.
fn below(mut working: PathBuf, path: &Path) -> PathBuf {
    let mut components = path.components().peekable();
    while let Some(first @ (Component::CurDir | Component::ParentDir)) = components.peek() {
        if *first == Component::ParentDir {
            working.pop();
        }
        components.next();
    }
    working.extend(components);
    working
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(variable) => f.write_str(variable),
            Self::File(line) => write!(f, "config.toml:{line}"),
            Self::System(line) => write!(f, "{SYSTEM_FILE}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Folders;

    fn environment() -> Environment {
        let folders = Folders { home: "/h".into(), config: "/h/c".into(), cache: "/h/k".into() };
        Environment { folders: Some(folders), ..Environment::default() }
    }

    fn settings(global: Global, environment: &Environment, config: Config) -> Settings {
        Settings::new(&global, environment, Config::default(), config).unwrap()
    }

    #[test]
    fn flags_win_over_variables_over_the_file_over_defaults() {
        let config = || Config {
            jobs: Some(Setting { value: NonZeroUsize::new(2).unwrap(), origin: Origin::File(7) }),
            offline: Some(Setting { value: true, origin: Origin::File(8) }),
            ..Config::default()
        };
        let show = |s: &Settings| {
            let (jobs, offline) = (&s.jobs, &s.offline);
            format!(
                "{} {} {} {} {}",
                s.root.origin, jobs.value, jobs.origin, offline.value, offline.origin
            )
        };
        let with = |global, environment: &Environment, config| {
            show(&settings(global, environment, config))
        };

        let mut environment = environment();
        let global = Global::default;
        assert_eq!(
            with(global(), &environment, Config::default()),
            "default 4 default false default"
        );
        assert_eq!(
            with(global(), &environment, config()),
            "default 2 config.toml:7 true config.toml:8"
        );
        environment.data_home = Some("/d".into());
        environment.jobs = NonZeroUsize::new(9);
        environment.offline = true;
        assert_eq!(
            with(global(), &environment, config()),
            "XDG_DATA_HOME 9 PKG_JOBS true PKG_OFFLINE"
        );
        environment.root = Some("/r".into());
        let flags = Global { root: Some("/f".into()), offline: true, ..global() };
        assert_eq!(with(flags, &environment, config()), "--root 9 PKG_JOBS true --offline");
        assert_eq!(with(global(), &environment, config()), "PKG_ROOT 9 PKG_JOBS true PKG_OFFLINE");
    }

    #[test]
    fn the_root_is_the_same_on_every_unix() {
        let mut environment = environment();
        let root = |environment: &Environment| {
            let (system, user) = (Config::default(), Config::default());
            Settings::new(&Global::default(), environment, system, user).map(|s| s.root.value)
        };
        assert_eq!(root(&environment).unwrap(), Path::new("/h/.local/share/pkg"));
        environment.data_home = Some("/d".into());
        assert_eq!(root(&environment).unwrap(), Path::new("/d/pkg"));
        environment = Environment::default();
        assert!(matches!(root(&environment), Err(Error::NoHome)));
        environment.root = Some("/r".into());
        assert_eq!(root(&environment).unwrap(), Path::new("/r"));
    }

    #[test]
    fn a_relative_root_starts_at_the_working_folder() {
        for (path, expect) in [
            ("x", "/a/b/x"),
            ("./x/y", "/a/b/x/y"),
            ("../x", "/a/x"),
            ("../../../x", "/x"),
            ("x/../y", "/a/b/x/../y"),
        ] {
            assert_eq!(below("/a/b".into(), Path::new(path)), Path::new(expect), "{path}");
        }
    }
}
