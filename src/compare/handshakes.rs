//! TLS between the router and backends, compared: how certificates are looked at, and which one is shown.

use std::collections::BTreeSet;

use super::{answers::Unlike, pass::Assumption, verdict::Aspect};
use crate::{
    k8s::{NamespacedName, ObjectRef},
    ledger::Code,
    request::{Authorities, Handshake, Verification},
};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// What differs, or may.
    pub(super) unlike: Vec<Unlike>,
    /// What must be true for the rest to be the same.
    pub(super) assumed: Vec<Assumption>,
}

/// Compares what both sides do. Where one of them speaks to nobody over TLS there is nothing to compare.
pub(super) fn compare(old: &[Handshake], new: &[Handshake]) -> Compared {
    let mut compared = Compared::default();
    for before in old {
        for after in new {
            compared.verification(before, after);
            compared.shown(before.shown.as_ref(), after.shown.as_ref());
        }
    }
    compared
}

impl Compared {
    fn verification(&mut self, old: &Handshake, new: &Handshake) {
        match (&old.verification, &new.verification) {
            (Verification::Nobody, Verification::Nobody) => {}
            (Verification::Unknown, _) | (_, Verification::Unknown) => {
                self.push(Unlike::doubt("how the certificate of the backend is looked at"));
            }
            (Verification::Nobody, Verification::By { .. }) => self.differ(Code::DifferenceBackendVerified),
            (Verification::By { .. }, Verification::Nobody) => self.differ(Code::DifferenceBackendVerification),
            (Verification::By { authorities: before, names: known }, Verification::By { authorities: after, names }) => {
                let asked = old.server_name.as_ref().zip(new.server_name.as_ref());
                if known != names || asked.is_some_and(|(before, after)| before != after) {
                    self.differ(Code::DifferenceBackendVerification);
                } else {
                    self.authorities(before, after);
                }
            }
        }
    }

    fn authorities(&mut self, old: &Authorities, new: &Authorities) {
        match (old, new) {
            (old, new) if old == new => {}
            (Authorities::Of(old), Authorities::Of(new)) => match (alone(old), alone(new)) {
                // Where a Secret was read, a ConfigMap of its name has to hold the same.
                (Some(old), Some(new)) if old.name == new.name => {
                    self.assumed.push(Assumption::Authorities { old: old.clone(), new: new.clone() });
                }
                _ => self.push(Unlike::doubt(format!("whether {} holds the authorities of {}", named(new), named(old)))),
            },
            (Authorities::WellKnown(_), _) | (_, Authorities::WellKnown(_)) => self.differ(Code::DifferenceBackendVerification),
        }
    }

    fn shown(&mut self, old: Option<&NamespacedName>, new: Option<&NamespacedName>) {
        match (old, new) {
            (old, new) if old == new => {}
            (Some(_), None) => self.differ(Code::DifferenceBackendClientCertificate),
            (Some(old), Some(new)) => self.push(Unlike::doubt(format!("whether Secret {new} holds the certificate of Secret {old}"))),
            (None, _) => self.assumed.push(Assumption::NotAsked),
        }
    }

    fn differ(&mut self, code: Code) {
        self.push(Unlike::new(Aspect::Protocol, code));
    }

    fn push(&mut self, unlike: Unlike) {
        if !self.unlike.contains(&unlike) {
            self.unlike.push(unlike);
        }
    }
}

fn alone(objects: &BTreeSet<ObjectRef>) -> Option<&ObjectRef> {
    objects.first().filter(|_| objects.len() == 1)
}

fn named(objects: &BTreeSet<ObjectRef>) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// How certificates of backends are looked at, to go behind *is*.
pub(super) fn words(handshakes: &[Handshake]) -> String {
    let all: Vec<String> = handshakes.iter().map(word).collect();
    all.join(" or ")
}

fn word(handshake: &Handshake) -> String {
    let Handshake { verification, server_name, shown: _ } = handshake;
    match verification {
        Verification::Nobody => "verified by nobody".to_owned(),
        Verification::Unknown => "verified in a way that is not known".to_owned(),
        Verification::By { authorities, names } => {
            let by = match authorities {
                Authorities::WellKnown(word) => format!("`{word}`"),
                Authorities::Of(objects) => named(objects),
            };
            let asked = server_name.as_ref().filter(|name| !names.contains(*name));
            let asked = asked.map(|name| format!("asked for `{name}` and ")).unwrap_or_default();
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("{asked}verified for {} by {by}", names.join(" or "))
        }
    }
}

/// Secrets of the certificates that backends are shown.
pub(super) fn secrets(handshakes: &[Handshake]) -> String {
    let secrets: Vec<String> = handshakes.iter().filter_map(|handshake| handshake.shown.as_ref()).map(ToString::to_string).collect();
    secrets.join(" or ")
}
