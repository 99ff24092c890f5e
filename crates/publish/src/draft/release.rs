//! A formula for the files of a release: which there are, what they hold, how they are named.

use std::path::{Path, PathBuf};

use formula::Key;

use super::{
    Desk, Error,
    asset::{Asset, Group, Template, stem_of, versioned},
    metadata, names_in,
    origin::{self, Origin, name_in_stem, percent_decoded, version_in_name, version_in_tag},
    siblings,
};

/// Where the files of a release are.
pub(super) struct Place<'a> {
    /// What stands before a file's name.
    pub(super) folder: String,
    /// A GitHub repository, whose releases have a strategy of their own.
    pub(super) repository: Option<&'a str>,
    pub(super) tag: Option<&'a str>,
    /// The folder itself, where the files are on this machine.
    pub(super) local: Option<&'a Path>,
}

/// A release on GitHub.
pub(super) fn github(
    desk: &mut Desk<'_>,
    repository: &str,
    tag: Option<&str>,
    asset: Option<&str>,
) -> Result<(), Error> {
    let found = match tag {
        Some(tag) => desk.upstream.release(repository, tag).map(Some),
        None => desk.upstream.releases(repository).map(|releases| {
            let stable = releases.iter().find(|release| !release.prerelease);
            stable.or(releases.first()).cloned()
        }),
    };
    let no_release = || Error::NoRelease { repository: repository.to_owned() };
    let (tag, names, date) = match (found, tag) {
        (Ok(Some(release)), _) => {
            let date = release.date();
            let names = release.assets.into_iter().map(|asset| asset.name).collect();
            (release.tag_name, names, date)
        }
        // What the address says is enough; what GitHub would say of it is a help.
        (Err(_), Some(tag)) if asset.is_some() => (tag.to_owned(), Vec::new(), None),
        (Err(error), _) if error.is_missing() => return Err(no_release()),
        (Err(error), _) => return Err(error.into()),
        (Ok(None), _) => return Err(no_release()),
    };
    let folder = format!("https://github.com/{repository}/releases/download/{tag}");
    desk.sketch.date = date;
    describe(desk, repository);
    let version = version_in_tag(&tag);
    let version = version.or_else(|| asset.and_then(version_in_name));
    let why = "the tag has it";
    let names = listed(desk, names, asset, &folder);
    let group = Group::choose(&names, version.as_deref().unwrap_or_default(), asset);
    let short = repository.rsplit('/').next().unwrap_or(repository);
    let place = Place { folder, repository: Some(repository), tag: Some(&tag), local: None };
    let version = version.unwrap_or_default();
    match (group, asset) {
        (Some(group), _) => {
            let first = group.assets.values().next();
            let prefix = first.and_then(|asset| {
                name_in_stem(asset.stem(), &version, asset.target.as_ref().map(|range| range.start))
            });
            desk.set_name(&[
                (prefix, "the files begin with it"),
                (origin::name(short), "the repository's name"),
            ])?;
            desk.set_version(&version, why);
            group_of(desk, &place, &group)
        }
        (None, Some(asset)) => {
            desk.set_name(&[
                (name_in_stem(stem_of(asset), &version, None), "the file begins with it"),
                (origin::name(short), "the repository's name"),
            ])?;
            desk.set_version(&version, why);
            single(desk, &place, asset)
        }
        (None, None) => Err(Error::NoAssets { repository: repository.to_owned(), tag }),
    }
}

/// The files of a release: as listed, else those that follow from the one that is known.
fn listed(
    desk: &mut Desk<'_>,
    names: Vec<String>,
    asset: Option<&str>,
    folder: &str,
) -> Vec<String> {
    let Some(known) = asset.filter(|asset| !names.iter().any(|name| name == asset)) else {
        return names;
    };
    let mut names = names;
    names.push(known.to_owned());
    if let Some(read) = Asset::read(known) {
        let guesses = siblings::guesses(&read);
        names.extend(siblings::existing(&desk.upstream, &format!("{folder}/{known}"), &guesses));
    }
    names
}

/// Any other address.
pub(super) fn http(desk: &mut Desk<'_>, url: &str) -> Result<(), Error> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let name = percent_decoded(file);
    let place = Place { folder: folder.to_owned(), repository: None, tag: None, local: None };
    let in_name = version_in_name(&without_platform(&name));
    let in_folder = || folder.rsplit('/').find_map(version_in_tag);
    let (version, why) = match in_name {
        Some(version) => (version, "the file's name has it"),
        None => (in_folder().unwrap_or_default(), "the address has it"),
    };
    let names = listed(desk, Vec::new(), Some(&name), folder);
    let group = Group::choose(&names, &version, Some(&name));
    let target = group
        .as_ref()
        .and_then(|group| group.assets.values().next())
        .and_then(|asset| asset.target.clone());
    let guess = name_in_stem(stem_of(&name), &version, target.map(|range| range.start));
    desk.set_name(&[
        (guess, "the file begins with it"),
        (Some("unnamed".to_owned()), "nothing tells it"),
    ])?;
    if !version.is_empty() {
        desk.set_version(&version, why);
    }
    match group.filter(|group| !group.assets.is_empty()) {
        Some(group) => group_of(desk, &place, &group),
        None => single(desk, &place, &name),
    }
}

/// A folder with the files of a release; one with a repository of git leads to where that is from.
pub(super) fn folder(desk: &mut Desk<'_>, folder: &Path) -> Result<(), Error> {
    let path = folder.display().to_string();
    if let Some(url) = origin_of(folder) {
        desk.guess("repository", url.clone(), "the folder's git repository is from there");
        return match Origin::read(&url) {
            Origin::Github { repository, tag, asset } => {
                github(desk, &repository, tag.as_deref(), asset.as_deref())
            }
            _ => Err(Error::Empty { path }),
        };
    }
    let names = names_in(folder)?;
    let is_staged = ["bin", "sbin", "lib", "share", "include"]
        .iter()
        .any(|top| names.iter().any(|name| name == top) && folder.join(top).is_dir());
    if is_staged {
        return Err(Error::Staged { path });
    }
    let is_file = |name: &&String| folder.join(name).is_file();
    let assets: Vec<Asset> =
        names.iter().filter(is_file).filter_map(|name| Asset::read(name)).collect();
    // A file that names a platform, else an archive, is what the folder is about.
    let first = assets.iter().find(|asset| !asset.keys().is_empty());
    let first = first.or(assets.iter().find(|asset| !asset.end.is_empty()));
    let Some(first) = first else { return Err(Error::Empty { path }) };
    beside(desk, folder, &names, first, None)
}

/// A file of a release, with those of other platforms that lie beside it.
pub(super) fn file(desk: &mut Desk<'_>, file: &Path) -> Result<(), Error> {
    let name = file.file_name().and_then(|name| name.to_str());
    let empty = || Error::Empty { path: file.display().to_string() };
    let first = name.and_then(Asset::read).ok_or_else(empty)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    beside(desk, folder, &names_in(folder)?, &first, name)
}

/// A folder's files that belong to the first one; to just that, where it is the one that is meant.
fn beside(
    desk: &mut Desk<'_>,
    folder: &Path,
    names: &[String],
    first: &Asset,
    wanted: Option<&str>,
) -> Result<(), Error> {
    let version = version_in_name(&without_platform(&first.name)).unwrap_or_default();
    let target = first.target.as_ref().map(|range| range.start);
    let guess = name_in_stem(first.stem(), &version, target);
    desk.set_name(&[(guess, "the files begin with it")])?;
    if !version.is_empty() {
        desk.set_version(&version, "the files' names have it");
    }
    let written = from_formula(desk.base.unwrap_or(Path::new(".")), folder);
    let written = written.unwrap_or(folder.to_owned()).display().to_string();
    let place = Place { folder: written, repository: None, tag: None, local: Some(folder) };
    match Group::choose(names, &version, wanted) {
        Some(group) => group_of(desk, &place, &group),
        None => single(desk, &place, &first.name),
    }
}

/// The path to a folder as a formula in `base` writes it: from there on where it lies below.
fn from_formula(base: &Path, folder: &Path) -> Option<PathBuf> {
    let (base, folder) = (fs_err::canonicalize(base).ok()?, fs_err::canonicalize(folder).ok()?);
    let below = folder.strip_prefix(&base).map(Path::to_owned);
    Some(below.unwrap_or(folder))
}

/// The address that a working folder was cloned from.
fn origin_of(folder: &Path) -> Option<String> {
    let config = fs_err::read_to_string(folder.join(".git/config")).ok()?;
    let url = config.lines().find_map(|line| line.trim().strip_prefix("url = "))?;
    let url = url.replace("git@github.com:", "https://github.com/");
    Some(url.replace("ssh://git@github.com/", "https://github.com/"))
}

/// A name without its end and platform, in which only the version has numbers.
fn without_platform(name: &str) -> String {
    match Asset::read(name) {
        Some(asset) => match &asset.target {
            Some(range) => {
                format!("{}{}", &asset.stem()[..range.start], &asset.stem()[range.end..])
            }
            None => asset.stem().to_owned(),
        },
        None => stem_of(name).to_owned(),
    }
}

/// Files of several platforms, or of one that is named.
fn group_of(desk: &mut Desk<'_>, place: &Place<'_>, group: &Group) -> Result<(), Error> {
    let template = group.template(&desk.sketch.version);
    let names: Vec<(Option<Key>, String)> =
        group.assets.iter().map(|(key, asset)| (Some(*key), asset.name.clone())).collect();
    desk.source(place, &template);
    let pieces = desk.pieces(place, &names)?;
    desk.platforms(pieces)
}

/// One file that names no platform: source code, or the same for all.
fn single(desk: &mut Desk<'_>, place: &Place<'_>, name: &str) -> Result<(), Error> {
    let text = versioned(name, &desk.sketch.version);
    desk.source(place, &Template { text, vars: Vec::new() });
    let pieces = desk.pieces(place, &[(None, name.to_owned())])?;
    desk.platforms(pieces)
}

/// What GitHub says of a repository; a help that may be missing.
fn describe(desk: &mut Desk<'_>, repository: &str) {
    let page = format!("https://github.com/{repository}");
    let about = desk.upstream.repository(repository).unwrap_or_default();
    if let Some(summary) = about.description.filter(|text| !text.trim().is_empty()) {
        let summary = metadata::first_sentence(&summary).to_owned();
        desk.guess("summary", summary.clone(), "the repository says so");
        desk.sketch.summary = Some(summary);
    }
    let homepage = about.homepage.filter(|url| url.starts_with("https://"));
    desk.sketch.homepage = Some(homepage.unwrap_or(page));
    let license = about.license.and_then(|license| license.spdx_id);
    if let Some(license) = license.filter(|id| is_decided(id)) {
        desk.guess("license", license.clone(), "the repository says so");
        desk.sketch.license = Some(license);
    }
}

/// Whether an identifier says everything: those of GNU without `only` or `or-later` do not.
fn is_decided(id: &str) -> bool {
    id != "NOASSERTION" && !["GPL", "LGPL", "AGPL"].iter().any(|gnu| id.starts_with(gnu))
}
