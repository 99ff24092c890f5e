//! A name of a private tap that a public one has as well: never taken from there, whatever the
//! private registry answers.

use std::{fmt::Write as _, thread};

use test_registry::{On, TestRegistry};

use crate::support::{
    Output, Sandbox,
    edition::{pack, push_to},
};

/// A private tap with `tool` and `app`, which needs it, and a public one with a newer `tool`.
struct Taps {
    sandbox: Sandbox,
    private: Option<TestRegistry>,
    public: TestRegistry,
}

/// A fault by name, what sets it, and the exit code that it leads to.
type Fault = (&'static str, fn(On<'_>), i32);

/// The answers of a registry that does not give what it has.
const FAULTS: &[Fault] = &[
    ("401", |on| on.unauthorized(), 5),
    ("403", |on| on.status(403), 5),
    ("404", |on| on.status(404), 3),
    ("500", |on| on.status(500), 4),
    ("a page for people", |on| on.html(), 4),
    ("a stall", |on| on.holding(), 4),
    ("resets", |on| on.resetting(0), 4),
];

/// That nothing listens where the private registry was.
const NOTHING: &str = "nothing";

impl Taps {
    fn new() -> Self {
        let (private, public) = (TestRegistry::start(), TestRegistry::start());
        let taps = Self { sandbox: Sandbox::new(), private: Some(private), public };
        taps.sandbox.config("[patience]\nstall-seconds = 1\nretries = 0\n");
        taps.formula("private", "tool", "1.0.0", "");
        taps.formula("private", "app", "1.0.0", "[depends]\ntool = \"*\"\n");
        taps.formula("public", "tool", "9.0.0", "");
        taps.publish("private", 1);
        taps.publish("public", 1);
        taps.run(&format!("tap add oci://{}/tap", taps.public.host())).ok();
        taps.run(&format!("tap add oci://{}/tap", taps.private().host())).ok();
        taps
    }

    fn private(&self) -> &TestRegistry {
        self.private.as_ref().unwrap()
    }

    fn registry(&self, tap: &str) -> &TestRegistry {
        if tap == "private" { self.private() } else { &self.public }
    }

    fn run(&self, words: &str) -> Output {
        self.sandbox.run(words)
    }

    /// Writes a formula whose program says which tap it is from.
    fn formula(&self, tap: &str, name: &str, version: &str, tables: &str) {
        let registry = self.registry(tap);
        let script = format!("#!/bin/sh\necho {tap} {name} {version}\n");
        let package = registry.package(name, version);
        let package = package.file(&format!("bin/{name}"), script, 0o755).push();
        let mut text =
            format!("schema = 1\nname = \"{name}\"\nsummary = \"x\"\nlicense = \"MIT\"\n");
        write!(text, "[source]\noci = \"{}/{name}\"\n{tables}", registry.host()).unwrap();
        write!(text, "[version.\"{version}\"]\nany = \"{}\"\n", package.manifests[0]).unwrap();
        self.sandbox.write(&format!("{tap}/{name}.toml"), text);
        self.sandbox.write(&format!("{tap}/tap.toml"), format!("name = \"{tap}\"\n"));
    }

    fn publish(&self, tap: &str, serial: u64) {
        let packed = pack(&self.sandbox, tap, serial, &format!("2026-05-0{serial}"));
        push_to(self.registry(tap), &packed);
    }

    /// Breaks the private registry; the exit code that asking it ends with.
    fn break_it(&mut self, fault: &str) -> i32 {
        match FAULTS.iter().find(|(name, ..)| *name == fault) {
            Some((_, fault, exit)) => {
                fault(self.private().on("*"));
                *exit
            }
            None => {
                self.private = None;
                4
            }
        }
    }

    /// Nothing of the public tap's package was asked for, or is here.
    #[track_caller]
    fn is_clean(&self, fault: &str) {
        let asked = self.public.requests_to("/v2/tool/*");
        assert!(asked.is_empty(), "{fault}: {asked:?}");
        if self.sandbox.prefix("bin/tool").exists() {
            assert_eq!(self.sandbox.says("bin/tool"), "private tool 1.0.0\n", "{fault}");
        }
    }
}

impl Drop for Taps {
    fn drop(&mut self) {
        if let Some(private) = &self.private {
            private.release();
        }
    }
}

/// Carries out a scenario under each fault, all at the same time as most of them only wait.
fn whatever(scenario: fn(&mut Taps, &str)) {
    thread::scope(|scope| {
        for fault in FAULTS.iter().map(|(name, ..)| *name).chain([NOTHING]) {
            scope.spawn(move || {
                let mut taps = Taps::new();
                scenario(&mut taps, fault);
                taps.is_clean(fault);
            });
        }
    });
}

#[test]
fn an_install_ends_with_the_private_registrys_answer() {
    whatever(|taps, fault| {
        let exit = taps.break_it(fault);
        for (words, expected) in [
            ("install private/tool", exit),
            ("install app", exit),
            ("install private/app", exit),
            ("fetch private/tool", exit),
            ("run private/tool", exit),
            // A bare name is of nobody where two taps have it.
            ("install tool", 2),
            ("install tool --yes", 2),
            ("list", 0),
        ] {
            let output = taps.run(words);
            assert_eq!(output.code, expected, "{fault}: {words}: {output}");
        }
    });
}

#[test]
fn what_is_installed_stays_what_it_is() {
    whatever(|taps, fault| {
        taps.run("install app").ok();
        taps.formula("private", "tool", "1.1.0", "");
        taps.publish("private", 2);
        taps.formula("public", "tool", "9.1.0", "");
        taps.publish("public", 2);
        let exit = taps.break_it(fault);
        for (words, expected) in [
            ("update", exit),
            ("update private", exit),
            ("update public", 0),
            ("outdated", 0),
            ("upgrade", 0),
            ("upgrade tool", 0),
            ("upgrade private/tool", 0),
            ("upgrade app", 0),
            ("install app", 0),
            ("doctor", 0),
        ] {
            let output = taps.run(words);
            assert_eq!(output.code, expected, "{fault}: {words}: {output}");
            assert!(!output.stdout.contains("9."), "{fault}: {words}: {output}");
        }
    });
}

#[test]
fn an_upgrade_that_is_known_is_not_had_elsewhere() {
    whatever(|taps, fault| {
        taps.run("install private/tool").ok();
        taps.formula("private", "tool", "1.1.0", "");
        taps.publish("private", 2);
        taps.run("update").ok();
        let exit = taps.break_it(fault);
        for words in ["upgrade", "upgrade private/tool", "upgrade tool"] {
            let output = taps.run(words);
            assert_eq!(output.code, exit, "{fault}: {words}: {output}");
        }
    });
}

#[test]
fn a_name_of_two_taps_means_the_package_that_is_installed() {
    let taps = Taps::new();
    taps.run("install private/tool").ok();
    taps.formula("private", "tool", "1.1.0", "");
    taps.publish("private", 2);
    taps.run("update").ok();
    for words in [
        "info tool",
        "versions tool",
        "cat tool",
        "upgrade tool --dry-run",
        "upgrade tool@1.1",
        "upgrade tool",
        "reinstall tool",
        "pin tool",
        "unpin tool",
        "unlink tool",
        "link tool",
        "uses tool",
        "deps tool",
        "why tool",
        "outdated",
        "uninstall tool",
    ] {
        let output = taps.run(words).ok();
        let said = format!("{}{}", output.stdout, output.stderr);
        let of_other = ["9.0.0", taps.public.host()].iter().any(|other| said.contains(other));
        assert!(!of_other, "{words}: {output}");
        if words == "reinstall tool" {
            assert!(said.contains("1.1.0 from private"), "{output}");
        }
    }
    // What is not installed is of nobody.
    for words in ["info tool", "versions tool", "upgrade tool"] {
        let output = taps.run(words);
        assert_eq!(output.code, 2, "{words}: {output}");
    }
}

#[test]
fn a_tap_that_was_never_read_is_no_tap() {
    whatever(|taps, fault| {
        let host = taps.private().host().to_owned();
        taps.run("tap remove private").ok();
        let exit = taps.break_it(fault);
        let output = taps.run(&format!("tap add oci://{host}/tap --name private"));
        assert_eq!(output.code, exit, "{fault}: {output}");
        for words in ["install private/tool", "install private/app", "install app"] {
            let output = taps.run(words);
            assert_eq!(output.code, 3, "{fault}: {words}: {output}");
        }
    });
}

#[test]
fn what_leaves_the_private_tap_is_not_looked_for_in_another() {
    for is_installed in [true, false] {
        let taps = Taps::new();
        if is_installed {
            taps.run("install private/tool").ok();
        }
        fs_err::remove_file(taps.sandbox.home().join("desk/private/tool.toml")).unwrap();
        taps.publish("private", 2);
        // What is installed is still good for what needs it.
        let app = if is_installed { 0 } else { 3 };
        for (words, expected) in
            [("update", 0), ("upgrade", 0), ("install private/tool", 3), ("install app", app)]
        {
            let output = taps.run(words);
            assert_eq!(output.code, expected, "{is_installed}: {words}: {output}");
        }
        taps.is_clean("gone");
    }
}
