//! Sets of strings: languages, PCRE and RE2 readers, partitions, witnesses. Knows nothing of Kubernetes.
