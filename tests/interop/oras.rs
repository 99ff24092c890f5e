//! What `oras push` puts into a registry: a file, a folder, files with titles.

use std::os::unix::fs::PermissionsExt as _;

use super::{desk::Desk, peers, tree};

#[test]
fn one_file_is_a_program() {
    if !peers::are_here(&["oras", "curl"]) {
        return;
    }
    for desk in Desk::all() {
        desk.sandbox.write("tool", "#!/bin/sh\necho a tool\n");
        desk.sh("oras push --plain-http $REGISTRY/acme/tool:1.2.3 tool");
        let host = desk.host();
        let keg = desk.install(&format!("oci://{host}/acme/tool:1.2.3"), "tool");
        let origin = tree::digest(&desk.folder().join("tool"));
        assert_eq!(keg, [("tool".to_owned(), origin)].into());
        assert_eq!(desk.sandbox.says("bin/tool"), "a tool\n");
        assert_eq!(desk.sandbox.run("list --json").json()["packages"][0]["version"], "1.2.3");
        desk.sandbox.run("uninstall tool").ok();
        let digest = desk.digest("acme/tool", "1.2.3");
        let source = format!("oci = \"{host}/acme/tool\"\ntag = \"1.2.3\"");
        desk.formula("tool", &source, &format!("any = \"{digest}\""));
        assert_eq!(desk.install("./tool.toml", "tool"), keg);
    }
}

#[test]
fn a_folder_is_unpacked() {
    if !peers::are_here(&["oras"]) {
        return;
    }
    for desk in Desk::all() {
        desk.sandbox.write("bin/things/one", "1\n");
        desk.sandbox.write("bin/things/deep/two", vec![2; 100_000]);
        let program = desk.sandbox.write("bin/run", "#!/bin/sh\necho runs\n");
        fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        fs_err::os::unix::fs::symlink("run", desk.folder().join("bin/also")).unwrap();
        desk.sh("oras push --plain-http $REGISTRY/folder:1.0.0 bin");
        let keg = desk.install(&format!("oci://{}/folder:1.0.0", desk.host()), "folder");
        assert_eq!(keg, tree::moved(&desk.tree("bin"), "", "bin/"));
        for program in ["bin/run", "bin/also"] {
            assert_eq!(desk.sandbox.says(program), "runs\n");
        }
    }
}

#[test]
fn two_files_lie_at_their_titles() {
    if !peers::are_here(&["oras"]) {
        return;
    }
    for desk in Desk::all() {
        desk.sandbox.write("pushed/notes.txt", "notes\n");
        desk.sandbox.write("pushed/share/data.bin", [0, 159, 146, 150]);
        desk.sh("cd pushed
            oras push --plain-http $REGISTRY/two:1.0.0 --artifact-type application/vnd.acme.two \
                notes.txt:text/plain share/data.bin:application/octet-stream");
        let keg = desk.install(&format!("oci://{}/two:1.0.0", desk.host()), "two");
        assert_eq!(keg, desk.tree("pushed"));
    }
}

#[test]
fn an_archive_with_a_title_is_unpacked() {
    if !peers::are_here(&["oras", "tar"]) {
        return;
    }
    for desk in Desk::all() {
        desk.sandbox.write("pushed/bar.txt", "foo\n");
        desk.sh("tar -czf my.amazing.software.tar.gz -C pushed bar.txt
            oras push --plain-http $REGISTRY/my-amazing-software:v1 \
                my.amazing.software.tar.gz:application/vnd.my.amazing.software.layer.v1.tar+gzip");
        let spec = format!("oci://{}/my-amazing-software:v1", desk.host());
        assert_eq!(desk.install(&spec, "my-amazing-software"), desk.tree("pushed"));
    }
}
