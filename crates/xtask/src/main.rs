//! Writes what is generated: the reference pages, the embedded layout, the benchmarks.

fn main() {}
