//! asdf's `.tool-versions`: a name and its versions to a line, the first of which counts.

use super::Bundle;

pub(super) fn read(text: &str) -> Bundle {
    let mut bundle = Bundle::default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        version(&mut bundle, name, words.next());
    }
    bundle
}

/// A tool of asdf or mise: some versions are no versions.
pub(super) fn version(bundle: &mut Bundle, name: &str, version: Option<&str>) {
    match version {
        Some("system") => bundle.skip(name, "its version is that of the system"),
        Some(version) if version.contains(':') => {
            bundle.skip(name, &format!("`{version}` is no released version"));
        }
        version => bundle.add(name, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_counts() {
        let bundle = read(
            "node 20.1 18\n# no\njq latest # yes\npython system\ngo ref:main\n\nxh\n\
             java temurin-21\nzig $(pick)\n",
        );
        let wants: Vec<_> =
            bundle.wants.packages.iter().map(|w| format!("{} {}", w.name, w.version)).collect();
        // What a version in words means is the formula's to say; that it is nothing is said then.
        assert_eq!(wants, ["node 20.1", "jq *", "xh *", "java temurin-21"]);
        let skipped: Vec<_> = bundle.skipped.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(skipped, ["python", "go", "zig"]);
    }
}
