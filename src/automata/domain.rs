//! What strings a statement is about, as a small automaton with an order of bytes: those that a person would type
//! come first, so that witnesses can be read aloud.

use super::lang::Lang;
use regex_automata::{
    Anchored, Input, MatchKind,
    dfa::{Automaton, dense},
    nfa::thompson,
};
use std::{collections::HashMap, sync::LazyLock};

/// The most states that a domain may have.
const MAX_STATES: usize = 4096;
/// The largest automaton of a domain, in bytes.
const MAX_BYTES: usize = 16 << 20;
const DEAD: u16 = u16::MAX;

/// A set of strings that statements are about.
#[derive(Clone, Debug)]
pub struct Domain {
    /// For each state its successor on each byte, [`DEAD`] where no member is reached any more.
    next: Vec<[u16; 256]>,
    accepting: Vec<bool>,
    class: Vec<u8>,
    preference: Vec<u8>,
    rank: Vec<u8>,
}

/// All bytes, those that are easy to type and to read first.
fn preference() -> Vec<u8> {
    let mut order: Vec<u8> = Vec::with_capacity(256);
    let groups: [&mut dyn Iterator<Item = u8>; 7] = [
        &mut (b'a'..=b'z'),
        &mut (b'0'..=b'9'),
        &mut b"-_./".iter().copied(),
        &mut (b'A'..=b'Z'),
        &mut (b'!'..=b'~'),
        &mut b" \t\n".iter().copied(),
        &mut (0..=255),
    ];
    let mut seen = [false; 256];
    for group in groups {
        for byte in group {
            if !std::mem::replace(&mut seen[byte as usize], true) {
                order.push(byte);
            }
        }
    }
    order
}

fn pattern(text: &str) -> Lang {
    let parser = || regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build();
    Lang::from_hir(parser().parse(text).expect("INVARIANT: the patterns of our domains are valid"))
}

impl Domain {
    /// The strings of a set; nothing where it is not regular or too large.
    pub fn new(lang: &Lang) -> Option<Self> {
        let mut leaves = Vec::new();
        let mut index = HashMap::new();
        lang.leaves(&mut |leaf| {
            index.entry(leaf.key()).or_insert_with(|| {
                leaves.push(leaf.hir());
                leaves.len() - 1
            });
        });
        if !lang.is_regular() {
            return None;
        }
        if leaves.is_empty() {
            leaves.push(super::lang::anything());
        }
        let config = thompson::Config::new().utf8(false).which_captures(thompson::WhichCaptures::None).nfa_size_limit(Some(MAX_BYTES));
        let nfa = thompson::Compiler::new().configure(config).build_many_from_hir(&leaves).ok()?;
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(regex_automata::dfa::StartKind::Anchored)
            .accelerate(false)
            .dfa_size_limit(Some(MAX_BYTES))
            .determinize_size_limit(Some(MAX_BYTES));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
        let start = dfa.start_state_forward(&Input::new(b"").anchored(Anchored::Yes)).ok()?;
        let mut states = vec![start];
        let mut numbers = HashMap::from([(start, 0_usize)]);
        let mut next: Vec<[usize; 256]> = Vec::new();
        let mut accepting = Vec::new();
        let mut at = 0;
        while at < states.len() {
            let state = states[at];
            let end = dfa.next_eoi_state(state);
            let matching: Vec<usize> = if dfa.is_match_state(end) {
                (0..dfa.match_len(end)).map(|number| dfa.match_pattern(end, number).as_usize()).collect()
            } else {
                Vec::new()
            };
            let holds = lang.evaluate(&mut |leaf| index.get(&leaf.key()).map(|number| matching.contains(number)));
            accepting.push(holds == Some(true));
            let mut row = [0; 256];
            for byte in 0..=255_u8 {
                let target = dfa.next_state(state, byte);
                row[byte as usize] = *numbers.entry(target).or_insert_with(|| {
                    states.push(target);
                    states.len() - 1
                });
            }
            if states.len() > MAX_STATES {
                return None;
            }
            next.push(row);
            at += 1;
        }
        Some(Self::from_table(&next, &accepting))
    }

    /// Numbers the states that lead to a member.
    fn from_table(next: &[[usize; 256]], accepting: &[bool]) -> Self {
        // How many bytes are needed from each state to the end of a member.
        let mut rest: Vec<Option<u32>> = accepting.iter().map(|accepting| accepting.then_some(0)).collect();
        let mut length = 0;
        loop {
            let found: Vec<usize> =
                (0..next.len()).filter(|at| rest[*at].is_none() && next[*at].iter().any(|target| rest[*target] == Some(length))).collect();
            if found.is_empty() {
                break;
            }
            length += 1;
            for at in found {
                rest[at] = Some(length);
            }
        }
        let mut number = vec![DEAD; next.len()];
        let live: Vec<usize> = (0..next.len()).filter(|at| rest[*at].is_some()).collect();
        for (new, old) in live.iter().enumerate() {
            number[*old] = u16::try_from(new).unwrap_or(DEAD);
        }
        // The start is first, unless there is no member at all.
        let live = if number.first() == Some(&0) { live } else { Vec::new() };
        let table: Vec<[u16; 256]> = live.iter().map(|old| next[*old].map(|target| number[target])).collect();
        let mut columns: HashMap<Vec<u16>, u8> = HashMap::new();
        let mut class = Vec::with_capacity(256);
        for byte in 0..256 {
            let column: Vec<u16> = table.iter().map(|row| row[byte]).collect();
            let fresh = u8::try_from(columns.len()).unwrap_or(u8::MAX);
            class.push(*columns.entry(column).or_insert(fresh));
        }
        let preference: Vec<u8> = preference().into_iter().filter(|byte| table.iter().any(|row| row[*byte as usize] != DEAD)).collect();
        let mut rank = vec![u8::MAX; 256];
        for (place, byte) in preference.iter().enumerate() {
            rank[*byte as usize] = u8::try_from(place).unwrap_or(u8::MAX);
        }
        Self { accepting: live.iter().map(|old| accepting[*old]).collect(), next: table, class, preference, rank }
    }

    /// All strings.
    pub fn any() -> &'static Self {
        static DOMAIN: LazyLock<Domain> = LazyLock::new(|| Domain::new(&Lang::any()).expect("INVARIANT: small"));
        &DOMAIN
    }

    /// Absolute paths of printable ASCII as they come out of every normalisation: no `%`, `?`, `#`, `;`, `\`, no empty
    /// element but the last, no dot elements.
    pub fn clean_paths() -> &'static Self {
        static DOMAIN: LazyLock<Domain> = LazyLock::new(|| {
            let byte = r"[!$&-.0-:<->@-\[\]-~\x22]";
            let plain = r"[!$&-\-0-:<->@-\[\]-~\x22]";
            let element = format!(r"(?:{plain}{byte}*|\.{plain}{byte}*|\.\.{byte}+)");
            Domain::new(&pattern(&format!("(?:/{element})*/|(?:/{element})+"))).expect("INVARIANT: small")
        });
        &DOMAIN
    }

    /// Values of headers, cookies and query parameters: printable ASCII, no blank at either end, may be empty.
    pub fn values() -> &'static Self {
        static DOMAIN: LazyLock<Domain> = LazyLock::new(|| Domain::new(&pattern("(?:[!-~](?:[ -~]*[!-~])?)?")).expect("INVARIANT: small"));
        &DOMAIN
    }

    /// Host names in lower case: labels of letters, digits, `-` and `_`.
    pub fn hosts() -> &'static Self {
        static DOMAIN: LazyLock<Domain> =
            LazyLock::new(|| Domain::new(&pattern(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")).expect("INVARIANT: small"));
        &DOMAIN
    }

    /// Methods: upper-case words.
    pub fn methods() -> &'static Self {
        static DOMAIN: LazyLock<Domain> = LazyLock::new(|| Domain::new(&pattern("[A-Z]+")).expect("INVARIANT: small"));
        &DOMAIN
    }

    /// Whether the string is a member.
    pub fn contains(&self, text: &[u8]) -> bool {
        self.start().and_then(|start| self.walk(start, text)).is_some_and(|state| self.accepts_in(state))
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    pub(super) fn start(&self) -> Option<u16> {
        (!self.next.is_empty()).then_some(0)
    }

    pub(super) fn states(&self) -> impl Iterator<Item = u16> {
        (0..).take(self.next.len())
    }

    pub(super) fn next(&self, state: u16, byte: u8) -> Option<u16> {
        Some(self.next[state as usize][byte as usize]).filter(|next| *next != DEAD)
    }

    pub(super) fn walk(&self, state: u16, text: &[u8]) -> Option<u16> {
        text.iter().try_fold(state, |state, byte| self.next(state, *byte))
    }

    pub(super) fn accepts_in(&self, state: u16) -> bool {
        self.accepting[state as usize]
    }

    /// The class of bytes that the domain does not tell apart.
    pub(super) fn class(&self, byte: u8) -> u8 {
        self.class[byte as usize]
    }

    /// The bytes that occur in members, preferred ones first.
    pub(super) fn preference(&self) -> &[u8] {
        &self.preference
    }

    /// Where the byte stands in [`preference`](Self::preference).
    pub(super) fn rank(&self, byte: u8) -> u8 {
        self.rank[byte as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_paths_are_absolute_and_normal() {
        let domain = Domain::clean_paths();
        for path in ["/", "/a", "/a/", "/a/b.c", "/..a", "/.a", "/...", "/A-_~!$&'()*+,=:@", "/{x}"] {
            assert!(domain.contains(path.as_bytes()), "{path}");
        }
        for path in
            ["", "a", "//", "/a//b", "/.", "/..", "/a/./b", "/a/..", "/a b", "/%20", "/a;b", "/a\\b", "/a?b", "/a#b", "/\u{e9}", "/a\n"]
        {
            assert!(!domain.contains(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn values_have_no_outer_blanks() {
        let domain = Domain::values();
        assert!(domain.contains(b"") && domain.contains(b"a b") && domain.contains(b"x"));
        assert!(!domain.contains(b" a") && !domain.contains(b"a ") && !domain.contains(b"a\n"));
    }

    #[test]
    fn a_domain_without_members_is_empty() {
        assert!(Domain::new(&Lang::none()).expect("small").is_empty());
    }
}
