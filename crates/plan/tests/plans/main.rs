//! Plans end to end: worlds written as text, wishes as a user types them, results as text.

#![expect(clippy::unwrap_used, reason = "a world that cannot be read is a broken test")]

mod brute;
mod install;
mod laws;
mod no_solution;
mod query;
mod removal;
mod slots_and_taps;
mod upgrade;
mod world;
