//! An artifact as a page for people: one line a fact, what is below something further in.

use formula::{Annotation, Relocations};

use crate::{
    amount::{bytes, count},
    table::Table,
    view::{Artifact, Described, File, Inspected, Layer, Manifest},
};

/// The page of an artifact with all that is below it.
pub(crate) fn table(view: &Inspected) -> Table {
    let mut page = Page::default();
    page.table.field("Reference", view.reference.as_str());
    page.artifact(&view.artifact);
    page.table
}

/// The page so far.
#[derive(Default)]
struct Page {
    table: Table,
    depth: usize,
}

impl Page {
    fn field(&mut self, name: &str, value: impl Into<String>) {
        self.table.field(&format!("{}{name}", "  ".repeat(self.depth)), value);
    }

    fn artifact(&mut self, artifact: &Artifact) {
        self.field("Kind", artifact.title.as_str());
        self.described(&artifact.content);
        self.field("Artifact type", artifact.artifact_type.clone().unwrap_or_default());
        self.field("Subject", artifact.subject.clone().unwrap_or_default());
        for (key, value) in &artifact.annotations {
            match (key.as_str(), Annotation::parse(value)) {
                (Annotation::KEY, Ok(package)) => self.package(&package),
                (Annotation::KEY, Err(error)) => {
                    self.field("Annotation", format!("{key} cannot be read: {error}"));
                }
                _ => self.field("Annotation", format!("{key} = {value}")),
            }
        }
        if let Some(config) = &artifact.config {
            self.field("Config", summary(&config.content));
            self.config(config.value.as_ref());
        }
        for layer in &artifact.layers {
            self.layer(layer);
        }
        for manifest in &artifact.manifests {
            self.manifest(manifest);
        }
        for referrer in &artifact.referrers {
            let of = referrer.artifact_type.as_ref().unwrap_or(&referrer.content.media_type);
            self.field("Referrer", format!("{of}  {}", referrer.content.digest));
        }
    }

    fn described(&mut self, content: &Described) {
        self.field("Platform", content.platform.clone().unwrap_or_default());
        self.field("Digest", content.digest.as_str());
        self.field("Media type", content.media_type.as_str());
        self.field("Size", bytes(content.size));
    }

    /// What a package says of itself; the whole of it is in the answer in JSON.
    fn package(&mut self, package: &Annotation) {
        self.field("Summary", package.summary.as_str());
        self.field("License", package.license.as_str());
        let needs = package.depends.iter().map(|(name, depend)| {
            let optional = if depend.optional { " (optional)" } else { "" };
            format!("{name} {}{optional}", depend.constraint)
        });
        self.field("Needs", needs.collect::<Vec<_>>().join(", "));
        let requires = &package.requires;
        let hosts =
            [("glibc", &requires.glibc), ("macos", &requires.macos), ("linux", &requires.linux)];
        let hosts =
            hosts.into_iter().filter_map(|(name, it)| Some(format!("{name} {}", it.as_ref()?)));
        let hosts = hosts.chain(requires.cpu.clone());
        self.field("Requires", hosts.collect::<Vec<_>>().join(", "));
        self.field("Unpacked size", package.unpacked_size.map(bytes).unwrap_or_default());
        self.field("Entries", package.entries.map(|it| it.to_string()).unwrap_or_default());
        let relocations = match &package.relocations {
            Relocations::List(list) if list.is_empty() => String::new(),
            Relocations::List(list) => {
                let places = list.iter().map(|file| file.offsets.len()).sum();
                format!("{} in {}", count(places, "place"), count(list.len(), "file"))
            }
            Relocations::File(path) => format!("listed in {path}"),
        };
        self.field("Relocations", relocations);
    }

    /// The parts of a config that say what runs, or what the chart is.
    fn config(&mut self, value: Option<&serde_json::Value>) {
        self.depth += 1;
        let parts = [
            ("Runs on", &["os", "architecture"][..]),
            ("Created", &["created"]),
            ("App version", &["appVersion"]),
            ("Description", &["description"]),
        ];
        for (name, keys) in parts {
            let texts = keys.iter().filter_map(|key| value?.get(key)?.as_str());
            let texts = texts.filter(|text| !text.is_empty() && !text.starts_with("0001-01-01"));
            self.field(name, texts.collect::<Vec<_>>().join("/"));
        }
        for (name, key) in [("Entrypoint", "Entrypoint"), ("Command", "Cmd")] {
            let words = value.and_then(|value| value.get("config")?.get(key)?.as_array());
            let words = words.into_iter().flatten().filter_map(|word| word.as_str());
            self.field(name, words.collect::<Vec<_>>().join(" "));
        }
        self.depth -= 1;
    }

    fn layer(&mut self, layer: &Layer) {
        let title = layer.annotations.get("org.opencontainers.image.title");
        let title = title.map(|title| format!("  {title}")).unwrap_or_default();
        self.field("Layer", format!("{}{title}", summary(&layer.content)));
        self.depth += 1;
        for file in layer.files.iter().flatten() {
            self.field(file.kind, entry(file));
        }
        self.depth -= 1;
    }

    fn manifest(&mut self, manifest: &Manifest) {
        match manifest {
            Manifest::Artifact(artifact) => {
                let platform = artifact.content.platform.as_deref().unwrap_or("any platform");
                self.field("Manifest", platform);
                self.depth += 1;
                self.artifact(artifact);
                self.depth -= 1;
            }
            Manifest::Named { content, why } => {
                self.field("Manifest", format!("{}  ({why})", summary(content)));
            }
        }
    }
}

fn summary(content: &Described) -> String {
    format!("{}  {}  {}", content.digest, bytes(content.size), content.media_type)
}

fn entry(file: &File) -> String {
    match (&file.target, file.size) {
        (Some(target), _) => format!("{} -> {target}", file.path),
        (None, Some(size)) => format!("{}  {}", file.path, bytes(size)),
        (None, None) => file.path.clone(),
    }
}
