//! Which names are one where a filesystem folds letters and normal forms, as APFS does.

use unicode_normalization::UnicodeNormalization as _;

/// A form that two names share if such a filesystem takes them for one.
///
/// Upper case first, so that one letter that becomes two does so for both names (`ß` and `ss`).
pub(super) fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let decomposed: String = path.nfd().collect();
    decomposed.to_uppercase().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_together_or_not() {
        let rows = [
            ("Makefile", "makefile", true),
            ("\u{e9}", "e\u{301}", true),
            ("stra\u{df}e", "STRASSE", true),
            ("\u{c9}", "e\u{301}", true),
            ("a", "b", false),
            ("e", "\u{e9}", false),
        ];
        for (a, b, same) in rows {
            assert_eq!(fold(a) == fold(b), same, "{a} {b}");
        }
    }
}
