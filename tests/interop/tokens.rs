//! Registries that send their clients to a token server, which is on another site than they are.

use super::{
    desk::Desk,
    issuer::{Issuer, pair},
    layout::OWN,
    maker::{Maker, saying},
    peers,
    registry::{Guard, Registry},
};
use crate::support::{Output, Sandbox};

/// Lets the token server see the credentials for the registry.
fn trust(sandbox: &Sandbox, host: &str, issuer: &Issuer) {
    let origin = issuer.origin();
    sandbox.config(&format!("[registry.\"{host}\"]\ntoken-server = \"{origin}\"\n"));
}

/// Refused because the password was kept back, and told what to write for it not to be.
#[track_caller]
fn kept_back(output: &Output, host: &str, issuer: &Issuer) {
    assert_eq!(output.code, 5, "{output}");
    let origin = issuer.origin();
    for says in [
        format!("the token server {origin} is on another site than {host}"),
        format!("`token-server = \"{origin}\"` below `[registry.\"{host}\"]` of config.toml"),
    ] {
        assert!(output.stderr.contains(&says), "{says}: {output}");
    }
    let asked = issuer.take_asked();
    assert!(!asked.is_empty() && !asked.contains(&true), "{asked:?}: {output}");
}

#[test]
fn tokens_of_a_server_on_another_site() {
    if !peers::is_here("openssl") {
        return;
    }
    let password = pair("maker", "secret");
    let issuer = Issuer::start(&password);
    let guard = Guard::Tokens { realm: issuer.realm(), certificate: issuer.certificate() };
    for registry in Registry::all_behind(&guard) {
        let desk = Desk::at(registry);
        let (host, at) = (desk.host(), format!("on {}", desk.registry.kind));
        let maker = Maker::new(&desk.sandbox, format!("{host}/acme"));
        maker.version("1.0.0", &[(OWN, &saying("let in"))]);
        let nobody = desk.sandbox.run("publish tap/tool.toml");
        assert_eq!(nobody.code, 5, "{at}: {nobody}");
        assert!(!nobody.stderr.contains("token-server"), "{at}: {nobody}");
        issuer.take_asked();

        desk.sandbox.log_in(host, &password);
        kept_back(&desk.sandbox.run("publish tap/tool.toml"), host, &issuer);
        trust(&desk.sandbox, "127.0.0.1:1", &issuer);
        kept_back(&desk.sandbox.run("publish tap/tool.toml"), host, &issuer);
        trust(&desk.sandbox, host, &issuer);
        maker.publish("1.0.0", "--also latest");
        maker.publish_tap();
        let asked = issuer.take_asked();
        assert!(!asked.is_empty() && asked.iter().all(|said| *said), "{at}: {asked:?}");

        let user = Sandbox::new();
        let add = format!("tap add {}", maker.tap());
        let nobody = user.run(&add);
        assert_eq!(nobody.code, 5, "{at}: {nobody}");
        user.log_in(host, &pair("maker", "wrong"));
        trust(&user, host, &issuer);
        let wrong = user.run(&add);
        assert_eq!(wrong.code, 5, "{at}: {wrong}");
        user.log_in(host, &password);
        user.config("");
        issuer.take_asked();
        kept_back(&user.run(&add), host, &issuer);
        trust(&user, host, &issuer);
        user.run(&add).ok();
        user.run("install tool").ok();
        assert_eq!(user.says("bin/tool"), "let in\n", "{at}");
    }
}
