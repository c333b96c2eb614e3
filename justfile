# Commands of a contributor; each is one line that could be typed by hand.

# The whole check, the same locally and in CI.
check:
    .ci/run

# All tests.
test:
    cargo test --workspace

# The first run.
quick:
    cargo run --release -- run quick

# Review changed snapshots of errors and output.
snapshots:
    cargo insta review

# Rewrite the fingerprints of the shipped scenarios and the README's verdict: on purpose, in a
# commit that does nothing else.
update-fingerprints:
    LIVEFIRE_UPDATE=1 cargo test --release --test suite -- fingerprints the_verdict_is_what

# Rewrite the documentation pages in docs/.
pages:
    cargo run --release -- pages

# Which changes of rules the shipped scenarios notice: rewrites results/mutation.md.
mutation:
    cargo run --release -- mutate --markdown results/mutation.md

# Benchmarks.
bench:
    cargo bench --workspace

# Run a scenario and score it.
score scenario:
    cargo run --release -- run {{scenario}}

# The long form of what the tests prove on small worlds: every shipped scenario in full.
acceptance:
    cargo test --release --workspace -- --include-ignored
