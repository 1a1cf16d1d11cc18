//! What the tests of this package share.

/// How much a test may take: `SHOTBOOK_TEST_SIZE=small|gate|release`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestSize {
    /// Plain `cargo test`.
    Small,
    /// Before a change lands.
    Gate,
    /// Before a release.
    Release,
}

impl TestSize {
    /// What the environment asks for; small unless told.
    pub fn asked() -> Self {
        match std::env::var("SHOTBOOK_TEST_SIZE").as_deref() {
            Ok("gate") => Self::Gate,
            Ok("release") => Self::Release,
            _ => Self::Small,
        }
    }
}

/// The one seed that `SHOTBOOK_SEED` asks to replay, if it does.
pub fn seed_asked() -> Option<u64> {
    std::env::var("SHOTBOOK_SEED").ok()?.parse().ok()
}
