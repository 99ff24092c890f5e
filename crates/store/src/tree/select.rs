//! Paths out of an image, with everything that they lead to.

use std::collections::HashSet;

use super::{
    Error, Node, Tree, below, glob, parents,
    resolve::{KERNEL_LINKS_MAX, Stop, Walk, push},
};

impl Tree {
    /// The part of the tree that `paths` name, and whatever their links lead to.
    ///
    /// Paths are read from the image's root and may hold `*` and `?` within a component; a
    /// directory stands for all below it. Targets that begin at that root become relative.
    ///
    /// # Errors
    ///
    /// A path that matches nothing, and anything selected that may not be installed.
    pub fn select(&self, paths: &[String]) -> Result<Self, Error> {
        let taken = Self { layers: self.layers, ..Self::new() };
        let mut selection =
            Selection { image: self, taken, waiting: Vec::new(), seen: HashSet::new() };
        for path in paths {
            selection.name(path)?;
        }
        while let Some(path) = selection.waiting.pop() {
            if selection.seen.insert(path.clone()) {
                selection.take(&path)?;
            }
        }
        Ok(selection.taken)
    }
}

struct Selection<'a> {
    image: &'a Tree,
    taken: Tree,
    waiting: Vec<String>,
    seen: HashSet<String>,
}

impl Selection<'_> {
    /// Selects what a path or pattern of the user stands for.
    fn name(&mut self, pattern: &str) -> Result<(), Error> {
        let no_match = |_| Error::NoMatch { path: pattern.to_owned() };
        let parts: Vec<&str> =
            pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let plain = parts.iter().position(|part| glob::is_pattern(part)).unwrap_or(parts.len());
        let leading = parts[..plain].join("/");
        let mut whole = self.follow(&leading).map_err(no_match)?;
        if plain == parts.len() {
            self.waiting.push(leading);
            return Ok(());
        }
        let (nodes, refused) = (&self.image.nodes, &self.image.refused);
        let inside = nodes.range(below(&whole)).map(|(path, _)| path);
        let inside = inside.chain(refused.range(below(&whole)).map(|(path, _)| path));
        for part in &parts[plain..] {
            push(&mut whole, part);
        }
        let before = self.waiting.len();
        self.waiting.extend(inside.filter(|path| glob::matches(&whole, path)).cloned());
        if self.waiting.len() == before { Err(no_match(Stop::Missing)) } else { Ok(()) }
    }

    /// Takes a path, the links on its way, and all below it if it is a directory.
    fn take(&mut self, path: &str) -> Result<(), Error> {
        // A link to nothing is judged when the tree is sealed.
        let Ok(place) = self.follow(path) else { return Ok(()) };
        let image = self.image;
        let refused = image.refused.get_key_value(&place);
        if let Some((path, rule)) = refused {
            return Err(Error::Refused { path: path.clone(), rule: *rule });
        }
        if matches!(image.get(&place), Some(Node::File(_))) {
            return Ok(());
        }
        if let Some((path, rule)) = image.refused.range(below(&place)).next() {
            return Err(Error::Refused { path: path.clone(), rule: *rule });
        }
        for (inside, placed) in image.nodes.range(below(&place)) {
            self.copy(inside);
            if matches!(placed.node, Node::Symlink(_)) {
                self.waiting.push(inside.clone());
            }
        }
        Ok(())
    }

    /// Follows a path of the image and takes all that it passes, but nothing below its end.
    fn follow(&mut self, path: &str) -> Result<String, Stop> {
        let mut passed = Vec::new();
        let place = walk(self.image).walk(path, |on_way| passed.push(on_way.to_owned()));
        for on_way in passed {
            self.copy(&on_way);
        }
        place
    }

    fn copy(&mut self, path: &str) {
        let Some(placed) = self.image.nodes.get(path) else { return };
        for parent in parents(path) {
            if let Some(directory) = self.image.nodes.get(parent) {
                self.taken.nodes.entry(parent.to_owned()).or_insert_with(|| directory.clone());
            }
        }
        let mut placed = placed.clone();
        // A link to nothing keeps the target that `external-links` may list.
        if let Node::Symlink(target) = &mut placed.node
            && walk(self.image).walk(path, |_| {}).is_ok()
            && let Some(inside) = from_root(path, target)
        {
            *target = inside;
        }
        self.taken.nodes.insert(path.to_owned(), placed);
    }
}

fn walk(image: &Tree) -> Walk<'_> {
    let links_max = KERNEL_LINKS_MAX;
    Walk { tree: image, links_max, is_rooted: true, may_miss: false, external: &[] }
}

/// The relative form of a target that is absolute or would leave the image's root.
pub(super) fn from_root(link: &str, target: &str) -> Option<String> {
    let folders = parents(link).count();
    let mut depth = if target.starts_with('/') { 0 } else { folders };
    let mut leaves = target.starts_with('/');
    // `..` at the root stays there, so what such components lead up from does not count.
    let mut parts: Vec<&str> = match leaves {
        true => Vec::new(),
        false => link.split('/').take(folders).collect(),
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => {
                leaves = true;
                parts.clear();
            }
            ".." => {
                depth -= 1;
                parts.push(part);
            }
            part => {
                depth += 1;
                parts.push(part);
            }
        }
    }
    let up = "../".repeat(folders);
    leaves.then(|| match parts.is_empty() {
        true if folders == 0 => ".".to_owned(),
        true => up.trim_end_matches('/').to_owned(),
        false => format!("{up}{}", parts.join("/")),
    })
}
