//! One user's root with its taps, its machine and its way out: what every command works on.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use catalog::{Manifests, Spec, Tap, Taps, spec};
use digest::Sha256;
use formula::{
    Platform, Source,
    template::{self, Token},
};
use store::{Layout, keg};

use crate::{
    blobs::Blobs,
    event::{Event, Listener},
    git::Git,
    host::Host,
    needs::Needs,
    network::Network,
    receipt::{self, Receipt},
    state::{Installed, Package},
};

/// Everything that a command is told about its surroundings.
#[derive(Clone)]
pub struct Setting {
    /// The root folder.
    pub root: PathBuf,
    /// The root whose store and lock this one has, where it is a project's; see [`crate::projects`].
    pub shared: Option<PathBuf>,
    /// The platform that packages are for, where it is not that of this machine.
    pub platform: Option<Platform>,
    /// The path that packages are written for, where it is not the root's own: another folder
    /// that leads to it while they run.
    pub relocated_as: Option<PathBuf>,
    /// The folder that remembers which taps there are, where it is not the root's own.
    pub taps: Option<PathBuf>,
    /// What the configuration says of taps.
    pub tap_rules: catalog::Rules,
    /// Taps beside those; they come before one of the same name.
    pub lent: Vec<Tap>,
    /// Where manifests are kept between commands; none keeps nothing.
    pub cache: Option<PathBuf>,
    /// A layout or tap that is asked first for whatever a formula pins.
    pub nearby: Option<oci::Place>,
    /// How many bytes of downloads stay in the cache as they came; none do where nothing is said.
    pub downloads_kept: Option<u64>,
    /// How many downloads run at once, at least 1.
    pub jobs: usize,
    /// How registries are spoken to.
    pub oci: oci::Config,
    /// Whether packages may be made here from source code, where none is published.
    pub builds: bool,
    /// The user's PATH, to tell what a new command hides.
    pub path: Option<OsString>,
    /// The user's proxies, for programs that are run on the way.
    pub proxies: Vec<(OsString, OsString)>,
    /// Takes what happens.
    pub events: Listener,
    /// The command as the user typed it, for the history.
    pub command: String,
}

impl Setting {
    /// A root by itself: this machine's platform, its own taps, nothing kept, one download at a
    /// time, and nobody told of anything.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            shared: None,
            platform: None,
            relocated_as: None,
            taps: None,
            tap_rules: catalog::Rules::default(),
            lent: Vec::new(),
            cache: None,
            nearby: None,
            downloads_kept: None,
            jobs: 1,
            oci: oci::Config::default(),
            builds: false,
            path: None,
            proxies: Vec::new(),
            events: Arc::new(|_| {}),
            command: String::new(),
        }
    }
}

/// One user's root; making one touches nothing.
pub struct Home {
    pub(crate) setting: Setting,
    pub(crate) layout: Layout,
    /// The layout as files of packages have it; only for texts, never to open anything.
    pub(crate) written: Layout,
    pub(crate) host: Host,
    pub(crate) network: Arc<Network>,
    pub(crate) git: Arc<Git>,
    pub(crate) manifests: Manifests,
    pub(crate) downloads: AtomicU64,
    /// Packages that were made in this run, by what they were made of.
    pub(crate) made: Mutex<BTreeMap<Sha256, Source>>,
    taps: OnceLock<Taps>,
}

/// A root cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine is of a kind that has no word among the platforms.
    #[error(
        "pkg does not know this kind of machine: {} on {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    )]
    Host,
    /// The root breaks a rule, or one of its folders cannot be trusted.
    #[error("cannot work below `{}`", root.display())]
    Root {
        /// The root.
        root: PathBuf,
        /// The rule.
        #[source]
        source: store::layout::Error,
    },
}

/// What programs that are run on the way are told of the user's environment.
fn variables(setting: &Setting) -> Vec<(OsString, OsString)> {
    let path = setting.path.iter().map(|path| ("PATH".into(), path.clone()));
    path.chain(setting.proxies.iter().cloned()).collect()
}

impl Home {
    /// A root as it is set; reads nothing yet.
    pub fn open(setting: Setting) -> Result<Self, Error> {
        let host = match setting.platform {
            Some(platform) => Host::of(platform),
            None => Host::detect().ok_or(Error::Host)?,
        };
        let root = setting.root.clone();
        Ok(Self {
            layout: match &setting.shared {
                Some(shared) => Layout::guest(root, shared.clone()),
                None => Layout::new(root),
            },
            written: Layout::new(setting.relocated_as.as_ref().unwrap_or(&setting.root).clone()),
            host,
            git: Arc::new(Git::new(setting.oci.clone(), variables(&setting))),
            network: Arc::new(Network::new(setting.oci.clone())),
            manifests: Manifests::new(setting.cache.clone()),
            downloads: AtomicU64::new(0),
            made: Mutex::default(),
            taps: OnceLock::new(),
            setting,
        })
    }

    /// The paths below the root.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where manifests are kept between commands, and what is made may lie for a while.
    pub fn cache(&self) -> Option<&Path> {
        self.setting.cache.as_deref()
    }

    /// The downloads that stay in the cache, where they are to.
    pub(crate) fn blobs(&self) -> Option<Blobs> {
        Some(Blobs::new(self.setting.cache.as_deref()?, self.setting.downloads_kept?))
    }

    /// The machine.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// How many downloads run at once.
    pub fn jobs(&self) -> usize {
        self.setting.jobs.max(1)
    }

    /// Tells what happens to whoever shows it.
    pub fn tell(&self, event: Event) {
        (self.setting.events)(event);
    }

    /// A number for the events of one more download.
    pub fn next_download(&self) -> u64 {
        self.downloads.fetch_add(1, Ordering::Relaxed)
    }

    /// The taps, read when first asked for.
    pub fn taps(&self) -> Result<&Taps, catalog::taps::Error> {
        if self.taps.get().is_none() {
            let own = || self.layout.taps();
            let folder = self.setting.taps.clone().unwrap_or_else(own);
            let mut taps = Taps::open_ruled(&folder, self.setting.tap_rules.clone())?;
            self.setting.lent.iter().for_each(|tap| taps.lend(tap.clone()));
            // A thread that was faster has read the same.
            let _ = self.taps.set(taps).is_ok();
        }
        Ok(self.taps.get().expect("set above"))
    }

    /// The packages of the current generation.
    pub fn installed(&self) -> Result<Installed, store::generation::Error> {
        Installed::read(&self.layout)
    }

    /// The name by which a package is installed that `name` means: its own, or another one of it.
    pub fn own_name(&self, installed: &Installed, name: &str) -> String {
        let is_it = |package: &&Package| {
            let receipt = self.receipt(package);
            receipt.is_ok_and(|known| known.package.other_names().any(|n| n.as_str() == name))
        };
        let is_own = !installed.named(name).is_empty();
        let owner = (!is_own).then(|| installed.packages().iter().find(is_it)).flatten();
        owner.map_or_else(|| name.to_owned(), |package| package.name.clone())
    }

    /// A bare name as one of the tap that all of that name is installed from.
    pub fn of_own_tap(&self, installed: &Installed, spec: &Spec) -> Option<Spec> {
        let spec::Kind::Name { tap: None, name } = &spec.kind else { return None };
        let own = self.own_name(installed, name.as_str());
        let (first, others) = installed.named(&own).split_first().map(|(f, o)| (*f, o.to_vec()))?;
        let is_same = others.iter().all(|package| package.tap == first.tap);
        let kind = spec::Kind::Name { tap: Some(first.tap.clone()), name: name.clone() };
        is_same.then(|| Spec { kind, at: spec.at.clone() })
    }

    /// What is remembered of a package.
    pub fn receipt(&self, package: &Package) -> Result<Receipt, receipt::Error> {
        Receipt::read(&self.layout, &package.keg)
    }

    /// Makes the root and its folders, where they are not there.
    pub(crate) fn create(&self) -> Result<(), Error> {
        let root = self.layout.root().to_owned();
        self.layout.create().map_err(|source| Error::Root { root, source })
    }

    /// Seconds since 1970.
    pub(crate) fn now() -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
    }

    /// Expands the install-time tokens of a text of one keg, as paths below `layout`.
    pub(crate) fn expand(
        layout: &Layout,
        text: &str,
        keg: &keg::Id,
        needs: &Needs,
    ) -> Result<String, template::Error> {
        let shown = |path: &Path| Some(path.display().to_string());
        template::install(text, &|token| match token {
            Token::Prefix => shown(&layout.current()),
            Token::Keg => shown(&layout.keg(&keg.name, &keg.leaf)),
            Token::Etc => shown(&layout.etc()),
            Token::Var => shown(&layout.var()),
            Token::Dep(name) => Some(needs.place(layout, name)),
            Token::Out | Token::Src | Token::Jobs => None,
        })
    }
}
