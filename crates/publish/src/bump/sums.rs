//! Files of checksums, as release pages have them beside their archives.

use digest::Digest;

/// What a file of checksums says of the file `name`.
///
/// Lines are `HEX  NAME`, `HEX *NAME` or `SHA256 (NAME) = HEX`; a file that holds one checksum
/// and no name is about the only file that it can be about.
pub(crate) fn sum_of(text: &str, name: &str) -> Option<Digest> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let named = lines().find_map(|line| {
        let (hex, file) = fields(line)?;
        (file.rsplit('/').next() == Some(name)).then(|| digest(hex)).flatten()
    });
    let mut all = lines();
    match (named, all.next(), all.next()) {
        (None, Some(only), None) if !only.contains(char::is_whitespace) => digest(only),
        (named, ..) => named,
    }
}

fn fields(line: &str) -> Option<(&str, &str)> {
    if let Some((head, hex)) = line.rsplit_once(") = ") {
        return Some((hex, head.split_once(" (")?.1));
    }
    let (hex, file) = line.split_once(char::is_whitespace)?;
    Some((hex, file.trim_start().trim_start_matches('*').trim_start_matches("./")))
}

fn digest(hex: &str) -> Option<Digest> {
    let algorithm = match hex.len() {
        64 => "sha256",
        128 => "sha512",
        _ => return None,
    };
    format!("{algorithm}:{}", hex.to_ascii_lowercase()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_is_read() {
        let hex = "ab".repeat(32);
        let other = "cd".repeat(32);
        let expect = Some(format!("sha256:{hex}").parse().unwrap());
        for text in [
            format!("{other}  a.tar.gz\n{hex}  b.tar.gz\n"),
            format!("{hex} *b.tar.gz\n{other} *a.tar.gz"),
            format!("{hex}  ./dist/b.tar.gz"),
            format!("SHA256 (a.tar.gz) = {other}\nSHA256 (b.tar.gz) = {hex}"),
            format!("{}\n", hex.to_uppercase()),
        ] {
            assert_eq!(sum_of(&text, "b.tar.gz"), expect, "{text}");
        }
        assert_eq!(sum_of(&format!("{hex}  c.tar.gz"), "b.tar.gz"), None);
        assert_eq!(sum_of(&format!("{hex}  xb.tar.gz"), "b.tar.gz"), None);
        assert_eq!(sum_of("", "b.tar.gz"), None);
        assert_eq!(sum_of("<html>", "b.tar.gz"), None);
        let long = "ef".repeat(64);
        let found = sum_of(&format!("{long}  b.tar.gz"), "b.tar.gz").unwrap();
        assert_eq!(found.algorithm(), "sha512");
    }
}
