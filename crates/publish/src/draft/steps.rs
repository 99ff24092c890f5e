//! The usual commands of build systems, by the files that give them away.

/// A build system that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct System {
    pub(crate) name: &'static str,
    /// The file that gives it away.
    pub(crate) file: &'static str,
    pub(crate) steps: Vec<String>,
    /// Environment variables of the steps.
    pub(crate) env: Vec<(&'static str, &'static str)>,
    /// What somebody must look after.
    pub(crate) remark: Option<&'static str>,
}

const NO_NETWORK: &str = "a build has no network: the dependencies must be in the archive";

fn system(name: &'static str, file: &'static str, steps: &[&str]) -> System {
    let steps = steps.iter().map(|step| (*step).to_owned()).collect();
    System { name, file, steps, env: Vec::new(), remark: None }
}

/// The build system of a tree, told by the files at its top.
pub(crate) fn recognise(name: &str, has: &dyn Fn(&str) -> bool) -> Option<System> {
    if has("configure") {
        return Some(system(
            "a configure script",
            "configure",
            &["./configure --prefix={keg}", "make -j{jobs}", "make install DESTDIR={out}"],
        ));
    }
    if has("meson.build") {
        return Some(system(
            "Meson",
            "meson.build",
            &[
                "meson setup build --prefix={keg} --libdir=lib --buildtype=release",
                "ninja -C build -j{jobs}",
                "meson install -C build --destdir={out}",
            ],
        ));
    }
    if has("CMakeLists.txt") {
        let steps = [
            "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX={keg} -DCMAKE_INSTALL_LIBDIR=lib",
            "cmake --build build -j {jobs}",
            "cmake --install build",
        ];
        let cmake = system("CMake", "CMakeLists.txt", &steps);
        return Some(System { env: vec![("DESTDIR", "{out}")], ..cmake });
    }
    if has("Cargo.toml") {
        let steps = ["cargo install --locked --offline --no-track -j {jobs} --path . --root {out}"];
        let remark = (!has("vendor")).then_some(NO_NETWORK);
        return Some(System { remark, ..system("Cargo", "Cargo.toml", &steps) });
    }
    if has("go.mod") {
        let step = format!("go build -trimpath -o {{out}}/bin/{name} .");
        let remark = (!has("vendor")).then_some(NO_NETWORK);
        return Some(System { steps: vec![step], remark, ..system("Go", "go.mod", &[]) });
    }
    if has("configure.ac") {
        let steps = [
            "autoreconf -fi",
            "./configure --prefix={keg}",
            "make -j{jobs}",
            "make install DESTDIR={out}",
        ];
        return Some(system("Autoconf", "configure.ac", &steps));
    }
    let makefile = ["GNUmakefile", "Makefile", "makefile"].into_iter().find(|file| has(file))?;
    let steps = ["make -j{jobs} PREFIX={keg}", "make install PREFIX={keg} DESTDIR={out}"];
    Some(System { file: makefile, ..system("make", "Makefile", &steps) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_says_most_decides() {
        let check = |files: &[&str], expect: Option<&str>| {
            let found = recognise("x", &|file| files.contains(&file));
            assert_eq!(found.map(|system| system.name), expect, "{files:?}");
        };
        check(&["configure", "Makefile.in", "CMakeLists.txt"], Some("a configure script"));
        check(&["CMakeLists.txt", "Makefile"], Some("CMake"));
        check(&["meson.build"], Some("Meson"));
        check(&["Cargo.toml", "Makefile"], Some("Cargo"));
        check(&["go.mod", "Makefile"], Some("Go"));
        check(&["configure.ac", "Makefile.am"], Some("Autoconf"));
        check(&["Makefile"], Some("make"));
        check(&["README"], None);
    }
}
