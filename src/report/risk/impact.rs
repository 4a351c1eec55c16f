//! What a finding means for traffic, and under which names people look for it: `annotation-maps/report.yaml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{catalog, ledger::Code};

/// What findings mean for traffic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Impact {
    /// Name in machine formats.
    pub id: String,
    /// Short noun phrase.
    pub title: String,
    /// What hosts do, to go behind a count.
    pub does: String,
    codes: Vec<String>,
}

/// A list that people ask for by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    /// Name in machine formats.
    pub id: String,
    /// Title of the list.
    pub title: String,
    codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    impacts: Vec<Impact>,
    flags: Vec<Topic>,
}

static MAP: LazyLock<Map> = LazyLock::new(|| {
    let text = catalog::text("report.yaml").expect("INVARIANT: the maps are embedded");
    serde_yaml::from_str(text).expect("INVARIANT: tests read the maps")
});

/// The position of each code's impact, by the code's own position.
static OF_CODE: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let last = MAP.impacts.len().saturating_sub(1);
    Code::ALL
        .iter()
        .map(|code| {
            let named = |wanted: &str| MAP.impacts.iter().position(|impact| impact.codes.iter().any(|own| own == wanted));
            named(code.as_str()).or_else(|| named(area(*code))).unwrap_or(last)
        })
        .collect()
});

/// The area of a code with its slash.
fn area(code: Code) -> &'static str {
    let text = code.as_str();
    text.find('/').map_or(text, |slash| &text[..=slash])
}

/// All impacts, the gravest first.
pub(super) fn impacts() -> &'static [Impact] {
    &MAP.impacts
}

/// All lists.
pub(super) fn topics() -> &'static [Topic] {
    &MAP.flags
}

/// Position of the impact of a code in [`impacts`].
pub(super) fn impact(code: Code) -> usize {
    OF_CODE.get(code as usize).copied().unwrap_or(0)
}

impl Topic {
    /// The code belongs to the list.
    pub(super) fn takes(&self, code: Code) -> bool {
        self.codes.iter().any(|own| own == code.as_str() || own == area(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> impl Iterator<Item = &'static String> {
        impacts().iter().flat_map(|impact| &impact.codes).chain(topics().iter().flat_map(|topic| &topic.codes))
    }

    #[test]
    fn every_name_is_a_code_or_an_area() {
        for name in names() {
            let known = Code::ALL.iter().any(|code| code.as_str() == name || area(*code) == name);
            assert!(known, "{name}");
        }
    }

    #[test]
    fn every_code_has_one_impact() {
        for code in Code::ALL {
            for wanted in [code.as_str(), area(*code)] {
                let count = impacts().iter().filter(|impact| impact.codes.iter().any(|own| own == wanted)).count();
                assert!(count <= 1, "{wanted} stands {count} times");
            }
            let found = impacts().iter().any(|impact| impact.codes.iter().any(|own| own == code.as_str() || own == area(*code)));
            assert!(found, "{code} has no impact");
        }
    }

    #[test]
    fn a_code_beats_its_area() {
        let id = |code| impacts()[impact(code)].id.as_str();
        assert_eq!(id(Code::DifferenceBackend), "backend");
        assert_eq!(id(Code::DifferenceStatus), "status");
        assert_eq!(id(Code::AccessBasicAuth), "access");
    }
}
