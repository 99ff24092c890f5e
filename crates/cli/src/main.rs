//! The program `pkg`.

fn main() {}
