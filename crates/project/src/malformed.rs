//! A hand-written file that cannot be used, with the place in it that is to blame; and its values
//! by their kinds, with what to say of one that is of another kind.

use std::{
    borrow::Cow,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A key, with its place.
pub type Key<'a> = Spanned<Cow<'a, str>>;
/// A value, with its place.
pub type Value<'a> = Spanned<DeValue<'a>>;
/// A key with its value.
pub type Entry<'a> = (&'a Key<'a>, &'a Value<'a>);

/// What is wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// The bytes that are meant.
    pub span: Range<usize>,
    /// What is wrong, in one line.
    pub what: String,
    /// The note at the span.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Malformed {
    /// The line of the span's start, counted from 1.
    pub fn line(&self) -> usize {
        line_of(&self.text, self.span.start)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line(), self.what)
    }
}

impl std::error::Error for Malformed {}

/// What is wrong at one place of a file.
#[derive(Debug, PartialEq)]
pub struct Problem {
    /// The bytes that are meant.
    pub span: Range<usize>,
    /// What is wrong, in one line.
    pub what: String,
    /// The note at the span.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// The problem with the file that it is in.
    pub fn in_file(self, file: &Path, text: &str) -> Malformed {
        let Self { span, what, label, help } = self;
        Malformed { file: file.to_owned(), text: text.to_owned(), span, what, label, help }
    }
}

/// A problem with a note at its place, and perhaps what to write instead.
pub fn problem(span: Range<usize>, what: String, label: &str, help: Option<String>) -> Problem {
    Problem { span, what, label: label.to_owned(), help }
}

/// The table that the text of a file is.
///
/// # Errors
///
/// The text is not TOML.
pub fn document(text: &str) -> Result<Spanned<DeTable<'_>>, Problem> {
    DeTable::parse(text).map_err(|error| not_toml(&error))
}

/// That a text is not TOML.
pub(crate) fn not_toml(error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or_default();
    problem(span, format!("this is not TOML: {}", error.message()), "here", None)
}

/// The entries as they stand in the file; the parser's map has them by name.
pub fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// The value, which must be a table.
///
/// # Errors
///
/// It is something else.
pub fn table<'a>(value: &'a Value<'a>) -> Result<&'a DeTable<'a>, Problem> {
    value.get_ref().as_table().ok_or_else(|| wrong(value, "a table"))
}

/// The value, which must be a string.
///
/// # Errors
///
/// It is something else.
pub fn string<'a>(value: &'a Value<'a>) -> Result<&'a str, Problem> {
    value.get_ref().as_str().ok_or_else(|| wrong(value, "a string"))
}

/// The value, which must be a boolean.
///
/// # Errors
///
/// It is something else.
pub fn switch(value: &Value<'_>) -> Result<bool, Problem> {
    value.get_ref().as_bool().ok_or_else(|| wrong(value, "`true` or `false`"))
}

/// That nobody knows the key, and which one was probably meant.
pub fn unknown(key: &Key<'_>, known: &[&str]) -> Problem {
    let name = key.get_ref().as_ref();
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3));
    let help = match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("the keys here are `{}`", known.join("`, `")),
    };
    let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    problem(key.span(), format!("unknown key `{name}`"), "nobody reads this", Some(help))
}

/// That the value is of another kind, or another one, than expected.
pub fn wrong(value: &Value<'_>, expected: &str) -> Problem {
    let kind = match value.get_ref() {
        DeValue::Integer(number) if number.as_str().len() <= DIGITS_MAX => {
            format!("the number {}", number.as_str())
        }
        DeValue::Integer(_) | DeValue::Float(_) => "a number".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        other => format!("a {}", other.type_str()),
    };
    let what = format!("this is {kind}, not {expected}");
    problem(value.span(), what, &format!("must be {expected}"), None)
}

/// Longest number that is shown, in characters: that of the smallest that TOML must take.
const DIGITS_MAX: usize = 20;

/// The line of an offset, counted from 1.
pub fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
