//! Defends the shape of the code: which room may know which, and how large a file may be.
//!
//! A new arrow fails here until the table says so, and with it `docs/architecture.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::support::workspace;

/// Floor, room, and the rooms that it knows. Arrows point down; nobody knows a neighbour.
const ROOMS: &[(u8, &str, &[&str])] = &[
    (0, "digest", &[]),
    (1, "formula", &["digest"]),
    (1, "oci", &["digest"]),
    (1, "store", &["digest"]),
    (1, "binary", &[]),
    (2, "plan", &["formula"]),
    (2, "catalog", &["digest", "formula", "oci"]),
    (2, "build", &["digest", "formula", "oci", "store", "binary"]),
    (3, "install", &["digest", "formula", "oci", "store", "binary", "plan", "catalog", "build"]),
    (
        4,
        "publish",
        &["digest", "formula", "oci", "store", "binary", "plan", "catalog", "build", "install"],
    ),
    (4, "project", &["digest", "formula", "oci", "store", "plan", "catalog", "install"]),
    (
        5,
        "cli",
        &[
            "digest", "formula", "oci", "store", "plan", "catalog", "build", "install", "publish",
            "project",
        ],
    ),
];

/// Rooms of the workshop: no room of the house knows them, but for its tests.
const WORKSHOP: &[(&str, &[&str])] = &[
    ("test-registry", &["digest"]),
    (
        "xtask",
        &[
            "digest",
            "formula",
            "oci",
            "store",
            "plan",
            "catalog",
            "install",
            "cli",
            "test-registry",
        ],
    ),
];

/// The rows of the client's checklist: letter, first row, last row.
///
/// Left out are the row about bottles (C12) and what is not done yet: conditional requests (B14)
/// and ranges in parallel (D11). D5 is the store's.
const ROWS: &[(char, u8, u8)] = &[
    ('a', 1, 14),
    ('b', 1, 13),
    ('c', 1, 11),
    ('d', 1, 4),
    ('d', 6, 10),
    ('d', 12, 14),
    ('e', 1, 17),
    ('f', 1, 19),
    ('g', 1, 18),
    ('h', 1, 23),
    ('i', 1, 9),
];

/// Longest file, in lines that are not tests.
const FILE_LINES_MAX: usize = 500;
/// Longest command: its words, one call, what it prints.
const COMMAND_LINES_MAX: usize = 150;
/// From this length on a file says what it is for.
const HEAD_LINES_MIN: usize = 50;

/// Names that say nothing about what is inside.
const FORBIDDEN_NAMES: &[&str] =
    &["common", "core", "helpers", "imp", "misc", "shared", "types", "util", "utils"];

#[test]
fn every_arrow_between_rooms_is_in_the_table() {
    let floors: BTreeMap<_, _> = ROOMS.iter().map(|(floor, room, _)| (*room, *floor)).collect();
    for (floor, room, known) in ROOMS {
        for other in *known {
            assert!(floors[other] < *floor, "{room} may not know {other}: arrows point down");
        }
    }
    let workshop = WORKSHOP.iter().copied();
    let allowed: BTreeMap<_, BTreeSet<_>> = ROOMS
        .iter()
        .map(|(_, room, known)| (*room, *known))
        .chain(workshop)
        .map(|(room, known)| (room, known.iter().copied().collect()))
        .collect();
    for (room, known) in arrows() {
        let allowed = allowed.get(room.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("room {room} is not in the table"));
        for other in known {
            assert!(allowed.contains(other.as_str()), "{room} may not know {other}");
        }
    }
}

/// Each room of the workspace and the rooms it depends on, tests aside.
fn arrows() -> Vec<(String, Vec<String>)> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap();
    let room = |package: &str| package.strip_prefix("pkg-").unwrap_or(package).to_owned();
    let names: BTreeSet<_> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    assert!(names.contains("pkg-cli"), "the workspace has its rooms");
    let of = |package: &cargo_metadata::Package| {
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name());
        assert_eq!(folder, Some(room(&package.name).as_str()), "a room's folder has its name");
        let known = package.dependencies.iter();
        let known = known.filter(|other| other.kind != DependencyKind::Development);
        let known =
            known.filter(|other| names.contains(&other.name)).map(|other| room(&other.name));
        (room(&package.name), known.collect())
    };
    metadata.packages.iter().map(of).collect()
}

#[test]
fn every_room_takes_the_lints_of_the_workspace() {
    for folder in fs_err::read_dir(workspace().join("crates")).unwrap() {
        let manifest = folder.unwrap().path().join("Cargo.toml");
        let text = fs_err::read_to_string(&manifest).unwrap();
        assert!(text.contains("[lints]\nworkspace = true\n"), "{}", manifest.display());
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = fs_err::read_to_string(workspace().join(&path)).unwrap();
        let lines = production_lines(&path, &text);
        let is_command = path.starts_with("crates/cli/src/commands");
        let most = if is_command { COMMAND_LINES_MAX } else { FILE_LINES_MAX };
        if lines > most {
            wrong.push(format!("{}: {lines} lines, at most {most}", path.display()));
        }
        if lines >= HEAD_LINES_MIN && !text.starts_with("//!") {
            wrong.push(format!("{}: no `//!` that says what it is for", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Lines up to the module of tests; none of them count in a file that holds nothing else.
fn production_lines(path: &Path, text: &str) -> usize {
    if path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs") {
        return text.lines().count().min(FILE_LINES_MAX * usize::from(path.starts_with("tests")));
    }
    let lines: Vec<_> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    });
    tests.unwrap_or(lines.len())
}

#[test]
fn every_row_of_the_checklist_has_a_test_of_its_name() {
    let mut texts = String::new();
    for path in sources().iter().filter(|path| path.starts_with("crates/oci")) {
        texts.push_str(&fs_err::read_to_string(workspace().join(path)).unwrap());
    }
    let rows = ROWS.iter().flat_map(|(letter, first, last)| {
        (*first..=*last).map(move |number| format!("{letter}{number}"))
    });
    let missing: Vec<_> = rows.filter(|row| !texts.contains(&format!("fn {row}_"))).collect();
    assert!(missing.is_empty(), "rows without a test: {}", missing.join(" "));
}

#[test]
fn names_say_what_is_inside() {
    let mut wrong = Vec::new();
    for path in sources() {
        let mut parts = path.components().filter_map(|part| part.as_os_str().to_str());
        let bad = |part: &str| FORBIDDEN_NAMES.contains(&part.trim_end_matches(".rs"));
        if parts.any(bad) {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let checkout = workspace().canonicalize().unwrap();
    let home = std::env::home_dir().unwrap();
    let paths = [checkout, home].map(|path| format!("{}/", path.display()));
    let mut wrong = Vec::new();
    for file in files(workspace()) {
        let Ok(text) = fs_err::read_to_string(workspace().join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if paths.iter().any(|path| line.contains(path)) {
                wrong.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The Rust files of the project.
fn sources() -> Vec<PathBuf> {
    let is_source = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs");
    let sources: Vec<_> = files(workspace()).into_iter().filter(is_source).collect();
    assert!(sources.len() > 50, "the project's sources are where this test looks");
    sources
}

/// The files of the project, relative to its folder; nothing that a build or an editor made.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs_err::read_dir(folder.join(&below)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let is_ours = !name.starts_with('.') || name == ".cargo" || name == ".ci";
            let path = below.join(&name);
            let kind = entry.file_type().unwrap();
            if !is_ours || (below.as_os_str().is_empty() && name == "target") {
                continue;
            }
            if kind.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
