//! Pages of the documentation that need no registry, as a reader would follow them.
//!
//! A `bash` block is run, all of a page in one shell; the `text` block below it is what it prints.

use std::process::Command;

use regex::Regex;

use crate::support::{Output, Sandbox, workspace};

/// Ends what one block prints; no program prints it.
const END: char = '\u{1e}';

/// The blocks of a page: kind, text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let text = fs_err::read_to_string(workspace().join("docs").join(page)).unwrap();
    let fenced = Regex::new(r"(?ms)^```(\w*)\n(.*?)^```$").unwrap();
    fenced.captures_iter(&text).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

/// `sh` in the home folder, with the program first on PATH.
fn shell(sandbox: &Sandbox, script: &str) -> Command {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_pkg")).parent().unwrap();
    let path = std::env::join_paths([program, "/usr/bin".as_ref(), "/bin".as_ref()]).unwrap();
    let mut command = sandbox.foreign("/bin/sh");
    command.args(["-c", script]).env("PATH", path).current_dir(sandbox.home());
    command
}

/// The text as a page has it.
fn shown(sandbox: &Sandbox, text: &str) -> String {
    let host = install::Host::detect().unwrap().platform().to_string();
    let text = text.replace(sandbox.home().to_str().unwrap(), "~");
    let rows = [
        (r"projects/[0-9a-f]{12}", "projects/ID"),
        (r"sha256:[0-9a-f]{64}", "sha256:DIGEST"),
        (r"Freed [0-9.]+ [kM]?B", "Freed SIZE"),
    ];
    let text = rows.iter().fold(text, |text, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
    });
    text.replace(&format!("for {host} in"), "for linux-amd64-gnu in")
}

#[test]
fn a_project_as_the_page_walks_through_it() {
    let sandbox = Sandbox::in_memory();
    let blocks = blocks("projects.md");
    let mut steps: Vec<(&str, &str)> = Vec::new();
    for (kind, text) in &blocks {
        match (kind.as_str(), steps.last_mut()) {
            ("bash", _) => steps.push((text, "")),
            ("text", Some((_, prints))) => *prints = text,
            _ => {}
        }
    }
    assert!(steps.len() > 8, "the page has its steps");
    let script: String =
        steps.iter().map(|(script, _)| format!("{script}printf '{END}'\n")).collect();
    let output = sandbox.finish(&mut shell(&sandbox, &format!("exec 2>&1\n{script}"))).ok();
    let printed: Vec<&str> = output.stdout.split(END).collect();
    assert_eq!(printed.len(), steps.len() + 1, "each step ends");
    for ((script, expected), printed) in steps.iter().zip(printed) {
        assert_eq!(shown(&sandbox, printed), *expected, "what this prints:\n{script}");
    }
}

/// The lines of a job that a runner gives to the shell.
fn lines_of_a_job(yaml: &str) -> Vec<String> {
    let (mut lines, mut is_script) = (Vec::new(), false);
    for line in yaml.lines().map(str::trim) {
        if let Some(run) = line.strip_prefix("- run: ") {
            lines.push(run.to_owned());
        }
        match line.strip_prefix("- ") {
            Some(step) if is_script => lines.push(step.to_owned()),
            _ => is_script = line == "script:",
        }
    }
    lines
}

/// A job in the working folder.
fn job(sandbox: &Sandbox, lines: &[String]) -> Output {
    let desk = sandbox.home().join("desk");
    let mut command = shell(sandbox, &format!("set -e\n{}", lines.join("\n")));
    command.current_dir(&desk).env("CI", "true").env("PKG_ROOT", desk.join(".pkg"));
    sandbox.finish(&mut command)
}

#[test]
fn the_jobs_of_the_page_about_ci_run() {
    let jobs: Vec<_> = blocks("ci.md").into_iter().filter(|(kind, _)| kind == "yaml").collect();
    assert_eq!(jobs.len(), 2, "one like GitHub's, one like GitLab's");
    for (_, yaml) in jobs {
        let lines = lines_of_a_job(&yaml);
        assert!(lines.len() >= 3, "{lines:?}");
        let sandbox = Sandbox::in_memory();
        let text = "[packages]\nhello = \"1\"\n";
        let file = sandbox.write("pkg.toml", text);
        sandbox.run("lock").ok();
        let before = fs_err::read(file.with_file_name("pkg.lock")).unwrap();
        let output = job(&sandbox, &lines).ok();
        assert!(!format!("{}{}", output.stdout, output.stderr).contains('\u{1b}'), "{output}");
        assert!(output.stdout.contains("Hello, world!"), "{output}");
        // A second job finds it all here.
        let again = job(&sandbox, &lines).ok();
        assert!(!again.stderr.contains("Installed"), "{again}");
        assert_eq!(fs_err::read_to_string(&file).unwrap(), text);
        assert_eq!(fs_err::read(file.with_file_name("pkg.lock")).unwrap(), before);
        // Somebody forgot to lock.
        sandbox.write("pkg.toml", "[packages]\nhello = \"=1.0.0\"\n");
        let failed = job(&sandbox, &lines);
        assert_eq!(failed.code, 1, "{failed}");
        assert!(failed.stderr.contains("pkg.lock is not up to date"), "{failed}");
    }
}
