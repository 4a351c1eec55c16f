//! Parts of a request beside host and path, each cut into the values that the questions asked of it tell apart.

use std::{collections::BTreeMap, net::IpAddr, rc::Rc};

use super::{langs, limits::Limits};
use crate::{
    automata::{Budget, Lang, Partition},
    request::{Field, PredicateId, Predicates, Test},
};

/// A part of the request that can be chosen freely.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Method,
    Protocol,
    Header(String),
    Query(String),
    Client,
    Body,
    Certificate,
}

/// How a question is answered in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// By the host.
    Name,
    /// By the path.
    Path,
    /// By the entry: scheme and port.
    Entry,
    /// With no, in all clean requests.
    Never,
    /// With no, where bodies are no longer than the old side's default.
    SmallBody,
    /// By a part that is chosen when it is first asked for.
    Part(Key),
}

/// How a question is answered.
pub(super) fn kind(field: &Field, test: &Test) -> Kind {
    match field {
        Field::Host | Field::Sni => Kind::Name,
        Field::Path => match test {
            // A clean path has no escapes.
            Test::Regex(regex) if regex.pattern.contains('%') => match langs::texts(test).witness(langs::paths(), Budget::default()) {
                Ok(None) => Kind::Never,
                Ok(Some(_)) | Err(_) => Kind::Path,
            },
            Test::Present
            | Test::Equals(_)
            | Test::Prefix(_)
            | Test::Suffix(_)
            | Test::Regex(_)
            | Test::InNetworks(_)
            | Test::Above(_)
            | Test::Malformed(_) => Kind::Path,
        },
        Field::Scheme | Field::EffectiveScheme | Field::Port => Kind::Entry,
        Field::Request => Kind::Never,
        Field::Header(name) if name.contains('_') => Kind::Never,
        Field::Header(name) if name == "content-type" && matches!(test, Test::Regex(regex) if regex.pattern.contains("grpc")) => {
            Kind::Never
        }
        Field::Header(name) => Kind::Part(Key::Header(name.clone())),
        Field::Cookie(_) => Kind::Part(Key::Header("cookie".to_owned())),
        Field::Query(name) => Kind::Part(Key::Query(name.clone())),
        Field::Method => Kind::Part(Key::Method),
        Field::Protocol => Kind::Part(Key::Protocol),
        Field::Client => Kind::Part(Key::Client),
        Field::BodyLength => Kind::Part(Key::Body),
        Field::ClientCertificate => Kind::Part(Key::Certificate),
    }
}

/// A question of one of the sides: 0 is the old one, 1 the new one.
pub(super) type Asked = (usize, PredicateId);

/// Values of a part that no question tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// One of them; `None` where the part is absent.
    pub(super) sample: Option<String>,
    /// It is the only one.
    pub(super) only: bool,
    /// Answers, in the order of the questions.
    pub(super) answers: Vec<bool>,
    /// All answers are certain for every value.
    pub(super) sure: bool,
}

/// Makes values and remembers them.
pub(super) struct Maker<'p> {
    predicates: [&'p Predicates; 2],
    absent_as_empty: Box<dyn Fn(usize, &Field) -> bool + 'p>,
    known: BTreeMap<(Key, Vec<Asked>, bool), Rc<Vec<Value>>>,
    limits: &'p Limits,
}

/// Clients outside every network that somebody names.
const CLIENTS: [&str; 4] = ["203.0.113.7", "198.51.100.7", "192.0.2.7", "2001:db8::7"];

impl<'p> Maker<'p> {
    pub(super) fn new(
        predicates: [&'p Predicates; 2],
        absent_as_empty: Box<dyn Fn(usize, &Field) -> bool + 'p>,
        limits: &'p Limits,
    ) -> Self {
        Self { predicates, absent_as_empty, known: BTreeMap::new(), limits }
    }

    /// The values of a part, the plainest first; never empty. `tls`: the connection is one of TLS.
    pub(super) fn values(&mut self, key: &Key, asked: &[Asked], tls: bool) -> Rc<Vec<Value>> {
        let index = (key.clone(), asked.to_vec(), tls);
        if let Some(known) = self.known.get(&index) {
            return Rc::clone(known);
        }
        let made = Rc::new(self.make(key, asked, tls));
        self.known.insert(index, Rc::clone(&made));
        made
    }

    fn question(&self, (side, id): Asked) -> (&'p Field, &'p Test) {
        let predicate = self.predicates[side].get(id);
        (&predicate.field, &predicate.test)
    }

    fn make(&self, key: &Key, asked: &[Asked], tls: bool) -> Vec<Value> {
        match key {
            Key::Method => {
                self.words(asked, &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND", "PURGE"], &["TRACE", "CONNECT"])
            }
            Key::Protocol => self.words(asked, if tls { &["http/1.1", "h2"] } else { &["http/1.1"] }, &["http/1.0", "h2", "http/2"]),
            Key::Header(name) => self.texts(asked, Some(name)),
            Key::Query(_) => self.texts(asked, None),
            Key::Client => self.clients(asked),
            Key::Body => self.bodies(asked),
            Key::Certificate => self.certificates(asked, tls),
        }
    }

    /// Words out of a list, and those that questions name unless they are excluded.
    fn words(&self, asked: &[Asked], usual: &[&str], excluded: &[&str]) -> Vec<Value> {
        let named = asked.iter().filter_map(|&asked| match self.question(asked).1 {
            Test::Equals(text) if !excluded.contains(&text.as_str()) => Some(text.as_str()),
            _ => None,
        });
        let mut values: Vec<Value> = Vec::new();
        for word in usual.iter().copied().chain(named) {
            let answers: Vec<bool> = asked.iter().map(|&asked| holds(self.question(asked).1, word)).collect();
            match values.iter_mut().find(|value| value.answers == answers) {
                Some(value) => value.only &= value.sample.as_deref() == Some(word),
                None => values.push(Value { sample: Some(word.to_owned()), only: true, answers, sure: true }),
            }
        }
        values
    }

    fn texts(&self, asked: &[Asked], header: Option<&str>) -> Vec<Value> {
        let absent = asked.iter().map(|&one| {
            let (field, test) = self.question(one);
            (self.absent_as_empty)(one.0, field) && holds(test, "")
        });
        let mut values = vec![Value { sample: None, only: true, answers: absent.collect(), sure: true }];
        let mut langs = Vec::with_capacity(asked.len());
        let mut readable = true;
        let mut excluded = Vec::new();
        for &one in asked {
            let (field, test) = self.question(one);
            let lang = match field {
                Field::Cookie(name) => {
                    excluded.push(langs::cookie_twice(name));
                    langs::cookie(name, test)
                }
                _ => Some(langs::texts(test)),
            };
            readable &= lang.is_some();
            langs.push(lang.unwrap_or_else(Lang::none));
        }
        let count = langs.len();
        let domain = match header {
            Some("cookie") => langs::cookies(),
            Some(_) => langs::values(),
            None => langs::query_values(),
        };
        langs.extend(excluded);
        let Ok(partition) = Partition::new(&langs, domain, self.limits.partition) else {
            values[0].sure = false;
            return values;
        };
        for atom in partition.atoms() {
            if (count..langs.len()).any(|number| atom.holds.contains(number)) {
                continue;
            }
            let answers: Vec<bool> = (0..count).map(|number| atom.holds.contains(number)).collect();
            let witness = String::from_utf8_lossy(&atom.witness).into_owned();
            let sample = self.typed(header, &partition, &atom.witness).unwrap_or(witness);
            let only = asked.iter().zip(&answers).any(|(&one, &holds)| {
                let (field, test) = self.question(one);
                holds && matches!(test, Test::Equals(_)) && !matches!(field, Field::Cookie(_))
            });
            values.push(Value { sample: Some(sample), only, answers, sure: readable && atom.unsure.is_empty() });
        }
        values
    }

    /// A value that a person would type instead of the shortest one.
    fn typed(&self, header: Option<&str>, partition: &Partition, witness: &[u8]) -> Option<String> {
        let wanted = partition.atom_of(witness)?;
        let usual: &[&str] = match header {
            Some("origin") => &["https://other.example"],
            Some("cookie") => &["session=1"],
            Some("authorization") => &["Basic dXNlcjpwYXNz", "Bearer token"],
            Some("user-agent") => &["curl/8"],
            Some("referer") => &["https://other.example/"],
            Some(_) | None => &["other", "1"],
        };
        usual.iter().find(|text| partition.atom_of(text.as_bytes()) == Some(wanted)).map(|text| (*text).to_owned())
    }

    fn clients(&self, asked: &[Asked]) -> Vec<Value> {
        let mut addresses: Vec<IpAddr> = CLIENTS.iter().filter_map(|text| text.parse().ok()).collect();
        for &one in asked {
            let Test::InNetworks(networks) = self.question(one).1 else { continue };
            for &(address, length) in networks {
                addresses.push(address);
                addresses.extend(behind(address, length));
            }
        }
        addresses.push(IpAddr::from([0, 0, 0, 0]));
        addresses.push(IpAddr::from([0_u16; 8]));
        let mut values: Vec<Value> = Vec::new();
        for address in addresses {
            let answers: Vec<bool> =
                asked.iter().map(|&one| matches!(self.question(one).1, Test::InNetworks(list) if contains(list, address))).collect();
            if !values.iter().any(|value| value.answers == answers) {
                values.push(Value { sample: Some(address.to_string()), only: false, answers, sure: true });
            }
        }
        values
    }

    fn bodies(&self, asked: &[Asked]) -> Vec<Value> {
        let mut sizes = vec![0_u64];
        for &one in asked {
            if let Test::Above(limit) = self.question(one).1 {
                sizes.push(limit.saturating_add(1));
            }
        }
        sizes.sort_unstable();
        sizes.dedup();
        let answers = |size: u64| asked.iter().map(|&one| matches!(self.question(one).1, Test::Above(limit) if size > *limit)).collect();
        sizes.into_iter().map(|size| Value { sample: Some(size.to_string()), only: false, answers: answers(size), sure: true }).collect()
    }

    fn certificates(&self, asked: &[Asked], tls: bool) -> Vec<Value> {
        let mut names: Vec<Option<String>> = vec![None];
        if tls {
            names.extend([Some("client".to_owned()), Some("untrusted client".to_owned())]);
            for &one in asked {
                if let Test::Equals(name) | Test::Prefix(name) = self.question(one).1 {
                    names.push(Some(name.clone()));
                }
            }
        }
        let expression = asked.iter().any(|&one| matches!(self.question(one).1, Test::Regex(_)));
        let mut values: Vec<Value> = Vec::new();
        for name in names {
            let answers: Vec<bool> = asked
                .iter()
                .map(|&one| match (self.question(one).1, &name) {
                    // nginx asks for the subject, of which the common name is a part.
                    (test @ Test::Regex(_), name) => holds(test, &name.as_ref().map_or_else(String::new, |name| format!("CN={name}"))),
                    (test, Some(name)) => holds(test, name),
                    (_, None) => false,
                })
                .collect();
            if !values.iter().any(|value| value.answers == answers) {
                values.push(Value { only: name.is_none(), sure: name.is_none() || !expression, sample: name, answers });
            }
        }
        values
    }
}

/// Whether a test holds of a text.
pub(super) fn holds(test: &Test, text: &str) -> bool {
    langs::texts(test).contains(text.as_bytes()) == Some(true)
}

fn contains(networks: &[(IpAddr, u8)], address: IpAddr) -> bool {
    networks.iter().any(|&(network, length)| match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let shift = 32_u32.saturating_sub(u32::from(length));
            u32::from(network).checked_shr(shift).unwrap_or(0) == u32::from(address).checked_shr(shift).unwrap_or(0)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let shift = 128_u32.saturating_sub(u32::from(length));
            u128::from(network).checked_shr(shift).unwrap_or(0) == u128::from(address).checked_shr(shift).unwrap_or(0)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    })
}

/// The first address behind a network.
fn behind(address: IpAddr, length: u8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let size = 1_u32.checked_shl(32_u32.saturating_sub(u32::from(length)))?;
            let start = u32::from(address) / size * size;
            start.checked_add(size).map(|next| IpAddr::from(std::net::Ipv4Addr::from(next)))
        }
        IpAddr::V6(address) => {
            let size = 1_u128.checked_shl(128_u32.saturating_sub(u32::from(length)))?;
            let start = u128::from(address) / size * size;
            start.checked_add(size).map(|next| IpAddr::from(std::net::Ipv6Addr::from(next)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(questions: &[(Field, Test)]) -> Vec<Value> {
        let mut predicates = Predicates::default();
        let asked: Vec<Asked> = questions.iter().map(|(field, test)| (0, predicates.intern(field.clone(), test.clone(), None))).collect();
        let limits = Limits::default();
        let empty = Predicates::default();
        let mut maker = Maker::new([&predicates, &empty], Box::new(|_, _| false), &limits);
        let Kind::Part(key) = kind(&questions[0].0, &questions[0].1) else { panic!("a part") };
        maker.values(&key, &asked, true).as_ref().clone()
    }

    fn samples(values: &[Value]) -> Vec<&str> {
        values.iter().map(|value| value.sample.as_deref().unwrap_or("-")).collect()
    }

    #[test]
    fn a_header_is_absent_another_or_the_one_that_is_asked_for() {
        let header = || Field::Header("x-canary".to_owned());
        let values = values(&[(header(), Test::Present), (header(), Test::Equals("always".to_owned()))]);
        assert_eq!(samples(&values), ["-", "other", "always"]);
    }

    #[test]
    fn every_combination_of_networks_has_an_address() {
        let network = |text: &str, length| (text.parse().expect("address"), length);
        let values = values(&[
            (Field::Client, Test::InNetworks(vec![network("10.0.0.0", 8)])),
            (Field::Client, Test::InNetworks(vec![network("10.1.0.0", 16), network("192.168.0.0", 16)])),
        ]);
        let mut answers: Vec<_> = values.iter().map(|value| value.answers.clone()).collect();
        answers.sort();
        assert_eq!(answers, [vec![false, false], vec![false, true], vec![true, false], vec![true, true]]);
    }

    #[test]
    fn cookies_are_asked_through_their_header() {
        let values = values(&[
            (Field::Cookie("canary".to_owned()), Test::Equals("always".to_owned())),
            (Field::Header("cookie".to_owned()), Test::Present),
        ]);
        assert_eq!(samples(&values), ["-", "session=1", "canary=always"]);
    }
}
