//! Layout folders that are made and changed (rows I3, I4, I5).

use std::{path::PathBuf, sync::Arc, time::Duration};

use pkg_oci::{Error, Place, copy::Options, layout};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    ends::{Ends, blob, push_image, unfinished},
    support::{chain, client},
};

fn folder() -> (TempDir, PathBuf, Place) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("deep/layout");
    let place = Place::parse(&format!("oci:{}:1", path.display())).unwrap();
    (home, path, place)
}

#[tokio::test]
async fn i1_a_layout_is_made_as_the_specification_has_it() {
    let (_home, path, place) = folder();
    let image = push_image(&client(), &place, &[b"x"]).await;
    let text = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
    assert_eq!(text("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
    let index: Value = serde_json::from_str(&text("index.json")).unwrap();
    assert_eq!(index["schemaVersion"], 2);
    let entry = &index["manifests"][0];
    assert_eq!(entry["digest"], image.digest.as_str());
    assert_eq!(entry["size"], image.bytes.len());
    assert_eq!(entry["annotations"]["org.opencontainers.image.ref.name"], "1");
    let mut names: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["blobs", "index.json", "oci-layout"]);
}

#[tokio::test]
async fn i4_changes_of_many_at_once_are_all_kept() {
    let (_home, path, place) = folder();
    let tasks = (0..24).map(|number| {
        let place = place.with_tag(&format!("v{number}")).unwrap();
        // Each has its own client, and so its own lock, as a process has.
        tokio::spawn(async move {
            let layer = format!("layer {}", number / 2);
            push_image(&client(), &place, &[layer.as_bytes()]).await
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(client().tags(&place).await.unwrap().len(), 24);
    assert_eq!(unfinished(&path), 0);
}

#[tokio::test]
async fn i4_the_lock_of_another_process_is_waited_for() {
    use rustix::fs::{FlockOperation, flock};
    let (_home, path, place) = folder();
    push_image(&client(), &place, &[b"x"]).await;
    let marker = std::fs::File::open(path.join("oci-layout")).unwrap();
    flock(&marker, FlockOperation::LockExclusive).unwrap();
    let second = place.with_tag("2").unwrap();
    let pushed = tokio::spawn(async move { push_image(&client(), &second, &[b"y"]).await });
    // Blobs need no lock; the index is changed only once it is free.
    let blobs = path.join("blobs/sha256");
    let full = async {
        while std::fs::read_dir(&blobs).unwrap().count() < 5 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), full).await.unwrap();
    assert!(!pushed.is_finished());
    assert_eq!(client().tags(&place).await.unwrap(), ["1"]);
    drop(marker);
    pushed.await.unwrap();
    assert_eq!(client().tags(&place).await.unwrap(), ["1", "2"]);
}

#[tokio::test]
async fn i1_a_folder_that_holds_something_else_is_left_alone() {
    let (_home, path, place) = folder();
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("diary"), "mine").unwrap();
    let (descriptor, body) = blob("x");
    let error = client().push_blob(&place, &descriptor, &body, None).await.unwrap_err();
    assert!(matches!(error, Error::Layout(layout::Error::NotEmpty { .. })), "{}", chain(&error));
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
    std::fs::remove_file(path.join("diary")).unwrap();
    // What a writer that died left of a layout is no hindrance.
    std::fs::create_dir(path.join("blobs")).unwrap();
    std::fs::write(path.join(".incoming-x"), "half").unwrap();
    push_image(&client(), &place, &[b"x"]).await;
    assert_eq!(client().tags(&place).await.unwrap(), ["1"]);
}

#[tokio::test]
async fn i5_what_writers_left_long_ago_is_swept() {
    let (_home, path, place) = folder();
    push_image(&client(), &place, &[b"x"]).await;
    let (old, young) = (path.join(".incoming-old"), path.join(".incoming-young"));
    for path in [&old, &young] {
        std::fs::write(path, "half").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    std::fs::File::open(&old).unwrap().set_modified(long_ago).unwrap();
    push_image(&client(), &place, &[b"y"]).await;
    assert!(!old.exists() && young.exists());
}

#[tokio::test]
async fn i4_a_copy_into_a_layout_that_cannot_be_written_says_where() {
    let ends = Ends::new();
    let client = Arc::new(client());
    let from = ends.at("memory", "1");
    push_image(&client, &from, &[b"x"]).await;
    let file = ends.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let to = Place::parse(&format!("oci:{}/layout:1", file.display())).unwrap();
    let error = client.copy(&from, &to, &Options::default()).await.unwrap_err();
    assert!(chain(&error).contains(&format!("cannot copy to oci:{}", file.display())));
    assert!(chain(&error).contains("cannot write"), "{}", chain(&error));
}
