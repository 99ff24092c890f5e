//! What is measured, each against what a user would do instead.

use std::path::Path;

use serde_json::json;
use test_registry::TestRegistry;

use super::{
    Options,
    payload::{Payload, Shape},
    place::Place,
    report::{Report, median, time},
    run::{find, peak_mib, program, seconds, shell},
};

/// What all measurements need.
pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    pub(super) program: &'a Path,
    pub(super) registry: &'a TestRegistry,
    pub(super) place: &'a Place,
    /// A disk beside the tmpfs; what is on it stays until the end.
    pub(super) disk: Option<&'a Place>,
}

/// One compression of a payload in the registry.
struct Artifact {
    repository: &'static str,
    tag: &'static str,
    digest: String,
    unpacked: usize,
    /// The ratio that is wanted.
    wanted: &'static str,
}

impl Artifact {
    /// What unpacks a blob that is piped into it, into the folder `$2`, as one types it.
    fn tar(&self) -> String {
        format!(r#"tar -x --{} -C "$2""#, self.tag)
    }

    /// The same as two programs that work side by side.
    fn piped(&self) -> String {
        format!(r#"{} -dc | tar -x -C "$2""#, self.tag)
    }
}

const GZIP: &str = "gzip";
const ZSTD: &str = "zstd";
/// Bytes that a run needs beside those of its files: blobs, links, folders.
const SPARE_BYTES: usize = 200 << 20;
/// The quick commands are over in a moment, so they are run more often.
const QUICK_RUNS: usize = 31;

/// The names of all measurements of a payload.
pub(super) fn names(shape: Shape) -> Vec<String> {
    let mut names = Vec::new();
    for compression in compressions(shape) {
        names.extend([cold(shape, compression), peak(shape, compression)]);
        if shape == Shape::ManySmall {
            names.extend([synced(compression), warm(compression)]);
        }
    }
    names
}

fn compressions(shape: Shape) -> &'static [&'static str] {
    // Nobody packs a gigabyte with gzip any more, and it would take half a minute to make.
    if shape == Shape::OneHuge { &[ZSTD] } else { &[GZIP, ZSTD] }
}

fn cold(shape: Shape, compression: &str) -> String {
    format!("cold install, {}, {compression}", shape.name())
}

fn synced(compression: &str) -> String {
    format!("the same on a disk, both synced, {compression}")
}

fn warm(compression: &str) -> String {
    format!("warm install: only links, {compression}")
}

fn peak(shape: Shape, compression: &str) -> String {
    format!("peak memory, {}, {compression}", shape.name())
}

impl Bench<'_> {
    /// Everything about one payload.
    pub(super) fn payload(&self, payload: &Payload, report: &mut Report) -> anyhow::Result<()> {
        let shape = payload.shape;
        for compression in compressions(shape) {
            let artifact = self.push(payload, compression);
            self.place.check_space(3 * payload.unpacked)?;
            if self.options.wants(&cold(shape, compression)) {
                self.cold(&cold(shape, compression), &artifact, report)?;
            }
            if shape == Shape::ManySmall {
                if self.options.wants(&synced(compression)) {
                    self.synced(&synced(compression), &artifact, report)?;
                }
                if self.options.wants(&warm(compression)) {
                    self.warm(&warm(compression), &artifact, report)?;
                }
            }
            if self.options.wants(&peak(shape, compression)) {
                self.peak(&peak(shape, compression), &artifact, report)?;
            }
        }
        Ok(())
    }

    /// Commands that change nothing and touch no network.
    pub(super) fn commands(&self, report: &mut Report) -> anyhow::Result<()> {
        let (home, root) = (self.place.folder("home")?, self.place.folder("quick")?);
        let commands: [(&str, &[&str]); 4] = [
            ("install again", &["install", "hello"]),
            ("list", &["list"]),
            ("info", &["info", "hello"]),
            ("search", &["search", "json"]),
        ];
        for (name, arguments) in commands {
            if !self.options.wants(name) {
                continue;
            }
            seconds(program(self.program, &home, &root, &["install", "hello"]))?;
            let runs = (0..QUICK_RUNS)
                .map(|_| seconds(program(self.program, &home, &root, arguments)))
                .collect::<anyhow::Result<Vec<f64>>>()?;
            report.alone(name, time(median(runs.into_iter())), "<= 5 ms");
        }
        Ok(())
    }

    fn push(&self, payload: &Payload, compression: &str) -> Artifact {
        let repository = payload.shape.repository();
        let (bytes, tag, wanted) = match compression {
            GZIP => (&payload.gzip, GZIP, "<= 0.45"),
            _ => (&payload.zstd, ZSTD, "<= 0.83"),
        };
        let size = bytes.len();
        let media_type = format!("application/vnd.oci.image.layer.v1.tar+{tag}");
        // The same bytes under a second name, for the warm installs.
        for repository in [repository.to_owned(), format!("{repository}-again")] {
            let digest = self.registry.push_blob(&repository, bytes.clone());
            let config = self.registry.push_blob(&repository, "{}");
            let manifest = json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactType": "application/vnd.pkg.bench",
                "config": {
                    "mediaType": "application/vnd.oci.empty.v1+json",
                    "digest": config.as_str(),
                    "size": 2,
                },
                "layers": [{
                    "mediaType": media_type,
                    "digest": digest.as_str(),
                    "size": size,
                    "annotations": { "org.opencontainers.image.title": "payload" },
                }],
            });
            let media_type = "application/vnd.oci.image.manifest.v1+json";
            let bytes = manifest.to_string().into_bytes();
            self.registry.push_manifest(&repository, Some(tag), media_type, bytes);
        }
        let digest = digest::Digest::sha256(bytes).to_string();
        Artifact { repository, tag, digest, unpacked: payload.unpacked, wanted }
    }

    fn cold(&self, name: &str, artifact: &Artifact, report: &mut Report) -> anyhow::Result<()> {
        let oras = find("oras");
        let (mut by_tar, mut by_pipe, mut by_oras) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..self.options.rounds() {
            // Each finds the memory that the one before it gave back.
            let alone = |who: &str, run: &dyn Fn(&Path) -> anyhow::Result<f64>| {
                let folder = self.place.folder(&format!("{who}-{}-{round}", artifact.tag))?;
                let seconds = run(&folder)?;
                self.place.forget(&folder).map(|()| seconds)
            };
            let tar =
                alone("tar", &|folder| self.curl(self.place, folder, artifact, &artifact.tar()))?;
            let own = alone("own", &|folder| self.install(self.place, folder, artifact))?;
            let pipe = alone("pipe", &|folder| {
                self.curl(self.place, folder, artifact, &artifact.piped())
            })?;
            by_tar.push((tar, own));
            by_pipe.push((pipe, own));
            if oras.is_some() {
                by_oras.push((alone("oras", &|folder| self.oras(folder, artifact))?, own));
            }
        }
        report.race(name, &format!("curl, tar --{}", artifact.tag), &by_tar, artifact.wanted);
        report.race(name, &format!("curl, {}, tar", artifact.tag), &by_pipe, "");
        let peer = format!("oras pull, {}, tar", artifact.tag);
        match oras {
            Some(_) => report.race(name, &peer, &by_oras, ""),
            None => report.skipped(name, &peer, "no oras on PATH"),
        }
        Ok(())
    }

    /// On a disk `pkg` waits until everything is on it; here the peer does so too.
    fn synced(&self, name: &str, artifact: &Artifact, report: &mut Report) -> anyhow::Result<()> {
        let peer = format!("curl, {}, tar, sync", artifact.tag);
        let Some(disk) = self.disk else {
            report.skipped(name, &peer, "no disk beside the tmpfs");
            return Ok(());
        };
        let rounds = self.options.rounds();
        disk.check_space(2 * rounds * artifact.unpacked)?;
        let mut times = Vec::new();
        for round in 0..rounds {
            let folder = disk.folder(&format!("{}-{round}", artifact.tag))?;
            let script = format!(r#"{}; sync -f "$2""#, artifact.piped());
            let curl = self.curl(disk, &folder, artifact, &script)?;
            times.push((curl, self.install(disk, &folder, artifact)?));
        }
        report.race(name, &peer, &times, "");
        Ok(())
    }

    fn warm(&self, name: &str, artifact: &Artifact, report: &mut Report) -> anyhow::Result<()> {
        let home = self.place.folder("home")?;
        let again = format!(
            "oci://{}/{}-again:{}",
            self.registry.host(),
            artifact.repository,
            artifact.tag
        );
        let mut times = Vec::new();
        for round in 0..self.options.rounds() {
            let folder = self.place.folder(&format!("warm-{}-{round}", artifact.tag))?;
            self.install(self.place, &folder, artifact)?;
            let keg = folder.join("root/cellar").join(artifact.repository);
            let copied = folder.join("copied");
            let arguments = [keg.to_string_lossy(), copied.to_string_lossy()];
            let copy = seconds(shell(r#"cp -al "$1" "$2""#, &[&arguments[0], &arguments[1]]))?;
            let arguments = ["install", "--yes", "--quiet", &again];
            let own = seconds(program(self.program, &home, &folder.join("root"), &arguments))?;
            times.push((copy, own));
            self.place.forget(&folder)?;
        }
        report.race(name, "cp -al", &times, "<= 0.8");
        Ok(())
    }

    fn peak(&self, name: &str, artifact: &Artifact, report: &mut Report) -> anyhow::Result<()> {
        let home = self.place.folder("home")?;
        let folder = self.place.folder(&format!("peak-{}", artifact.tag))?;
        let reference = self.reference(artifact);
        let arguments = ["install", "--yes", "--quiet", &reference];
        let command = program(self.program, &home, &folder.join("root"), &arguments);
        // The window of `zstd -3` has 2 MiB, that of gzip 32 KiB.
        match peak_mib(&command, &home)? {
            Some(mib) => report.alone(name, format!("{mib:.0} MiB"), "<= 48 MiB + window"),
            None => report.skipped(name, "—", "no GNU time on PATH"),
        }
        self.place.forget(&folder)
    }

    fn reference(&self, artifact: &Artifact) -> String {
        format!("oci://{}/{}:{}", self.registry.host(), artifact.repository, artifact.tag)
    }

    fn install(&self, place: &Place, folder: &Path, artifact: &Artifact) -> anyhow::Result<f64> {
        let home = place.folder("home")?;
        place.warm(artifact.unpacked + SPARE_BYTES)?;
        let reference = self.reference(artifact);
        let arguments = ["install", "--yes", "--quiet", &reference];
        seconds(program(self.program, &home, &folder.join("root"), &arguments))
    }

    /// Fetches by curl, with `unpack` behind it.
    fn curl(
        &self,
        place: &Place,
        folder: &Path,
        artifact: &Artifact,
        unpack: &str,
    ) -> anyhow::Result<f64> {
        place.warm(artifact.unpacked + SPARE_BYTES)?;
        let path = format!("/v2/{}/blobs/{}", artifact.repository, artifact.digest);
        let into = folder.join("curl");
        let script = format!(r#"mkdir "$2"; curl -sSf "$1" | {unpack}"#);
        seconds(shell(&script, &[&self.registry.url(&path), &into.to_string_lossy()]))
    }

    fn oras(&self, folder: &Path, artifact: &Artifact) -> anyhow::Result<f64> {
        self.place.warm(2 * artifact.unpacked)?;
        let reference = self.reference(artifact);
        let reference = reference.trim_start_matches("oci://");
        let into = folder.join("oras");
        let script = format!(
            r#"oras pull --plain-http -o "$2" "$1"; mkdir "$2/files"
               {} -dc <"$2/payload" | tar -x -C "$2/files""#,
            artifact.tag
        );
        seconds(shell(&script, &[reference, &into.to_string_lossy()]))
    }
}
