//! Certificates for one test: an authority that nobody but the test knows.

use std::{fmt, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::{
    RootCertStore, ServerConfig, crypto::ring, pki_types::PrivateKeyDer,
    server::WebPkiClientVerifier,
};

/// Signs the certificates of TLS registries and of their clients.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new authority.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key());
        Self(issuer.expect("an authority can sign for itself"))
    }

    /// The authority's certificate as PEM: who trusts it trusts its registries.
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// The certificate and key of a server at 127.0.0.1, as PEM.
    pub fn server_pem(&self) -> (String, String) {
        let (certificate, key) = self.sign("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        (certificate.pem(), key.serialize_pem())
    }

    /// A client's certificate and its key as PEM.
    pub fn client(&self) -> (String, String) {
        let (certificate, key) = self.sign("client", ExtendedKeyUsagePurpose::ClientAuth);
        (certificate.pem(), key.serialize_pem())
    }

    /// TLS for a server of this name that asks for a client's certificate and goes on without.
    pub(crate) fn server(&self, name: &str) -> ServerConfig {
        let (certificate, key) = self.sign(name, ExtendedKeyUsagePurpose::ServerAuth);
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("the authority is one");
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .expect("the authority is one");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks every version")
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("certificate and key belong together");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    fn sign(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let key = key();
        let mut params =
            CertificateParams::new([name.to_owned()]).expect("the name can be certified");
        params.extended_key_usages = vec![purpose];
        (params.signed_by(&key, &self.0).expect("an authority can sign"), key)
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("ring makes keys")
}
