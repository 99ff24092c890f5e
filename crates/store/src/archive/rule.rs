//! The rules that an entry of an archive can break, each with a stable name and a sentence.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident $name:literal $sentence:literal,)*) => {
        /// A rule that an entry of an archive breaks; its text says what is wrong with the entry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[$doc])* $variant,)*
        }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The rule's stable name, in words joined by `-`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

rules! {
    /// The name is empty or stands for the root and is no directory.
    Empty "empty-name" "its name is empty",
    /// The name begins with `/`.
    Absolute "absolute-name" "its name is absolute",
    /// A component of the name is `..`.
    Parent "parent-name" "its name holds `..`",
    /// The name or target is not UTF-8.
    NotUtf8 "utf-8" "its name or target is not UTF-8",
    /// The name or target holds a control character.
    Control "control-character" "its name or target holds a control character",
    /// A zip's name holds `\`, which some programs read as `/`.
    Backslash "backslash" "its name holds a backslash",
    /// The name has more than 64 components.
    Depth "depth" "it lies more than 64 folders deep",
    /// A component of the name is longer than 255 bytes.
    Component "component-length" "a component of its name is longer than 255 bytes",
    /// The name is longer than 1,024 bytes.
    Length "path-length" "its name is longer than 1,024 bytes",
    /// The name stands twice in the archive.
    Equal "equal-names" "its name stands in the archive twice",
    /// The name begins with `.wh.`, which only layers of images may say.
    Whiteout "whiteout" "its name begins with `.wh.`, which only layers of images may say",
    /// A file's name ends with `/`.
    Slash "trailing-slash" "its name ends with `/`, but it is no directory",
    /// It is a character or block device.
    Device "device" "it is a device",
    /// It is a FIFO.
    Fifo "fifo" "it is a FIFO",
    /// It is of a type that is neither file, directory, symlink nor hard link.
    Type "unknown-type" "it is neither a file, a directory, a symlink nor a hard link",
    /// It is a sparse file, in GNU's or in PAX form.
    Sparse "sparse" "it is a sparse file",
    /// Something other than a file has contents.
    Contents "contents" "it has contents, but it is no file",
    /// A hard link's target is not a file that stands earlier in the archive.
    HardLink "hard-link" "it is a hard link to something that is not an earlier file of the archive",
    /// A symlink's target is empty or longer than 1,024 bytes.
    Target "symlink-target" "its target is empty or longer than 1,024 bytes",
    /// The header is neither ustar's, GNU's nor that of Unix V7.
    Magic "tar-format" "its header is not that of a tar archive",
    /// The header's checksum is wrong.
    Checksum "checksum" "its header has a wrong checksum: damaged, or not a tar archive",
    /// A number of the header cannot be read.
    Number "malformed-number" "its header holds a malformed number",
    /// A PAX header is not a list of `length key=value` lines.
    Pax "malformed-pax" "its PAX header is malformed",
    /// A PAX header says one key twice, or two headers stand before one entry.
    PaxTwice "pax-twice" "its PAX headers say one thing twice",
    /// A PAX header and a GNU header both say the name or the target.
    PaxAndGnu "pax-and-gnu" "a PAX header and a GNU header both say its name or target",
    /// A GNU header's name does not end with a NUL, and so GNU tar reads on behind it.
    Gnu "malformed-gnu" "its GNU long name does not end with a NUL",
    /// The PAX size differs from the header's, which could hold it.
    PaxSize "pax-size" "its PAX size differs from its header's size",
    /// A global PAX header says something other than a comment.
    GlobalPax "global-pax" "a global PAX header says more than a comment",
    /// A PAX or GNU header is longer than 1 MiB.
    Extension "extension-length" "its PAX or GNU header is longer than 1 MiB",
    /// A PAX or GNU header stands before no entry.
    Dangling "dangling-extension" "a PAX or GNU header stands before no entry",
    /// Data follow the archive's end.
    AfterEnd "data-after-end" "data follow the end of the archive",
    /// A zip's entry is encrypted.
    Encrypted "encrypted" "it is encrypted",
    /// A zip's entry is compressed by another method than deflate.
    Method "zip-method" "it is compressed by another method than deflate",
    /// Bytes stand before a zip's first entry.
    Prefix "zip-prefix" "bytes stand before the first entry of the zip archive",
}

impl Rule {
    /// The rule of this [`Rule::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_read_back() {
        for rule in Rule::ALL {
            assert_eq!(Rule::from_name(rule.name()), Some(*rule));
        }
        assert_eq!(Rule::from_name("no-such-rule"), None);
    }
}
