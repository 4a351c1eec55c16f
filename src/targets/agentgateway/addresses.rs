//! Lists of client addresses as an expression of CEL: written, and read back as far as it is one that is written here.

use crate::{gateway::policies::Addresses, targets::documents::network};

/// Who may pass: nobody of the denied networks, and of the others those of the allowed ones, if there are any.
pub(super) fn expression(allow: &[String], deny: &[String]) -> String {
    let inside = |networks: &[String]| {
        let each = networks.iter().map(|network| format!("cidr(\"{network}\").containsIP(source.address)"));
        each.collect::<Vec<_>>().join(" || ")
    };
    match (allow.is_empty(), deny.is_empty()) {
        (true, _) => format!("!({})", inside(deny)),
        (false, true) => inside(allow),
        (false, false) => format!("!({}) && ({})", inside(deny), inside(allow)),
    }
}

/// The lists of such an expression; `None` where it is another one.
pub(super) fn read(text: &str) -> Option<Addresses> {
    let (deny, allow) = match text.strip_prefix("!(") {
        None => ("", text),
        Some(rest) => match rest.split_once(") && (") {
            Some((deny, allow)) => (deny, allow.strip_suffix(')')?),
            None => (rest.strip_suffix(')')?, ""),
        },
    };
    let networks = |text: &str| -> Option<Vec<_>> {
        let each = text.split(" || ").filter(|part| !part.is_empty());
        each.map(|part| network(part.strip_prefix("cidr(\"")?.strip_suffix("\").containsIP(source.address)")?)).collect()
    };
    let (denied, allowed) = (networks(deny)?, networks(allow)?);
    let others = allowed.is_empty();
    let rules = [(false, denied), (true, allowed)].into_iter().filter(|(_, networks)| !networks.is_empty()).collect();
    Some(Addresses { rules, others, first: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_are_written() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (allow, deny) = (texts(&["10.0.0.0/8", "192.168.1.7/32"]), texts(&["10.9.0.0/16"]));
        let both = read(&expression(&allow, &deny)).expect("lists");
        assert_eq!(both.rules.iter().map(|(allow, networks)| (*allow, networks.len())).collect::<Vec<_>>(), [(false, 1), (true, 2)]);
        assert!(!both.others);
        assert!(!read(&expression(&allow, &[])).expect("list").others);
        assert!(read(&expression(&[], &deny)).expect("list").others);
    }

    #[test]
    fn other_expressions_are_not_understood() {
        for text in ["true", "source.address == \"10.0.0.1\"", "cidr(\"10.0.0.0/8\").containsIP(source.address) && false", "!(x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
