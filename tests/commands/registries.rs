//! `[registry]`: what is special about one registry, and holds for no other.

use insta::assert_snapshot;
use test_registry::{TestRegistry, Tokens};

use crate::support::Sandbox;

/// `me:pw` as Docker stores it.
const STORED: &str = "bWU6cHc=";

#[test]
fn a_token_server_on_another_site_is_trusted_by_name() {
    let (sandbox, issuer) = (Sandbox::new(), TestRegistry::start());
    let registry = sandbox.registry();
    drop(registry.package("tool", "1.0.0").file("bin/tool", "#!/bin/sh\n", 0o755).push());
    issuer.require_tokens(Tokens::new().user("me", "pw").without_anonymous());
    registry.require_tokens(Tokens::new().realm(&issuer.url("/token")));
    sandbox.log_in(registry.host(), STORED);
    let install = format!("install oci://{}/tool:1.0.0", registry.host());
    assert_snapshot!(sandbox.run(&install), @r#"
    exit 5
    --- stderr
    warning: [HOST] is asked without the stored credentials: its token server http://[HOST] is on another site
    error: cannot find the bytes of `oci://[HOST]/tool:1.0.0`
      caused by: cannot get oci://[HOST]/tool:1.0.0
      caused by: the token server http://[HOST] is on another site than [HOST]; the credentials for [HOST] were not sent to it
      caused by: cannot get a token for [HOST]
      caused by: cannot get an answer from the token server at http://[HOST]/token
      caused by: [HOST] refuses the request
      caused by: GET http://[HOST]/token?service=…&scope=… answered 401 Unauthorized: no token for you (UNAUTHORIZED)

    hint: if they are meant for it: `token-server = "http://[HOST]"` below `[registry."[HOST]"]` of config.toml
    "#);
    assert!(issuer.requests().iter().all(|request| request.authorization().is_none()));
    let (host, origin) = (registry.host(), issuer.url(""));
    sandbox.config(&format!("[registry.\"{host}\"]\ntoken-server = \"{origin}\"\n"));
    sandbox.run(&install).ok();
}
