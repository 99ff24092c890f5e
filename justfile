# All that CI checks, but for the real servers.
check: fmt clippy test

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --workspace --all-targets --locked -- -D warnings

test:
    cargo test --workspace --locked

# Writes what is generated: docs/reference and the layout of hello.
generate:
    cargo xtask reference
    cargo xtask layout

bench:
    cargo xtask bench
