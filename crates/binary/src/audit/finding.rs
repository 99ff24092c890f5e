//! A rule that a file breaks, where, and what to do about it.

use std::fmt;

/// Something that would not work elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the package's root.
    pub path: String,
    /// Where in it; none for what is no matter of bytes.
    pub offset: Option<u64>,
    /// The rule that it breaks.
    pub rule: Rule,
    /// The path, name or mode that breaks it.
    pub found: String,
    /// How often it breaks the rule; `offset` and `found` are of the first time.
    pub times: usize,
}

/// What a relocatable package must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// No path of the build is left.
    BuildPath,
    /// The placeholder only stands before what is there after installing.
    Place,
    /// The placeholder is a whole path, or followed by `/`.
    Glued,
    /// The placeholder is whole and written plainly.
    Partial,
    /// The placeholder is not inside of compressed bytes.
    Compressed,
    /// Libraries are looked for in the package or where the placeholder is.
    SearchPath,
    /// Libraries are loaded by name, or from where the placeholder is.
    Load,
    /// A library's own name is no path of elsewhere.
    InstallName,
    /// A program's loader is the platform's.
    Interpreter,
    /// A script's interpreter is one that every machine has, or where the placeholder is.
    Shebang,
    /// A script's first line is not too long for Linux.
    ShebangLength,
    /// A file is for the package's platform.
    Machine,
    /// A file is for the platform's processor itself, not for its 32-bit kind.
    Multilib,
    /// A signature can be made anew.
    Signature,
    /// A file keeps to its format.
    Unreadable,
    /// An archive holds what it names.
    Thin,
    /// No file gives whoever runs it another's rights.
    Privilege,
    /// No file may be written by everybody.
    Writable,
}

impl Rule {
    /// Whether a package that breaks it works elsewhere all the same, as far as can be told.
    pub fn is_advice(self) -> bool {
        matches!(self, Self::Unreadable | Self::Multilib)
    }
}

impl Finding {
    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self.rule {
            Rule::BuildPath => {
                "keep the build's folder out of the files: -ffile-prefix-map for compilers, \
                 `{prefix}` and `{keg}` in what is configured"
            }
            Rule::Place => "name the prefix with `{prefix}`, other packages with `{dep:NAME}`",
            Rule::Glued => "only what is below the root can be moved with it; put a `/` there",
            Rule::Partial => {
                "keep the path out of lists that escape their slashes, and out of buffers that \
                 cut it; gcc takes constant texts to pieces unless it is called with the \
                 `CFLAGS` or `CXXFLAGS` of the build, in which is -mtune=znver1"
            }
            Rule::Compressed => "leave it uncompressed, or without the path",
            Rule::SearchPath => {
                "link with -Wl,-rpath,'$ORIGIN/../lib' or a folder below `{prefix}`; on macOS \
                 with @loader_path"
            }
            Rule::Load => "link to the library by its name, or below `{prefix}`",
            Rule::InstallName => "set it to @rpath/NAME or below `{prefix}`, with -install_name",
            Rule::Interpreter => {
                "link with the platform's own loader, or pack for the platform that has it"
            }
            Rule::Shebang => {
                "write `#!/usr/bin/env NAME`, or name the interpreter below `{prefix}`"
            }
            Rule::ShebangLength => {
                "start the program from a short script: Linux reads 255 bytes of the line"
            }
            Rule::Machine => "build it for the platform of the package, or leave it out",
            Rule::Multilib => {
                "it runs where the system has 32-bit libraries; leave it out if nothing needs it"
            }
            Rule::Signature => "sign it ad hoc: codesign --force --sign -",
            Rule::Unreadable => "see whether the build was cut short",
            Rule::Thin => "make the archive without `T`: its members lie outside of the package",
            Rule::Privilege => "a package cannot bring a setuid or setgid program; clear the bit",
            Rule::Writable => "take the right away: chmod o-w",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, found, .. } = self;
        write!(f, "`{path}`")?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        f.write_str(": ")?;
        match self.rule {
            Rule::BuildPath => write!(f, "`{found}` is a path of the build"),
            Rule::Place => write!(f, "`{found}` is not there after installing"),
            Rule::Glued => write!(f, "`{found}` begins with the root, but is not below it"),
            Rule::Partial => write!(f, "`{found}` is not the whole root, or not written plainly"),
            Rule::Compressed => write!(f, "{found} is compressed and cannot be relocated"),
            Rule::SearchPath => write!(f, "libraries are looked for in `{found}`"),
            Rule::Load => write!(f, "it loads `{found}`"),
            Rule::InstallName => write!(f, "its own name is `{found}`"),
            Rule::Interpreter => write!(f, "its loader is `{found}`"),
            Rule::Shebang => write!(f, "its interpreter is `{found}`"),
            Rule::ShebangLength => write!(f, "its first line may have {found} bytes"),
            Rule::Machine | Rule::Multilib => write!(f, "it is {found}"),
            Rule::Signature => write!(f, "it is signed, and {found}"),
            Rule::Unreadable => write!(f, "{found}, and cannot be read as one"),
            Rule::Thin => write!(f, "it is an archive that only names its members"),
            Rule::Privilege => write!(f, "its mode {found} gives its owner's rights away"),
            Rule::Writable => write!(f, "its mode {found} lets everybody write to it"),
        }?;
        if self.times > 1 { write!(f, ", and {} more", self.times - 1) } else { Ok(()) }
    }
}

/// Longest path that is told of a file.
const FOUND_CHARS_MAX: usize = 300;

/// The findings of one file.
pub(super) struct Report<'a> {
    path: &'a str,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { path, findings: Vec::new() }
    }

    /// Adds a finding, or counts it to the one of the same rule: a thousand lines help nobody.
    pub(super) fn add(&mut self, rule: Rule, offset: Option<u64>, found: &str) {
        if let Some(same) = self.findings.iter_mut().find(|finding| finding.rule == rule) {
            same.times += 1;
            return;
        }
        let path = self.path.to_owned();
        let found = found.chars().filter(|c| !c.is_control()).take(FOUND_CHARS_MAX).collect();
        self.findings.push(Finding { path, offset, rule, found, times: 1 });
    }
}
