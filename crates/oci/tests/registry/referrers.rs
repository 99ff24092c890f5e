//! Manifests about other manifests (rows G5, G7 to G10, G12 and G17).

use std::slice::from_ref;

use bytes::Bytes;
use digest::Digest;
use futures_util::future::join_all;
use pkg_oci::{
    Artifact, Body, Client, Descriptor, Error, Event, Manifest, media_type::IMAGE_INDEX,
    media_type::IMAGE_MANIFEST, push,
};
use test_registry::{Quirk, TestRegistry};

use crate::support::{Heard, client, client_with, config, place};

const SBOM: &str = "application/vnd.example.sbom";
const NOTE: &str = "application/vnd.example.note";

/// A registry with a manifest to refer to.
async fn registry(quirks: &[Quirk]) -> (TestRegistry, Descriptor) {
    let registry = TestRegistry::start();
    quirks.iter().for_each(|quirk| registry.quirk(quirk.clone()));
    let digest = registry.push_artifact("a", "1", "text/x", &[]);
    let size = registry.manifest("a", &digest).unwrap().len() as u64;
    (registry, Descriptor::new(IMAGE_MANIFEST, digest, size))
}

fn about(subject: &Descriptor, kind: &str, number: usize) -> Artifact {
    let annotations = [("number".to_owned(), number.to_string())].into();
    let (artifact_type, subject) = (kind.to_owned(), Some(subject.clone()));
    Artifact { artifact_type, subject, annotations, ..Artifact::default() }
}

async fn attach(client: &Client, registry: &TestRegistry, artifact: &Artifact) -> Manifest {
    let (here, manifest) = (place(registry, "a"), artifact.manifest());
    let (config, bytes) = artifact.config();
    client.push_blob(&here, &config, &Body::Bytes(bytes), None).await.unwrap();
    client.push_manifest(&here, &manifest).await.unwrap();
    manifest
}

async fn listed(
    client: &Client,
    registry: &TestRegistry,
    subject: &Descriptor,
    kind: Option<&str>,
) -> Vec<Digest> {
    let found = client.referrers(&place(registry, "a"), &subject.digest, kind).await.unwrap();
    let mut digests: Vec<_> = found.into_iter().map(|entry| entry.digest).collect();
    digests.sort();
    digests
}

fn sorted(manifests: &[&Manifest]) -> Vec<Digest> {
    let mut digests: Vec<_> = manifests.iter().map(|manifest| manifest.digest.clone()).collect();
    digests.sort();
    digests
}

fn tag(subject: &Descriptor) -> String {
    subject.digest.as_str().replace(':', "-")
}

#[tokio::test]
async fn g5_a_registry_that_lists_referrers_keeps_the_list_itself() {
    for quirks in [&[][..], &[Quirk::WithoutReferrers]] {
        let (registry, subject) = registry(quirks).await;
        let client = client();
        let sbom = attach(&client, &registry, &about(&subject, SBOM, 1)).await;
        let note = attach(&client, &registry, &about(&subject, NOTE, 1)).await;
        let keeps_tag = registry.tag("a", &tag(&subject)).is_some();
        assert_eq!(keeps_tag, !quirks.is_empty());
        let all = sorted(&[&sbom, &note]);
        assert_eq!(listed(&client, &registry, &subject, None).await, all);
        assert_eq!(listed(&client, &registry, &subject, Some(SBOM)).await, from_ref(&sbom.digest));
        // What was learnt by pushing need not be asked for, but only for some time.
        let asked = registry.requests_to("GET /v2/a/referrers/*").len();
        assert_eq!(asked, if keeps_tag { 0 } else { 2 });
        assert_eq!(listed(&self::client(), &registry, &subject, None).await, all);
    }
}

#[tokio::test]
async fn g7_an_entry_says_what_its_manifest_does() {
    let (registry, subject) = registry(&[Quirk::WithoutReferrers]).await;
    let client = client();
    let sbom = attach(&client, &registry, &about(&subject, SBOM, 7)).await;
    let image = Artifact { shape: pkg_oci::Shape::Image, ..about(&subject, "", 8) };
    let image = attach(&client, &registry, &image).await;
    let list = registry.manifest("a", &registry.tag("a", &tag(&subject)).unwrap()).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let expected = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "manifests": [
            {
                "mediaType": IMAGE_MANIFEST, "artifactType": SBOM,
                "digest": sbom.digest, "size": sbom.bytes.len(), "annotations": {"number": "7"},
            },
            {
                "mediaType": IMAGE_MANIFEST,
                "artifactType": "application/vnd.oci.image.config.v1+json",
                "digest": image.digest, "size": image.bytes.len(), "annotations": {"number": "8"},
            },
        ],
    });
    assert_eq!(list, expected);
    // Once is enough.
    registry.forget_requests();
    client.push_manifest(&place(&registry, "a"), &sbom).await.unwrap();
    assert_eq!(registry.requests_to("PUT *").len(), 1);
}

#[tokio::test]
async fn g7_what_others_wrote_into_the_list_stays_there() {
    let (registry, subject) = registry(&[Quirk::WithoutReferrers]).await;
    let odd = format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE_INDEX}","manifests":[{{"mediaType":"{IMAGE_MANIFEST}","digest":"{}","size":{},"later":[1]}}],"annotations":{{"a":"b"}}}}"#,
        subject.digest, subject.size,
    );
    registry.push_manifest("a", Some(&tag(&subject)), IMAGE_INDEX, odd);
    attach(&client(), &registry, &about(&subject, SBOM, 1)).await;
    let list = registry.manifest("a", &registry.tag("a", &tag(&subject)).unwrap()).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(list["manifests"][0]["later"], serde_json::json!([1]));
    assert_eq!(
        (list["annotations"]["a"].as_str(), list["manifests"].as_array().unwrap().len()),
        (Some("b"), 2)
    );
}

#[tokio::test]
async fn g7_a_tag_that_is_no_list_is_left_alone() {
    let (registry, subject) = registry(&[Quirk::WithoutReferrers]).await;
    let other = registry.push_artifact("a", &tag(&subject), "text/x", &[]);
    let artifact = about(&subject, SBOM, 1);
    let client = client();
    let pushed = client.push_manifest(&place(&registry, "a"), &artifact.manifest()).await;
    let error = pushed.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::NoList { .. })), "{error}");
    assert_eq!(registry.tag("a", &tag(&subject)), Some(other));
    assert!(listed(&client, &registry, &subject, None).await.is_empty());
}

#[tokio::test]
async fn g7_no_entry_is_lost_among_tasks_and_processes_of_one_machine() {
    let folder = tempfile::tempdir().unwrap();
    for quirks in [&[Quirk::WithoutReferrers][..], &[Quirk::WithoutReferrers, Quirk::Conditions]] {
        let (registry, subject) = registry(quirks).await;
        // Two clients stand for two processes: they share nothing but the folder of locks.
        let one = || client_with(|config| config.push.locks = Some(folder.path().join("locks")));
        let clients = [one(), one()];
        let attached = join_all((0..24).map(|number| {
            let (client, registry) = (&clients[number % 2], &registry);
            let artifact = about(&subject, SBOM, number);
            async move { attach(client, registry, &artifact).await }
        }));
        let attached = attached.await;
        let all = sorted(&attached.iter().collect::<Vec<_>>());
        assert_eq!(listed(&clients[0], &registry, &subject, None).await, all);
        let puts = registry.requests_to(&format!("PUT */manifests/{}", tag(&subject)));
        assert_eq!(puts.len(), 24, "nobody has to try again");
    }
}

#[tokio::test]
async fn g7_a_lost_change_is_made_again() {
    let (registry, subject) = registry(&[Quirk::WithoutReferrers]).await;
    let path = format!("PUT */manifests/{}", tag(&subject));
    // The first change is overwritten by somebody, the second meets somebody faster.
    registry.on(&path).once().status(201);
    registry.on(&path).after(1).once().status(412);
    let sbom = attach(&client(), &registry, &about(&subject, SBOM, 1)).await;
    let puts = registry.requests_to(&path);
    assert_eq!(puts.len(), 3);
    assert_eq!(puts[0].header("if-none-match"), Some("*"));
    attach(&client(), &registry, &about(&subject, SBOM, 2)).await;
    let known = format!("\"{}\"", Digest::sha256(&list_with(&sbom)));
    assert_eq!(registry.requests_to(&path)[3].header("if-match"), Some(known.as_str()));
    registry.on(&path).status(412);
    let third = about(&subject, SBOM, 3).manifest();
    let pushed = client().push_manifest(&place(&registry, "a"), &third).await;
    let error = pushed.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::Contended { .. })), "{error}");
}

/// The list with just this referrer, number 1.
fn list_with(sbom: &Manifest) -> Vec<u8> {
    let list = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "manifests": [{
            "mediaType": IMAGE_MANIFEST, "artifactType": SBOM,
            "digest": sbom.digest, "size": sbom.bytes.len(), "annotations": {"number": "1"},
        }],
    });
    list.to_string().into_bytes()
}

#[tokio::test]
async fn g8_an_old_list_is_deleted_only_if_asked() {
    for deletes in [false, true] {
        let (registry, subject) = registry(&[Quirk::WithoutReferrers]).await;
        let client = client_with(|config| config.push.deletes_old_lists = deletes);
        for number in 0..3 {
            attach(&client, &registry, &about(&subject, SBOM, number)).await;
        }
        let lists = registry.manifests("a").len() - 1 - 3;
        assert_eq!(lists, if deletes { 1 } else { 3 });
        // A registry that forbids it changes nothing.
        registry.quirk(Quirk::WithoutDeletion);
        attach(&client, &registry, &about(&subject, SBOM, 3)).await;
        assert_eq!(listed(&client, &registry, &subject, None).await.len(), 4);
    }
}

#[tokio::test]
async fn g9_whatever_is_no_list_means_that_there_is_none() {
    let (registry, subject) = registry(&[Quirk::WithoutReferrers]).await;
    let sbom = attach(&client(), &registry, &about(&subject, SBOM, 1)).await;
    let elsewhere = TestRegistry::start();
    elsewhere.on("*limited*").answering(429, &[("retry-after", "3600")], "slow down");
    elsewhere.on("*page*").html();
    let path = "GET /v2/a/referrers/*";
    let check = async |name: &str| {
        let found = listed(&client(), &registry, &subject, None).await;
        assert_eq!(found, from_ref(&sbom.digest), "{name}");
        registry.behave();
    };
    for status in [400, 404, 405, 501] {
        registry.on(path).status(status);
        check(&status.to_string()).await;
    }
    registry.on(path).html();
    check("a page").await;
    for to in ["/page", "/limited", "/nothing"] {
        registry.on(path).answering(303, &[("location", &elsewhere.url(to))], "");
        check(to).await;
    }
    registry.on(path).redirecting("https://169.254.169.254/");
    check("a redirect that is refused").await;
    registry.on(path).answering(200, &[("content-type", "application/json")], "{\"manifests\":[]}");
    check("JSON of another type").await;
    registry.on(path).answering(200, &[("content-type", IMAGE_INDEX)], "[]");
    check("no index").await;
    // But a registry in trouble is not one without a list.
    registry.on(path).status(503);
    let asked = client().referrers(&place(&registry, "a"), &subject.digest, None).await;
    assert!(matches!(asked, Err(Error::Answer { .. })), "{asked:?}");
}

#[tokio::test]
async fn g10_a_filter_is_trusted_only_where_it_was_applied() {
    for quirks in [
        &[][..],
        &[Quirk::WithoutFilters],
        &[Quirk::ReferrersPage(2)],
        &[Quirk::ReferrersPage(1), Quirk::WithoutFilters],
        &[Quirk::WithoutReferrers],
    ] {
        let (registry, subject) = registry(quirks).await;
        let client = client();
        let mut wanted = Vec::new();
        for number in 0..5 {
            wanted.push(attach(&client, &registry, &about(&subject, SBOM, number)).await);
            attach(&client, &registry, &about(&subject, NOTE, number)).await;
        }
        let wanted = sorted(&wanted.iter().collect::<Vec<_>>());
        assert_eq!(listed(&client, &registry, &subject, Some(SBOM)).await, wanted, "{quirks:?}");
        assert_eq!(listed(&client, &registry, &subject, None).await.len(), 10, "{quirks:?}");
        assert!(listed(&client, &registry, &subject, Some("x/y")).await.is_empty());
    }
}

#[tokio::test]
async fn g12_a_referrer_must_say_its_subject_itself() {
    let (registry, subject) = registry(&[]).await;
    let (client, heard) = {
        let (heard, mut config) = (Heard::default(), config());
        heard.listen(&mut config);
        (Client::new(config).unwrap(), heard)
    };
    let sbom = attach(&client, &registry, &about(&subject, SBOM, 1)).await;
    let liar = registry.push_artifact("a", "2", SBOM, &[]);
    let gone = Digest::sha256(b"gone");
    let entry = |digest: &Digest| {
        serde_json::json!({"mediaType": IMAGE_MANIFEST, "digest": digest, "size": 9,
            "artifactType": "a/lie"})
    };
    let list = serde_json::json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests":
        [entry(&liar), entry(&sbom.digest), entry(&gone), entry(&sbom.digest)]});
    let list = Bytes::from(list.to_string());
    registry.on("GET */referrers/*").answering(200, &[("content-type", IMAGE_INDEX)], list);
    let found = client.referrers(&place(&registry, "a"), &subject.digest, None).await.unwrap();
    let [entry] = &found[..] else { panic!("{found:?}") };
    assert_eq!(entry.digest, sbom.digest);
    assert_eq!((entry.artifact_type.as_deref(), entry.size), (Some(SBOM), sbom.bytes.len() as u64));
    let told = heard.all(|event| match event {
        Event::Warning { text, .. } => Some(text),
        _ => None,
    });
    assert!(told.len() == 1 && told[0].starts_with(liar.as_str()), "{told:?}");
}

#[tokio::test]
async fn g17_a_manifest_that_goes_leaves_the_list_first() {
    let (registry, subject) = registry(&[Quirk::WithoutReferrers]).await;
    let client = client();
    let one = attach(&client, &registry, &about(&subject, SBOM, 1)).await;
    let two = attach(&client, &registry, &about(&subject, SBOM, 2)).await;
    registry.forget_requests();
    client.delete_manifest(&place(&registry, "a"), &one.digest, false).await.unwrap();
    let asked: Vec<_> = registry.requests().into_iter().map(|r| r.method).collect();
    let (put, delete) = ("PUT".to_owned(), "DELETE".to_owned());
    let position = |wanted: &String| asked.iter().position(|method| method == wanted);
    assert!(position(&put).unwrap() < position(&delete).unwrap(), "{asked:?}");
    assert!(registry.manifest("a", &one.digest).is_none());
    assert_eq!(listed(&client, &registry, &subject, None).await, [two.digest]);
}
