//! Lists that come in pages: tags, repositories, referrers.
//!
//! The next page is where the `Link` header says, at the same origin. A list that goes in circles
//! ends, and one without end is refused.

use std::collections::{BTreeSet, HashSet};

use reqwest::header::LINK;
use serde::Deserialize;
use url::Url;

use crate::{
    Error, Reference,
    excerpt::excerpt,
    exchange::{Ask, Exchange, Whole},
    host, link,
    origin::Purpose,
    reference, registry,
    scope::Scope,
    shown::{self, Shown},
};

/// Largest page of a list, in bytes.
pub(crate) const PAGE_BYTES_MAX: usize = 4 << 20;

/// Entries that are asked for at once; some registries refuse to give more.
const PAGE_ENTRIES: usize = 1000;

/// Most pages and most names of one list.
const PAGES_MAX: usize = 10_000;
const NAMES_MAX: usize = 1_000_000;

/// Reads pages until the last one; `first` is what is there of it already.
///
/// `take` reads a page, and may guess where the next one is if the page does not say.
pub(crate) async fn walk(
    exchange: &Exchange,
    mut ask: Ask,
    first: Option<Whole>,
    mut take: impl FnMut(&Whole) -> Result<Option<Url>, Error>,
) -> Result<(), Error> {
    // Whoever the first page was redirected to gets no credentials for the second one either.
    ask.home = Some(ask.url.clone());
    let mut seen = HashSet::from([ask.url.clone()]);
    let mut whole = first;
    for _ in 0..PAGES_MAX {
        let page = match whole.take() {
            Some(page) => page,
            None => exchange.whole(&ask, PAGE_BYTES_MAX).await?,
        };
        let guess = take(&page)?;
        let next = next_page(exchange, &page)?.or(guess);
        match next.filter(|next| seen.insert(next.clone())) {
            Some(next) => ask.url = next,
            None => return Ok(()),
        }
    }
    Err(endless(&ask.url, PAGES_MAX))
}

fn next_page(exchange: &Exchange, whole: &Whole) -> Result<Option<Url>, Error> {
    let lines = whole.headers.get_all(LINK).iter().filter_map(|line| line.to_str().ok());
    let Some(next) = link::next(lines) else {
        return Ok(None);
    };
    let followed = exchange.policy.follow(&whole.url, &next, Purpose::Page);
    followed.map(Some).map_err(|source| Error::Refused { host: shown::host(&whole.url), source })
}

pub(crate) fn endless(url: &Url, count: usize) -> Error {
    Error::Endless { url: Shown(url).to_string(), count }
}

/// All tags of a repository, sorted by their text, as registries give them in different orders.
pub(crate) async fn tags(exchange: &Exchange, reference: &Reference) -> Result<Vec<String>, Error> {
    let path = format!("{}/tags/list?n={PAGE_ENTRIES}", reference.repository());
    let scope = Scope::pull(reference.repository());
    let ask = registry::ask_at(exchange, reqwest::Method::GET, reference.host(), &path, scope)?;
    // Some registries list digests, and whatever else, among the tags.
    let tags = names(exchange, ask, reference::is_tag).await;
    tags.map_err(|error| error.about(reference))
}

/// All repositories of a registry that tells them, sorted; most public ones do not.
pub(crate) async fn repositories(exchange: &Exchange, host: &str) -> Result<Vec<String>, Error> {
    let path = format!("_catalog?n={PAGE_ENTRIES}");
    let scope = Scope::catalog();
    let host = host::canonical(host).map_err(|_| Error::Url { text: excerpt(host) })?;
    let ask = registry::ask_at(exchange, reqwest::Method::GET, &host, &path, scope)?;
    let found = names(exchange, ask, reference::is_repository).await;
    found.map_err(|error| error.about(&format!("the list of repositories of {host}")))
}

#[derive(Deserialize)]
struct Page {
    #[serde(alias = "repositories")]
    tags: Option<Vec<Option<String>>>,
}

async fn names(
    exchange: &Exchange,
    ask: Ask,
    is_name: impl Fn(&str) -> bool,
) -> Result<Vec<String>, Error> {
    let first = ask.url.clone();
    let mut names = BTreeSet::new();
    walk(exchange, ask, None, |whole| {
        let page = page(whole)?;
        let (before, count) = (names.len(), page.len());
        let last = page.last().cloned();
        names.extend(page.into_iter().filter(|name| is_name(name)));
        if names.len() > NAMES_MAX {
            return Err(endless(&first, names.len()));
        }
        // A full page without a link: there may be more, if this one brought anything new.
        let has_more = count >= PAGE_ENTRIES && names.len() > before;
        Ok(last.filter(|_| has_more).map(|last| after(&first, &last)))
    })
    .await?;
    Ok(names.into_iter().collect())
}

fn page(whole: &Whole) -> Result<Vec<String>, Error> {
    registry::content_type(&whole.headers, &whole.url)?;
    let page: Page = serde_json::from_slice(&whole.body)
        .map_err(|source| Error::Json { url: Shown(&whole.url).to_string(), source })?;
    Ok(page.tags.unwrap_or_default().into_iter().flatten().collect())
}

fn after(first: &Url, last: &str) -> Url {
    let mut next = first.clone();
    next.query_pairs_mut().append_pair("last", last);
    next
}
