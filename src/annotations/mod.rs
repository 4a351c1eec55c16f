//! Annotation values of one Ingress → settings of nginx. One file per annotation group.
