//! `proxy-next-upstream` as `retry` of a rule, where version and channel have it.

use super::{
    context::{Cx, differs, positive},
    plan::Retry,
};
use crate::{
    gateway::{Intent, api::HttpRetry},
    ledger::Code,
    nginx::{IngressId, Location, settings::Given},
};

impl Cx<'_> {
    /// Retries that an Ingress asks for. What it leaves to the defaults of nginx is left to those of the implementation.
    pub(super) fn retry(&mut self, ingress: IngressId, location: &Location) -> Option<Retry> {
        let next = &location.settings.proxy.next_upstream;
        let annotated = |given: Given| matches!(given, Given::Annotation(_));
        let given = [
            ("proxy-next-upstream", annotated(next.conditions.given)),
            ("proxy-next-upstream-tries", annotated(next.tries.given)),
            ("proxy-next-upstream-timeout", annotated(next.timeout.given)),
        ];
        let names: Vec<&'static str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        let first = *names.first()?;
        let retry = retry(&next.conditions.value, next.tries.value);
        let core = self.options.target.retries_in_core();
        let sayable = retry.clone().filter(|retry| core && self.sayable.retries(&wire(retry)));
        if sayable.is_none() {
            let (tries, seconds) = (positive(next.tries.value), positive(next.timeout.value));
            let intent = Intent::Retry { conditions: next.conditions.value.clone(), tries, seconds };
            for name in names {
                self.ask(ingress, &[name], &intent, vec![]);
            }
            return None;
        }
        self.mark(ingress, &names, &differs(Code::PolicyRetryApproximate));
        let (place, name) = (self.annotation(ingress, first), self.ingress_name(ingress));
        self.say(Code::PolicyRetryApproximate, Some(place), vec![("ingress", name)]);
        sayable
    }
}

/// Conditions and tries in the words of the route; `None` where there is no end to the tries.
fn retry(conditions: &str, tries: i64) -> Option<Retry> {
    let words: Vec<&str> = conditions.split_whitespace().collect();
    if words.contains(&"off") {
        return Some(Retry { attempts: 0, codes: vec![] });
    }
    let attempts = u32::try_from(tries.checked_sub(1)?).ok()?;
    let mut codes: Vec<u16> =
        words.iter().filter_map(|word| word.strip_prefix("http_")?.parse().ok()).filter(|code| (400..600).contains(code)).collect();
    codes.sort_unstable();
    codes.dedup();
    Some(Retry { attempts, codes })
}

/// The field of the rule. A pause between attempts is never asked for: implementations without one refuse the route.
pub(super) fn wire(retry: &Retry) -> HttpRetry {
    HttpRetry { codes: retry.codes.clone(), attempts: Some(retry.attempts), backoff: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_count_the_first_one_and_attempts_do_not() {
        assert_eq!(retry("error timeout http_503 http_502", 3), Some(Retry { attempts: 2, codes: vec![502, 503] }));
        assert_eq!(retry("off", 3), Some(Retry { attempts: 0, codes: vec![] }));
        assert_eq!(retry("error", 0), None);
    }
}
