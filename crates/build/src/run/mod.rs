//! Carries out the steps of `[build]`.
