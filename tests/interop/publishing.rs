//! docs/publishing.md as a maintainer would follow it.

use super::{desk::Desk, page::Page, peers};
use crate::support::workspace;

/// What the page says of platforms is what this one is.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn every_step_prints_what_the_page_says() {
    if !peers::are_here(&["cc", "curl", "jq", "make", "tar"]) {
        return;
    }
    let page = Page::open("publishing.md");
    let formulas = workspace().join("formulas");
    for desk in Desk::all() {
        let clone = desk.sandbox.home().join("pkg");
        fs_err::create_dir(&clone).unwrap();
        fs_err::os::unix::fs::symlink(&formulas, clone.join("formulas")).unwrap();
        page.follow(&desk);
    }
}
