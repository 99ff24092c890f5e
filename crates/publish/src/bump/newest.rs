//! The newest version that upstream has, and its tag and day where they are known.

use std::collections::BTreeMap;

use catalog::{Found, Published};
use formula::{Formula, Version, Watch};
use oci::Place;

use super::Error;
use crate::upstream::Upstream;

/// A version as upstream has it.
#[derive(Debug, Clone)]
pub(crate) struct Upcoming {
    pub(crate) version: Version,
    /// Its tag, where it is not the one that the formula's template gives.
    pub(crate) tag: Option<String>,
    pub(crate) date: Option<String>,
}

/// What upstream names: a tag or a part of a page.
struct Named {
    text: String,
    date: Option<String>,
    is_prerelease: bool,
}

impl Named {
    fn plain(text: String) -> Self {
        Self { text, date: None, is_prerelease: false }
    }
}

/// Looks for the newest version where the formula says.
///
/// A pre-release counts only where the formula's newest version is one.
pub(crate) fn newest(
    upstream: &Upstream<'_>,
    found: &Found,
    commit: &Option<String>,
) -> Result<Upcoming, Error> {
    let formula = &found.formula;
    let watch = formula.watch();
    let (place, named) = match &watch {
        Watch::Github(repository) => github(upstream, formula, repository)?,
        Watch::Page(url) => {
            let page = upstream.page(url)?;
            let text = String::from_utf8_lossy(&page).into_owned();
            (url.clone(), vec![Named::plain(text)])
        }
        Watch::Oci(reference) => {
            let place = Place::parse(reference)
                .map_err(|source| Error::Place { place: reference.clone(), source })?;
            let tags = upstream.runtime.block_on(upstream.client.tags(&place));
            let tags = tags.map_err(|source| Error::Ask {
                place: reference.clone(),
                source: Box::new(source),
            })?;
            let tags = tags.into_iter().filter(|tag| !Published::keeps(tag));
            (reference.clone(), tags.map(Named::plain).collect())
        }
        Watch::Git(url) => {
            let tags = git_tags(upstream, found, url, commit.as_deref().unwrap_or_default())?;
            (url.clone(), tags.into_keys().map(Named::plain).collect())
        }
        Watch::Nowhere => return Err(Error::Nowhere),
    };
    let wants_any = formula.releases().first().is_some_and(|it| it.version.is_prerelease());
    let candidates = named.iter().flat_map(|named| {
        let found = formula.versions_in(&named.text).into_iter();
        found.map(move |(version, tag)| (version, tag, named))
    });
    let fitting = candidates.filter(|(version, _, named)| {
        wants_any || !(version.is_prerelease() || named.is_prerelease)
    });
    let Some((version, tag, named)) = fitting.max_by(|(a, ..), (b, ..)| a.cmp(b)) else {
        let seen = named.iter().map(|named| named.text.clone()).take(5);
        let seen = seen.filter(|text| text.len() < 80).collect();
        return Err(Error::NoVersions { place, seen });
    };
    let is_tag = !matches!(watch, Watch::Page(_));
    let by_template = formula.tag_of(&version);
    let tag = (is_tag && by_template.as_deref() != Some(tag)).then(|| tag.to_owned());
    // A pattern finds a version inside of a tag; the tag is the whole.
    let tag =
        tag.and_then(|_| (by_template.as_deref() != Some(&named.text)).then(|| named.text.clone()));
    Ok(Upcoming { version, tag, date: named.date.clone() })
}

/// Releases; tags where no release is a version of the formula.
fn github(
    upstream: &Upstream<'_>,
    formula: &Formula,
    repository: &str,
) -> Result<(String, Vec<Named>), Error> {
    let place = format!("https://github.com/{repository}");
    let releases = upstream.releases(repository)?;
    let named: Vec<Named> = releases
        .iter()
        .map(|release| Named {
            text: release.tag_name.clone(),
            date: release.date(),
            is_prerelease: release.prerelease,
        })
        .collect();
    if named.iter().any(|named| !formula.versions_in(&named.text).is_empty()) {
        return Ok((place, named));
    }
    let tags = upstream.tags(repository)?;
    Ok((place, tags.into_iter().map(Named::plain).collect()))
}

/// The tags of a formula's git repository, each with its commit; `like` is a commit of it.
pub(super) fn git_tags(
    upstream: &Upstream<'_>,
    found: &Found,
    url: &str,
    like: &str,
) -> Result<BTreeMap<String, String>, Error> {
    let place = catalog::repository(found.folder.as_deref(), url);
    let tags = upstream.home.git_tags(&place, like);
    tags.map_err(|source| Error::Git { url: url.to_owned(), source: Box::new(source) })
}
