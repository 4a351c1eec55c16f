//! What becomes of each directive: settled where it stands, and named with its line where it is not kept.

use std::collections::BTreeSet;

use crate::{
    gateway::Intent,
    ledger::{Code, Settlement},
    nginx::{
        IngressId,
        code::{About, Directive, Line},
    },
    translate::context::{Cx, differs, no_effect, unmappable},
};

use super::{Around, Here, WITHHELD, refuses};

/// A place of the account: the snippet, and where its directive begins.
pub(in crate::translate) type Spot = (Option<IngressId>, &'static str, usize);

impl Cx<'_> {
    fn settle(&mut self, here: &Here<'_>, settlement: Settlement) {
        let spot = (here.origin.ingress, here.origin.name, here.line.span.start);
        match self.directives.get_mut(&spot) {
            Some(before) => before.join(&settlement),
            None => drop(self.directives.insert(spot, settlement.clone())),
        }
        if let Some(ingress) = here.origin.ingress {
            self.mark(ingress, &[here.origin.name], &settlement);
        }
    }

    fn is_settled(&self, here: &Here<'_>) -> bool {
        self.directives.contains_key(&(here.origin.ingress, here.origin.name, here.line.span.start))
    }

    fn name(&mut self, code: Code, here: &Here<'_>, mut facts: Vec<(&'static str, String)>) {
        let ingress = here.origin.ingress.map_or_else(|| "the controller's ConfigMap".to_owned(), |ingress| self.ingress_name(ingress));
        let line = 1 + here.origin.text.get(..here.line.span.start).map_or(0, |before| before.matches('\n').count());
        facts.extend([
            ("directive", here.line.text.clone()),
            ("line", line.to_string()),
            ("annotation", here.origin.name.to_owned()),
            ("ingress", ingress),
            ("target", self.options.target.id().to_owned()),
        ]);
        self.say_at(code, here.origin.subject.clone(), &here.origin.text, here.line.span.clone(), facts);
    }

    /// A directive is kept; `but` says what differs.
    pub(super) fn kept(&mut self, here: &Here<'_>, but: Option<&'static str>) {
        match but {
            None => self.settle(here, Settlement::Exact),
            Some(why) => {
                self.settle(here, differs(Code::SnippetApproximated));
                self.name(Code::SnippetApproximated, here, vec![("why", why.to_owned())]);
            }
        }
    }

    /// A directive is not kept.
    pub(super) fn lost(&mut self, here: &Here<'_>, why: &str) {
        self.settle(here, unmappable(Code::SnippetNotConvertible));
        self.name(Code::SnippetNotConvertible, here, vec![("why", why.to_owned())]);
    }

    /// A directive changes nothing today.
    pub(super) fn idle(&mut self, here: &Here<'_>, why: &str) {
        self.settle(here, no_effect(why));
    }

    /// The directives of a block whose condition is not kept.
    pub(super) fn all_lost(&mut self, around: &Here<'_>, block: &[Line]) {
        let mut work: Vec<&Line> = block.iter().rev().collect();
        while let Some(line) = work.pop() {
            self.settle(&Here { line, origin: around.origin }, unmappable(Code::SnippetNotConvertible));
            work.extend(line.directive.block().into_iter().flatten().rev());
        }
    }

    /// An answer of nginx itself: a route without backends is answered 500.
    pub(super) fn answered(&mut self, here: &Here<'_>, status: u16) -> Code {
        self.settle(here, differs(Code::SnippetAnswer));
        self.name(Code::SnippetAnswer, here, vec![("value", status.to_string())]);
        Code::SnippetAnswer
    }

    /// A location without an answer and without a backend.
    pub(super) fn loses_backend(&mut self, here: &Here<'_>, path: &str) {
        self.settle(here, unmappable(Code::SnippetLosesBackend));
        self.name(Code::SnippetLosesBackend, here, vec![("path", path.to_owned())]);
    }

    /// Everything but scripts and headers. Gives the code where the rules must not be served without it.
    pub(super) fn beside(&mut self, around: &Around<'_>, owner: IngressId) -> Option<Code> {
        let mut lost = self.swallowed(around);
        for here in around.levels().into_iter().flatten() {
            if let Some(code) = self.one_beside(&here, owner) {
                lost = Some(code);
            }
        }
        lost = self.lists(around).or(lost);
        lost.filter(|_| !self.options.allow_unprotected)
    }

    /// A location whose snippet takes in the directive that names the backend.
    fn swallowed(&mut self, around: &Around<'_>) -> Option<Code> {
        let (lines, origin) = around.location.iter().find(|(_, origin)| origin.swallows)?;
        let here = Here { line: lines.last()?, origin };
        self.settle(&here, unmappable(Code::SnippetSwallowsNext));
        self.name(Code::SnippetSwallowsNext, &here, vec![("directive", "proxy_pass".to_owned())]);
        Some(Code::SnippetSwallowsNext)
    }

    fn intent(&mut self, here: &Here<'_>, owner: IngressId, intent: &Intent, value: &str) -> Option<Code> {
        let ingress = here.origin.ingress.unwrap_or(owner);
        let facts = vec![("annotation", here.line.text.split(' ').next().unwrap_or_default().to_owned()), ("value", value.to_owned())];
        let code = self.ask(ingress, &[here.origin.name], intent, facts);
        self.settle(here, code.map_or(Settlement::Exact, unmappable));
        code
    }

    /// A value that is made of variables, which only some implementations know.
    pub(super) fn variables(&mut self, here: &Here<'_>) {
        let text = here.line.text.clone();
        match here.origin.ingress {
            Some(ingress) => drop(self.intent(here, ingress, &Intent::Variables { text: text.clone() }, &text)),
            None => self.lost(here, "a filter knows no variables"),
        }
    }

    /// Gives a code where the directive may protect something.
    fn one_beside(&mut self, here: &Here<'_>, owner: IngressId) -> Option<Code> {
        let value = here.line.text.split_once(' ').map_or("", |(_, value)| value).to_owned();
        match (&here.line.directive, here.line.about) {
            (Directive::BodyLimit(bytes), _) => {
                self.intent(here, owner, &Intent::BodyLimit { bytes: Some(*bytes).filter(|bytes| *bytes > 0) }, &value);
            }
            (Directive::Password { .. }, _) => {
                self.lost(here, "it asks for passwords that stand in a file of the controller's container");
                return Some(WITHHELD);
            }
            (Directive::Internal, _) => {
                self.kept(here, Some("such requests are answered 500 instead of 404"));
                return Some(Code::SnippetAnswer);
            }
            (Directive::Satisfy(_), _) => self.lost(here, "core Gateway API does not combine kinds of access control"),
            (Directive::Pass(_), _) if self.is_settled(here) => {}
            (Directive::Pass(_), _) => self.lost(here, "the backend of a condition is a rule of its own"),
            (Directive::Except { block, .. }, _) => {
                self.lost(here, "the other methods are answered 503 today, whatever the block says");
                self.all_lost(here, block);
                return refuses(block).then_some(WITHHELD);
            }
            (_, About::Timeout) => drop(self.intent(here, owner, &Intent::Timeouts, &value)),
            (_, About::Buffers) => drop(self.intent(here, owner, &Intent::Buffering, &value)),
            (_, About::Bandwidth) => drop(self.intent(here, owner, &Intent::Bandwidth, &value)),
            (Directive::Rate, _) => drop(self.intent(here, owner, &Intent::RateLimit, &value)),
            (_, About::Rate) => self.idle(here, "it only says how a limit refuses"),
            (_, About::Retry) => drop(self.intent(here, owner, &Intent::Retry, &value)),
            (_, About::BackendTls) => drop(self.intent(here, owner, &Intent::BackendTls, &value)),
            (_, About::BackendProtocol) => drop(self.intent(here, owner, &Intent::BackendHttpVersion, &value)),
            (_, About::Redirects) => drop(self.intent(here, owner, &Intent::LocationRewrite, &value)),
            (_, About::Cookies) => drop(self.intent(here, owner, &Intent::CookieRewrite, &value)),
            (_, About::Mirror) => drop(self.intent(here, owner, &Intent::Mirror { target: value.clone() }, &value)),
            (_, About::ErrorPage) => drop(self.intent(here, owner, &Intent::ErrorPages, &value)),
            (_, About::ModSecurity) => return self.intent(here, owner, &Intent::Firewall, &value),
            (_, About::NoEffect) => self.idle(here, "it changes no answer"),
            (_, About::Definition) => self.idle(here, "it only defines what other directives use"),
            (_, About::ContentType) => self.idle(here, "it only concerns answers that nginx makes itself"),
            (_, About::RedirectForm) => self.idle(here, "it only concerns redirects that nginx makes itself"),
            (_, About::Compression) => self.kept(here, Some("whether answers are compressed is up to the implementation")),
            (_, About::Body) => self.lost(here, "routes do not change bodies"),
            (_, About::Addition) => self.lost(here, "no filter adds it"),
            (_, About::Cache) => self.lost(here, "routes do not cache"),
            (_, About::Files) => self.lost(here, "the files stand in the controller's container"),
            (_, About::Reading) => self.lost(here, "how requests are read belongs to the whole gateway"),
            (_, About::Listening) => self.lost(here, "names, ports and TLS belong to the listeners"),
            (_, About::OtherBackend) => self.lost(here, "the backend is none that routes know"),
            (Directive::Unmodelled { .. }, About::Auth) => {
                self.lost(here, "it asks somebody whether requests are allowed");
                return Some(WITHHELD);
            }
            (_, About::Auth) => self.idle(here, "nobody is asked because of it"),
            (Directive::Unmodelled { .. }, About::Lua) => {
                self.lost(here, "Lua code is not read, and may refuse requests");
                return Some(WITHHELD);
            }
            (_, About::Lua) => self.lost(here, "Lua code is not read"),
            (_, About::ClosesBlock) => {
                self.settle(here, unmappable(Code::SnippetClosesBlock));
                self.name(Code::SnippetClosesBlock, here, vec![]);
                return Some(WITHHELD);
            }
            (_, About::Unknown) => {
                self.lost(here, "it is not known, and may refuse requests");
                return Some(WITHHELD);
            }
            // Scripts, headers and lists are settled where they are translated.
            (_, About::Itself) => {}
        }
        None
    }

    /// `allow` and `deny` of the innermost block that has any.
    fn lists(&mut self, around: &Around<'_>) -> Option<Code> {
        let levels = around.levels();
        let is_list = |here: &&Here<'_>| matches!(here.line.directive, Directive::Access { .. });
        let at = levels.iter().rposition(|level| level.iter().any(|here| is_list(&here)))?;
        for here in levels[..at].iter().flatten().filter(is_list) {
            self.idle(here, "lists of a block inside hide it");
        }
        let lists: Vec<Here<'_>> = levels[at].iter().filter(is_list).copied().collect();
        let (mut allow, mut deny, mut open) = (BTreeSet::new(), BTreeSet::new(), true);
        let mut mixed = false;
        for here in &lists {
            let Directive::Access { allow: allowed, network } = &here.line.directive else { continue };
            match (allowed, network) {
                (_, None) => {
                    open = *allowed;
                    break;
                }
                (true, Some(network)) => drop(allow.insert(network.to_string())),
                (false, Some(network)) => {
                    // What is denied behind something that is allowed is another order than that of policies.
                    mixed |= !allow.is_empty();
                    deny.insert(network.to_string());
                }
            }
        }
        let first = *lists.first()?;
        if open && deny.is_empty() {
            lists.iter().for_each(|here| self.idle(here, "it lets everybody pass"));
            return None;
        }
        if !open && allow.is_empty() {
            lists.iter().for_each(|here| self.settle(here, differs(Code::SnippetAnswer)));
            self.name(Code::SnippetAnswer, &first, vec![("value", "403".to_owned())]);
            return Some(Code::SnippetAnswer);
        }
        if mixed || (open && !allow.is_empty()) {
            lists.iter().for_each(|here| self.lost(here, "its networks stand in an order that policies do not have"));
            return Some(WITHHELD);
        }
        let intent = Intent::AddressLists { allow: allow.into_iter().collect(), deny: deny.into_iter().collect() };
        let ingress = first.origin.ingress?;
        let code = self.ask(ingress, &[first.origin.name], &intent, vec![]);
        lists.iter().for_each(|here| self.settle(here, code.map_or(Settlement::Exact, unmappable)));
        code
    }
}
