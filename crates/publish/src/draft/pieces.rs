//! The files of a release, downloaded and read: their digests, and what they say of themselves.

use std::{collections::BTreeMap, fs::File, io, path::Path};

use digest::{Digest, Hasher};
use formula::Key;

use super::{
    Desk, Error,
    asset::{Template, versioned},
    layout, license,
    look::{Look, Program, Scratch, file_name},
    metadata::{self, Metadata},
    origin,
    release::Place,
    steps,
    text::Value,
};
use crate::{hashing::hash, parallel::in_parallel, upstream::Taken};

/// A file of the release.
pub(super) struct Piece {
    pub(super) key: Option<Key>,
    pub(super) digest: Digest,
    pub(super) look: Look,
}

impl Desk<'_> {
    /// `[source]` and `[vars]`.
    pub(super) fn source(&mut self, place: &Place<'_>, template: &Template) {
        let version = self.sketch.version.clone();
        let text = |key: &str, text: String| (key.to_owned(), Value::Text(text));
        let lines = match (place.repository, place.tag) {
            (Some(repository), Some(tag)) => {
                let tag = versioned(tag, &version);
                let mut lines = vec![text("github", repository.to_owned())];
                if tag != "{version}" {
                    lines.push(text("tag", tag));
                }
                lines.push(text("asset", template.text.clone()));
                lines
            }
            _ => {
                let key = if place.local.is_some() { "file" } else { "http" };
                let folder = folder_template(&place.folder, &version);
                let start = if folder.is_empty() { folder } else { folder + "/" };
                vec![text(key, start + &template.text)]
            }
        };
        for (key, value) in &lines {
            let Value::Text(value) = value else { continue };
            let (what, why) = match key.as_str() {
                "github" => ("github", "the address is a release's"),
                "tag" => ("tag", "tokens for what changes"),
                "asset" => ("asset", "tokens for what changes"),
                "file" => ("file", "tokens for what changes"),
                _ => ("http", "tokens for what changes"),
            };
            self.guess(what, value.clone(), why);
        }
        self.sketch.source = lines;
        self.sketch.vars.clone_from(&template.vars);
    }

    /// Downloads and looks into files; local ones are read.
    pub(super) fn pieces(
        &mut self,
        place: &Place<'_>,
        names: &[(Option<Key>, String)],
    ) -> Result<Vec<Piece>, Error> {
        let upstream = &self.upstream;
        let mut distinct: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        distinct.dedup();
        let taken = in_parallel(upstream.home.jobs(), &distinct, |name| match place.local {
            Some(folder) => read_local(&folder.join(name)),
            None => Ok(upstream.take(name, &format!("{}/{name}", place.folder))?),
        });
        let taken: Vec<Taken> = taken.into_iter().collect::<Result<_, Error>>()?;
        let by_name: BTreeMap<&str, &Taken> = distinct.iter().copied().zip(&taken).collect();
        let dates = taken.iter().filter_map(|taken| taken.date.clone());
        if let (None, Some(date)) = (&self.sketch.date, dates.max()) {
            self.guess("date", date.clone(), "the server says when the file changed last");
            self.sketch.date = Some(date);
        }
        let scratch = Scratch::new()?;
        let mut pieces = Vec::new();
        for (key, name) in names {
            let taken = by_name[name.as_str()];
            let look = scratch.look(&taken.file, file_name(name))?;
            if pieces.is_empty() {
                self.read(&scratch, &look);
            }
            pieces.push(Piece { key: *key, digest: taken.digest.clone(), look });
        }
        Ok(pieces)
    }

    /// License, metadata and build system of the first archive.
    fn read(&mut self, scratch: &Scratch, look: &Look) {
        // A wheel has the headers of its package in a folder that is named after it.
        let wheel = look.tree.files().map(|(path, _)| path);
        let wheel = wheel.filter(|path| path.ends_with(".dist-info/METADATA"));
        let files: Vec<&str> = metadata::FILES.iter().copied().chain(wheel).collect();
        let found = files.iter().find_map(|file| Some((*file, scratch.text(look, file, 1 << 20)?)));
        if let Some((file, text)) = found {
            self.take_metadata(file, metadata::read(file, &text));
        }
        if self.sketch.license.is_none() {
            self.read_licenses(scratch, look);
        }
        let is_source = !look.programs.iter().any(Program::is_native);
        if !is_source
            || !look.is_archive
            || self.sketch.expose.bin.iter().any(|bin| bin.command.is_some())
        {
            return;
        }
        let name = self.sketch.name.clone();
        let is_python =
            ["pyproject.toml", "setup.py"].iter().any(|file| look.tree.get(file).is_some());
        if is_python {
            self.left.push(
                "`[build]`: it is a Python package, for which nothing is known here".to_owned(),
            );
        } else if let Some(system) = steps::recognise(&name, &|file| look.tree.get(file).is_some())
        {
            let why = format!("the archive has `{}` and no programs", system.file);
            self.guess("build", system.name, why);
            self.left.extend(system.remark.map(|remark| format!("`[build]`: {remark}")));
            self.sketch.build = Some(system);
        }
    }

    fn take_metadata(&mut self, file: &str, metadata: Metadata) {
        let why = format!("`{file}` says so");
        let Metadata { name, summary, homepage, license, programs, interpreter, version } =
            metadata;
        // Distributions put words of their own before the name that the authors gave.
        let own = name.and_then(|name| origin::name(&name)).filter(|_| file == "Cargo.toml");
        if let (None, Some(name)) = (self.wanted_name, own.filter(|name| *name != self.sketch.name))
        {
            self.guesses.retain(|guess| guess.what != "name");
            self.guess("name", name.clone(), why.clone());
            self.sketch.name = name;
        }
        if let (true, Some(version)) = (self.sketch.version.is_empty(), version) {
            self.set_version(&version, &why);
        }
        if let (None, Some(summary)) = (&self.sketch.summary, summary) {
            self.guess("summary", summary.clone(), why.clone());
            self.sketch.summary = Some(summary);
        }
        if let (None, Some(homepage)) = (&self.sketch.homepage, homepage) {
            self.guess("homepage", homepage.clone(), why.clone());
            self.sketch.homepage = Some(homepage);
        }
        if let (None, Some(license)) = (&self.sketch.license, license) {
            self.guess("license", license.clone(), why.clone());
            self.sketch.license = Some(license);
        }
        for (command, path) in programs {
            self.guess("bin", format!("{command} = {path}"), why.clone());
            self.sketch.expose.commands.push(command.clone());
            self.sketch.expose.bin.push(layout::Bin { command: Some(command), path });
        }
        if let Some(interpreter) = interpreter {
            self.left.push(format!("`[depends]`: its programs are scripts for {interpreter}"));
        }
    }

    fn read_licenses(&mut self, scratch: &Scratch, look: &Look) {
        let at = |depth: usize| -> Vec<&str> {
            let paths = look.tree.files().map(|(path, _)| path);
            let near = paths.filter(|path| path.matches('/').count() == depth);
            near.filter(|path| license::is_license(path)).collect()
        };
        let top = at(0);
        let files = if top.is_empty() { at(1) } else { top };
        let read = |path: &&str| {
            let text = scratch.text(look, path, license::BYTES_MAX);
            ((*path).to_owned(), text.map_or(license::Read::Unknown, |text| license::read(&text)))
        };
        let read: Vec<(String, license::Read)> = files.iter().map(read).collect();
        let mut certain: Vec<&str> = read
            .iter()
            .filter_map(|(_, read)| match read {
                license::Read::Certain(id) => Some(*id),
                _ => None,
            })
            .collect();
        certain.sort_unstable();
        certain.dedup();
        let names =
            || read.iter().map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let all_certain = read.iter().all(|(_, read)| matches!(read, license::Read::Certain(_)));
        match &certain[..] {
            [one] if all_certain => {
                let one = (*one).to_owned();
                self.guess("license", one.clone(), format!("{} says so", names()));
                self.sketch.license = Some(one);
            }
            ["Apache-2.0", "MIT"] if all_certain => {
                let both = "MIT OR Apache-2.0".to_owned();
                self.guess("license", both.clone(), format!("{} are there", names()));
                self.left
                    .push("`license`: the texts do not say whether it is OR or AND".to_owned());
                self.sketch.license = Some(both);
            }
            _ => {
                let either = read.iter().find_map(|(path, read)| match read {
                    license::Read::Either(ids) => Some(format!("{ids}, see `{path}`")),
                    _ => None,
                });
                let seen =
                    (!read.is_empty()).then(|| format!("an SPDX expression, see {}", names()));
                self.sketch.license_remark = either.or(seen);
            }
        }
    }
}

/// An address's folders with the version, or its first parts, as tokens.
fn folder_template(folder: &str, version: &str) -> String {
    let text = versioned(folder, version);
    let first_two: Vec<&str> = version.splitn(3, '.').take(2).collect();
    if first_two.len() < 2 || version.matches('.').count() < 2 {
        return text;
    }
    let short = first_two.join(".");
    let parts = text.split('/').map(|part| match part {
        part if part == short => "{version.2}".to_owned(),
        part if part.strip_prefix('v') == Some(short.as_str()) => "v{version.2}".to_owned(),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

fn read_local(path: &Path) -> Result<Taken, Error> {
    let failed = |source| Error::Read { path: path.display().to_string(), source };
    let file = File::open(path).map_err(failed)?;
    let (digest, _) = hash(&file, io::sink(), Hasher::sha256()).map_err(failed)?;
    Ok(Taken { file, digest, date: None })
}
