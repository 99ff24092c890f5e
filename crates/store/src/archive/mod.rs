//! Strict reading of archives: what they hold, as a plan.
