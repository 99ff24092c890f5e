//! Registries that are not open to everyone: TLS by an authority of one's own, and passwords.

use test_registry::Authority;

use super::{
    desk::Desk,
    layout::OWN,
    maker::{Maker, saying},
    registry::{Guard, Registry},
};
use crate::support::Sandbox;

/// `maker:secret`, as a file of htpasswd and as a configuration of docker have it.
const HTPASSWD: &str = "maker:$2y$04$NN/NeoGTSqj8Awl2lxUzi.PqBl2zHYsy/ik.fTqa5qO95.0SNSKXG\n";
const DOCKER: &str = "bWFrZXI6c2VjcmV0";

/// Finds `registry.test` at the registry, with TLS: hosts of this machine are asked without.
fn mirror(host: &str) -> String {
    format!("[mirror]\n\"https://registry.test/\" = \"https://{host}/\"\n")
}

/// Trusts the authority in `desk/ca.pem`.
fn trust(sandbox: &Sandbox, authority: &Authority, host: &str) {
    let file = sandbox.write("ca.pem", authority.certificate());
    sandbox.config(&format!("ca = \"{}\"\n{}", file.display(), mirror(host)));
}

#[test]
fn tls_of_an_own_authority_and_passwords() {
    let authority = Authority::new();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = files.path().join(name);
        fs_err::write(&path, text).unwrap();
        path
    };
    let (certificate, key) = authority.server_pem();
    let guard = Guard::Passwords {
        tls: [file("server.pem", certificate), file("key.pem", key)],
        users: file("htpasswd", HTPASSWD.to_owned()),
    };
    for registry in Registry::all_behind(&guard) {
        let desk = Desk::at(registry);
        let at = format!("on {}", desk.registry.kind);
        let maker = Maker::new(&desk.sandbox, "registry.test/acme".to_owned());
        maker.version("1.0.0", &[(OWN, &saying("let in"))]);

        desk.sandbox.config(&mirror(desk.host()));
        let stranger = desk.sandbox.run("publish tap/tool.toml");
        assert_eq!(stranger.code, 4, "{at}: {stranger}");
        assert!(stranger.stderr.contains("certificate"), "{at}: {stranger}");
        trust(&desk.sandbox, &authority, desk.host());
        let nobody = desk.sandbox.run("publish tap/tool.toml");
        assert_eq!(nobody.code, 5, "{at}: {nobody}");
        desk.sandbox.log_in(desk.host(), DOCKER);
        maker.publish("1.0.0", "--also latest");
        maker.publish_tap();

        let user = Sandbox::new();
        trust(&user, &authority, desk.host());
        let nobody = user.run(&format!("tap add {}", maker.tap()));
        assert_eq!(nobody.code, 5, "{at}: {nobody}");
        user.log_in(desk.host(), DOCKER);
        user.run(&format!("tap add {}", maker.tap())).ok();
        user.run("install tool").ok();
        assert_eq!(user.says("bin/tool"), "let in\n", "{at}");
    }
}
