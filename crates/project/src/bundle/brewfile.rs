//! A `Brewfile`: the lines that name something; it is a program in Ruby, which is not run.

use super::Bundle;

pub(super) fn read(text: &str) -> Bundle {
    let mut bundle = Bundle::default();
    for line in text.lines() {
        let line = line.trim();
        let Some((verb, rest)) = line.split_once([' ', '(']) else { continue };
        let Some(name) = quoted(rest) else {
            if !line.starts_with('#') {
                bundle.skip(line, "it is Ruby, which is not run");
            }
            continue;
        };
        match verb {
            "brew" => brew(&mut bundle, name),
            "cask" => bundle.skip(name, "it is a cask, and pkg has no programs with windows"),
            "tap" => bundle.skip(name, "it is a tap of Homebrew, which pkg cannot read"),
            _ if line.starts_with('#') => {}
            "mas" | "vscode" | "whalebrew" | "go" | "cargo" | "npm" => {
                bundle.skip(name, &format!("`{verb}` is another program's"));
            }
            _ => bundle.skip(line, "it is Ruby, which is not run"),
        }
    }
    bundle
}

/// `openssl@3` is a name of its own there; here it is a version.
fn brew(bundle: &mut Bundle, name: &str) {
    let own = name.rsplit('/').next().unwrap_or(name);
    match own.split_once('@') {
        Some((name, version)) => bundle.add(name, Some(version)),
        None => bundle.add(own, None),
    }
}

fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_the_rest_is_said() {
        let bundle = read(
            "# Mine\ntap \"homebrew/cask\"\nbrew \"jq\"\nbrew 'openssl@3', link: true\n\
             brew \"acme/tools/widget\"\ncask \"firefox\"\nmas \"Xcode\", id: 1\n\
             brew \"jq\"\nif OS.mac?\nbrew \"Weird Name\"\n",
        );
        let wants: Vec<_> =
            bundle.wants.packages.iter().map(|w| format!("{} {}", w.name, w.version)).collect();
        assert_eq!(wants, ["jq *", "openssl 3", "widget *"]);
        let skipped: Vec<_> = bundle.skipped.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(skipped, ["homebrew/cask", "firefox", "Xcode", "if OS.mac?", "Weird Name"]);
    }
}
