//! What stands in the way of a registry: each thing in a sentence of its own, and what to do.
//!
//! Each is met by whoever logs in, asks which login is used, installs, or follows a tap.

use std::{fs::File, net::TcpListener};

use insta::assert_snapshot;
use test_registry::{Authority, TestRegistry, Tokens};

use crate::support::Sandbox;

/// `me:canary` as Docker stores it.
const STORED: &str = "bWU6Y2FuYXJ5";

const EXPIRED: &str = r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.config("[patience]\nstall-seconds = 1\nretries = 0\n");
    sandbox
}

/// A registry that knows who may come in, and somebody whose login is another one.
fn guarded() -> (Sandbox, TestRegistry) {
    let (sandbox, registry) = (sandbox(), TestRegistry::start());
    registry.push_artifact("team/tool", "1.0", "text/x", &[]);
    registry.require_basic("me", "another");
    (sandbox, registry)
}

/// What each command says; equal words are said once.
fn met(sandbox: &Sandbox, host: &str) -> String {
    let mut told: Vec<(String, String)> = Vec::new();
    for words in [
        "login HOST -u me --password-stdin",
        "login --check HOST/team/tool:1.0",
        "install oci://HOST/team/tool:1.0",
        "tap add oci://HOST/team/tool:1.0",
    ] {
        let password = sandbox.write("password", "canary");
        let mut command = sandbox.command(&words.replace("HOST", host));
        command.stdin(File::open(password).unwrap());
        let output = sandbox.finish(&mut command);
        assert!(!output.stderr.contains("canary"), "{output}");
        let said = output.to_string().replace(host, "[HOST]");
        match told.iter_mut().find(|(_, other)| *other == said) {
            Some((before, _)) => *before = format!("{before}\n$ pkg {words}"),
            None => told.push((format!("$ pkg {words}"), said)),
        }
    }
    let told = told.into_iter().map(|(words, said)| format!("{words}\n{said}"));
    told.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn a_wrong_password() {
    let (sandbox, registry) = guarded();
    sandbox.log_in(registry.host(), STORED);
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 5
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: [HOST] does not take the login
      caused by: GET http://[HOST]/v2/ answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: look at the user and the password; some registries take a token in its place only

    $ pkg login --check HOST/team/tool:1.0
    exit 5
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  me
    Registry  does not take it
    Readable  no
    --- stderr
    error: [HOST] does not take the login
      caused by: GET http://[HOST]/v2/ answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: `pkg login [HOST]` keeps another one

    $ pkg install oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: [HOST] does not take the login that [HOST]/team/tool:1.0 needs
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: `pkg login --check [HOST]` says which login that is, and `pkg login [HOST]` keeps another one

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: [HOST] does not take the login that [HOST]/team/tool:1.0 needs
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: `pkg login --check [HOST]` says which login that is, and `pkg login [HOST]` keeps another one
    ");
}

#[test]
fn a_wrong_password_at_a_token_server() {
    let (sandbox, registry) = guarded();
    sandbox.log_in(registry.host(), STORED);
    registry.require_tokens(Tokens::new().user("me", "another").without_anonymous());
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 5
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: [HOST] does not take the login
      caused by: GET http://[HOST]/token?service=… answered 401 Unauthorized: no token for you (UNAUTHORIZED)

    hint: look at the user and the password; some registries take a token in its place only

    $ pkg login --check HOST/team/tool:1.0
    exit 5
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  me
    Registry  does not take it
    Readable  no
    --- stderr
    warning: [HOST] is asked without the stored credentials: they are refused
    error: [HOST] does not take the login
      caused by: GET http://[HOST]/token?service=… answered 401 Unauthorized: no token for you (UNAUTHORIZED)

    hint: `pkg login [HOST]` keeps another one

    $ pkg install oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    warning: [HOST] is asked without the stored credentials: they are refused
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: [HOST] does not take the login
      caused by: GET http://[HOST]/token?service=…&scope=… answered 401 Unauthorized: no token for you (UNAUTHORIZED)

    hint: `pkg login --check [HOST]` says which login that is, and `pkg login [HOST]` keeps another one

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    warning: [HOST] is asked without the stored credentials: they are refused
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: [HOST] does not take the login
      caused by: GET http://[HOST]/token?service=…&scope=… answered 401 Unauthorized: no token for you (UNAUTHORIZED)

    hint: `pkg login --check [HOST]` says which login that is, and `pkg login [HOST]` keeps another one
    ");
}

#[test]
fn no_login() {
    let (sandbox, registry) = guarded();
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 5
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: [HOST] does not take the login
      caused by: GET http://[HOST]/v2/ answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: look at the user and the password; some registries take a token in its place only

    $ pkg login --check HOST/team/tool:1.0
    exit 5
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: [HOST]/team/tool:1.0 needs a login, or does not exist
      caused by: HEAD http://[HOST]/v2/team/tool/manifests/1.0 answered 401 Unauthorized

    hint: `pkg login [HOST]` logs in; a login of Docker or podman for it is used as well

    $ pkg install oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: [HOST]/team/tool:1.0 needs a login, or does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: `pkg login [HOST]` logs in; a login of Docker or podman for it is used as well

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: [HOST]/team/tool:1.0 needs a login, or does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: `pkg login [HOST]` logs in; a login of Docker or podman for it is used as well
    ");
}

#[test]
fn an_expired_token() {
    let (sandbox, registry) = guarded();
    sandbox.log_in(registry.host(), STORED);
    registry.require_basic("me", "canary");
    registry.on("/v2/*").forbidding(EXPIRED);
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 5
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: the login for [HOST] has expired
      caused by: GET http://[HOST]/v2/ answered 403 Forbidden: Your authorization token has expired. Reauthenticate and try again. (DENIED)

    hint: make a new token or password where the registry gives them out

    $ pkg login --check HOST/team/tool:1.0
    exit 5
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  me
    Registry  does not take it
    Readable  no
    --- stderr
    error: the login for [HOST] has expired
      caused by: GET http://[HOST]/v2/ answered 403 Forbidden: Your authorization token has expired. Reauthenticate and try again. (DENIED)

    hint: `pkg login [HOST]` keeps another one

    $ pkg install oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: the login for [HOST] has expired
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 403 Forbidden: Your authorization token has expired. Reauthenticate and try again. (DENIED)

    hint: `pkg login [HOST]` keeps a new one; `pkg login --check [HOST]` says which one it is now

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: the login for [HOST] has expired
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 403 Forbidden: Your authorization token has expired. Reauthenticate and try again. (DENIED)

    hint: `pkg login [HOST]` keeps a new one; `pkg login --check [HOST]` says which one it is now
    ");
}

#[test]
fn a_user_who_may_not() {
    let (sandbox, registry) = guarded();
    sandbox.log_in(registry.host(), STORED);
    registry.require_basic("me", "canary");
    registry.on("/v2/team/*").forbidding("");
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 0
    --- stderr
    Logged in to [HOST] as me
    Kept in `[HOME]/.docker/config.json`, which only you can read

    $ pkg login --check HOST/team/tool:1.0
    exit 5
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  me
    Registry  takes it
    Readable  no
    --- stderr
    error: the login for [HOST] is not enough for [HOST]/team/tool:1.0, or that does not exist
      caused by: HEAD http://[HOST]/v2/team/tool/manifests/1.0 answered 403 Forbidden

    hint: ask for access to it, or `pkg login [HOST]` as another user

    $ pkg install oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: the login for [HOST] is not enough for [HOST]/team/tool:1.0, or that does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 403 Forbidden

    hint: ask for access to it, or take another user; `pkg login --check [HOST]` says which login is used

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 5
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: the login for [HOST] is not enough for [HOST]/team/tool:1.0, or that does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 403 Forbidden

    hint: ask for access to it, or take another user; `pkg login --check [HOST]` says which login is used
    ");
}

#[test]
fn a_repository_that_does_not_exist() {
    let (sandbox, registry) = (sandbox(), TestRegistry::start());
    sandbox.log_in(registry.host(), STORED);
    registry.require_basic("me", "canary");
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 0
    --- stderr
    Logged in to [HOST] as me
    Kept in `[HOME]/.docker/config.json`, which only you can read

    $ pkg login --check HOST/team/tool:1.0
    exit 0
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  me
    Registry  takes it
    Readable  nothing is there
    --- stderr
    warning: [HOST]/team/tool:1.0 does not exist: HEAD http://[HOST]/v2/team/tool/manifests/1.0 answered 404 Not Found
    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them

    $ pkg install oci://HOST/team/tool:1.0
    exit 3
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: [HOST]/team/tool:1.0 does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 404 Not Found: repository name not known to registry (NAME_UNKNOWN)

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 3
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: [HOST]/team/tool:1.0 does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 404 Not Found: repository name not known to registry (NAME_UNKNOWN)

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them
    ");
}

#[test]
fn a_certificate_of_an_unknown_authority() {
    let (sandbox, registry) = (sandbox(), TestRegistry::start_tls(&Authority::new()));
    with_tls(&sandbox, registry.host(), "");
    assert_snapshot!(met(&sandbox, registry.host()), @r#"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: cannot get an answer from https://[HOST]/v2/: its certificate is signed by nobody who is trusted here
      caused by: invalid peer certificate: UnknownIssuer

    hint: if [HOST] is run by people whom you trust, get the certificate of their authority from them: `ca = "FILE"` of config.toml trusts it

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: its certificate is signed by nobody who is trusted here
      caused by: invalid peer certificate: UnknownIssuer

    hint: if [HOST] is run by people whom you trust, get the certificate of their authority from them: `ca = "FILE"` of config.toml trusts it

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: its certificate is signed by nobody who is trusted here
      caused by: invalid peer certificate: UnknownIssuer

    hint: if [HOST] is run by people whom you trust, get the certificate of their authority from them: `ca = "FILE"` of config.toml trusts it

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: its certificate is signed by nobody who is trusted here
      caused by: invalid peer certificate: UnknownIssuer

    hint: if [HOST] is run by people whom you trust, get the certificate of their authority from them: `ca = "FILE"` of config.toml trusts it
    "#);
}

#[test]
fn a_certificate_for_another_name() {
    let authority = Authority::new();
    let registry = TestRegistry::start_tls_as(&authority, "registry.example.org");
    let sandbox = sandbox();
    let file = sandbox.write("ca.pem", authority.certificate());
    with_tls(&sandbox, registry.host(), &format!("ca = \"{}\"\n", file.display()));
    assert_snapshot!(met(&sandbox, registry.host()), @r#"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: cannot get an answer from https://[HOST]/v2/: its certificate is for registry.example.org
      caused by: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("registry.example.org")

    hint: ask for the registry by a name of its certificate; whoever answers here may not be it

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: its certificate is for registry.example.org
      caused by: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("registry.example.org")

    hint: ask for the registry by a name of its certificate; whoever answers here may not be it

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: its certificate is for registry.example.org
      caused by: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("registry.example.org")

    hint: ask for the registry by a name of its certificate; whoever answers here may not be it

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: its certificate is for registry.example.org
      caused by: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("registry.example.org")

    hint: ask for the registry by a name of its certificate; whoever answers here may not be it
    "#);
}

/// Has a registry of this machine asked with TLS.
fn with_tls(sandbox: &Sandbox, host: &str, ca: &str) {
    sandbox.config(&format!(
        "{ca}[patience]\nstall-seconds = 1\nretries = 0\n[registry.\"{host}\"]\nplain-http = false\n"
    ));
}

#[test]
fn no_tls_where_it_is_wanted() {
    let (sandbox, registry) = (sandbox(), TestRegistry::start());
    with_tls(&sandbox, registry.host(), "");
    assert_snapshot!(met(&sandbox, registry.host()), @r#"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: cannot get an answer from https://[HOST]/v2/: it speaks no TLS
      caused by: received corrupt message of type InvalidContentType

    hint: where the network can be trusted: `plain-http = true` below `[registry."[HOST]"]` of config.toml

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: it speaks no TLS
      caused by: received corrupt message of type InvalidContentType

    hint: where the network can be trusted: `plain-http = true` below `[registry."[HOST]"]` of config.toml

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: it speaks no TLS
      caused by: received corrupt message of type InvalidContentType

    hint: where the network can be trusted: `plain-http = true` below `[registry."[HOST]"]` of config.toml

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: it speaks no TLS
      caused by: received corrupt message of type InvalidContentType

    hint: where the network can be trusted: `plain-http = true` below `[registry."[HOST]"]` of config.toml
    "#);
}

#[test]
fn tls_where_it_is_not_expected() {
    let (sandbox, registry) = guarded();
    let body = "Client sent an HTTP request to an HTTPS server.\n";
    registry.on("*").answering(400, &[], body);
    assert_snapshot!(met(&sandbox, registry.host()), @r#"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: [HOST] refuses the request
      caused by: GET http://[HOST]/v2/ answered 400 Bad Request: Client sent an HTTP request to an HTTPS server.

    hint: it is asked without TLS as it is this machine: `plain-http = false` below `[registry."[HOST]"]` of config.toml

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: [HOST] refuses the request
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 400 Bad Request: Client sent an HTTP request to an HTTPS server.

    hint: it is asked without TLS as it is this machine: `plain-http = false` below `[registry."[HOST]"]` of config.toml

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: [HOST] refuses the request
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 400 Bad Request: Client sent an HTTP request to an HTTPS server.

    hint: it is asked without TLS as it is this machine: `plain-http = false` below `[registry."[HOST]"]` of config.toml

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: [HOST] refuses the request
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 400 Bad Request: Client sent an HTTP request to an HTTPS server.

    hint: it is asked without TLS as it is this machine: `plain-http = false` below `[registry."[HOST]"]` of config.toml
    "#);
}

#[test]
fn a_registry_that_fails() {
    let (sandbox, registry) = guarded();
    registry.on("*").status(503);
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: [HOST] fails on its side
      caused by: GET http://[HOST]/v2/ answered 503 Service Unavailable

    hint: try again later; if it stays so, who runs [HOST] can say why

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: [HOST] fails on its side
      caused by: HEAD http://[HOST]/v2/team/tool/manifests/1.0 answered 503 Service Unavailable

    hint: try again later; if it stays so, who runs [HOST] can say why

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: [HOST] fails on its side
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 503 Service Unavailable

    hint: try again later; if it stays so, who runs [HOST] can say why

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: [HOST] fails on its side
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 503 Service Unavailable

    hint: try again later; if it stays so, who runs [HOST] can say why
    ");
}

#[test]
fn a_name_without_an_address() {
    assert_snapshot!(met(&sandbox(), "registry.invalid"), @r"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: cannot get an answer from https://[HOST]/v2/: no address is known for its name
      caused by: failed to lookup address information: Name or service not known

    hint: look at the spelling of the host, and at whether there is a network

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: no address is known for its name
      caused by: failed to lookup address information: Name or service not known

    hint: look at the spelling of the host, and at whether there is a network

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: no address is known for its name
      caused by: failed to lookup address information: Name or service not known

    hint: look at the spelling of the host, and at whether there is a network

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from https://[HOST]/v2/team/tool/manifests/1.0: no address is known for its name
      caused by: failed to lookup address information: Name or service not known

    hint: look at the spelling of the host, and at whether there is a network
    ");
}

#[test]
fn nothing_that_listens() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    assert_snapshot!(met(&sandbox(), &host), @r"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: cannot get an answer from http://[HOST]/v2/: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: cannot get an answer from http://[HOST]/v2/team/tool/manifests/1.0: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from http://[HOST]/v2/team/tool/manifests/1.0: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: cannot get an answer from http://[HOST]/v2/team/tool/manifests/1.0: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port
    ");
}

#[test]
fn a_server_that_says_nothing() {
    let (sandbox, registry) = guarded();
    registry.on("*").holding();
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: http://[HOST]/v2/ sent nothing for 1.0 s

    hint: a firewall may stand in between; `HTTPS_PROXY` names a proxy, and `stall-seconds` below `[patience]` of config.toml says how long to wait

    $ pkg login --check HOST/team/tool:1.0
    exit 4
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: http://[HOST]/v2/team/tool/manifests/1.0 sent nothing for 1.0 s

    hint: a firewall may stand in between; `HTTPS_PROXY` names a proxy, and `stall-seconds` below `[patience]` of config.toml says how long to wait

    $ pkg install oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: http://[HOST]/v2/team/tool/manifests/1.0 sent nothing for 1.0 s

    hint: a firewall may stand in between; `HTTPS_PROXY` names a proxy, and `stall-seconds` below `[patience]` of config.toml says how long to wait

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: http://[HOST]/v2/team/tool/manifests/1.0 sent nothing for 1.0 s

    hint: a firewall may stand in between; `HTTPS_PROXY` names a proxy, and `stall-seconds` below `[patience]` of config.toml says how long to wait
    ");
    registry.release();
}

#[test]
fn a_server_that_is_no_registry() {
    let (sandbox, registry) = guarded();
    registry.on("*").status(404);
    assert_snapshot!(met(&sandbox, registry.host()), @r"
    $ pkg login HOST -u me --password-stdin
    exit 4
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: [HOST] is no registry
      caused by: GET http://[HOST]/v2/ answered 404 Not Found

    hint: look at the spelling of the host, and at its port

    $ pkg login --check HOST/team/tool:1.0
    exit 0
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   nothing is there
    --- stderr
    warning: [HOST]/team/tool:1.0 does not exist: HEAD http://[HOST]/v2/team/tool/manifests/1.0 answered 404 Not Found
    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them

    $ pkg install oci://HOST/team/tool:1.0
    exit 3
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/team/tool:1.0`
      caused by: cannot get oci://[HOST]/team/tool:1.0
      caused by: [HOST]/team/tool:1.0 does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 404 Not Found

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them

    $ pkg tap add oci://HOST/team/tool:1.0
    exit 3
    --- stderr
    error: cannot get the tap from oci://[HOST]/team/tool:1.0
      caused by: [HOST]/team/tool:1.0 does not exist
      caused by: GET http://[HOST]/v2/team/tool/manifests/1.0 answered 404 Not Found

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them
    ");
}
