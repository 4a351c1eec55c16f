//! Sets of strings: languages, PCRE and RE2 readers, partitions, witnesses. Knows nothing of Kubernetes.

pub mod pcre;

mod byteset;

pub use self::byteset::ByteSet;
