//! Licenses by their texts, where a text leaves no doubt.
//!
//! The GNU licenses are recognised and not decided: their texts do not say whether a later
//! version will do as well, only whoever uses them does.

/// What a license's text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    /// This license, as an SPDX expression.
    Certain(&'static str),
    /// One of these.
    Either(&'static str),
    /// A text that is not known here.
    Unknown,
}

/// What must and what must not be in a text, blanks counted as one.
struct Sign {
    license: &'static str,
    is_certain: bool,
    with: &'static [&'static str],
    without: &'static [&'static str],
}

const fn certain(
    license: &'static str,
    with: &'static [&'static str],
    without: &'static [&'static str],
) -> Sign {
    Sign { license, is_certain: true, with, without }
}

const fn either(license: &'static str, with: &'static [&'static str]) -> Sign {
    Sign { license, is_certain: false, with, without: &[] }
}

const MIT: &str = "permission is hereby granted, free of charge, to any person obtaining a copy";
const BSD: &str = "redistribution and use in source and binary forms, with or without modification, are permitted";
const ISC: &str = "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted";

const SIGNS: &[Sign] = &[
    certain(
        "MIT",
        &[MIT, "the above copyright notice and this permission notice"],
        &["except as contained in this notice", "redistributions of source code", "apache license"],
    ),
    certain("Apache-2.0", &["apache license version 2.0, january 2004"], &[MIT, "llvm exceptions"]),
    certain(
        "BSD-3-Clause",
        &[BSD, "neither the name"],
        &["all advertising materials", "apache license", "patent"],
    ),
    certain(
        "BSD-2-Clause",
        &[BSD],
        &[
            "neither the name",
            "all advertising materials",
            "apache license",
            "patent",
            "promote products",
        ],
    ),
    certain("ISC", &[ISC, "appear in all copies"], &[MIT, BSD]),
    certain("0BSD", &[ISC], &["appear in all copies", MIT, BSD]),
    certain(
        "MPL-2.0",
        &["mozilla public license version 2.0", "exhibit a - source code form license notice"],
        &[],
    ),
    certain(
        "Unlicense",
        &["this is free and unencumbered software released into the public domain"],
        &[],
    ),
    certain("CC0-1.0", &["cc0 1.0 universal", "affirmer"], &[]),
    certain("BSL-1.0", &["boost software license - version 1.0"], &[]),
    certain(
        "Zlib",
        &[
            "this software is provided 'as-is', without any express or implied warranty",
            "altered source versions must be plainly marked as such",
        ],
        &[],
    ),
    either(
        "AGPL-3.0-only or AGPL-3.0-or-later",
        &["gnu affero general public license version 3, 19 november 2007"],
    ),
    either(
        "LGPL-3.0-only or LGPL-3.0-or-later",
        &["gnu lesser general public license version 3, 29 june 2007"],
    ),
    either(
        "LGPL-2.1-only or LGPL-2.1-or-later",
        &["gnu lesser general public license version 2.1, february 1999"],
    ),
    either(
        "GPL-3.0-only or GPL-3.0-or-later",
        &["gnu general public license version 3, 29 june 2007"],
    ),
    either(
        "GPL-2.0-only or GPL-2.0-or-later",
        &["gnu general public license version 2, june 1991"],
    ),
];

/// Most of a license that is looked at, in bytes.
pub(crate) const BYTES_MAX: usize = 64 << 10;

/// Whether a file is named as licenses are.
pub(crate) fn is_license(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let stem = name.split(['.', '-', '_']).next().unwrap_or_default();
    matches!(stem, "license" | "licence" | "copying" | "unlicense" | "mit" | "copyright")
}

/// Which license a text is.
pub(crate) fn read(text: &str) -> Read {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ").to_lowercase().replace(['“', '”'], "\"").replace('’', "'");
    let has = |part: &&str| text.contains(*part);
    let fits = |sign: &&Sign| sign.with.iter().all(has) && !sign.without.iter().any(has);
    match SIGNS.iter().find(fits) {
        Some(Sign { license, is_certain: true, .. }) => Read::Certain(license),
        Some(Sign { license, .. }) => Read::Either(license),
        None => Read::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_project_is_read_right() {
        let mit = include_str!("../../../../LICENSE-MIT");
        let apache = include_str!("../../../../LICENSE-APACHE");
        assert_eq!(read(mit), Read::Certain("MIT"));
        assert_eq!(read(apache), Read::Certain("Apache-2.0"));
        let both = format!("{mit}\n\n{apache}");
        assert_eq!(read(&both), Read::Unknown, "two licenses in one file are nobody's guess");
    }

    #[test]
    fn what_is_near_is_not_the_same() {
        let x11 = format!(
            "{MIT} ... The above copyright notice and this permission notice ... Except as contained in this notice, the name"
        );
        assert_eq!(read(&x11), Read::Unknown);
        let clauses = format!("{BSD} provided that 1. 2. THIS SOFTWARE IS PROVIDED");
        assert_eq!(read(&clauses), Read::Certain("BSD-2-Clause"));
        assert_eq!(read(&format!("{clauses} Neither the name of")), Read::Certain("BSD-3-Clause"));
        assert_eq!(
            read(&format!("{clauses} All advertising materials Neither the name")),
            Read::Unknown
        );
        let gpl = "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007";
        assert_eq!(read(gpl), Read::Either("GPL-3.0-only or GPL-3.0-or-later"));
        assert_eq!(read("all rights reserved"), Read::Unknown);
    }

    #[test]
    fn files_are_known_by_their_names() {
        for name in ["LICENSE", "LICENSE-MIT", "doc/COPYING.LIB", "LICENCE.txt", "UNLICENSE"] {
            assert!(is_license(name), "{name}");
        }
        for name in ["licenses.json/x", "README", "src/licensing.rs"] {
            assert!(!is_license(name), "{name}");
        }
    }
}
