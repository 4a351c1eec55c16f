//! Whether nginx accepts a snippet: `ngx_conf_handler` of `src/core/ngx_conf_file.c`, and what its handlers refuse.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    Consequence, Context, Defined, Directive, End, LocationModifier, Meaning, Place, Snippet, Understood,
    catalogue::{self, Known, Once, Opens, Sense, Value, Written},
    condition::Condition,
    pattern, understand, units,
};

/// Why nginx refuses the whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Bytes of the snippet.
    pub span: Range<usize>,
    /// What nginx says.
    pub message: String,
    /// What it depends on.
    pub unless: Unless,
}

/// What a refusal depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unless {
    /// Nothing.
    Never,
    /// The module is loaded where a key or an annotation says so.
    Loaded(&'static str),
    /// An annotation or key is absent, without which the template does not write the directive itself.
    Absent(&'static str),
    /// An annotation or key says something else than the `off` that the template writes without it.
    Replaced(&'static str),
    /// Another snippet defines it.
    Defined(Defined),
}

/// The block in which each directive stands; `None` inside blocks of values.
pub(super) fn contexts(snippet: &Snippet) -> Vec<Option<Context>> {
    let mut contexts: Vec<Option<Context>> = Vec::with_capacity(snippet.directives.len());
    for directive in &snippet.directives {
        contexts.push(match directive.parent {
            None => snippet.place.context(),
            Some(parent) => contexts[parent].and_then(|context| inside(&snippet.directives[parent], context)),
        });
    }
    contexts
}

/// The block that a directive opens.
fn inside(directive: &Directive, context: Context) -> Option<Context> {
    match understand::known_in(directive.name(), context)?.opens? {
        Opens::Http => Some(Context::Http),
        Opens::Server => Some(Context::Server),
        Opens::Location => Some(Context::Location),
        Opens::If if context == Context::Server => Some(Context::ServerIf),
        Opens::If => Some(Context::LocationIf),
        Opens::LimitExcept => Some(Context::LimitExcept),
        Opens::Upstream => Some(Context::Upstream),
        Opens::Events => Some(Context::Events),
        Opens::Stream => Some(Context::Stream),
        Opens::StreamServer => Some(Context::StreamServer),
        Opens::StreamUpstream => Some(Context::StreamUpstream),
        Opens::Values | Opens::Lua => None,
    }
}

/// Everything for which nginx refuses the configuration, in the order of the text.
pub fn refusals(snippet: &Snippet, understood: &[Understood]) -> Vec<Refusal> {
    let mut found = Vec::new();
    if snippet.place != Place::ModsecuritySnippet {
        let contexts = contexts(snippet);
        let mut once = BTreeSet::new();
        for (index, directive) in snippet.directives.iter().enumerate() {
            if let Some(context) = contexts[index] {
                let refusal = refuse(
                    snippet,
                    directive,
                    context,
                    (&understood[index], directive.parent.map(|parent| &understood[parent].meaning)),
                    &mut once,
                );
                found.extend(refusal.map(|(message, unless)| Refusal { span: directive.head(), message, unless }));
            }
        }
        found.extend(undefined(snippet, understood));
        found.extend(referers(snippet, &contexts));
        found.sort_by_key(|refusal| refusal.span.start);
    }
    let stops = snippet.stops.iter().filter(|stop| stop.consequence(snippet.place) == Consequence::Refused);
    found.extend(stops.map(|stop| Refusal { span: stop.span.clone(), message: stop.message.clone(), unless: Unless::Never }));
    found
}

type Reason = (String, Unless);

fn refuse(
    snippet: &Snippet,
    directive: &Directive,
    context: Context,
    (understood, around): (&Understood, Option<&Meaning>),
    once: &mut BTreeSet<(Option<usize>, String)>,
) -> Option<Reason> {
    let name = directive.name();
    let always = |message: String| Some((message, Unless::Never));
    let Some(known) = understand::known_in(name, context) else {
        return always(match catalogue::find(name).next() {
            Some(_) => format!("\"{name}\" directive is not allowed here"),
            None => format!("unknown directive \"{name}\""),
        });
    };
    let block = matches!(directive.end, End::Block | End::Lua(_));
    match (known.opens.is_some(), block) {
        (false, true) => return always(format!("directive \"{name}\" is not terminated by \";\"")),
        (true, false) if directive.end == End::Semicolon => return always(format!("directive \"{name}\" has no opening \"{{\"")),
        (true, _) | (false, false) => {}
    }
    let next = catalogue::template(snippet.place).next.as_slice();
    if directive.end == End::Open && known.opens.is_none() && next.last().is_some_and(|word| word == "{") {
        return always(format!("directive \"{name}\" is not terminated by \";\""));
    }
    let swallowed = if directive.end == End::Open { next.len() } else { 0 };
    if !known.arguments.allows(directive.arguments().len() + swallowed) {
        return always(format!("invalid number of arguments in \"{name}\" directive"));
    }
    let off = directive.arguments().first().is_some_and(|word| word.text == "off");
    let repeated = match known.once {
        Once::Never => false,
        Once::Always => !once.insert((directive.parent, name.to_owned())),
        // An `off` is kept under the name with it, and any other under the name alone.
        Once::BesideOff => {
            let with_off = once.contains(&(directive.parent, format!("{name} off")));
            let any = !once.insert((directive.parent, name.to_owned()));
            if off {
                once.insert((directive.parent, format!("{name} off")));
            }
            with_off || (off && any)
        }
    };
    if known.once != Once::Never {
        // The Lua module reads its blocks itself and does not name the directive.
        let message =
            if known.opens == Some(Opens::Lua) { "is duplicate".to_owned() } else { format!("\"{name}\" directive is duplicate") };
        if repeated {
            return always(message);
        }
        if directive.parent.is_none()
            && let Some(written) = catalogue::template(snippet.place.same_block()).writes.iter().find(|written| written.directive == name)
        {
            return Some((message, beside(written, off)));
        }
    }
    if let Some(Defined::Variable(variable)) = understand::provided(&understood.meaning)
        && catalogue::is_fixed(&variable)
        && !matches!(context, Context::Stream | Context::StreamServer | Context::StreamUpstream)
    {
        return always(format!("the duplicate \"{variable}\" variable"));
    }
    if let Some(message) = bad_value(known, directive).or_else(|| bad_meaning(known, understood, around)) {
        return always(message);
    }
    known.loaded_by().map(|key| (format!("unknown directive \"{name}\""), Unless::Loaded(key)))
}

/// What the refusal of a second directive depends on, beside the one of the template.
fn beside(written: &'static Written, off: bool) -> Unless {
    match (written.when.as_deref(), written.off.as_deref()) {
        (None, Some(key)) if !off => Unless::Replaced(key),
        (Some(key), _) => Unless::Absent(key),
        (None, _) => Unless::Never,
    }
}

fn bad_value(known: &Known, directive: &Directive) -> Option<String> {
    let name = directive.name();
    let arguments: Vec<&str> = directive.arguments().iter().map(|word| word.text.as_str()).collect();
    let first = arguments.first().copied().unwrap_or("");
    match known.value? {
        Value::Flag if !first.eq_ignore_ascii_case("on") && !first.eq_ignore_ascii_case("off") => {
            Some(format!("invalid value \"{first}\" in \"{name}\" directive, it must be \"on\" or \"off\""))
        }
        Value::Number if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(format!("\"{name}\" directive invalid number"))
        }
        Value::Size if units::bytes(first).is_none() => Some(format!("\"{name}\" directive invalid value")),
        Value::Time if units::milliseconds(first).is_none() => Some(format!("\"{name}\" directive invalid value")),
        Value::Buffers if arguments.len() == 2 && (arguments[0].parse::<u32>().is_err() || units::bytes(arguments[1]).is_none()) => {
            Some(format!("\"{name}\" directive invalid value"))
        }
        Value::Word => (!known.words.iter().any(|word| word == first)).then(|| format!("invalid value \"{first}\"")),
        Value::Words => {
            arguments.iter().find(|&&word| !known.words.iter().any(|known| known == word)).map(|word| format!("invalid value \"{word}\""))
        }
        Value::Flag | Value::Number | Value::Size | Value::Time | Value::Buffers => None,
    }
}

/// What the handler of the directive itself refuses.
fn bad_meaning(known: &Known, understood: &Understood, around: Option<&Meaning>) -> Option<String> {
    if understood.meaning == Meaning::Unknown && known.meaning != Sense::Include && known.meaning != Sense::PassRequestHeaders {
        return Some(understood.why.clone());
    }
    let regex = match &understood.meaning {
        Meaning::Rewrite(rewrite) => Some(rewrite.regex.as_str()),
        Meaning::Condition(Condition::Variable { question: super::Question::Matches { regex, .. }, .. }) => Some(regex.as_str()),
        Meaning::Location(location) if matches!(location.modifier, LocationModifier::Regex | LocationModifier::RegexIgnoringCase) => {
            Some(location.path.as_str())
        }
        _ => None,
    };
    if let Some(regex) = regex.filter(|regex| unbalanced(regex)) {
        return Some(format!("pcre2_compile() failed: missing closing parenthesis in \"{regex}\""));
    }
    match &understood.meaning {
        Meaning::Upstream(super::Upstream::Pass { directive, url }) if directive == "proxy_pass" => bad_pass(url, around),
        _ => None,
    }
}

/// `ngx_http_proxy_pass`: a URL, and a path in it only where the location has a text of which it takes the place.
fn bad_pass(url: &super::Text, around: Option<&Meaning>) -> Option<String> {
    let literal = url.as_literal()?;
    let Some(rest) = literal.strip_prefix("http://").or_else(|| literal.strip_prefix("https://")) else {
        return Some("invalid URL prefix".to_owned());
    };
    let no_text = match around? {
        Meaning::Location(location) => {
            matches!(location.modifier, LocationModifier::Regex | LocationModifier::RegexIgnoringCase | LocationModifier::Named)
        }
        Meaning::Condition(_) | Meaning::Methods(_) => true,
        _ => false,
    };
    (no_text && rest.contains('/')).then(|| {
        "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside \"if\" statement, \
         or inside \"limit_except\" block"
            .to_owned()
    })
}

/// Parentheses that no regular expression can have.
fn unbalanced(regex: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0_i64, false, false);
    for byte in regex.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => class = true,
            b']' => class = false,
            b'(' if !class => depth += 1,
            b')' if !class => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return true;
        }
    }
    depth != 0
}

/// `ngx_http_referer_merge_conf`: a block that names `none` or `blocked` must name somebody, expressions not counted.
fn referers(snippet: &Snippet, contexts: &[Option<Context>]) -> Vec<Refusal> {
    let mut blocks: BTreeMap<Option<usize>, Vec<&Directive>> = BTreeMap::new();
    for (directive, _) in snippet.directives.iter().zip(contexts).filter(|(directive, context)| {
        context.is_some_and(|context| understand::known_in(directive.name(), context).is_some()) && directive.name() == "valid_referers"
    }) {
        blocks.entry(directive.parent).or_default().push(directive);
    }
    let mut found = Vec::new();
    for directives in blocks.values() {
        let mut words = directives.iter().flat_map(|directive| directive.arguments()).map(|word| word.text.as_str());
        let has_absent = words.clone().any(|word| ["none", "blocked"].contains(&word));
        if has_absent && !words.any(|word| !["none", "blocked"].contains(&word) && !word.starts_with('~')) {
            found.push(Refusal {
                span: directives[0].head(),
                message: "the \"none\" or \"blocked\" referers are specified in the \"valid_referers\" directive without any valid referer"
                    .to_owned(),
                unless: Unless::Never,
            });
        }
    }
    found
}

/// Variables and zones that neither nginx, nor the template, nor the snippet defines.
fn undefined(snippet: &Snippet, understood: &[Understood]) -> Vec<Refusal> {
    let mut variables: BTreeSet<String> = BTreeSet::new();
    let mut zones: BTreeSet<String> = BTreeSet::new();
    for one in understood {
        match understand::provided(&one.meaning) {
            Some(Defined::Variable(name)) => drop(variables.insert(name)),
            Some(Defined::Zone(name)) => drop(zones.insert(name)),
            Some(Defined::Upstream(_)) | None => {}
        }
        match &one.meaning {
            Meaning::Rewrite(rewrite) => variables.extend(pattern::group_names(&rewrite.regex)),
            Meaning::Location(location) => variables.extend(pattern::group_names(&location.path)),
            Meaning::Condition(Condition::Variable { question: super::Question::Matches { regex, .. }, .. }) => {
                variables.extend(pattern::group_names(regex));
            }
            _ => {}
        }
    }
    let known = |name: &str| catalogue::knows_variable(name) || variables.contains(name);
    let mut found = Vec::new();
    for (index, one) in understood.iter().enumerate() {
        let mut used: Vec<&str> = one.meaning.texts().into_iter().flat_map(super::Text::variables).collect();
        if let Meaning::Condition(Condition::Variable { variable, .. }) = &one.meaning {
            used.push(variable);
        }
        for name in used {
            if !known(name) {
                let unless = Unless::Defined(Defined::Variable(name.to_owned()));
                found.push(Refusal { span: one.span.clone(), message: format!("unknown \"{name}\" variable"), unless });
            }
        }
        if let Some(zone) = zone(&snippet.directives[index], &one.meaning)
            && !zones.contains(zone)
            && !catalogue::knows_zone(zone)
        {
            let message = match one.meaning {
                Meaning::Cache => format!("\"{}\" zone \"{zone}\" is unknown", snippet.directives[index].name()),
                _ => format!("zero size shared memory zone \"{zone}\""),
            };
            found.push(Refusal { span: one.span.clone(), message, unless: Unless::Defined(Defined::Zone(zone.to_owned())) });
        }
    }
    found
}

/// The zone that a directive needs.
fn zone<'a>(directive: &'a Directive, meaning: &'a Meaning) -> Option<&'a str> {
    match meaning {
        Meaning::Limit(super::Limit::Rate { zone, .. } | super::Limit::Connections { zone, .. }) => Some(zone),
        Meaning::Cache if matches!(directive.name(), "proxy_cache" | "fastcgi_cache") => {
            directive.arguments().first().map(|word| word.text.as_str()).filter(|zone| *zone != "off" && !zone.contains('$'))
        }
        _ => None,
    }
}
