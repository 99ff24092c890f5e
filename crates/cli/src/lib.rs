//! The commands of `pkg`: words in, one call down, words out.
