//! Whom TLS trusts: the system's certificates, the configured ones, and those of one host.
//!
//! A client certificate belongs to one host's folder and is offered to that host alone.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    client::danger::ServerCertVerifier,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::{
    config::Identity,
    transport::{Error, read},
};

/// Decides whether a server's certificate is good.
pub(crate) type Verifier = Arc<dyn ServerCertVerifier>;

/// The system's certificates and those of the files `ca`.
pub(crate) fn system(ca: &[PathBuf]) -> Result<Verifier, Error> {
    let roots = ca.iter().map(|path| certificates(path)).collect::<Result<Vec<_>, _>>()?.concat();
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider());
    Ok(Arc::new(verifier.map_err(Error::Tls)?))
}

/// TLS that offers no client certificate.
pub(crate) fn without_client(verifier: Verifier) -> Result<ClientConfig, Error> {
    Ok(builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// TLS that trusts nobody, for connections that do without; it loads no files.
pub(crate) fn none() -> Result<ClientConfig, Error> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// The folders named `host` in folders like `/etc/containers/certs.d`.
pub(crate) fn folders(certs: &[PathBuf], host: &str) -> Vec<PathBuf> {
    certs.iter().map(|folder| folder.join(host)).filter(|folder| folder.is_dir()).collect()
}

/// TLS for one host, with its own certificate or as its folders say: `*.crt` are trusted, `*.cert`
/// with `*.key` identifies us (containers-certs.d(5)).
pub(crate) fn for_host(
    ca: &[PathBuf],
    folders: &[PathBuf],
    identity: Option<&Identity>,
) -> Result<ClientConfig, Error> {
    let mut trusted = ca.to_vec();
    let mut identities = Vec::new();
    for folder in folders {
        for path in sorted(folder)? {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("crt") => trusted.push(path),
                Some("cert") => identities.push(path),
                _ => {}
            }
        }
    }
    let verifier = system(&trusted)?;
    let builder = builder()?.dangerous().with_custom_certificate_verifier(verifier);
    let (certificate, key) = match (identity, identities.first()) {
        (Some(Identity { certificate, key }), _) => {
            check_secret(key)?;
            (certificate, key.clone())
        }
        (None, Some(certificate)) => (certificate, certificate.with_extension("key")),
        (None, None) => return Ok(builder.with_no_client_auth()),
    };
    let pem = |source| Error::Pem { path: key.clone(), source };
    let key = PrivateKeyDer::from_pem_slice(&read(&key)?).map_err(pem)?;
    builder.with_client_auth_cert(certificates(certificate)?, key).map_err(Error::Tls)
}

/// Refuses a key that everybody may read, as `ssh` does; a group may be made for a machine's key.
fn check_secret(path: &Path) -> Result<(), Error> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(read)?.permissions().mode();
    if mode & 0o007 == 0 { Ok(()) } else { Err(Error::OpenKey { path: path.to_owned() }) }
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = |source| Error::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(read)?;
    let paths: Result<Vec<PathBuf>, _> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(read)?;
    paths.sort();
    Ok(paths)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = |source| Error::Pem { path: path.to_owned(), source };
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(pem)?;
    if found.is_empty() {
        return Err(pem(rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)
}
