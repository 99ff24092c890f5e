//! A version made from its source code: what it needs installed apart, then its steps carried out.
//!
//! What is needed lies in a root of its own, written for the placeholder path at which the steps
//! see it; a dependency that is not published for this machine is made first, in the same way.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use binary::PLACEHOLDER;
use build::{
    Compression, Packed,
    pack::{Audit, Progress},
    run::{self, Job, Place},
    staged::{self, Links},
};
use catalog::{DIRECT, Spec, Tap, spec::Kind};
use formula::{Build, Depend, FullName, Key, Platform, Resolved};
use install::{
    Around, Home, Request, Setting, Talk, made::ToMake, network, proposal, transaction, unpack,
};
use oci::Manifest;
use store::lock::Wait;

use crate::{
    pack::{self, About, Packer},
    sources,
    work::Folder,
};

/// How builds are carried out.
#[derive(Clone)]
pub struct Builder {
    /// How the root of the build's needs is set, but for where it is.
    pub setting: Setting,
    /// The folder that remembers which taps there are.
    pub taps: PathBuf,
    /// Takes the folders of builds; the log of one that failed is left beside it.
    pub work: Arc<Folder>,
    /// How many jobs a build may run at once.
    pub jobs: u32,
    /// Whether a build's folder is left for a look.
    pub keep: bool,
    /// The program that is called to run a step.
    pub program: PathBuf,
    /// Takes what happens.
    pub events: Arc<dyn Fn(run::Event) + Send + Sync>,
}

/// The folder for builds: below the cache, else in the root's own tree, as others could put what
/// they like into a folder of the system's for passing things.
pub fn work(cache: Option<&Path>, root: &Path) -> PathBuf {
    cache.unwrap_or(root).join("work")
}

/// A version is not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder of the build cannot be made, filled or removed.
    #[error("cannot {step} the folder of the build of `{name}`")]
    Folder {
        /// What was being done, as a verb.
        step: &'static str,
        /// Name of the package.
        name: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The source code cannot be had.
    #[error("cannot get the source code of `{name}`")]
    Source {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: unpack::Error,
    },
    /// A patch cannot be had.
    #[error("cannot get a patch of `{name}`")]
    Patch {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: sources::Error,
    },
    /// What was asked for cannot be found.
    #[error(transparent)]
    Proposal(Box<proposal::Error>),
    /// What the build needs cannot be found.
    #[error("cannot find what building `{name}` needs")]
    Needs {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<proposal::Error>,
    },
    /// What the build needs cannot be installed for it.
    #[error("cannot install what building `{name}` needs")]
    Install {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<transaction::Error>,
    },
    /// Building it takes itself.
    #[error("building takes itself: {}", ring.join(" -> "))]
    Ring {
        /// The packages, the first one again as the last.
        ring: Vec<String>,
    },
    /// Its steps would run on a machine that it is not for.
    #[error("cannot build `{name}` for {key} on {host}")]
    Elsewhere {
        /// Name of the package.
        name: String,
        /// What it is to run on.
        key: Key,
        /// The machine.
        host: Platform,
    },
    /// A step failed, or what it made is no package.
    #[error("cannot build `{name}`")]
    Run {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<run::Error>,
    },
    /// What was built cannot be packed.
    #[error(transparent)]
    Pack(#[from] pack::Error),
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
}

impl Builder {
    /// What `request` would change, once all that is not published was made.
    pub fn proposed(
        &self,
        home: &Home,
        request: &Request,
        wait: &mut Wait<'_>,
    ) -> Result<install::Proposal, Error> {
        self.satisfied(home, request, &Error::Proposal, &mut Vec::new(), wait)
    }

    /// Packs a version, whose formula is of `tap`; builds it first where it is source code.
    pub fn pack(
        &self,
        packer: &Packer<'_>,
        tap: Option<&Tap>,
        package: &Resolved,
        wait: &mut Wait<'_>,
    ) -> Result<Packed, Error> {
        if package.build.is_none() {
            return Ok(packer.upstream(package, wait)?);
        }
        let (home, around) = (packer.home, packer.around);
        let making = Making { builder: self, home, tap, package, around };
        making.packed(packer, &mut Vec::new(), wait)
    }

    /// Says how far packing is.
    pub(crate) fn tell(&self, progress: Progress) {
        (self.events)(run::Event::Packing(progress));
    }

    /// Makes what a proposal promises, and proposes again, until nothing is left to make;
    /// `failed` says what it means that there is no proposal.
    fn satisfied(
        &self,
        home: &Home,
        request: &Request,
        failed: &dyn Fn(Box<proposal::Error>) -> Error,
        ring: &mut Vec<String>,
        wait: &mut Wait<'_>,
    ) -> Result<install::Proposal, Error> {
        loop {
            let proposal = home.propose(request).map_err(|error| failed(Box::new(error)))?;
            let to_make = proposal.to_make();
            if to_make.is_empty() {
                return Ok(proposal);
            }
            // What is needed comes first; the others may need it, and are looked at again then.
            self.made(home, &to_make[0], ring, wait)?;
        }
    }

    /// Makes one package and puts it where `home` finds it.
    fn made(
        &self,
        home: &Home,
        one: &ToMake,
        ring: &mut Vec<String>,
        wait: &mut Wait<'_>,
    ) -> Result<(), Error> {
        let package = &one.resolved;
        let layout =
            self.work.path().join("made").join(&install::made::inputs(package).to_hex()[..24]);
        let around = &one.around;
        // What was named by its file is of no tap; for what it needs it is one of its folder.
        let tap = match (one.tap.as_str(), &around.folder) {
            (DIRECT, Some(folder)) => Tap::folder(folder, None).ok(),
            (name, _) => home.taps().ok().and_then(|taps| taps.tap(name).ok()).cloned(),
        };
        let making = Making { builder: self, home, tap: tap.as_ref(), package, around };
        let blobs = tempfile::tempdir_in(self.work.path()).map_err(making.failed("make"))?;
        // It stays on this machine, where time counts more than size.
        let (compression, blobs) = (Compression::Quick, blobs.path());
        let tell = &|progress| self.tell(progress);
        let packer = Packer { home, around, compression, blobs, tell };
        let packed = making.packed(&packer, ring, wait)?;
        let Manifest { digest, .. } = &packed.manifest;
        let (runtime, client) = home.online()?;
        let part = pack::part(package.key, &packed);
        let place = runtime.block_on(pack::lay(client, &layout, "made", &part))?;
        home.has_made(package, place.to_string(), digest.clone());
        Ok(())
    }
}

/// What is installed for a build: each name, and its folder below `opt`.
type Dependencies = BTreeMap<FullName, String>;

/// One version in the making.
struct Making<'a> {
    builder: &'a Builder,
    home: &'a Home,
    tap: Option<&'a Tap>,
    package: &'a Resolved,
    around: &'a Around,
}

impl Making<'_> {
    fn name(&self) -> String {
        self.package.name.as_str().to_owned()
    }

    fn packed(
        &self,
        packer: &Packer<'_>,
        ring: &mut Vec<String>,
        wait: &mut Wait<'_>,
    ) -> Result<Packed, Error> {
        if ring.contains(&self.name()) {
            let ring = ring.iter().cloned().chain([self.name()]).collect();
            return Err(Error::Ring { ring });
        }
        let (key, host) = (self.package.key, *self.home.host().platform());
        if host.best(std::iter::once(&key)).is_none() {
            return Err(Error::Elsewhere { name: self.name(), key, host });
        }
        ring.push(self.name());
        let place = self.place()?;
        let packed = self.run(&place, ring, wait).and_then(|(tree, dependencies)| {
            let version = formula::shown_version(&self.package.version, self.package.revision);
            let homes = staged::homes(self.package.name.as_str(), &version);
            let links = Links { external: &[], homes: &homes };
            let about = About {
                audit: Audit::Refuse,
                build_folders: vec![place.root().display().to_string()],
                provided: libraries(place.root(), &dependencies),
                ..About::of(self.package)
            };
            Ok(packer.folder(&tree, &about, links)?)
        });
        ring.pop();
        match self.builder.keep {
            true => (self.builder.events)(run::Event::Kept(place.root().to_owned())),
            // What cannot be removed goes with the folder of the command, or is swept later.
            false => drop(place.remove()),
        }
        packed
    }

    /// The folder in which the version is made; its parts are made as they are filled.
    fn place(&self) -> Result<Place, Error> {
        let folder = tempfile::Builder::new().prefix("b").tempdir_in(self.builder.work.path());
        let folder = folder.map_err(self.failed("make"))?;
        // It is removed in the end, unless somebody wants to look at it.
        Place::open(&folder.keep()).map_err(self.failed("make"))
    }

    fn run(
        &self,
        place: &Place,
        ring: &mut Vec<String>,
        wait: &mut Wait<'_>,
    ) -> Result<(PathBuf, Dependencies), Error> {
        let Some(build) = &self.package.build else {
            let source = io::Error::other("it has no `[build]`");
            return Err(self.failed("make")(source));
        };
        let dependencies = self.provide(place, build, ring, wait)?;
        let source = sources::unpack(self.home, self.package, build, self.around, wait);
        let source = source.map_err(|source| Error::Source { name: self.name(), source })?;
        sources::copy(&source.0, &place.source()).map_err(self.failed("fill"))?;
        let patches = sources::patches(self.home, self.package, build, self.around);
        let patches = patches.map_err(|source| Error::Patch { name: self.name(), source })?;
        let log = self.builder.work.path().join(self.log_name());
        let job = Job {
            package: self.package,
            build,
            place,
            dependencies: &dependencies,
            patches: &patches,
            jobs: self.builder.jobs,
            log: &log,
            sandbox: true,
            program: &self.builder.program,
        };
        let tree = run::run(&job, &*self.builder.events).map_err(|source| Error::Run {
            name: self.name(),
            source: Box::new(self.told(source)),
        })?;
        Ok((tree, dependencies))
    }

    fn log_name(&self) -> String {
        format!("{}-{}.log", self.name(), self.package.version)
    }

    /// The log of a build that failed outlives its folder.
    fn told(&self, mut error: run::Error) -> run::Error {
        let work = self.builder.work.path();
        if let (run::Error::Step { log, .. }, Some(beside)) = (&mut error, work.parent()) {
            let kept = beside.join(self.log_name());
            if std::fs::rename(&*log, &kept).is_ok() {
                *log = kept;
            }
        }
        error
    }

    /// Installs what the build and the package need into the place; where each of it lies.
    fn provide(
        &self,
        place: &Place,
        build: &Build,
        ring: &mut Vec<String>,
        wait: &mut Wait<'_>,
    ) -> Result<Dependencies, Error> {
        let needed: BTreeMap<&FullName, &Depend> = self
            .package
            .depends
            .iter()
            .filter(|(_, depend)| !depend.optional)
            .chain(&build.depends)
            .collect();
        if needed.is_empty() {
            return Ok(BTreeMap::new());
        }
        let home = self.private(place)?;
        let specs = needed.iter().map(|(full, depend)| self.spec(full, depend)).collect();
        let request = Request::Install(specs);
        let needs = |source| Error::Needs { name: self.name(), source };
        let proposal = self.builder.satisfied(&home, &request, &needs, ring, wait)?;
        let mut patience = |_: &store::lock::Holder, _| std::ops::ControlFlow::Continue(());
        let mut confirm = |_: &install::Proposal| true;
        let mut talk = Talk { confirm: &mut confirm, wait: &mut patience };
        let installed = home.carry_out(proposal, install::Options::default(), &mut talk);
        installed
            .map_err(|source| Error::Install { name: self.name(), source: Box::new(source) })?;
        let installed =
            home.installed().map_err(|error| needs(Box::new(proposal::Error::State(error))))?;
        let leaf = |full: &&FullName, depend: &Depend| {
            let fitting = installed
                .named(full.name.as_str())
                .into_iter()
                .find(|package| depend.slot.is_none() || package.slot == depend.slot);
            fitting.map_or_else(|| full.name.to_string(), install::Package::shown_name)
        };
        Ok(needed.iter().map(|(full, depend)| ((*full).clone(), leaf(full, depend))).collect())
    }

    /// The root in the place, with the taps of the user and the formula's own.
    fn private(&self, place: &Place) -> Result<Home, Error> {
        let setting = Setting {
            root: place.root().to_owned(),
            relocated_as: Some(PathBuf::from(PLACEHOLDER)),
            taps: Some(self.builder.taps.clone()),
            lent: self.tap.cloned().into_iter().collect(),
            builds: true,
            command: format!("pkg build {}", self.name()),
            ..self.builder.setting.clone()
        };
        Home::open(setting).map_err(|error| self.failed("open")(io::Error::other(error)))
    }

    /// A need as a request: of the formula's own tap, where that has it.
    fn spec(&self, full: &FullName, depend: &Depend) -> Spec {
        let own = self.tap.filter(|tap| matches!(tap.formula(full.name.as_str()), Ok(Some(_))));
        let tap = full.tap.as_ref().map(ToString::to_string);
        let tap = tap.or_else(|| own.map(|tap| tap.name().to_owned()));
        let constraint = (!depend.constraint.is_any()).then(|| depend.constraint.to_string());
        Spec {
            kind: Kind::Name { tap, name: full.name.clone() },
            at: depend.slot.clone().or(constraint),
        }
    }

    fn failed(&self, step: &'static str) -> impl Fn(io::Error) -> Error + use<> {
        let name = self.name();
        move |source| Error::Folder { step, name: name.clone(), source }
    }
}

/// The names of the libraries that each dependency brings.
fn libraries(root: &Path, dependencies: &Dependencies) -> BTreeMap<String, BTreeSet<String>> {
    let of = |(full, leaf): (&FullName, &String)| {
        let folder = root.join("current/opt").join(leaf).join("lib");
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let is_library = |name: &String| name.contains(".so") || name.ends_with(".dylib");
        (full.name.to_string(), names.filter(is_library).collect())
    };
    dependencies.iter().map(of).collect()
}
