//! What becomes of each directive: settled where it stands, and named with its line where it is not kept.

use std::collections::BTreeSet;

use crate::{
    gateway::{Body, Buffers, Intent, dialect},
    ledger::{Code, Settlement},
    nginx::{
        IngressId,
        code::{About, Directive, Line},
    },
    targets::Answer,
    translate::context::{Cx, differs, no_effect, unmappable},
};

use super::{Around, Here, WITHHELD, decide::Leaf, limits::size, refuses};

/// Text of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// There is none.
    None,
    /// It is written so.
    Written(Body),
    /// The target cannot say it.
    Unsaid,
}

/// Why rules are not served as they would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Closed {
    /// They have no backends.
    Withheld(Code),
    /// The target refuses everybody by a filter of its own.
    Own(Intent),
}

/// What comes of the rules of a location beside scripts and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listed {
    /// Their lists of addresses stay.
    AsBefore,
    /// They have the list of the snippets instead of any other.
    Instead,
    /// They are not served as they would be.
    Closed(Closed),
}

impl Here<'_> {
    /// A word of the directive; the name is the first one.
    pub(super) fn word(&self, index: usize) -> &str {
        self.line.text.split(' ').nth(index).unwrap_or_default()
    }

    pub(super) fn spot(&self) -> Spot {
        (self.origin.ingress, self.origin.name, self.line.span.start)
    }
}

/// A place of the account: the snippet, and where its directive begins.
pub(in crate::translate) type Spot = (Option<IngressId>, &'static str, usize);

impl Cx<'_> {
    pub(super) fn settle(&mut self, here: &Here<'_>, settlement: Settlement) {
        self.mark_directive(here.spot(), settlement.clone());
        if let Some(ingress) = here.origin.ingress {
            self.mark(ingress, &[here.origin.name], &settlement);
        }
    }

    fn is_settled(&self, here: &Here<'_>) -> bool {
        self.directives.contains_key(&here.spot())
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
            ("nearest", self.nearest()),
        ]);
        self.say_at(code, here.origin.subject.clone(), &here.origin.text, here.line.span.clone(), facts);
    }

    /// Where the target takes code of one's own.
    fn nearest(&self) -> String {
        let id = self.options.target.id();
        let known = dialect::Target::named(id).and_then(|target| Some((&target.title, target.extension.as_ref()?)));
        known.map_or_else(
            || format!("`{id}` has no place for it: move it into the application."),
            |(title, extension)| {
                format!("The nearest that {title} has is {} ({}). Else move it into the application.", extension.kind, extension.field)
            },
        )
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

    /// Whether the target keeps something by a filter or policy of its own; the directive is settled then.
    pub(super) fn kept_by_target(&mut self, here: &Here<'_>, intent: &Intent) -> bool {
        let Answer::Kept { kind, changes } = self.answer(intent) else { return false };
        let codes = changes.iter().copied().collect();
        self.settle(here, Settlement::Policy { target: self.options.target.id().to_owned(), kind: kind.to_owned(), codes });
        true
    }

    /// An answer of nginx itself: where the target has no filter for it, a rule without backends is answered 500.
    pub(super) fn answered(&mut self, here: &Here<'_>, status: u16, text: &Text) -> Leaf {
        if (200..600).contains(&status) && status != 444 {
            if let Text::Written(body) = text {
                let intent = Intent::Answer { status, headers: Vec::new(), body: Some(body.clone()) };
                if self.kept_by_target(here, &intent) {
                    return Leaf::Own(intent);
                }
            }
            let intent = Intent::Refuse { status };
            if self.kept_by_target(here, &intent) {
                if *text != Text::None {
                    self.kept(here, Some("its text is not sent"));
                }
                return Leaf::Own(intent);
            }
        }
        self.settle(here, differs(Code::SnippetAnswer));
        self.name(Code::SnippetAnswer, here, vec![("value", status.to_string())]);
        Leaf::Answer(Code::SnippetAnswer)
    }

    /// Everybody is refused with a status.
    pub(super) fn closed(&mut self, here: &Here<'_>, status: u16) -> Closed {
        match self.answered(here, status, &Text::None) {
            Leaf::Own(intent) => Closed::Own(intent),
            Leaf::Answer(code) => Closed::Withheld(code),
            Leaf::Pass { .. } | Leaf::Redirect(..) => Closed::Withheld(WITHHELD),
        }
    }

    /// A location without an answer and without a backend.
    pub(super) fn loses_backend(&mut self, here: &Here<'_>, path: &str) {
        self.settle(here, unmappable(Code::SnippetLosesBackend));
        self.name(Code::SnippetLosesBackend, here, vec![("path", path.to_owned())]);
    }

    /// Everything but scripts and headers.
    pub(super) fn beside(&mut self, around: &Around<'_>, owner: IngressId) -> Listed {
        let mut lost = self.swallowed(around).map(Closed::Withheld);
        let texts = around.has_texts();
        let mut said: BTreeSet<String> = BTreeSet::new();
        for (at, level) in around.levels().into_iter().enumerate() {
            let names: Vec<String> = level.iter().filter(|here| !here.line.usual).map(|here| here.word(0).to_owned()).collect();
            for here in level {
                if let Some(why) = around.without_effect(&here, &said) {
                    self.idle(&here, why);
                } else if here.line.about == About::ContentType && texts && here.word(0) != "charset" {
                    self.content_type(&here);
                } else if around.controller && at < 2 && self.is_hidden(&here) {
                    self.idle(&here, "each location of the controller has a directive of its own, which hides it");
                } else if let Some(intent) = around.again(&here, at) {
                    self.intent(&here, owner, &intent, &here.line.text);
                } else if let Some(closed) = self.one_beside(&here, owner) {
                    lost = Some(closed);
                }
            }
            said.extend(names);
        }
        let (closed, open) = match self.lists(around) {
            Listed::Closed(closed) => (Some(closed), Listed::AsBefore),
            open @ (Listed::AsBefore | Listed::Instead) => (lost, open),
        };
        // What is refused today stays refused; what is only not known may be opened.
        let stays = |closed: &Closed| matches!(closed, Closed::Own(_) | Closed::Withheld(Code::SnippetAnswer));
        closed.filter(|closed| !self.options.allow_unprotected || stays(closed)).map_or(open, Listed::Closed)
    }

    /// The type of texts that nginx answers with.
    fn content_type(&mut self, here: &Here<'_>) {
        let body = Some(Body { text: "text".to_owned(), content_type: "text/plain".to_owned() });
        let says = self.keeps(&Intent::Answer { status: 200, headers: Vec::new(), body });
        self.kept(here, (!says).then_some("the text that it is about is not sent"));
    }

    /// The controller writes the directive into each of its locations.
    fn is_hidden(&self, here: &Here<'_>) -> bool {
        const WRITTEN: &[&str] = &[
            "client_max_body_size",
            "proxy_buffer_size",
            "proxy_buffering",
            "proxy_buffers",
            "proxy_connect_timeout",
            "proxy_cookie_domain",
            "proxy_cookie_path",
            "proxy_http_version",
            "proxy_max_temp_file_size",
            "proxy_next_upstream",
            "proxy_next_upstream_timeout",
            "proxy_next_upstream_tries",
            "proxy_read_timeout",
            "proxy_redirect",
            "proxy_request_buffering",
            "proxy_send_timeout",
        ];
        WRITTEN.contains(&here.word(0))
    }

    /// A location whose snippet takes in the directive that names the backend.
    fn swallowed(&mut self, around: &Around<'_>) -> Option<Code> {
        let (lines, origin) = around.location.iter().find(|(_, origin)| origin.swallows)?;
        let here = Here { line: lines.last()?, origin };
        self.settle(&here, unmappable(Code::SnippetSwallowsNext));
        self.name(Code::SnippetSwallowsNext, &here, vec![("directive", "proxy_pass".to_owned())]);
        Some(Code::SnippetSwallowsNext)
    }

    pub(super) fn intent(&mut self, here: &Here<'_>, owner: IngressId, intent: &Intent, value: &str) -> Option<Code> {
        let ingress = here.origin.ingress.unwrap_or(owner);
        let (code, said) = self.put(ingress, &[here.origin.name], intent);
        for code in said {
            self.say_value(code, here, ingress, value);
        }
        match code {
            Some(code) => self.settle(here, unmappable(code)),
            None if self.kept_by_target(here, intent) => {}
            None => self.settle(here, Settlement::Exact),
        }
        code
    }

    /// A limit that is not kept.
    pub(super) fn lost_limit(&mut self, here: &Here<'_>, owner: IngressId, code: Code, value: &str) {
        self.say_value(code, here, here.origin.ingress.unwrap_or(owner), value);
        self.settle(here, unmappable(code));
    }

    fn say_value(&mut self, code: Code, here: &Here<'_>, ingress: IngressId, value: &str) {
        let facts = vec![
            ("annotation", here.word(0).to_owned()),
            ("value", value.to_owned()),
            ("ingress", self.ingress_name(ingress)),
            ("target", self.options.target.id().to_owned()),
        ];
        self.say_at(code, here.origin.subject.clone(), &here.origin.text, here.line.span.clone(), facts);
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
    fn one_beside(&mut self, here: &Here<'_>, owner: IngressId) -> Option<Closed> {
        let value = here.line.text.split_once(' ').map_or("", |(_, value)| value).to_owned();
        match (&here.line.directive, here.line.about) {
            (Directive::BodyLimit(bytes), _) => {
                self.intent(here, owner, &Intent::BodyLimit { bytes: Some(*bytes).filter(|bytes| *bytes > 0) }, &value);
            }
            (Directive::Password { .. }, _) => {
                self.lost(here, "it asks for passwords that stand in a file of the controller's container");
                return Some(Closed::Withheld(WITHHELD));
            }
            (Directive::Internal, _) => return Some(self.closed(here, 404)),
            (Directive::Satisfy(_), _) => self.lost(here, "core Gateway API does not combine kinds of access control"),
            (Directive::Pass(_), _) if self.is_settled(here) => {}
            (Directive::Pass(_), _) => self.lost(here, "the backend of a condition is a rule of its own"),
            (Directive::Except { block, .. }, _) => {
                self.lost(here, "the other methods are answered 503 today, whatever the block says");
                self.all_lost(here, block);
                return refuses(block).then_some(Closed::Withheld(WITHHELD));
            }
            (_, About::Timeout) => self.timeout(here, owner, &value),
            (_, About::Buffers) => {
                let what = match here.word(0) {
                    "proxy_buffering" => Buffers::Responses,
                    "proxy_request_buffering" => Buffers::Requests,
                    "proxy_buffer_size" => Buffers::Head,
                    _ => Buffers::Memory,
                };
                let value = here.word(1).to_owned();
                self.intent(here, owner, &Intent::Buffering { what, value: value.clone() }, &value);
            }
            (_, About::Bandwidth) => {
                let bytes = size(here.word(1)).unwrap_or(0);
                let (rate, after) = if here.word(0) == "limit_rate" { (bytes, 0) } else { (0, bytes) };
                self.intent(here, owner, &Intent::Bandwidth { rate, after }, &value);
            }
            (_, About::Rate) if here.word(0).ends_with("_dry_run") && here.word(1) == "on" => {
                self.lost(here, "limits of a gateway refuse, they do not only count");
            }
            (_, About::Rate) if here.word(0).ends_with("_dry_run") => self.idle(here, "it says what holds without it"),
            // Limits of several blocks are looked at together.
            (Directive::Rate, _) | (_, About::Rate) => {}
            (_, About::Retry) => self.lost(here, "retries of routes have no time of their own"),
            (_, About::BackendTls) => drop(self.intent(here, owner, &Intent::BackendTls, &value)),
            (Directive::Unmodelled { .. }, About::BackendProtocol) => {
                self.lost(here, "no filter changes the method, headers and body as it does");
            }
            (_, About::BackendProtocol) => drop(self.intent(here, owner, &Intent::BackendHttpVersion, &value)),
            (_, About::Redirects) => drop(self.intent(here, owner, &Intent::LocationRewrite, &value)),
            (_, About::Cookies) => drop(self.intent(here, owner, &Intent::CookieRewrite, &value)),
            (_, About::Mirror) => drop(self.intent(here, owner, &Intent::Mirror { target: value.clone() }, &value)),
            (_, About::ErrorPage) => drop(self.intent(here, owner, &Intent::ErrorPages, &value)),
            (_, About::ModSecurity) => return self.intent(here, owner, &Intent::Firewall, &value).map(Closed::Withheld),
            (_, About::NoEffect) => self.idle(here, "it changes no answer"),
            (_, About::Stream) => self.lost(here, "TCP and UDP beside HTTP need listeners and routes of their own"),
            (_, About::Inside) => {}
            (_, About::Definition) => self.idle(here, "it only defines what other directives use"),
            (_, About::ContentType) if here.word(0) == "charset" && here.word(1) != "off" => {
                self.lost(here, "no filter adds it to the type of answers of backends");
            }
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
                return Some(Closed::Withheld(WITHHELD));
            }
            (_, About::Auth) => self.idle(here, "nobody is asked because of it"),
            (Directive::Unmodelled { .. }, About::Lua) => {
                self.lost(here, "Lua code is not read, and may refuse requests");
                return Some(Closed::Withheld(WITHHELD));
            }
            (_, About::Lua) => self.lost(here, "Lua code is not read"),
            (_, About::ClosesBlock) => {
                self.settle(here, unmappable(Code::SnippetClosesBlock));
                self.name(Code::SnippetClosesBlock, here, vec![]);
                return Some(Closed::Withheld(WITHHELD));
            }
            (_, About::Unknown) => {
                self.lost(here, "it is not known, and may refuse requests");
                return Some(Closed::Withheld(WITHHELD));
            }
            // Scripts, headers and lists are settled where they are translated.
            (_, About::Itself) => {}
        }
        None
    }
}
