use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::media_type::{
    DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, EMPTY, IMAGE_INDEX,
    IMAGE_MANIFEST,
};

const OWN: &str = "application/vnd.my.amazing.software.manifest.v1+json";

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::sha256(content), "size": content.len()})
}

fn image() -> Value {
    let layer = descriptor("application/x-anything", b"layer");
    json!({"schemaVersion": 2, "config": descriptor(EMPTY, b"{}"), "layers": [layer]})
}

fn index() -> Value {
    json!({"schemaVersion": 2, "manifests": [descriptor(IMAGE_MANIFEST, b"m")]})
}

fn of(mut body: Value, own: &str) -> Value {
    body["mediaType"] = own.into();
    body
}

fn read(served: &str, bytes: &[u8]) -> Result<Document, Error> {
    let bytes = Bytes::copy_from_slice(bytes);
    let digest = Digest::sha256(&bytes);
    Manifest { bytes, media_type: served.to_owned(), digest }.document()
}

/// `image`, `index`, or the start of the error's name.
fn check(served: &str, body: &Value, expected: &str) {
    check_bytes(served, body.to_string().as_bytes(), expected);
}

fn check_bytes(served: &str, bytes: &[u8], expected: &str) {
    let found = match read(served, bytes) {
        Ok(Document::Image(_)) => "image".to_owned(),
        Ok(Document::Index(_)) => "index".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    let body = String::from_utf8_lossy(bytes);
    assert!(found.starts_with(expected), "{served}: {body}: {found}, not {expected}");
}

#[test]
fn b2_schema_1_is_a_typed_error() {
    for served in [DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED] {
        check(served, &json!({"schemaVersion": 1, "fsLayers": []}), "Schema1");
        check(served, &image(), "Schema1");
    }
    check("application/json", &json!({"schemaVersion": 1, "name": "a"}), "Schema1");
    check(IMAGE_MANIFEST, &json!({"schemaVersion": 1, "config": {}, "layers": []}), "Schema1");
    check(IMAGE_MANIFEST, &of(image(), DOCKER_SCHEMA1_SIGNED), "Schema1");
    let mut both = image();
    both["fsLayers"] = json!([]);
    check(DOCKER_MANIFEST, &both, "Schema1");
}

#[test]
fn b3_the_header_says_the_type_and_no_other_known_type_may_stand_inside() {
    let kinds = [
        (IMAGE_MANIFEST, "image"),
        (DOCKER_MANIFEST, "image"),
        (IMAGE_INDEX, "index"),
        (DOCKER_LIST, "index"),
    ];
    for (served, kind) in kinds {
        let body = if kind == "image" { image() } else { index() };
        check(served, &body, kind);
        check(&format!("{served}; charset=utf-8"), &body, kind);
        check(&served.to_uppercase(), &body, kind);
        for (own, _) in kinds {
            let expected = if own == served { kind } else { "Mismatch" };
            check(served, &of(body.clone(), own), expected);
        }
    }
}

#[test]
fn b3_a_type_of_the_authors_own_is_read_as_the_header_says() {
    check(IMAGE_MANIFEST, &of(image(), OWN), "image");
    check(IMAGE_INDEX, &of(index(), OWN), "index");
    check(IMAGE_MANIFEST, &of(index(), OWN), "Incomplete");
    check(IMAGE_INDEX, &of(image(), OWN), "Incomplete");
    check("application/json", &of(image(), OWN), "image");
    check("application/json", &of(image(), IMAGE_MANIFEST), "image");
    check("", &index(), "index");
    check(OWN, &of(image(), OWN), "image");
    check(OWN, &json!({}), "Unknown");
    check("", &json!({"mediaType": IMAGE_INDEX}), "Incomplete");
    let Ok(Document::Image(found)) = read(IMAGE_MANIFEST, of(image(), OWN).to_string().as_bytes())
    else {
        panic!("not an image");
    };
    assert_eq!(found.media_type.as_deref(), Some(OWN));
}

#[test]
fn b4_a_document_is_not_two_at_once() {
    let types = [IMAGE_MANIFEST, DOCKER_MANIFEST, IMAGE_INDEX, DOCKER_LIST, OWN, ""];
    for served in types {
        for part in ["config", "layers"] {
            let mut both = index();
            both[part] = image()[part].clone();
            check(served, &both, "Ambiguous");
        }
    }
}

#[test]
fn b4_keys_stand_once_and_in_one_case() {
    let image = image().to_string();
    let with = |extra: &str| format!("{},{extra}}}", image.strip_suffix('}').unwrap());
    let level = |extra: &str| image.replacen("\"size\"", &format!("{extra},\"size\""), 1);
    let broken = [
        with(r#""layers":[]"#),
        with(r#""Layers":[]"#),
        with(r#""MANIFESTS":[]"#),
        with(r#""manifest\u017f":[]"#),
        with(r#""mediatype":"x""#),
        with(r#""\u006cayers":[]"#),
        with(r#""x":{"a":1,"a":2}"#),
        with(r#""x":[[{"a":1,"a":1}]]"#),
        with(r#""annotations":{"a":"1","a":"2"}"#),
        level(r#""Digest":"x""#),
        level(r#""size":1"#),
        level(r#""platform":{"OS":"a"}"#),
    ];
    for body in broken {
        check_bytes(IMAGE_MANIFEST, body.as_bytes(), "Json");
    }
    let fine = [
        with(r#""annotations":{"a":"1","A":"2","Layers":"x"}"#),
        with(r#""x":{"Layers":1,"layers":2}"#),
        with(r#""digest":1,"Size":-1"#),
        level(r#""x":{"Size":1}"#),
    ];
    for body in fine {
        check_bytes(IMAGE_MANIFEST, body.as_bytes(), "image");
    }
}

#[test]
fn b5_the_bytes_stay_as_served() {
    let text = format!(" {} \n", image().to_string().replace("\":", "\" :\t"));
    let bytes = Bytes::from(text.clone());
    let digest = Digest::sha256(&bytes);
    let manifest = Manifest { bytes, media_type: IMAGE_MANIFEST.to_owned(), digest };
    assert!(manifest.document().is_ok());
    assert_eq!(manifest.bytes, text.as_bytes());
    crate::verify::check(&manifest.bytes, &manifest.digest).unwrap();
}

#[test]
fn b7_a_document_is_read_up_to_four_mebibytes() {
    let mut text = image().to_string().into_bytes();
    text.resize(BYTES_MAX, b' ');
    check_bytes(IMAGE_MANIFEST, &text, "image");
    text.push(b' ');
    check_bytes(IMAGE_MANIFEST, &text, "TooLarge");
}

#[test]
fn c1_an_empty_config_of_any_digest_is_fine() {
    let mut body = image();
    body["config"] = descriptor(EMPTY, b"{}\n");
    check(IMAGE_MANIFEST, &body, "image");
}

#[test]
fn c2_unknown_types_are_no_error_and_a_config_is_never_read() {
    let mut body = image();
    body["artifactType"] = "x/never-seen".into();
    body["config"] = descriptor("x/never-seen", b"\x00\x01 no json");
    body["config"]["data"] = "AAEgbm8ganNvbg==".into();
    body["later"] = json!([null, true, 1.5, {"a": {}}]);
    let Ok(Document::Image(found)) = read(IMAGE_MANIFEST, body.to_string().as_bytes()) else {
        panic!("not an image");
    };
    assert_eq!(found.artifact_type.as_deref(), Some("x/never-seen"));
    assert_eq!(found.config.embedded().unwrap(), Some(&b"\x00\x01 no json"[..]));
}

#[test]
fn c4_there_may_be_no_layers_and_layers_of_no_bytes() {
    for layers in [json!([]), Value::Null, json!([descriptor("a/b", b"")])] {
        let mut body = image();
        body["layers"] = layers;
        check(IMAGE_MANIFEST, &body, "image");
    }
    let mut body = index();
    body["manifests"] = Value::Null;
    check(IMAGE_INDEX, &body, "index");
}

#[test]
fn c6_annotations_are_text() {
    let mut body = image();
    body["annotations"] = json!({"b": "2", "a": "../../1"});
    let Ok(Document::Image(found)) = read(IMAGE_MANIFEST, body.to_string().as_bytes()) else {
        panic!("not an image");
    };
    let values: Vec<_> = found.annotations.values().collect();
    assert_eq!(values, ["../../1", "2"]);
    body["annotations"] = json!({"a": null});
    check(IMAGE_MANIFEST, &body, "Json");
}

#[test]
fn c9_a_size_that_no_content_has_is_refused() {
    for size in [json!(-1), json!(1_u64 << 63), json!(1e300)] {
        let mut body = image();
        body["layers"][0]["size"] = size;
        check(IMAGE_MANIFEST, &body, "Json");
    }
    let mut body = image();
    body["layers"][0]["size"] = json!(1_u64 << 62);
    check(IMAGE_MANIFEST, &body, "image");
}

#[test]
fn hostile_bytes_are_refused_with_a_reason() {
    let deep = "[".repeat(100_000);
    let broken: [&[u8]; 7] = [
        b"",
        b"null",
        b"[]",
        b"{} {}",
        b"{\"a\":\xff}",
        br#"{"schemaVersion":"2"}"#,
        deep.as_bytes(),
    ];
    for bytes in broken {
        check_bytes(IMAGE_MANIFEST, bytes, "Json");
    }
    let text = image().to_string().replace("sha256:", "sha256:../../");
    check_bytes(IMAGE_MANIFEST, text.as_bytes(), "Json");
    check(IMAGE_MANIFEST, &json!({"config": descriptor(EMPTY, b"{}")}), "Incomplete");
    check(IMAGE_MANIFEST, &json!({"layers": []}), "Incomplete");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>, served in ".{0,40}") {
        prop_assert!(read(&served, &bytes).is_err());
    }

    #[test]
    fn any_cut_or_changed_document_is_read_without_panic(
        at in any::<proptest::sample::Index>(),
        byte: u8,
        cut: bool,
        is_index: bool,
    ) {
        let mut text = if is_index { index() } else { image() }.to_string().into_bytes();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        let served = if is_index { IMAGE_INDEX } else { IMAGE_MANIFEST };
        prop_assert!(!cut || read(served, &text).is_err());
    }
}

#[test]
fn bytes_alone_say_what_they_are() {
    let typed = |body: Value| Manifest::of_bytes(body.to_string().into()).unwrap().media_type;
    let mut own = image();
    own["mediaType"] = json!("a/b");
    assert_eq!(typed(own), "a/b");
    let mut silent = image();
    silent.as_object_mut().unwrap().remove("mediaType");
    assert_eq!(typed(silent), IMAGE_MANIFEST);
    assert_eq!(typed(json!({"schemaVersion": 2, "manifests": []})), IMAGE_INDEX);
    assert!(Manifest::of_bytes("{}".into()).is_err());
}
