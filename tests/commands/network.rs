//! Networks that stand in the way: proxies with a password, one that looks into what passes, an
//! address without a name, and a name that nobody knows at first.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use insta::assert_snapshot;
use test_registry::{Authority, Proxy, TestRegistry};

use crate::support::{Output, Sandbox, skipped};

/// Nobody but a proxy finds it.
const NAME: &str = "registry.test";

fn publish(registry: &TestRegistry) {
    let script = "#!/bin/sh\necho here\n";
    drop(registry.package("tool", "1.0.0").file("bin/tool", script, 0o755).push());
}

/// Installs the tool of `registry.test` anew.
fn install(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Output {
    sandbox.run("uninstall tool --yes");
    fs_err::remove_dir_all(sandbox.root().join("store/plans")).ok();
    let mut command = sandbox.command(&format!("install oci://{NAME}/tool:1.0.0 -vvv"));
    command.envs(variables.iter().copied());
    sandbox.finish(&mut command)
}

/// What a user is told, without the log.
fn told(output: &Output) -> String {
    let start = |line: &&str| {
        ["error:", "  caused by:", "hint:", "warning:"].iter().any(|start| line.starts_with(start))
    };
    let lines: Vec<&str> = output.stderr.lines().filter(start).collect();
    format!("exit {}\n{}", output.code, lines.join("\n"))
}

/// A registry with TLS under a name, and the file of who signs for it.
fn with_tls(sandbox: &Sandbox) -> (TestRegistry, String) {
    let authority = Authority::new();
    let registry = TestRegistry::start_tls_as(&authority, NAME);
    publish(&registry);
    let ca = sandbox.write("ca.pem", authority.certificate());
    (registry, format!("ca = \"{}\"\n", ca.display()))
}

#[test]
fn a_proxy_that_asks_for_a_password_gets_it_and_nobody_sees_it() {
    let sandbox = Sandbox::new();
    let (registry, ca) = with_tls(&sandbox);
    let proxy = Proxy::to(&registry).password("me", "s3cret@").start();
    let with = |password: &str| format!("http://me:{password}@{}", proxy.host());
    let (right, wrong) = (with("s3cret%40"), with("wr0ng"));
    sandbox.config(&ca);
    let refused = [proxy.url(), wrong].map(|url| {
        let output = install(&sandbox, &[("HTTPS_PROXY", &url)]);
        assert!(!output.stderr.contains("wr0ng"), "{output}");
        told(&output)
    });
    assert_snapshot!(refused[1], @r"
    exit 4
    error: cannot find the bytes of `oci://registry.test/tool:1.0.0`
      caused by: cannot get oci://registry.test/tool:1.0.0
      caused by: the proxy on the way to registry.test does not take the user and the password that it was given
    hint: look at those of `HTTPS_PROXY`, or of `proxy` of config.toml: a letter or a digit stands for itself, and all else is written `%XX`
    ");
    assert_snapshot!(refused[0], @r"
    exit 4
    error: cannot find the bytes of `oci://registry.test/tool:1.0.0`
      caused by: cannot get oci://registry.test/tool:1.0.0
      caused by: the proxy on the way to registry.test asks for a user and a password
    hint: `HTTPS_PROXY`, or `proxy` of config.toml, may say them: http://USER:PASSWORD@HOST:PORT
    ");
    assert!(proxy.asked().iter().all(|asked| asked == "!registry.test:443"));
    assert!(registry.requests().is_empty());

    proxy.forget();
    let by_variable = install(&sandbox, &[("https_proxy", &right)]).ok();
    sandbox.config(&format!("{ca}proxy = \"{right}\"\n"));
    let by_file = install(&sandbox, &[]).ok();
    assert!(proxy.asked().len() >= 2 && proxy.asked().iter().all(|a| a == "registry.test:443"));
    // A registry may have its own, or none.
    sandbox.config(&format!("{ca}[registry.\"{NAME}\"]\nproxy = \"{right}\"\n"));
    let by_registry = install(&sandbox, &[("HTTPS_PROXY", "http://127.0.0.1:1")]).ok();
    let broken = format!("proxy = \"htp://me:s3cret@{}\"\n", proxy.host());
    sandbox.config(&broken);
    let malformed = install(&sandbox, &[]);
    assert_eq!(malformed.code, 2, "{malformed}");
    sandbox.config(&format!("{ca}proxy = \"{right}\"\n"));
    let [shown, json] = ["config", "config --json"].map(|words| sandbox.run(words).ok());
    assert!(shown.stdout.contains("@127.0.0.1:"), "{shown}");
    for output in [&by_variable, &by_file, &by_registry, &malformed, &shown, &json] {
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(!all.contains("s3cret") && !all.contains("bWU6"), "{output}");
    }
}

#[test]
fn a_proxy_that_makes_no_tunnel_is_named() {
    let sandbox = Sandbox::new();
    let (registry, ca) = with_tls(&sandbox);
    sandbox.config(&format!("{ca}[patience]\nretries = 0\n"));
    let answers = [
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "",
    ];
    let refused = answers.map(|answer| {
        let proxy = Proxy::to(&registry).refusing(answer).start();
        let url = format!("http://me:s3cret@{}", proxy.host());
        let output = install(&sandbox, &[("HTTPS_PROXY", &url)]);
        assert!(!output.stderr.contains("s3cret"), "{output}");
        assert!(!proxy.asked().is_empty());
        told(&output).replace(proxy.host(), "[PROXY]")
    });
    assert_snapshot!(refused[0], @r"
    exit 4
    error: cannot find the bytes of `oci://registry.test/tool:1.0.0`
      caused by: cannot get oci://registry.test/tool:1.0.0
      caused by: the proxy [PROXY] does not let through to registry.test
    hint: it may not take CONNECT, or not to registry.test: who runs it knows; `NO_PROXY`, or `no-proxy` of config.toml, names hosts that are asked without it
    ");
    assert!(refused.iter().all(|told| *told == refused[0]), "{refused:#?}");
    assert!(registry.requests().is_empty());
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    let (registry, ca) = with_tls(&sandbox);
    sandbox.config(&format!("{ca}[patience]\nretries = 0\n"));
    let output = install(&sandbox, &[("HTTPS_PROXY", "http://me:s3cret@127.0.0.1:1")]);
    assert!(!output.stderr.contains("s3cret"), "{output}");
    assert_snapshot!(told(&output), @r"
    exit 4
    error: cannot find the bytes of `oci://registry.test/tool:1.0.0`
      caused by: cannot get oci://registry.test/tool:1.0.0
      caused by: cannot reach the proxy 127.0.0.1:1 on the way to registry.test: nothing listens there
      caused by: Connection refused (os error 111)
    hint: look at whether it runs: `HTTPS_PROXY`, or `proxy` of config.toml, names it; `no-proxy` names hosts that are asked without it
    ");
    assert!(registry.requests().is_empty());
}

#[test]
fn who_is_excepted_is_asked_without_the_proxy() {
    let sandbox = Sandbox::new();
    let (registry, ca) = with_tls(&sandbox);
    let proxy = Proxy::to(&registry).start();
    let quick = "[patience]\nretries = 0\n";
    let url = format!("proxy = \"{}\"\n", proxy.url());
    let direct = format!("{ca}{quick}[registry.\"{NAME}\"]\nproxy = false\n");
    let cases = [
        (format!("{ca}{quick}"), vec![("HTTPS_PROXY", proxy.url()), ("NO_PROXY", ".test".into())]),
        (format!("{ca}{url}no-proxy = [\"example.org\", \"{NAME}\"]\n{quick}"), Vec::new()),
        (format!("{ca}{url}{quick}"), vec![("no_proxy", NAME.to_owned())]),
        (direct, vec![("HTTPS_PROXY", proxy.url())]),
    ];
    for (config, variables) in cases {
        sandbox.config(&config);
        let variables: Vec<_> = variables.iter().map(|(n, value)| (*n, value.as_str())).collect();
        let output = install(&sandbox, &variables);
        // Nobody else knows the name.
        assert_eq!(output.code, 4, "{config}: {output}");
        assert!(proxy.asked().is_empty(), "{config}: {:?}", proxy.asked());
    }
    sandbox.config(&format!("{ca}{url}no-proxy = \"example.org\"\n"));
    install(&sandbox, &[]).ok();
    assert!(!proxy.asked().is_empty());
    // This machine is asked directly whatever is said.
    let here = TestRegistry::start();
    publish(&here);
    proxy.forget();
    let other = Sandbox::new();
    other.config(&url);
    let mut command = other.command(&format!("install oci://{}/tool:1.0.0", here.host()));
    other.finish(command.env("ALL_PROXY", proxy.url())).ok();
    assert!(proxy.asked().is_empty());
}

#[test]
fn a_proxy_that_looks_into_what_passes_is_trusted_by_its_authority() {
    let (sandbox, registry) = (Sandbox::new(), TestRegistry::start());
    publish(&registry);
    let interceptor = Authority::new();
    let proxy = Proxy::to(&registry).intercepting(&interceptor, NAME).start();
    let url = format!("proxy = \"{}\"\n", proxy.url());
    sandbox.config(&url);
    assert_snapshot!(told(&install(&sandbox, &[])), @r#"
    exit 4
    error: cannot find the bytes of `oci://registry.test/tool:1.0.0`
      caused by: cannot get oci://registry.test/tool:1.0.0
      caused by: cannot get an answer from https://registry.test/v2/tool/manifests/1.0.0: its certificate is signed by nobody who is trusted here
      caused by: invalid peer certificate: UnknownIssuer
    hint: if registry.test is run by people whom you trust, get the certificate of their authority from them: `ca = "FILE"` of config.toml trusts it
    "#);
    assert!(registry.requests().is_empty());
    let ca = sandbox.write("company.pem", interceptor.certificate());
    sandbox.config(&format!("{url}ca = \"{}\"\n", ca.display()));
    install(&sandbox, &[]).ok();
    assert_eq!(sandbox.says("bin/tool"), "here\n");
    // Trusted for one registry alone is enough for that one.
    let only = format!("{url}[registry.\"{NAME}\"]\nca = \"{}\"\n", ca.display());
    sandbox.config(&only);
    install(&sandbox, &[]).ok();
}

#[test]
fn a_registry_may_have_an_address_of_ipv6() {
    let Some(registry) = TestRegistry::start_at_ipv6() else {
        return skipped("no IPv6 here");
    };
    let sandbox = Sandbox::new();
    publish(&registry);
    let host = registry.host();
    assert!(host.starts_with("[::1]:"), "{host}");
    sandbox.run(&format!("install oci://{host}/tool:1.0.0")).ok();
    sandbox.write("acme/tap.toml", format!("name = \"acme\"\nregistry = \"{host}\"\n"));
    let archive = test_registry::Tree::new().file("bin/own", "#!/bin/sh\n", 0o755).tar();
    sandbox.write(
        "acme/own.toml",
        format!(
            "schema = 1\nname = \"own\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n\
             [source]\nfile = \"own.tar\"\n\n[version.\"1.0.0\"]\nany = \"{}\"\n",
            digest::Digest::sha256(&archive)
        ),
    );
    sandbox.write("acme/own.tar", archive);
    sandbox.run("publish acme/own.toml").ok();
    sandbox.run(&format!("tap publish acme oci://{host}/tap")).ok();
    let other = Sandbox::new();
    other.run(&format!("tap add oci://{host}/tap")).ok();
    other.run("install own").ok();
    // Credentials and settings are found by the same name.
    registry.require_basic("me", "pw");
    let add = format!("tap add oci://{host}/tap --name again");
    assert_eq!(other.run(&add).code, 5);
    other.log_in(host, "bWU6cHc=");
    other.config(&format!("[registry.\"{host}\"]\nplain-http = true\n"));
    other.run(&add).ok();
}

#[test]
fn a_name_that_nobody_knows_at_first_is_asked_for_again() {
    let (sandbox, registry) = (Sandbox::new(), TestRegistry::start());
    publish(&registry);
    let port = registry.host().rsplit_once(':').unwrap().1;
    sandbox.config(&format!("[registry.\"{NAME}:{port}\"]\nplain-http = true\n"));
    let hosts = sandbox.write("hosts", "127.0.0.1 localhost\n");
    sandbox.write("nsswitch.conf", "hosts: files\n");
    let script = format!(
        "mount --bind hosts /etc/hosts && mount --bind nsswitch.conf /etc/nsswitch.conf || exit 99\n\
         exec \"$pkg\" install oci://{NAME}:{port}/tool:1.0.0"
    );
    let mut command = sandbox.foreign("unshare");
    command.args(["-Urm", "/bin/sh", "-c", &script]).env("pkg", env!("CARGO_BIN_EXE_pkg"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        // Only now the name becomes known.
        if line.ends_with("trying again") && !said.contains("trying again") {
            let mut file = fs_err::OpenOptions::new().append(true).open(&hosts).unwrap();
            writeln!(file, "127.0.0.1 {NAME}").unwrap();
        }
        said.push_str(&line);
        said.push('\n');
    }
    let status = child.wait().unwrap();
    if status.code() == Some(99) || said.starts_with("unshare: ") {
        return skipped("no mounts for users");
    }
    assert!(status.success() && said.contains("trying again"), "{status}: {said}");
    assert!(sandbox.prefix("bin/tool").exists());
}
