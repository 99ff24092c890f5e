//! What the client writes to registries as their makers ship them, also through a line that breaks.

use std::time::Duration;

use digest::{Digest, Hasher};
use oci::{Artifact, Body, Client, Config, Descriptor, Error, Manifest, Place, Pushed, Start};

use super::{
    peers,
    registry::{Kind, Registry},
    wire::{Then, Wire},
};
use crate::support::noise;

/// Bytes of a blob that is cut on its way.
const SIZE: usize = 3_000_000;

fn client(change: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config { back_off: Duration::from_millis(5), ..Config::default() };
    change(&mut config);
    Client::new(config).unwrap()
}

fn place(host: &str, rest: &str) -> Place {
    Place::parse(&format!("{host}/{rest}")).unwrap()
}

/// Blobs and manifests to push, and a place to push them to.
struct Desk {
    registry: Registry,
    client: Client,
}

impl Desk {
    fn all() -> impl Iterator<Item = Self> {
        Registry::all().map(|registry| Self { registry, client: client(|_| {}) })
    }

    fn at(&self, rest: &str) -> Place {
        place(&self.registry.host, rest)
    }

    async fn push(&self, client: &Client, to: &Place, bytes: &[u8]) -> Pushed {
        let descriptor = described(bytes);
        let body = Body::Bytes(bytes.to_vec().into());
        let pushed = client.push_blob(to, &descriptor, &body, None).await;
        let pushed =
            pushed.unwrap_or_else(|error| panic!("{}: {}", self.registry.kind, chain(&error)));
        assert!(self.fetch(to, &descriptor).await == bytes, "{}", self.registry.kind);
        pushed
    }

    async fn fetch(&self, from: &Place, descriptor: &Descriptor) -> Vec<u8> {
        let start = Start::of(descriptor).unwrap();
        let mut download = self.client.blob(from, descriptor, start).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(chunk) = download.next().await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        bytes
    }

    /// Pushes an artifact and its blobs to `rest`.
    async fn push_artifact(&self, rest: &str, artifact: &Artifact) -> Manifest {
        let here = self.at(rest);
        let (config, bytes) = artifact.config();
        self.client.push_blob(&here, &config, &Body::Bytes(bytes), None).await.unwrap();
        let manifest = artifact.manifest();
        self.client.push_manifest(&here, &manifest).await.unwrap();
        manifest
    }
}

fn described(bytes: &[u8]) -> Descriptor {
    Descriptor::new("application/octet-stream", Digest::sha256(bytes), bytes.len() as u64)
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

#[test]
fn blobs_arrive_whole_in_every_way() {
    run(async {
        for desk in Desk::all() {
            let here = desk.at("a/x");
            let bytes = noise(1, SIZE);
            let sent = Pushed::Sent { bytes: SIZE as u64 };
            assert_eq!(desk.push(&desk.client, &here, &bytes).await, sent);
            assert_eq!(desk.push(&desk.client, &here, &bytes).await, Pushed::Present);
            let (there, descriptor) = (desk.at("b/y"), described(&bytes));
            let body = Body::File("/nowhere".into());
            let mounted = desk.client.push_blob(&there, &descriptor, &body, Some(&here)).await;
            // Zot has it in every repository as soon as it has it in one.
            let is_zot = desk.registry.kind == Kind::Zot;
            let expected = if is_zot { Pushed::Present } else { Pushed::Mounted };
            assert_eq!(mounted.unwrap(), expected, "{}", desk.registry.kind);
            assert!(desk.fetch(&there, &descriptor).await == bytes);
            let chunked = client(|config| config.push.body_bytes_max = Some(1 << 20));
            assert_eq!(desk.push(&chunked, &here, &noise(2, SIZE)).await, sent);
            let single = client(|config| config.push.single_post = true);
            assert_eq!(desk.push(&single, &here, &noise(3, SIZE)).await, sent);
            assert_eq!(desk.push(&desk.client, &here, b"").await, Pushed::Sent { bytes: 0 });
            let like: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
            let mut hasher = Hasher::like(&like).unwrap();
            hasher.update(&bytes);
            let long = Descriptor { digest: hasher.finish(), ..described(&bytes) };
            let body = Body::Bytes(bytes.into());
            desk.client.push_blob(&here, &long, &body, None).await.unwrap();
        }
    });
}

#[test]
fn manifests_are_tagged_referred_to_and_deleted() {
    run(async {
        for desk in Desk::all() {
            let (kind, client) = (desk.registry.kind, &desk.client);
            let artifact_type = "application/vnd.example.thing.v1".to_owned();
            let thing = Artifact { artifact_type, ..Artifact::default() };
            let thing = desk.push_artifact("a/x:1", &thing).await;
            client.push_tagged(&desk.at("a/x"), &thing, &["1.2", "latest"]).await.unwrap();
            assert_eq!(client.tags(&desk.at("a/x")).await.unwrap(), ["1", "1.2", "latest"]);
            let subject =
                Descriptor::new(&thing.media_type, thing.digest.clone(), thing.bytes.len() as u64);
            let about = |number: usize| Artifact {
                artifact_type: format!("application/vnd.example.note{}", number % 2),
                subject: Some(subject.clone()),
                annotations: [("number".to_owned(), number.to_string())].into(),
                ..Artifact::default()
            };
            let (one, two, three) = (about(1), about(2), about(3));
            // All at once: where clients keep the list, no entry may be lost.
            let notes = tokio::join!(
                desk.push_artifact("a/x", &one),
                desk.push_artifact("a/x", &two),
                desk.push_artifact("a/x", &three),
            );
            let count = async |artifact_type: Option<&str>| {
                let found = client.referrers(&desk.at("a/x"), &thing.digest, artifact_type).await;
                found.unwrap().len()
            };
            assert_eq!(count(None).await, 3, "{kind}");
            assert_eq!(count(Some("application/vnd.example.note1")).await, 2, "{kind}");
            if peers::are_here(&["oras"]) {
                let thing = format!("{}/a/x:1", desk.registry.host);
                let seen = std::process::Command::new("oras")
                    .args(["discover", "--plain-http", "--format", "json", &thing])
                    .output()
                    .unwrap();
                let seen = String::from_utf8(seen.stdout).unwrap();
                let digests = [&notes.0.digest, &notes.1.digest, &notes.2.digest];
                assert!(digests.iter().all(|digest| seen.contains(digest.as_str())), "{seen}");
            }
            let here = desk.at("a/x");
            client.delete_manifest(&here, &notes.0.digest, false).await.unwrap();
            assert_eq!(count(None).await, 2, "{kind}");
            let deleted = client.delete_tag(&desk.at("a/x:1.2")).await;
            // docker-registry deletes no tags, and nothing else is deleted in their stead.
            assert_eq!(deleted.is_ok(), kind != Kind::DockerRegistry, "{kind}: {deleted:?}");
            let kept = client.delete_manifest(&desk.at("a/x:1"), &thing.digest, false).await;
            let kept = kept.unwrap_err();
            assert!(matches!(kept, Error::Push(oci::push::Error::Shared { .. })), "{kept}");
            client.delete_manifest(&here, &thing.digest, true).await.unwrap();
            assert!(client.manifest(&desk.at("a/x:latest")).await.is_err());
        }
    });
}

#[test]
fn an_upload_that_is_cut_anywhere_ends_right() {
    run(async {
        for desk in Desk::all() {
            let wire = Wire::to(&desk.registry.host);
            for most in [SIZE as u64, 500_000] {
                let client = client(|config| config.push.body_bytes_max = Some(most));
                for cut in 0..20 {
                    let bytes = noise(most + cut, SIZE);
                    wire.cut_after(1 + cut * 157_001, Then::Heals);
                    let pushed = desk.push(&client, &place(&wire.host, "a/x"), &bytes).await;
                    assert_eq!(pushed, Pushed::Sent { bytes: SIZE as u64 });
                    assert!(wire.was_cut());
                }
            }
        }
    });
}
