//! Carrying out `[build]`: patches, then the steps, then what they made as one tree.
//!
//! The caller has fetched and checked everything: the source code lies in the [`Place`], what the
//! build needs is installed there, and nothing is asked of a network. The steps see the private
//! root at the placeholder path, so that this path, and no other of this machine, is in what they
//! make. This module deliberately does not look into that: packing does.

mod collect;
mod environment;
mod link;
mod log;
mod patch;
mod place;
pub mod sandbox;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use binary::PLACEHOLDER;
use formula::{Build, FullName, PatchPlace, Resolved, template};
use fs_err as fs;

pub use collect::Error as CollectError;
pub use link::Error as LinkError;
pub use patch::Error as PatchError;
pub use place::{Place, discard};

use crate::pack::Progress;

use self::{
    link::Link,
    log::Log,
    place::{FOLDER, Words, inside},
    sandbox::{Order, Room},
};

/// A build, with everything at hand that it takes.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The package.
    pub package: &'a Resolved,
    /// How it is made.
    pub build: &'a Build,
    /// Where it is made; the source code lies there already.
    pub place: &'a Place,
    /// What is installed there for it: by the name that the formula uses, the folder below `opt`.
    pub dependencies: &'a BTreeMap<FullName, String>,
    /// The bytes of the patches, in their order.
    pub patches: &'a [Vec<u8>],
    /// How many jobs may run at once.
    pub jobs: u32,
    /// The file that becomes the log.
    pub log: &'a Path,
    /// Whether the steps are shut in where the kernel can do that.
    pub sandbox: bool,
    /// The program that is called to run a step: this one, where it calls [`sandbox::main`].
    pub program: &'a Path,
}

/// What happens in a build; the list is closed, so that a view can show it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The steps are not shut in: they could write elsewhere and use the network.
    Unconfined {
        /// Why the kernel does not allow it.
        why: String,
    },
    /// Another build without a sandbox has the placeholder path; this one waits for it.
    Waiting,
    /// A patch is applied.
    Patch {
        /// Where it is from.
        name: String,
    },
    /// A step starts.
    Step {
        /// Counts up from 1.
        number: usize,
        /// How many there are.
        total: usize,
        /// The command, as the formula has it.
        command: String,
    },
    /// What came of the steps is packed.
    Packing(Progress),
    /// The folder of the build is left for a look.
    Kept(PathBuf),
}

/// A build came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder cannot be made or read.
    #[error("cannot prepare the build in `{}`", path.display())]
    Prepare {
        /// The private root.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The log cannot be written.
    #[error("cannot write the log `{}`", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There are more or fewer patches at hand than the formula has.
    #[error("{given} of {wanted} patches are at hand")]
    Patches {
        /// How many there are.
        given: usize,
        /// How many the formula has.
        wanted: usize,
    },
    /// A patch does not fit.
    #[error("cannot apply the patch `{name}`")]
    Patch {
        /// Where it is from.
        name: String,
        /// Why.
        #[source]
        source: PatchError,
    },
    /// A variable of the formula holds a token without a value.
    #[error("cannot expand the variable `{name}` of the build")]
    Variable {
        /// Its name.
        name: String,
        /// The token.
        #[source]
        source: template::Error,
    },
    /// A step holds a token without a value.
    #[error("cannot expand step {number} of the build")]
    Command {
        /// Counts up from 1.
        number: usize,
        /// The token.
        #[source]
        source: template::Error,
    },
    /// The private root cannot be had at the placeholder path.
    #[error("cannot build without a sandbox")]
    Link(#[source] LinkError),
    /// The program that runs steps cannot be started.
    #[error("cannot start step {number} of the build with `{}`", program.display())]
    Start {
        /// Counts up from 1; 0 is the test whether steps can be shut in.
        number: usize,
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A step failed.
    #[error("{}", failed(*number, *total, command, *status, tail, log))]
    Step {
        /// Counts up from 1.
        number: usize,
        /// How many there are.
        total: usize,
        /// The command, as the formula has it.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines that it printed.
        tail: Vec<String>,
        /// The file that has all of them.
        log: PathBuf,
    },
    /// What the steps made is no tree of a package.
    #[error("cannot take what the build made")]
    Collect(#[source] CollectError),
}

fn failed(
    number: usize,
    total: usize,
    command: &str,
    status: ExitStatus,
    tail: &[String],
    log: &Path,
) -> String {
    let ended = match status.code() {
        Some(code) => format!("ended with {code}"),
        None => format!("was ended: {status}"),
    };
    let lines: Vec<String> = tail.iter().map(|line| format!("\n    {line}")).collect();
    let (lines, log) = (lines.concat(), log.display());
    format!(
        "step {number} of {total}, `{command}`, {ended}; its last lines:{lines}\n  all of them are in `{log}`"
    )
}

/// Carries out a build; the answer is the folder with the package's tree.
///
/// The private root with everything in it, and the log, are left for the caller to delete.
pub fn run(job: &Job<'_>, events: &dyn Fn(Event)) -> Result<PathBuf, Error> {
    let prepare = |source| Error::Prepare { path: job.place.root().to_owned(), source };
    let log_failed = |source| Error::Log { path: job.log.to_owned(), source };
    let mut log = Log::create(job.log).map_err(log_failed)?;
    job.place.own_source().map_err(prepare)?;
    apply_patches(job, events)?;

    let room = Room {
        root: job.place.root().to_owned(),
        seen_at: PathBuf::from(PLACEHOLDER),
        writable: FOLDER.to_owned(),
    };
    let start = |number| {
        let program = job.program.to_owned();
        move |source| Error::Start { number, program, source }
    };
    let obstacle = match job.sandbox {
        true => sandbox::obstacle(job.program, &room).map_err(start(0))?,
        false => Some("none is wanted".to_owned()),
    };
    let (room, _link) = match obstacle {
        None => (Some(room), None),
        Some(why) => {
            log.say(&format!("without a sandbox: {why}")).map_err(log_failed)?;
            events(Event::Unconfined { why });
            let link =
                Link::to(job.place.root(), || events(Event::Waiting)).map_err(Error::Link)?;
            (None, Some(link))
        }
    };

    let words = Words {
        keg: place::keg(job.package),
        dependencies: job.dependencies,
        jobs: job.build.jobs.unwrap_or(u32::MAX).min(job.jobs).max(1),
    };
    let variables = environment::variables(job, &words, room.is_some())?;
    let commands = commands(job, &words)?;
    let total = commands.len();
    for (index, arguments) in commands.into_iter().enumerate() {
        let (number, command) = (index + 1, shown(&job.build.steps[index]));
        log.say(&format!("\n$ {}", typed(&arguments))).map_err(log_failed)?;
        events(Event::Step { number, total, command: command.clone() });
        let order = Order {
            command: arguments,
            variables: variables.clone(),
            folder: PathBuf::from(inside("src")),
            room: room.clone(),
        };
        let handle = log.handle().map_err(log_failed)?;
        let status = sandbox::run(job.program, &order, &handle).map_err(start(number))?;
        if !status.success() {
            let (tail, log) = (log.tail(), log.path().to_owned());
            return Err(Error::Step { number, total, command, status, tail, log });
        }
    }
    // Not in the build's own folder: a step cannot have put anything there.
    let tree = job.place.root().join("tree");
    fs::create_dir(&tree).map_err(prepare)?;
    collect::collect(&job.place.out(), &tree, &words.keg).map_err(Error::Collect)?;
    Ok(tree)
}

fn apply_patches(job: &Job<'_>, events: &dyn Fn(Event)) -> Result<(), Error> {
    let (given, wanted) = (job.patches.len(), job.build.patches.len());
    if given != wanted {
        return Err(Error::Patches { given, wanted });
    }
    for (patch, bytes) in job.build.patches.iter().zip(job.patches) {
        let (PatchPlace::File(name) | PatchPlace::Url(name)) = &patch.place;
        events(Event::Patch { name: name.clone() });
        patch::apply(&job.place.source(), bytes, patch.strip)
            .map_err(|source| Error::Patch { name: name.clone(), source })?;
    }
    Ok(())
}

fn commands(job: &Job<'_>, words: &Words<'_>) -> Result<Vec<Vec<String>>, Error> {
    let expand = |(index, step): (usize, &Vec<String>)| {
        let expand = |argument: &String| template::install(argument, &|token| words.value(token));
        let arguments: Result<Vec<String>, _> = step.iter().map(expand).collect();
        arguments.map_err(|source| Error::Command { number: index + 1, source })
    };
    job.build.steps.iter().enumerate().map(expand).collect()
}

/// A step as formulas write it, but for its quotes.
fn shown(step: &[String]) -> String {
    let spelled = |token: &template::Token| Some(place::spelled(token));
    let argument = |text: &String| {
        let text = template::install(text, &spelled).unwrap_or_else(|_| text.clone());
        // A token is no blank, and needs no quotes.
        match text.contains(|c: char| !(c.is_ascii_alphanumeric() || "{}:/@=+-_.,".contains(c))) {
            false if !text.is_empty() => text,
            _ => quoted(&text),
        }
    };
    step.iter().map(argument).collect::<Vec<_>>().join(" ")
}

/// A command as it would be typed.
fn typed(arguments: &[String]) -> String {
    arguments.iter().map(|argument| quoted(argument)).collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| text.escape_debug().to_string(), Cow::into_owned)
}
