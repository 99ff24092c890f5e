//! docs/by-hand.md as a reader would follow it.

use super::{desk::Desk, page::Page, peers};

#[test]
fn every_step_prints_what_the_page_says() {
    if !peers::are_here(&["curl", "jq", "tar"]) {
        return;
    }
    let page = Page::open("by-hand.md");
    for desk in Desk::all() {
        page.follow(&desk);
        let origin = desk.tree(".").remove("bar.txt").unwrap();
        let keg = desk.keg("my-amazing-software");
        assert_eq!(keg, [("bar.txt".to_owned(), origin)].into());
    }
}
