//! Which platforms files are for, what their programs need, and what of them is exposed.

use std::collections::BTreeMap;

use digest::Digest;
use formula::{Key, Libc, Os, Platform};

use super::{
    Desk, Error, Guess,
    asset::{common, versioned},
    layout,
    look::Kind,
    pieces::Piece,
};

impl Desk<'_> {
    /// Which platforms there are, by names and by what the files hold; what is exposed.
    pub(super) fn platforms(&mut self, pieces: Vec<Piece>) -> Result<(), Error> {
        let keys: Vec<Key> = pieces.iter().map(|piece| self.key_of(piece)).collect();
        if self.sketch.build.is_some() {
            self.sketch.pins = pieces
                .first()
                .map(|it| ("source".to_owned(), it.digest.clone()))
                .into_iter()
                .collect();
            let name = self.sketch.name.clone();
            self.sketch.test = Some(name);
            self.sketch.is_test_guessed = true;
            self.left.push("`[test]`: whether there is such a command".to_owned());
            return Ok(());
        }
        let mut pins: Vec<(Key, Digest)> = Vec::new();
        for (key, piece) in keys.iter().zip(&pieces) {
            if !pins.iter().any(|(there, _)| there == key) {
                pins.push((*key, piece.digest.clone()));
            }
        }
        pins.sort_by_key(|(key, _)| *key);
        let listed: Vec<String> = pins.iter().map(|(key, _)| key.to_string()).collect();
        self.guess(
            "platforms",
            listed.join(" "),
            "the names of the files and the programs in them",
        );
        self.sketch.pins =
            pins.into_iter().map(|(key, digest)| (key.to_string(), digest)).collect();
        self.needs(&pieces);
        self.expose(&keys, &pieces);
        Ok(())
    }

    /// The key of a file: what its name says, and its programs where the name says too little.
    fn key_of(&self, piece: &Piece) -> Key {
        let native = piece.look.programs.iter().find_map(|program| match &program.kind {
            Kind::Native { os, arch, libc, .. } => Some((*os, *arch, *libc)),
            Kind::Script => None,
        });
        match (piece.key, native) {
            (Some(Key::Platform(named)), Some((Os::Linux, _, libc))) if named.os == Os::Linux => {
                // A name that says gnu is believed; a loader of musl says more than the name.
                let libc = match (named.libc, libc) {
                    (Some(Libc::Gnu), Some(Libc::Musl)) | (None, Some(Libc::Musl)) => {
                        Some(Libc::Musl)
                    }
                    (named, found) => named.or(found),
                };
                Key::Platform(Platform { libc, ..named })
            }
            (Some(key), _) => key,
            (None, Some((os, Some(arch), libc))) => Key::Platform(Platform { os, arch, libc }),
            (None, _) => Key::Any,
        }
    }

    /// What programs need of the machine.
    fn needs(&mut self, pieces: &[Piece]) {
        let programs = || pieces.iter().flat_map(|piece| &piece.look.programs);
        let versions = programs().filter_map(|program| match &program.kind {
            Kind::Native { libc: Some(Libc::Gnu), glibc, .. } => glibc.clone(),
            _ => None,
        });
        let newest = versions.max_by_key(|version| {
            version.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>()
        });
        let has_gnu = self.sketch.pins.iter().any(|(key, _)| key.ends_with("-gnu"));
        if let Some(version) = newest.filter(|_| has_gnu) {
            self.guess("requires", format!("glibc >={version}"), "the programs ask for it");
            self.sketch.glibc = Some(version);
        }
        let mut needed: Vec<&str> = programs()
            .filter_map(|program| match &program.kind {
                Kind::Native { needed, .. } => Some(needed),
                Kind::Script => None,
            })
            .flatten()
            .map(String::as_str)
            .collect();
        needed.sort_unstable();
        needed.dedup();
        let own = |library: &&str| {
            pieces
                .iter()
                .any(|piece| piece.look.tree.files().any(|(path, _)| path.ends_with(*library)))
        };
        needed.retain(|library| !own(library));
        if !needed.is_empty() {
            let needed = needed.join(", ");
            self.left.push(format!("`[depends]`: the programs need {needed}"));
        }
    }

    fn expose(&mut self, keys: &[Key], pieces: &[Piece]) {
        let Some(first) = pieces.first() else { return };
        let name = self.sketch.name.clone();
        if !self.sketch.expose.bin.is_empty() {
            self.sketch.test = self.sketch.expose.commands.first().cloned();
            self.left.push("`[test]`: whether the command prints its version".to_owned());
            return;
        }
        let mut exposed = layout::expose(&name, &first.look);
        let version = self.sketch.version.clone();
        if let [bin] = &mut exposed.bin[..] {
            let paths: BTreeMap<Key, String> = keys
                .iter()
                .zip(pieces)
                .filter_map(|(key, piece)| {
                    let own = layout::expose(&name, &piece.look);
                    Some((*key, own.bin.first()?.path.clone()))
                })
                .collect();
            let texts: BTreeMap<Key, &str> =
                paths.iter().map(|(key, path)| (*key, path.as_str())).collect();
            match common(&texts) {
                Some(path) => bin.path = versioned_path(&path, &version),
                None => self
                    .left
                    .push(format!("`expose.bin`: the path of `{name}` differs by platform")),
            }
        } else {
            exposed.bin.iter_mut().for_each(|bin| bin.path = versioned(&bin.path, &version));
        }
        let fix = |path: &mut String| *path = versioned(path, &version);
        exposed.man.iter_mut().for_each(fix);
        exposed.completions.values_mut().flatten().for_each(|(_, path)| fix(path));
        let commands = exposed.commands.join(", ");
        if commands.is_empty() {
            self.left.push("`[expose]`: no program was found".to_owned());
        } else {
            let why = match exposed.bin.is_empty() {
                _ if !first.look.is_archive => "the file itself",
                true => "where a standard layout has programs",
                false => "the programs in the archive",
            };
            self.guess("bin", commands, why);
        }
        if !exposed.man.is_empty() {
            self.guess("man", exposed.man.join(", "), "their names end like pages of the manual");
        }
        for (shell, files) in &exposed.completions {
            let paths: Vec<&str> = files.iter().map(|(_, path)| path.as_str()).collect();
            let value = format!("{shell}: {}", paths.join(", "));
            self.guesses.push(Guess {
                what: "completions",
                value,
                why: "names and folders".to_owned(),
            });
        }
        let own = exposed.commands.iter().find(|command| **command == name);
        self.sketch.test = own.or(exposed.commands.first()).cloned();
        if self.sketch.test.is_some() {
            self.left.push("`[test]`: whether the command prints its version".to_owned());
        }
        self.sketch.expose = exposed;
    }
}

/// A path of tokens already, with the version as one more.
fn versioned_path(path: &str, version: &str) -> String {
    if version.is_empty() { path.to_owned() } else { path.replace(version, "{version}") }
}
