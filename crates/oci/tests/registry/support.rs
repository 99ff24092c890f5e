//! What the tests have in common: a client that is quick to give up, and its events.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pkg_oci::{
    Client, Config, Download, Error, Event, Place, Start,
    credentials::{Environment, Lookup, Secret},
};
use test_registry::TestRegistry;

/// Settings under which a failing test fails soon.
pub(crate) fn config() -> Config {
    Config {
        retries: 3,
        back_off: Duration::from_millis(1),
        budget: Duration::from_secs(5),
        stall: Duration::from_secs(20),
        ..Config::default()
    }
}

pub(crate) fn client() -> Client {
    client_with(|_| {})
}

pub(crate) fn client_with(change: impl FnOnce(&mut Config)) -> Client {
    let mut config = config();
    change(&mut config);
    Client::new(config).unwrap()
}

/// Collects events.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Event>>>);

impl Heard {
    pub(crate) fn listen(&self, config: &mut Config) {
        let heard = self.clone();
        config.events = Arc::new(move |event| heard.0.lock().unwrap().push(event));
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// What `pick` finds in the events.
    pub(crate) fn all<T>(&self, pick: impl FnMut(Event) -> Option<T>) -> Vec<T> {
        self.events().into_iter().filter_map(pick).collect()
    }
}

/// A place in `registry`, as `repository[:tag][@digest]`.
pub(crate) fn place(registry: &TestRegistry, rest: &str) -> Place {
    Place::parse(&format!("{}/{rest}", registry.host())).unwrap()
}

/// Credentials by variables, the way a CI job has them: user and password per host.
pub(crate) fn login(entries: &[(&str, &str, &str)]) -> Lookup {
    let mut environment = Environment::default();
    for (host, user, password) in entries {
        let name = format!("PKG_REGISTRY_{}", host.to_uppercase().replace(['.', ':'], "_"));
        let registries = &mut environment.registries;
        registries.insert(format!("{name}_USER"), Secret::new((*user).to_owned()));
        registries.insert(format!("{name}_TOKEN"), Secret::new((*password).to_owned()));
    }
    Lookup::new(environment)
}

/// Bytes in which no part looks like another.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}

/// All bytes of a download, and the error that it ended with.
pub(crate) async fn drain(mut download: Download) -> (Vec<u8>, Result<(), Error>) {
    let mut bytes = Vec::new();
    loop {
        match download.next().await {
            Ok(Some(chunk)) => {
                assert!((1..=256 << 10).contains(&chunk.len()), "a chunk of {}", chunk.len());
                bytes.extend_from_slice(&chunk);
            }
            Ok(None) => return (bytes, Ok(())),
            Err(error) => return (bytes, Err(error)),
        }
    }
}

/// A blob in the repository `a` of `registry`, downloaded whole.
pub(crate) async fn fetch(
    client: &Client,
    registry: &TestRegistry,
    bytes: &[u8],
) -> Result<Vec<u8>, Error> {
    let digest = digest::Digest::sha256(bytes);
    let descriptor = pkg_oci::Descriptor::new("a/b", digest, bytes.len() as u64);
    let start = Start::of(&descriptor)?;
    let download = client.blob(&place(registry, "a"), &descriptor, start).await?;
    let (taken, verdict) = drain(download).await;
    verdict.map(|()| taken)
}

/// A descriptor of some bytes.
pub(crate) fn described(bytes: &[u8]) -> pkg_oci::Descriptor {
    pkg_oci::Descriptor::new("a/b", digest::Digest::sha256(bytes), bytes.len() as u64)
}

/// Pushes bytes into the repository `a` of `registry`.
pub(crate) async fn send(
    client: &Client,
    registry: &TestRegistry,
    bytes: &[u8],
) -> Result<pkg_oci::Pushed, Error> {
    let body = pkg_oci::Body::Bytes(bytes.to_vec().into());
    client.push_blob(&place(registry, "a"), &described(bytes), &body, None).await
}

/// Method and path of each request, with the digest of `bytes` as `DIGEST`.
pub(crate) fn asked(registry: &TestRegistry, bytes: &[u8]) -> Vec<String> {
    let digest = digest::Digest::sha256(bytes);
    let escaped = digest.as_str().replace(':', "%3A");
    let shown = |request: &test_registry::Request| {
        let path = request.path.replace(digest.as_str(), "DIGEST").replace(&escaped, "DIGEST");
        format!("{} {}", request.method, path.replace("/v2/a/", ""))
    };
    registry.requests().iter().map(shown).collect()
}

/// The messages of an error and its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
