//! `pkg pack`

use std::path::{Path, PathBuf};

use build::{Packed, staged::Links};
use catalog::{Published, Spec, spec::Kind};
use clap::Args;
use formula::{Key, Name, Scheme, Version};
use install::{Around, Home};
use publish::{
    pack::{self, About, Packer},
    publisher, version,
};

use super::{change::waiting, packing::Packing};
use crate::{
    amount::{bytes, count},
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg pack foo.toml", "for this machine, into the layout foo.oci"),
    ("pkg pack foo.toml@1.2 --platform macos-arm64 -o out", "another version and platform"),
    ("pkg pack dist --name foo --version 1.2.3", "a folder, without a formula"),
    ("pkg install oci:foo.oci:1.2.3", "what was packed, before it is published"),
]))]
pub struct Pack {
    /// FILE.toml[@VERSION], or a folder
    #[arg(value_name = "FILE|FOLDER")]
    pub what: String,
    /// The package's name, for a folder
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The package's version, for a folder
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    #[command(flatten)]
    pub packing: Packing,
    /// The layout's folder; made where it is not there
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

impl Pack {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let blobs = publisher::scratch(&home)?;
        let compression = self.packing.compression();
        let (tell, nothing) =
            (&|progress| session.progress.on_packing(progress), Around::default());
        let packer =
            Packer { home: &home, around: &nothing, compression, blobs: blobs.path(), tell };
        let packed = match Path::new(&self.what).is_dir() {
            true => vec![self.folder(&packer)?],
            false => self.formula(session, packer)?,
        };
        let first = &packed[0].1.annotation;
        let tag = Published::new("", &first.name, &first.version, first.revision).tag;
        let output = self.output.unwrap_or_else(|| format!("{}.oci", first.name).into());
        let mut view = view::Packs::default();
        for (key, packed) in &packed {
            packed.warnings.iter().for_each(|warning| session.printer.warning(warning));
            let reference = lay(&home, &output, &tag, &pack::part(*key, packed))?;
            view.add(*key, packed, reference);
        }
        session.progress.end();
        show(session, &view);
        Ok(())
    }

    fn folder(&self, packer: &Packer<'_>) -> Result<(Key, Packed)> {
        let (Some(name), Some(version)) = (&self.name, &self.version) else {
            let sentence = format!("`{}` is a folder: it does not say its name", self.what);
            let failure = Failure::told(Exit::Usage, sentence);
            return Err(failure.hint("add `--name NAME --version VERSION`"));
        };
        let usage = |error| Failure::new(Exit::Usage, error);
        let name = Name::parse(name).map_err(|error| Failure::new(Exit::Usage, error))?;
        let version = Version::parse(version, Scheme::Loose).map_err(usage)?;
        let key = self.packing.platforms()?.first().map_or(Key::Any, |it| Key::Platform(*it));
        let about = About::folder(name, &version, key);
        Ok((key, packer.folder(Path::new(&self.what), &about, Links::default())?))
    }

    fn formula(&self, session: &Session, packer: Packer<'_>) -> Result<Vec<(Key, Packed)>> {
        let spec: Spec = self.what.parse()?;
        if let Kind::Reference(_) = spec.kind {
            let sentence = format!("`{spec}` is a package already");
            return Err(Failure::told(Exit::Usage, sentence));
        }
        let (found, tap) = session.formula_and_tap(&spec)?;
        let builder = session.builder(self.packing.jobs, self.packing.keep)?;
        let around = packer.home.around(&found);
        let packer = Packer { around: &around, ..packer };
        let release = version::release(&found, spec.at.as_deref())?;
        let host = packer.home.host().platform();
        let mut asked = self.packing.platforms()?;
        if asked.is_empty() {
            asked.push(*host);
        }
        let packages = version::resolved(&found, release, &asked, host)?;
        let mut wait = waiting(session);
        let pack = |package: &formula::Resolved| {
            Ok((package.key, builder.pack(&packer, Some(&tap), package, &mut wait)?))
        };
        packages.iter().map(pack).collect()
    }
}

fn lay(home: &Home, layout: &Path, tag: &str, part: &publish::push::Part) -> Result<String> {
    let (runtime, client) = home.online()?;
    Ok(runtime.block_on(pack::lay(client, layout, tag, part))?.to_string())
}

fn show(session: &Session, view: &view::Packs) {
    if session.printer.is_json() {
        session.printer.json(view);
        return;
    }
    for pack in &view.packages {
        let entries = usize::try_from(pack.entries).unwrap_or(usize::MAX);
        session.printer.status(
            "Packed",
            format_args!(
                "{} {} for {} ({}, {})",
                pack.name,
                pack.version,
                pack.platform,
                bytes(pack.size),
                count(entries, "entry"),
            ),
        );
    }
    if let Some(pack) = view.packages.last() {
        session.printer.answer(&pack.reference);
    }
}
