//! The way out: an async runtime and a registry client, both made when first needed.
//!
//! Commands that touch no network pay for neither.

use std::{fs::File, io, sync::OnceLock};

use tokio::runtime::Runtime;

/// The runtime or the client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system gives no threads or descriptors.
    #[error("cannot start the network threads")]
    Start(#[source] io::Error),
    /// The client's configuration cannot be used, such as a CA file that is no certificate.
    #[error("cannot set up the registry client")]
    Client(#[source] oci::Error),
}

/// A registry client that is built on first use.
pub(crate) struct Network {
    config: oci::Config,
    started: OnceLock<Started>,
}

struct Started {
    runtime: Runtime,
    client: oci::Client,
    direct: oci::Client,
}

impl Network {
    pub(crate) fn new(config: oci::Config) -> Self {
        Self { config, started: OnceLock::new() }
    }

    /// The client and the runtime to drive it on; both live as long as the network.
    pub(crate) fn start(&self) -> Result<(&Runtime, &oci::Client), Error> {
        let started = self.started()?;
        Ok((&started.runtime, &started.client))
    }

    /// The same with a client that reads registries themselves, and none of their mirrors.
    pub(crate) fn start_direct(&self) -> Result<(&Runtime, &oci::Client), Error> {
        let started = self.started()?;
        Ok((&started.runtime, &started.direct))
    }

    fn started(&self) -> Result<&Started, Error> {
        if self.started.get().is_none() {
            check_descriptors().map_err(Error::Start)?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("network")
                .enable_all()
                .build()
                .map_err(Error::Start)?;
            let client = oci::Client::new(self.config.clone()).map_err(Error::Client)?;
            let direct = client.direct();
            // A second thread that was faster has set an equal value.
            let _ = self.started.set(Started { runtime, client, direct }).is_ok();
        }
        Ok(self.started.get().expect("set above, by this thread or a faster one"))
    }
}

/// More descriptors than the runtime takes to start.
const DESCRIPTORS: usize = 8;

/// Asks for descriptors and gives them back: the runtime panics where it does not get its own.
fn check_descriptors() -> io::Result<()> {
    let open = |_| File::open("/");
    (0..DESCRIPTORS).map(open).collect::<io::Result<Vec<File>>>().map(drop)
}
