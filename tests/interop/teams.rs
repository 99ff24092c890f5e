//! docs/teams.md as a team would follow it; the page starts the registry itself.

use super::{desk::Desk, page::Page, peers, registry::Registry};

/// What the page says of platforms is what this one is.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn every_step_prints_what_the_page_says() {
    if !peers::are_here(&["curl", "htpasswd", "openssl", "seq", "tar"]) {
        return;
    }
    let page = Page::open("teams.md");
    for registry in Registry::all_to_start() {
        page.follow(&Desk::at(registry));
    }
}
