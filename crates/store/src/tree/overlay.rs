//! Layers of an image over each other (image-spec, layer.md, "Applying Changesets").

use super::{
    Error, Node, Placed, Tree, below,
    resolve::{KERNEL_LINKS_MAX, Stop, Walk, push},
};
use crate::archive::{Entry, Kind, Plan};

impl Tree {
    /// Applies a layer over those before it, whiteouts included.
    ///
    /// Entries that break a rule are kept in mind, and refused only if they are selected.
    ///
    /// # Errors
    ///
    /// An entry whose parent is a file, or a link that leads nowhere.
    pub fn overlay(&mut self, plan: &Plan) -> Result<(), Error> {
        self.layers += 1;
        for entry in &plan.entries {
            match entry.kind {
                Kind::Opaque => {
                    let folder = self.place_of_folder(&entry.path, &entry.path)?;
                    self.remove_below(&folder);
                }
                Kind::Whiteout => {
                    let path = self.place_of(&entry.path)?;
                    self.remove(&path);
                }
                _ => {}
            }
        }
        // Entries of one folder follow one another, so its place is looked up once.
        let mut known: Option<(&str, String)> = None;
        for entry in &plan.entries {
            if matches!(entry.kind, Kind::Opaque | Kind::Whiteout) {
                continue;
            }
            let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
            let mut path = match known.take() {
                Some((last, place)) if last == folder => place,
                _ => self.place_of_folder(folder, &entry.path)?,
            };
            known = Some((folder, path.clone()));
            push(&mut path, name);
            self.replace(path, entry)?;
        }
        Ok(())
    }

    fn replace(&mut self, path: String, entry: &Entry) -> Result<(), Error> {
        let node = match &entry.kind {
            Kind::Directory if self.get(&path) == Some(&Node::Directory) => return Ok(()),
            Kind::Directory => Some(Node::Directory),
            Kind::File(content) => Some(Node::File(*content)),
            Kind::Symlink(target) => Some(Node::Symlink(target.clone())),
            Kind::Refused(rule) => {
                self.remove(&path);
                self.refused.insert(path.clone(), *rule);
                None
            }
            Kind::Opaque | Kind::Whiteout => None,
        };
        if let Some(node) = node {
            self.remove(&path);
            self.make_parents(&path)?;
            let placed = Placed { node, mtime: entry.mtime, layer: self.layers };
            self.nodes.insert(path, placed);
        }
        Ok(())
    }

    /// Where a path lies once the links among its parents are followed.
    fn place_of(&self, path: &str) -> Result<String, Error> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut place = self.place_of_folder(folder, path)?;
        push(&mut place, name);
        Ok(place)
    }

    fn place_of_folder(&self, folder: &str, path: &str) -> Result<String, Error> {
        let walk = Walk {
            tree: self,
            links_max: KERNEL_LINKS_MAX,
            is_rooted: true,
            may_miss: true,
            external: &[],
        };
        let place = walk.walk(folder, |_| {}).map_err(|stop| match stop {
            Stop::Chain => Error::LinkChain { link: folder.to_owned() },
            _ => Error::UnderFile { path: path.to_owned(), parent: folder.to_owned() },
        })?;
        match self.get(&place) {
            Some(Node::File(_)) => {
                Err(Error::UnderFile { path: path.to_owned(), parent: folder.to_owned() })
            }
            _ => Ok(place),
        }
    }

    fn remove(&mut self, path: &str) {
        self.nodes.remove(path);
        self.refused.remove(path);
        self.remove_below(path);
    }

    fn remove_below(&mut self, folder: &str) {
        self.nodes.extract_if(below(folder), |_, _| true).for_each(drop);
        self.refused.extract_if(below(folder), |_, _| true).for_each(drop);
    }
}
