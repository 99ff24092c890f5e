//! The pages of `docs/reference` say what the program does.

use crate::support::workspace;

#[expect(unreachable_pub, reason = "the module is a public one of xtask")]
#[path = "../crates/xtask/src/reference.rs"]
mod pages;

#[test]
fn the_reference_is_up_to_date() {
    let folder = workspace().join("docs/reference");
    let mut known = Vec::new();
    for (name, expect) in pages::pages() {
        let committed = fs_err::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(committed == expect, "docs/reference/{name} is stale: run `cargo xtask reference`");
        known.push(name.to_owned());
    }
    for entry in fs_err::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            known.contains(&name) || !name.ends_with(".md"),
            "docs/reference/{name} is nobody's"
        );
    }
}
