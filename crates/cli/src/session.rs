//! What a command gets: the settings of this run, the printer, and the rooms below, opened.

use std::{
    io::IsTerminal as _,
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use catalog::{DIRECT, Found, Spec, Tap, Taps, spec::Kind, taps};
use install::{Home, Origin, Package};
use publish::{
    make::{self, Builder},
    work::{self, Folder},
};

use crate::{
    args::Global,
    commands::shellenv::Shell,
    config::{Registry, registry::Mirror},
    env::Environment,
    exit::Exit,
    failure::{Failure, Result, did_you_mean},
    interrupt,
    printer::Printer,
    progress::Progress,
    settings::Settings,
};

/// Bytes of a gigabyte.
const GB: u64 = 1_000_000_000;

/// One run of the program.
pub(crate) struct Session {
    pub(crate) environment: Environment,
    pub(crate) settings: Settings,
    pub(crate) printer: Arc<Printer>,
    pub(crate) progress: Arc<Progress>,
    /// The command as the history and the lock's file have it.
    command: String,
}

impl Session {
    pub(crate) fn new(
        global: &Global,
        command: String,
        environment: Environment,
        printer: &Arc<Printer>,
    ) -> Result<Self> {
        let settings = Settings::read(global, &environment)?;
        let progress = Arc::new(Progress::new(printer, environment.no_progress));
        interrupt::watch(printer);
        Ok(Self { environment, settings, printer: printer.clone(), progress, command })
    }

    /// The user's root; nothing is read or made before it is asked for.
    pub(crate) fn home(&self) -> Result<Home> {
        Ok(Home::open(self.own_setting())?)
    }

    /// The user's root, where what is not published may be built.
    pub(crate) fn home_that_builds(&self) -> Result<Home> {
        Ok(Home::open(install::Setting { builds: true, ..self.own_setting() })?)
    }

    /// The user's root, with a registry client that `change` sets up otherwise.
    pub(crate) fn home_with(&self, change: impl FnOnce(&mut oci::Config)) -> Result<Home> {
        let mut setting = self.own_setting();
        change(&mut setting.oci);
        Ok(Home::open(setting)?)
    }

    /// How the user's root is set; whoever opens another one beside it starts from that.
    pub(crate) fn own_setting(&self) -> install::Setting {
        let progress = self.progress.clone();
        let kept = self.settings.keep_downloads.as_ref();
        install::Setting {
            shared: install::projects::host_of(&self.settings.root.value),
            tap_rules: self.settings.tap_rules(),
            cache: self.cache().map(ToOwned::to_owned),
            downloads_kept: kept.map(|gigabytes| gigabytes.value.get().saturating_mul(GB)),
            jobs: self.settings.jobs.value.get(),
            oci: self.oci(),
            path: self.environment.path.clone(),
            proxies: self.settings.proxies.variables(),
            events: Arc::new(move |event| progress.on(event)),
            command: self.command.clone(),
            ..install::Setting::new(self.settings.root.value.clone())
        }
    }

    /// Builds packages from source code; at most `jobs` commands of a build run at once.
    pub(crate) fn builder(&self, jobs: Option<u32>, keep: bool) -> Result<Builder> {
        let failed = |error, what: &str| Failure::new(Exit::Failed, error).context(what.to_owned());
        let (cache, root) = (self.cache(), &self.settings.root.value);
        let work = Folder::new(&make::work(cache, root), keep);
        let work = work.map_err(|error| failed(error, "cannot make a folder for builds"))?;
        let program = std::env::current_exe();
        let program =
            program.map_err(|error| failed(error, "cannot tell where this program is"))?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let progress = self.progress.clone();
        Ok(Builder {
            setting: self.own_setting(),
            taps: store::Layout::new(self.settings.root.value.clone()).taps(),
            work: Arc::new(work),
            jobs: jobs.unwrap_or_else(|| u32::try_from(cores).unwrap_or(1)),
            keep,
            program,
            events: Arc::new(move |event| progress.on_build(event)),
        })
    }

    /// Removes what interrupted builds left, and says what that is; with `dry` only the latter.
    pub(crate) fn sweep(&self, dry: bool) -> Result<work::Left> {
        let work = make::work(self.cache(), &self.settings.root.value);
        if !work.exists() {
            return Ok(work::Left::default());
        }
        let left = work::left(&work);
        let swept =
            if dry { left } else { left.and_then(|left| work::sweep(&work).map(|()| left)) };
        swept.map_err(|error| {
            Failure::new(Exit::Failed, error).context("cannot remove what builds left".to_owned())
        })
    }

    /// The folder for what may be deleted at any time.
    fn cache(&self) -> Option<&Path> {
        self.settings.cache.as_ref().map(|cache| cache.value.as_path())
    }

    /// How registries are spoken to.
    pub(crate) fn oci(&self) -> oci::Config {
        let settings = &self.settings;
        let mut config = oci::Config {
            credentials: oci::credentials::Lookup::new(self.environment.credentials.clone()),
            offline: settings.offline.value,
            stall: Duration::from_secs(settings.stall.value),
            retries: settings.retries.value,
            ..oci::Config::default()
        };
        let mirrors = settings.mirrors.iter().map(|mirror| &mirror.value);
        let mirrors = mirrors.filter(|mirror| !mirror.is_of_tap());
        config.mirrors = mirrors.map(|mirror| (mirror.from.clone(), mirror.to.clone())).collect();
        let is_plain = |own: &&Registry| own.plain_http.as_ref().is_some_and(|plain| plain.value);
        let plain = settings.registries.iter().filter(is_plain);
        config.plain_http = plain.map(|own| own.host.clone()).collect();
        config.registries = settings.registries.iter().map(of_registry).collect();
        config.allowed_registries = settings.allowed_registries();
        config.allowed_sources = settings.allowed_sources();
        config.proxies = settings.proxies.of_client();
        config.streams_per_host = settings.jobs.value.get();
        if let Some(connections) = &settings.connections {
            config.streams_per_host = connections.value.get();
            config.requests_per_host = connections.value.get();
        }
        config.ca = settings.ca.iter().flat_map(|ca| ca.value.clone()).collect();
        if let Some(folders) = &self.environment.folders {
            config.certs.push(folders.config.join("certs.d"));
        }
        config.push.locks = self.cache().map(|cache| cache.join("locks"));
        let progress = self.progress.clone();
        config.events = Arc::new(move |event| progress.on_network(event));
        config
    }

    /// Asks before something that goes beyond what was named.
    ///
    /// # Errors
    ///
    /// Nobody is there to be asked, and nobody said yes beforehand.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool> {
        if self.settings.yes.value {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            let sentence = "this needs a yes, and there is no terminal to ask on";
            let failure = Failure::told(Exit::Failed, sentence);
            return Err(failure.hint("run it again with `--yes` if the plan is what you want"));
        }
        let asked = self.printer.ask(question);
        asked.map_err(|error| Failure::new(Exit::Failed, error).context("cannot read the answer"))
    }

    /// The user's shell, where it is one that is known here.
    pub(crate) fn shell(&self) -> Option<Shell> {
        Shell::of_path(self.environment.shell.as_ref()?)
    }

    /// The taps that formulas come from.
    pub(crate) fn taps(&self) -> Result<Taps> {
        Ok(self.settings.open_taps()?)
    }

    /// The formula that `spec` names, whichever version it asks for.
    pub(crate) fn formula(&self, spec: &Spec) -> Result<Found> {
        match &spec.kind {
            Kind::Name { tap, name } => {
                let found = self.taps()?.find(tap.as_deref(), name.as_str());
                found.map_err(|error| match error {
                    taps::Error::NoFormula { .. } | taps::Error::NoTap { .. } => {
                        let direct = self.direct(tap.as_deref(), name.as_str());
                        let file = tap.iter().map(String::as_str).chain([name.as_str()]).collect();
                        direct.unwrap_or_else(|| with_file(error.into(), file))
                    }
                    error => error.into(),
                })
            }
            Kind::File(file) if file.is_dir() => {
                Err(install::proposal::Error::Folder { path: file.clone() }.into())
            }
            Kind::File(file) => {
                let found = Tap::folder(folder_of(file), None)?.formula_file(file)?;
                found.ok_or_else(|| no_file(file))
            }
            Kind::Reference(_) => {
                let sentence = format!("`{spec}` is a package without a formula");
                let hint = format!("`pkg inspect {spec}` shows what is there");
                Err(Failure::told(Exit::Usage, sentence).hint(hint))
            }
        }
    }

    /// The same for who looks at it: where several taps have the name, the one that it is
    /// installed from is meant.
    pub(crate) fn formula_meant(&self, spec: &Spec) -> Result<Found> {
        self.formula(spec).or_else(|failure| {
            if !failure.error.downcast_ref().is_some_and(taps::Error::is_of_several) {
                return Err(failure);
            }
            let home = self.home()?;
            let own = home.of_own_tap(&home.installed()?, spec);
            own.and_then(|own| self.formula(&own).ok()).ok_or(failure)
        })
    }

    /// The formula that `spec` names, and the tap that it is of: for a file the file's folder.
    pub(crate) fn formula_and_tap(&self, spec: &Spec) -> Result<(Found, Tap)> {
        let found = self.formula(spec)?;
        let tap = match &spec.kind {
            Kind::File(file) => Tap::folder(folder_of(file), None)?,
            _ => self.taps()?.tap(&found.tap)?.clone(),
        };
        Ok((found, tap))
    }

    /// The same of a formula whose file is to be written, and so must be here.
    pub(crate) fn own_formula_and_tap(&self, spec: &Spec) -> Result<(Found, Tap)> {
        let (found, tap) = self.formula_and_tap(spec)?;
        if found.folder.is_some() && !found.is_remote {
            return Ok((found, tap));
        }
        let sentence = format!("`{spec}` is no formula's file: its tap is not a folder");
        let hint = "publish the file in the folder that the tap is made from";
        Err(Failure::told(Exit::Usage, sentence).hint(hint))
    }

    /// That a name which no tap has is installed all the same, and from where.
    fn direct(&self, tap: Option<&str>, name: &str) -> Option<Failure> {
        let home = self.home().ok()?;
        let installed = home.installed().ok()?;
        let package = installed.meant(name, None).filter(|package| package.tap == DIRECT)?;
        if tap.is_some_and(|tap| tap != DIRECT) {
            return None;
        }
        let told = |from: &str| {
            let sentence = format!("`{name}` is of no tap; it was installed from `{from}`");
            Failure::told(Exit::NotFound, sentence)
        };
        Some(match home.receipt(package).ok()?.origin {
            Origin::File(path) => told(&shown(&path)).hint("the path names its formula"),
            Origin::Reference(from) => {
                told(&from).hint(format!("`pkg info {name}` shows what is known of it"))
            }
            Origin::Tap => return None,
        })
    }

    /// The installed package that `NAME` or `NAME@SLOT` names.
    pub(crate) fn package(&self, home: &Home, text: &str) -> Result<Package> {
        let target = install::Target::parse(text);
        let installed = home.installed()?;
        let name = home.own_name(&installed, &target.name);
        if let Some(package) = installed.meant(&name, target.slot.as_deref()) {
            return Ok(package.clone());
        }
        let names = installed.packages().iter().map(Package::shown_name);
        Err(not_installed(text, names))
    }
}

/// The settings of one registry as the client takes them.
fn of_registry(own: &Registry) -> (String, oci::config::Registry) {
    let identity = own.client_certificate.as_ref().zip(own.client_key.as_ref());
    let identity = identity.map(|(certificate, key)| oci::config::Identity {
        certificate: certificate.value.clone(),
        key: key.value.clone(),
    });
    let proxies = own.proxy.as_ref().map(|proxy| oci::config::Proxies {
        http: proxy.value.url(),
        https: proxy.value.url(),
        except: None,
    });
    let mirrors = own.mirrors.iter().flat_map(|mirrors| &mirrors.value);
    let mirror = |mirror: &Mirror| oci::config::Mirror {
        location: mirror.location.clone(),
        answers_tags: !mirror.digest_only,
    };
    let registry = oci::config::Registry {
        token_servers: own.token_servers.iter().flat_map(|own| own.value.clone()).collect(),
        tls: own.plain_http.as_ref().is_some_and(|plain| !plain.value),
        ca: own.ca.iter().flat_map(|ca| ca.value.clone()).collect(),
        identity,
        proxies,
        mirrors: mirrors.map(mirror).collect(),
        is_only_mirrored: own.fallback.as_ref().is_some_and(|fallback| !fallback.value),
    };
    (own.host.clone(), registry)
}

fn not_installed(text: &str, names: impl Iterator<Item = String>) -> Failure {
    let is_like = |name: &String| {
        name.starts_with(&format!("{text}@")) || strsim::jaro_winkler(name, text) > 0.84
    };
    let near: Vec<_> = names.filter(is_like).collect();
    let failure = Failure::told(Exit::NotFound, format!("`{text}` is not installed"));
    match did_you_mean(&near) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// That a formula's file is not there; another one may be meant.
pub(crate) fn no_file(file: &Path) -> Failure {
    let sentence = format!("there is no file `{}`", file.display());
    with_file(Failure::told(Exit::NotFound, sentence), file.to_owned())
}

/// A failure to find what was named, with the file that is there and may be meant.
fn with_file(failure: Failure, named: PathBuf) -> Failure {
    match meant_file(&named) {
        Some(file) => failure.hint(format!("did you mean `{}`?", file.display())),
        None => failure,
    }
}

/// The formula's file that a path without its ending leads to.
pub(crate) fn meant_file(named: &Path) -> Option<PathBuf> {
    let mut file = named.to_owned().into_os_string();
    file.push(".toml");
    Some(PathBuf::from(file)).filter(|file| file.is_file())
}

/// The folder of a file; the working folder where the path is a bare name.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The paths as JSON and terminals take them.
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
