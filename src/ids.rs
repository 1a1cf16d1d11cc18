//! Names of things, one type each, and the identity that makes a submission unrepeatable.

use std::fmt;

use sha2::{Digest, Sha256};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id! {
    /// One store, made once, kept in its backups.
    StoreId
}
text_id! {
    /// A job: short, unique, sorted by birth.
    JobId
}
text_id! {
    /// A collection of jobs accepted together.
    CollectionId
}
text_id! {
    /// A quantum task at Amazon Braket.
    QuantumTaskArn
}
text_id! {
    /// A device at Amazon Braket.
    DeviceArn
}
text_id! {
    /// The client token of one attempt.
    Token
}
text_id! {
    /// Bytes in the store, named by their SHA-256.
    BlobId
}
text_id! {
    /// A budget as its owner calls it.
    BudgetName
}
text_id! {
    /// A running process that works on jobs.
    RunnerId
}

impl QuantumTaskArn {
    /// Whether it names a hybrid job, which is booked like a task.
    pub fn is_hybrid(&self) -> bool {
        self.as_str().split(':').nth(5).is_some_and(|part| part.starts_with("job/"))
    }
}

/// Alphabet without letters that look like digits; sorts like the numbers it writes.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn base32(mut value: u128, n: usize) -> String {
    let mut out = vec![0u8; n];
    for slot in out.iter_mut().rev() {
        *slot = BASE32[(value & 31) as usize];
        value >>= 5;
    }
    out.into_iter().map(char::from).collect()
}

impl JobId {
    /// A job born at `millis` after the epoch, made unique by `random`.
    pub fn born(millis: u64, random: u64) -> Self {
        let value = u128::from(millis & ((1 << 48) - 1)) << 32 | u128::from(random & 0xffff_ffff);
        Self(format!("j_{}", base32(value, 16)))
    }
}

/// The id of a training born at `millis` after the epoch, made unique by `random`.
pub fn training_id(millis: u64, random: u64) -> String {
    let value = u128::from(millis & ((1 << 48) - 1)) << 32 | u128::from(random & 0xffff_ffff);
    format!("t_{}", base32(value, 16))
}

impl CollectionId {
    /// A collection born at `millis` after the epoch, made unique by `random`.
    pub fn born(millis: u64, random: u64) -> Self {
        let value = u128::from(millis & ((1 << 48) - 1)) << 32 | u128::from(random & 0xffff_ffff);
        Self(format!("c_{}", base32(value, 16)))
    }

    /// The collection of a key: the same in the same store, so that accepting it again finds it.
    pub fn of(store: &StoreId, key: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"collection\0");
        hash.update(store.as_str().as_bytes());
        hash.update([0]);
        hash.update(key.as_bytes());
        let value = hash.finalize()[..10].iter().fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
        Self(format!("c_{}", base32(value, 16)))
    }
}

impl BlobId {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What AWS sees of a job in tags and key prefix: the same for the same store and key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobTag(String);

impl JobTag {
    /// Computed, never drawn: a restored backup names its jobs as before.
    pub fn of(store: &StoreId, key: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(store.as_str().as_bytes());
        hash.update([0]);
        hash.update(key.as_bytes());
        Self(hex(&hash.finalize()[..16]))
    }

    /// Key of a job that books a task of this tag found at AWS.
    pub fn adopted_key(&self, task_digest: &str) -> String {
        format!("{}{task_digest}", self.adopted_keys())
    }

    /// What the keys of such jobs begin with.
    pub fn adopted_keys(&self) -> String {
        format!("adopted/{}/", self.0)
    }

    /// A tag that was read back.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The client token of an attempt: 32 hexadecimal digits of SHA-256 over tag and number.
    pub fn token(&self, attempt: u32) -> Token {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        hash.update([0]);
        hash.update(attempt.to_be_bytes());
        Token(hex(&hash.finalize()[..16]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_jobs_sort_later_and_ids_stay_short() {
        let (a, b) = (JobId::born(1_700_000_000_000, u64::MAX), JobId::born(1_700_000_000_001, 0));
        assert!(a < b, "{a} {b}");
        assert_eq!(a.as_str().len(), 18);
        assert_ne!(JobId::born(5, 1), JobId::born(5, 2));
    }

    #[test]
    fn a_token_depends_on_store_key_and_attempt_alone() {
        let tag = JobTag::of(&StoreId::new("s"), "nightly");
        assert_eq!(tag.token(1), JobTag::of(&StoreId::new("s"), "nightly").token(1));
        assert_ne!(tag.token(1), tag.token(2));
        assert_ne!(tag, JobTag::of(&StoreId::new("t"), "nightly"));
        assert_ne!(JobTag::of(&StoreId::new("a"), "bc"), JobTag::of(&StoreId::new("ab"), "c"));
        assert_eq!(tag.token(1).as_str().len(), 32);
    }
}
