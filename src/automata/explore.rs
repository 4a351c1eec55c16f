//! Walks the product of one automaton for all expressions and the automaton of a domain, breadth first, so that the
//! first string to reach a state is its shortest, and among those the one a person would rather type.

use super::{Budget, Domain, OverBudget};
use regex_automata::{
    Anchored, Input, MatchKind,
    hybrid::{LazyStateID, dfa},
    nfa::thompson,
};
use regex_syntax::hir::Hir;
use std::collections::HashSet;

/// The largest non-deterministic automaton, in bytes.
const NFA_LIMIT: usize = 64 << 20;

/// One automaton for many expressions, all of which must match the whole string.
pub(super) struct Walk<'d> {
    dfa: dfa::DFA,
    domain: &'d Domain,
    /// One byte for each class of bytes that neither automaton tells apart, in the order of preference.
    alphabet: Vec<u8>,
    states: Vec<State>,
}

struct State {
    id: LazyStateID,
    domain: u16,
    parent: u32,
    byte: u8,
}

/// A member of the domain and the expressions that match it.
pub(super) struct Member<'w> {
    walk: &'w [State],
    at: usize,
    pub(super) matching: &'w [u32],
}

impl Member<'_> {
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut at = self.at;
        while at > 0 {
            text.push(self.walk[at].byte);
            at = self.walk[at].parent as usize;
        }
        text.reverse();
        text
    }
}

impl<'d> Walk<'d> {
    pub(super) fn new(expressions: &[Hir], domain: &'d Domain, budget: Budget) -> Result<Self, OverBudget> {
        let config = thompson::Config::new()
            .utf8(false)
            .which_captures(thompson::WhichCaptures::None)
            .nfa_size_limit(Some(NFA_LIMIT.min(budget.bytes)));
        let nfa = thompson::Compiler::new().configure(config).build_many_from_hir(expressions).map_err(|_| OverBudget::Memory)?;
        let config = dfa::Config::new()
            .match_kind(MatchKind::All)
            .cache_capacity(budget.bytes)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(0));
        let dfa = dfa::Builder::new().configure(config).build_from_nfa(nfa).map_err(|_| OverBudget::Memory)?;
        let mut seen = HashSet::new();
        let mut alphabet = Vec::new();
        for byte in domain.preference() {
            if seen.insert((dfa.byte_classes().get(*byte), domain.class(*byte))) {
                alphabet.push(*byte);
            }
        }
        Ok(Self { dfa, domain, alphabet, states: Vec::new() })
    }

    /// Shows each state in which a string of the domain may end, with the shortest such string, until told to stop.
    pub(super) fn run(&mut self, budget: Budget, mut show: impl FnMut(&Member<'_>) -> Result<bool, OverBudget>) -> Result<(), OverBudget> {
        let Some(domain_start) = self.domain.start() else { return Ok(()) };
        let mut cache = self.dfa.create_cache();
        let input = Input::new(b"").anchored(Anchored::Yes);
        let start = self.dfa.start_state_forward(&mut cache, &input).map_err(|_| OverBudget::Memory)?;
        let mut index: HashSet<(LazyStateID, u16)> = HashSet::new();
        index.insert((start, domain_start));
        self.states.push(State { id: start, domain: domain_start, parent: 0, byte: 0 });
        let mut matching = Vec::new();
        let mut at = 0;
        while at < self.states.len() {
            let State { id, domain, .. } = self.states[at];
            if self.domain.accepts_in(domain) {
                let end = self.dfa.next_eoi_state(&mut cache, id).map_err(|_| OverBudget::Memory)?;
                matching.clear();
                if end.is_match() {
                    matching
                        .extend((0..self.dfa.match_len(&cache, end)).map(|number| self.dfa.match_pattern(&cache, end, number).as_u32()));
                    matching.sort_unstable();
                }
                let member = Member { walk: &self.states, at, matching: &matching };
                if !show(&member)? {
                    return Ok(());
                }
            }
            for position in 0..self.alphabet.len() {
                let byte = self.alphabet[position];
                let Some(next_domain) = self.domain.next(domain, byte) else { continue };
                let next = self.dfa.next_state(&mut cache, id, byte).map_err(|_| OverBudget::Memory)?;
                if index.insert((next, next_domain)) {
                    let parent = u32::try_from(at).map_err(|_| OverBudget::States)?;
                    self.states.push(State { id: next, domain: next_domain, parent, byte });
                    if self.states.len() > budget.states || self.steps(&cache) > budget.steps {
                        return Err(OverBudget::States);
                    }
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// How long it took so far: for each state and each byte of the alphabet all that the state stands for is looked at, and it is kept.
    fn steps(&self, cache: &dfa::Cache) -> usize {
        cache.memory_usage().saturating_mul(self.alphabet.len())
    }

    pub(super) fn states(&self) -> usize {
        self.states.len()
    }
}
