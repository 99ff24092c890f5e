# What must hold; .ci/run also brings real servers for the tests, and runs cargo-deny.
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
