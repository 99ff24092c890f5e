//! The README's tour, as a reader would take it: each command prints what the page says.

use std::process::Command;

use crate::support::{Sandbox, workspace};

#[test]
fn the_tour_prints_what_the_page_says() {
    let page = fs_err::read_to_string(workspace().join("README.md")).unwrap();
    let (_, rest) = page.split_once("```console\n").expect("the page has a tour");
    let (tour, _) = rest.split_once("```").expect("the tour ends");
    let commands: Vec<&str> = tour.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(commands.len() >= 10, "{commands:?}");
    assert_eq!(taken(&commands), tour, "the tour prints");
}

/// The commands with what each prints, in one home.
fn taken(commands: &[&str]) -> String {
    let sandbox = Sandbox::new();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_pkg")).parent().unwrap();
    let path = [&sandbox.prefix("bin"), program, "/usr/bin".as_ref(), "/bin".as_ref()];
    let path = std::env::join_paths(path).unwrap();
    let home = sandbox.home().to_str().unwrap().to_owned();
    let mut text = String::new();
    for command in commands {
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .env_clear()
            .env("HOME", &home)
            .env("PATH", &path)
            .current_dir(&home)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap().replace(&home, "~");
        text.push_str(&format!("$ {command}\n{printed}"));
    }
    dated(&text)
}

/// The text with the time that the page has.
fn dated(text: &str) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    time.replace_all(text, "2026-11-25T12:00:00Z").into_owned()
}
