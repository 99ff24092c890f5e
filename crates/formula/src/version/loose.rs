//! The loose order: how a version without a scheme of its own falls into comparable parts.

use std::cmp::Ordering;

/// One part of a loose version. The end of a version is compared as a part of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Token<'a> {
    /// `~`: before everything, even the end.
    Tilde,
    /// `dev`, `alpha`, `beta`, `pre`, `rc` by their place in this list: before the end.
    Early(usize),
    /// Nothing follows.
    End,
    /// Other letters, without regard to case: after the end.
    Word(&'a str),
    /// Digits, by value: after everything.
    Number(&'a str),
}

const EARLY: [&str; 5] = ["dev", "alpha", "beta", "pre", "rc"];

impl Token<'_> {
    pub(crate) fn is_prerelease(self) -> bool {
        matches!(self, Self::Tilde | Self::Early(_))
    }

    fn rank(self) -> u8 {
        match self {
            Self::Tilde => 0,
            Self::Early(_) => 1,
            Self::End => 2,
            Self::Word(_) => 3,
            Self::Number(_) => 4,
        }
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Early(left), Self::Early(right)) => left.cmp(&right),
            (Self::Word(left), Self::Word(right)) => {
                let right = right.bytes().map(|b| b.to_ascii_lowercase());
                left.bytes().map(|b| b.to_ascii_lowercase()).cmp(right)
            }
            (Self::Number(left), Self::Number(right)) => {
                let left = left.trim_start_matches('0');
                let right = right.trim_start_matches('0');
                left.len().cmp(&right.len()).then_with(|| left.cmp(right))
            }
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }
}

/// The parts of `text`, split at `.`, `-`, `+` and between digits and letters, without the end.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['.', '-', '+']);
        let first = *rest.as_bytes().first()?;
        let same = |b: &u8| match first {
            b'~' => false,
            b'0'..=b'9' => b.is_ascii_digit(),
            _ => !b.is_ascii_digit() && !matches!(b, b'.' | b'-' | b'+' | b'~'),
        };
        let len = 1 + rest.bytes().skip(1).take_while(|b| same(b)).count();
        let (part, after) = rest.split_at(len);
        rest = after;
        Some(match first {
            b'~' => Token::Tilde,
            b'0'..=b'9' => Token::Number(part),
            _ => match EARLY.iter().position(|word| word.eq_ignore_ascii_case(part)) {
                Some(place) => Token::Early(place),
                None => Token::Word(part),
            },
        })
    })
}

/// The loose order of two texts; texts whose parts are equal are ordered as text.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left_parts, mut right_parts) = (tokens(left), tokens(right));
    loop {
        let pair = (left_parts.next(), right_parts.next());
        if let (None, None) = pair {
            return left.cmp(right);
        }
        let order = pair.0.unwrap_or(Token::End).compare(pair.1.unwrap_or(Token::End));
        if order.is_ne() {
            return order;
        }
    }
}
