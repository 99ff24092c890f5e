//! Web servers that are asked for what has no digest yet.

use std::sync::atomic::{AtomicU64, Ordering};

use digest::Digest;
use pkg_oci::{
    Kind,
    web::{Arrival, TakeError, Taken},
};
use test_registry::TestRegistry;

use crate::support::{client, client_with, noise};

fn file() -> std::fs::File {
    tempfile::tempfile().unwrap()
}

#[tokio::test]
async fn the_digest_of_what_came_is_told() {
    let bytes = noise(700_000);
    let server = TestRegistry::start();
    server.file("/x", bytes.clone());
    let (size, arrived) = (AtomicU64::new(0), AtomicU64::new(0));
    let told = |arrival| match arrival {
        Arrival::Size(total) => size.store(total, Ordering::Relaxed),
        Arrival::Bytes(more) => drop(arrived.fetch_add(more, Ordering::Relaxed)),
    };
    let mut into = file();
    let taken = client().take(&server.url("/x"), &mut into, &told).await.unwrap();
    let digest = Digest::sha256(&bytes);
    assert_eq!(taken, Taken { digest, size: 700_000, modified: None });
    assert_eq!((size.into_inner(), arrived.into_inner()), (700_000, 700_000));
    assert_eq!(into.metadata().unwrap().len(), 700_000);
}

#[tokio::test]
async fn what_breaks_off_begins_anew() {
    let bytes = noise(700_000);
    let server = TestRegistry::start();
    server.file("/x", bytes.clone());
    server.on("/x").once().truncating(400_000);
    let mut into = file();
    let arrived = AtomicU64::new(0);
    let told = |arrival| match arrival {
        Arrival::Size(_) => {}
        Arrival::Bytes(more) => drop(arrived.fetch_add(more, Ordering::Relaxed)),
    };
    let taken = client().take(&server.url("/x"), &mut into, &told).await.unwrap();
    assert_eq!(taken.digest, Digest::sha256(&bytes));
    assert_eq!(arrived.into_inner(), 700_000, "no byte is told twice");
    assert_eq!(into.metadata().unwrap().len(), 700_000);
    let ranges: Vec<_> = server.requests().iter().map(|asked| asked.range().is_some()).collect();
    assert_eq!(ranges, [false, false]);
}

#[tokio::test]
async fn what_is_not_there_is_not_there() {
    let server = TestRegistry::start();
    server.file("/x", "x");
    let client = client_with(|config| config.retries = 0);
    assert!(client.exists(&server.url("/x")).await.unwrap());
    assert!(!client.exists(&server.url("/y")).await.unwrap());
    server.on("/x").status(503);
    assert_eq!(client.exists(&server.url("/x")).await.unwrap_err().kind(), Kind::Registry);
    let error = client.take(&server.url("/y"), &mut file(), &|_| ()).await.unwrap_err();
    let TakeError::Ask { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.kind(), Kind::NotFound);
}

#[tokio::test]
async fn pages_are_bounded_and_mirrors_hold() {
    let server = TestRegistry::start();
    server.file("/api/list", "[1, 2, 3]");
    let mirror = server.url("/");
    let client = client_with(|config| {
        config.mirrors = vec![("https://example.org/".to_owned(), mirror)];
    });
    let page = client.page("https://example.org/api/list", 100).await.unwrap();
    assert_eq!(&page[..], b"[1, 2, 3]");
    assert!(client.page("https://example.org/api/list", 8).await.is_err());
}
