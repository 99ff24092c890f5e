//! What a token allows: `type:name:action,action` (the registry token scope documentation).

use std::{collections::BTreeSet, fmt};

/// Access to one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Scope {
    resource: String,
    actions: BTreeSet<String>,
}

impl Scope {
    /// Reading from a repository.
    pub(crate) fn pull(repository: &str) -> Self {
        let actions = BTreeSet::from(["pull".to_owned()]);
        Self { resource: format!("repository:{repository}"), actions }
    }

    /// Writing to a repository, which takes reading it too.
    pub(crate) fn push(repository: &str) -> Self {
        let actions = ["pull", "push"].map(str::to_owned).into();
        Self { resource: format!("repository:{repository}"), actions }
    }

    /// Deleting from a repository.
    pub(crate) fn delete(repository: &str) -> Self {
        let actions = ["delete", "pull"].map(str::to_owned).into();
        Self { resource: format!("repository:{repository}"), actions }
    }

    /// All that may be done with a repository, for registries that know no `delete`.
    pub(crate) fn all(repository: &str) -> Self {
        let actions = ["*".to_owned()].into();
        Self { resource: format!("repository:{repository}"), actions }
    }

    /// The list of a registry's repositories.
    pub(crate) fn catalog() -> Self {
        let actions = ["*".to_owned()].into();
        Self { resource: "registry:catalog".to_owned(), actions }
    }

    /// Reads a scope from both ends: a name may hold a `host:port`, so only the first and the
    /// last colon separate.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (resource, actions) = text.rsplit_once(':')?;
        let (kind, name) = resource.split_once(':')?;
        let actions: BTreeSet<String> =
            actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned).collect();
        let is_whole = !kind.is_empty() && !name.is_empty() && !actions.is_empty();
        is_whole.then(|| Self { resource: resource.to_owned(), actions })
    }

    /// The resource's name; a repository's name for a repository.
    pub(crate) fn name(&self) -> &str {
        self.resource.split_once(':').map_or("", |(_, name)| name)
    }

    /// Whether nothing but reading is asked for.
    pub(crate) fn is_pull(&self) -> bool {
        self.actions.iter().all(|action| action == "pull")
    }

    /// Whether a token of this scope is good for `other` too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.resource == other.resource && self.actions.is_superset(&other.actions)
    }
}

/// `scopes` with one more; actions on the same resource are joined.
pub(crate) fn join(scopes: &mut Vec<Scope>, more: &Scope) {
    match scopes.iter_mut().find(|scope| scope.resource == more.resource) {
        Some(scope) => scope.actions.extend(more.actions.iter().cloned()),
        None => scopes.push(more.clone()),
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions: Vec<&str> = self.actions.iter().map(String::as_str).collect();
        write!(f, "{}:{}", self.resource, actions.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h4_a_name_may_hold_a_port() {
        let scope = Scope::parse("repository:reg.example:5000/a/b:push,pull").unwrap();
        assert_eq!(scope.to_string(), "repository:reg.example:5000/a/b:pull,push");
        assert!(scope.covers(&Scope::pull("reg.example:5000/a/b")));
        assert!(!scope.is_pull());
        for bad in
            ["", "repository", "repository:a", "repository::pull", ":a:pull", "a:b:", "a:b:,"]
        {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn h3_needed_and_asked_scopes_are_joined() {
        let mut scopes = vec![Scope::parse("repository:a:push").unwrap()];
        join(&mut scopes, &Scope::pull("a"));
        join(&mut scopes, &Scope::pull("b"));
        let shown: Vec<String> = scopes.iter().map(Scope::to_string).collect();
        assert_eq!(shown, ["repository:a:pull,push", "repository:b:pull"]);
    }
}
