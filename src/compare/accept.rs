//! Differences that the user accepts. What an acceptance matches stays in the result, with its reason; one that matches nothing, or has
//! expired, is a finding. The current date is never read: the caller says which day it is.

use serde::Deserialize;

use super::verdict::{Cause, Comparison};
use crate::{
    k8s::{ObjectRef, time},
    ledger::{Code, Finding, Findings},
};

/// An accepted difference, as written in `gateshift.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acceptance {
    /// Code of the differences.
    pub code: String,
    /// Host as it is called in the result; every host where it is missing.
    #[serde(default)]
    pub host: Option<String>,
    /// An object that has a part in the difference: `Ingress shop/web`, or `shop/web`; any where it is missing.
    #[serde(default)]
    pub object: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Last day on which it is accepted, `YYYY-MM-DD`.
    #[serde(default)]
    pub expires: Option<String>,
}

/// A day in the form that has the order of its text: `YYYY-MM-DD`.
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && time::seconds(&format!("{text}T00:00:00Z")).is_some()
}

impl Acceptance {
    fn takes(&self, host: &str, code: Code, objects: &[ObjectRef]) -> bool {
        let object = |wanted: &String| {
            objects.iter().any(|object| object.to_string() == *wanted || format!("{}/{}", object.namespace, object.name) == *wanted)
        };
        self.code == code.as_str() && self.host.as_ref().is_none_or(|wanted| wanted == host) && self.object.as_ref().is_none_or(object)
    }

    fn subject(&self) -> String {
        match (&self.object, &self.host) {
            (Some(object), _) => object.clone(),
            (None, Some(host)) => host.clone(),
            (None, None) => "every host".to_owned(),
        }
    }
}

/// Marks what is accepted on the day `today` (`YYYY-MM-DD`). `object` names the object of a cause.
pub fn accept(
    comparison: &mut Comparison,
    acceptances: &[Acceptance],
    today: &str,
    object: &dyn Fn(&Cause) -> Option<ObjectRef>,
) -> Findings {
    let mut used = vec![false; acceptances.len()];
    for host in &mut comparison.hosts {
        for difference in &mut host.differences {
            let objects: Vec<ObjectRef> = difference.causes.iter().filter_map(object).collect();
            for (acceptance, used) in acceptances.iter().zip(&mut used) {
                if !acceptance.takes(&host.host, difference.code, &objects) {
                    continue;
                }
                *used = true;
                // Dates of this form have the order of their texts.
                if acceptance.expires.as_deref().is_none_or(|last| today <= last) {
                    difference.accepted.get_or_insert_with(|| acceptance.reason.clone());
                }
            }
        }
    }
    let mut findings = Findings::new();
    for (acceptance, used) in acceptances.iter().zip(used) {
        let mut facts = vec![("code", acceptance.code.clone()), ("object", acceptance.subject())];
        match &acceptance.expires {
            Some(last) if used && today > last.as_str() => {
                facts.push(("expires", last.clone()));
                findings.push(Finding::estate(Code::DifferenceAcceptanceExpired, facts));
            }
            Some(_) | None if used => {}
            Some(_) | None => findings.push(Finding::estate(Code::DifferenceAcceptanceUnused, facts)),
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        compare::{Aspect, Difference, HostVerdict, Judgement, Side, Treatment, Work, witness},
        k8s::{FieldPath, ObjectId, Subject},
        request::{Decision, Outcome},
    };

    fn comparison() -> Comparison {
        let treatment = || {
            std::sync::Arc::new(Treatment {
                decision: Decision { outcome: Outcome::NoRoute { response_headers: Vec::new() }, certificate: None, trace: Vec::new() },
                others: Vec::new(),
                undecided: None,
            })
        };
        let difference = Difference {
            code: Code::DifferenceLetterCase,
            severity: Code::DifferenceLetterCase.severity(),
            aspect: Aspect::Status,
            details: Vec::new(),
            witness: witness::get("http://shop.example/API"),
            old: treatment(),
            new: treatment(),
            region: String::new(),
            cells: 1,
            causes: vec![Cause { side: Side::Old, subject: Subject::new(ObjectId(0), FieldPath::root()) }],
            accepted: None,
        };
        let host = HostVerdict {
            host: "shop.example".to_owned(),
            verdict: Judgement::Differs,
            assumptions: Vec::new(),
            differences: vec![difference],
            undecided: Vec::new(),
            probed: Vec::new(),
            work: Work::default(),
        };
        Comparison { hosts: vec![host], ..Comparison::default() }
    }

    fn acceptance(object: &str, expires: Option<&str>) -> Acceptance {
        Acceptance {
            code: "difference/letter-case".to_owned(),
            host: None,
            object: Some(object.to_owned()),
            reason: "nobody types capitals".to_owned(),
            expires: expires.map(str::to_owned),
        }
    }

    fn run(acceptance: Acceptance) -> (Option<String>, Vec<Code>) {
        let mut comparison = comparison();
        let web = |_: &Cause| {
            Some(ObjectRef {
                group: "networking.k8s.io".to_owned(),
                kind: "Ingress".to_owned(),
                namespace: "shop".to_owned(),
                name: "web".to_owned(),
            })
        };
        let findings = accept(&mut comparison, &[acceptance], "2026-03-01", &web);
        (comparison.hosts[0].differences[0].accepted.clone(), findings.into_iter().map(|finding| finding.code).collect())
    }

    #[test]
    fn days_are_written_in_one_way() {
        assert!(is_day("2026-02-28"));
        for text in ["31.12.2025", "2026-13-01", "2026-1-1", "2026-01-32", "2026-02-30", "today", "", "2026-01-011"] {
            assert!(!is_day(text), "{text}");
        }
    }

    #[test]
    fn an_acceptance_takes_differences_of_its_object() {
        assert_eq!(run(acceptance("Ingress shop/web", None)), (Some("nobody types capitals".to_owned()), Vec::new()));
    }

    #[test]
    fn an_acceptance_that_matches_nothing_is_a_finding() {
        assert_eq!(run(acceptance("shop/other", None)), (None, vec![Code::DifferenceAcceptanceUnused]));
    }

    #[test]
    fn an_acceptance_ends_with_its_last_day() {
        assert!(run(acceptance("shop/web", Some("2026-03-01"))).0.is_some());
        assert_eq!(run(acceptance("shop/web", Some("2026-02-28"))), (None, vec![Code::DifferenceAcceptanceExpired]));
    }
}
