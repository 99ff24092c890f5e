//! Questions about what is installed.

use insta::assert_snapshot;
use pkg_plan::{Key, query};

use crate::world::{World, key};

const WORLD: &str = "
    app 1.0.0 -> mid, lib 1, aid?
    app 2.0.0
    mid 1.0.0 -> lib
    mid 1.1.0
    lib 1.0.0
    lib 2.0.0-rc.1
    aid 1.0.0
    tool 1.0.0 -> lib
    new 1.0.0 -> ripgrep, former
    ripgrep 1.0.0; also former
    ripgrep 1.1.0; yanked eats files
    cycle 1.0.0 -> back
    back 1.0.0 -> cycle
";
const ALL: &str = "
    app 1.0.0 (1)
    mid 1.0.0
    lib 1.0.0
    aid 1.0.0
    tool 1.0.0
    new 1.0.0 (*) pinned
    ripgrep 1.0.0
    cycle 1.0.0
    back 1.0.0
";

fn keys(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

fn tree(of: &str) -> String {
    fn draw(tree: &query::Tree, depth: usize, lines: &mut Vec<String>) {
        let again = if tree.repeated { " (*)" } else { "" };
        lines.push(format!("{}{}{again}", "  ".repeat(depth), tree.key));
        tree.needs.iter().for_each(|need| draw(need, depth + 1, lines));
    }
    let installed = World::parse(WORLD).installed(ALL);
    let mut lines = Vec::new();
    match query::tree(&installed, &key(of)) {
        Some(tree) => draw(&tree, 0, &mut lines),
        None => lines.push("nothing".to_owned()),
    }
    lines.join("\n")
}

fn why(of: &str) -> String {
    let installed = World::parse(WORLD).installed(ALL);
    query::why(&installed, &key(of)).iter().map(|chain| keys(chain)).collect::<Vec<_>>().join("\n")
}

#[test]
fn trees_tell_each_need_once_and_end_in_cycles() {
    assert_snapshot!(tree("app"), @"
    app
      mid
        lib
      lib
      aid
    ");
    assert_snapshot!(tree("new"), @"
    new
      ripgrep
    ");
    assert_snapshot!(tree("cycle"), @"
    cycle
      back
        cycle (*)
    ");
    assert_snapshot!(tree("nowhere"), @"nothing");
}

#[test]
fn uses_are_those_that_need_it_themselves() {
    let installed = World::parse(WORLD).installed(ALL);
    let uses = |of| keys(&query::uses(&installed, &key(of)));
    assert_snapshot!(uses("lib"), @"app mid tool");
    assert_snapshot!(uses("aid"), @"app");
    assert_snapshot!(uses("ripgrep"), @"new");
    assert_snapshot!(uses("app"), @"");
}

#[test]
fn why_leads_from_a_request() {
    assert_snapshot!(why("lib"), @"app lib");
    assert_snapshot!(why("app"), @"app");
    assert_snapshot!(why("tool"), @"");
    assert_snapshot!(why("back"), @"");
    assert_snapshot!(why("aid"), @"");
}

#[test]
fn leaves_and_orphans() {
    let installed = World::parse(WORLD).installed(ALL);
    assert_snapshot!(keys(&query::leaves(&installed)), @"aid app new tool");
    assert_snapshot!(keys(&query::orphans(&installed)), @"aid back cycle tool");
}

#[test]
fn outdated_tells_inside_and_beyond_the_request() {
    let world = World::parse(WORLD);
    let installed = world.installed(ALL);
    let outdated = query::outdated(&installed, &world).unwrap();
    let lines: Vec<String> = outdated
        .iter()
        .map(|it| {
            let inside = it.inside.as_ref().map_or("-".to_owned(), ToString::to_string);
            format!("{} {} -> {inside}, {}", it.key, it.installed, it.newest)
        })
        .collect();
    assert_snapshot!(lines.join("\n"), @"
    app 1.0.0 -> -, 2.0.0
    mid 1.0.0 -> 1.1.0, 1.1.0
    ");
}

#[test]
fn notices_tell_what_the_taps_say_today() {
    let world = World::parse(
        "
        bad 1.0; yanked broken build
        old 1.0; deprecated nobody looks after it
        end 1.0; disabled end of life
        fine 1.0
        new 1.0; also former
        ",
    );
    let installed = world.installed("bad 1.0 (*)\nold 1.0\nend 1.0\nfine 1.0 (*)\nformer 0.9 (*)");
    let notices = query::notices(&installed, &world).unwrap();
    let lines: Vec<String> = notices.iter().map(|(_, note)| note.to_string()).collect();
    assert_snapshot!(lines.join("\n"), @"
    bad 1.0 was yanked: broken build
    end is disabled: end of life
    former is now called new
    old is deprecated: nobody looks after it
    ");
}
