//! Lists the built-in tap's files, so that the program carries them without naming each one.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
    let out_dir = env::var_os("OUT_DIR").expect("cargo sets it for build scripts");
    let formulas = Path::new(&manifest_dir).join("../../formulas");
    println!("cargo::rerun-if-changed={}", formulas.display());
    let mut paths = Vec::new();
    collect(&formulas, "", &mut paths)?;
    paths.sort();
    let mut table = String::from("pub(crate) static FILES: &[(&str, &[u8])] = &[\n");
    for path in paths {
        let file = formulas.join(&path);
        table.push_str(&format!(
            "    ({path:?}, include_bytes!({:?})),\n",
            file.display().to_string()
        ));
    }
    table.push_str("];\n");
    fs::write(Path::new(&out_dir).join("files.rs"), table)
}

fn collect(folder: &Path, below: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().expect("the tap's file names are UTF-8");
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            println!("cargo::rerun-if-changed={}", entry.path().display());
            collect(&entry.path(), &path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
