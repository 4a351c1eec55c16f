//! What filters do, and what they cannot.

use serde::Deserialize;

choices! {
    /// Filters of backends that rewrite, redirect or mirror.
    BackendFilters {
        /// Only the host can be rewritten; the rest costs the backend (500).
        HostOnly,
        /// None does anything.
        Ignored,
        /// All work.
        All,
    }
    /// How values of header modifiers are read.
    HeaderValues {
        /// As Envoy format strings; a bad one costs the whole port.
        Formats,
        /// As they are.
        Literal,
        /// Between double quotes of nginx, where a backslash escapes; what begins with a dollar sign is a variable.
        Quoted,
    }
    /// What several operations on one header do.
    HeaderOperations {
        /// Removed first, then added; what is added is not set.
        RemoveAdd,
        /// Set, added, removed.
        SetAddRemove,
        /// What is added stands behind what the client sent, in one line; what is set is a line beside it; removed.
        Listed,
    }
    /// `Host` in a header modifier.
    HostOperation {
        /// The rule answers 500.
        RuleFails,
        /// The data plane refuses all routes of the port.
        PortFails,
        /// The Host is set.
        Sets,
        /// The Host is set, and one that is none is sent empty (`Request.write` in net/http of Go).
        SetsHosts,
    }
    /// How a matched prefix is replaced.
    PrefixReplacement {
        /// As text, with regular expressions for an empty replacement.
        Text,
        /// As text to the last slash, with a regular expression where a slash replaces; nothing replaces nothing.
        Literal,
        /// By joining cleaned paths.
        Join,
        /// By elements, as the table of the specification says.
        Elements,
        /// As nginx replaces what its expression takes: a final slash of what replaces stays for the bare prefix.
        Expression,
    }
    /// How rewritten paths are written.
    RewriteEncoding {
        /// As they are.
        Raw,
        /// Decoded, and encoded again.
        Encoded,
        /// Decoded up to a question mark, and escaped again by nginx; left decoded in a Location.
        Escaped,
    }
    /// Which paths a redirect can have.
    RedirectPaths {
        /// All.
        Any,
        /// Those without query, doubled slashes and dot segments; with another one the rule answers 500.
        Clean,
    }
    /// Where the port of a redirect comes from.
    RedirectPort {
        /// Listener; 80 and 443 are not written whatever the scheme, and the Host header keeps its own port.
        ListenerOrHost,
        /// Listener; not written where it is that of the scheme, and then the Host header keeps its own port.
        SchemeOrHost,
        /// Host header; an explicit port is always written.
        Host,
        /// Listener; not written where it is that of the scheme.
        Listener,
        /// Listener; not written where the filter names the scheme and no port, or that of the scheme. The host is in lower case.
        UnlessScheme,
    }
    /// In which order filters of one rule act.
    FilterOrder {
        /// In one of the implementation, however they are listed.
        Own,
        /// As listed; what stands behind a redirect does nothing.
        Listed,
    }
    /// Whether the status of a route tells of filters that cost their rule.
    FilterFaults {
        /// References to what is not there are told.
        Told,
        /// Nothing is told, nor of backends of such a rule.
        Silent,
    }
    /// How a header match sees headers that the router sends by itself.
    OverwrittenHeaders {
        /// As the client sent them.
        AsSent,
        /// As the client sent them, but for the scheme, unless proxies are trusted to tell it.
        SchemeAsMade,
        /// As the router sends them.
        AsMade,
    }
    /// What a mirror costs whose backend cannot be resolved.
    MirrorFaults {
        /// Its rule answers 500.
        Rule,
        /// Nothing but the copies.
        Copies,
        /// Nothing but the copies, and no condition says so.
        Ignored,
    }
    /// A filter that not everybody has.
    Handling {
        /// Works.
        Works,
        /// The rule answers 500.
        RuleFails,
    }
    /// Whom headers of CORS are for.
    CorsAnswers {
        /// Requests whose origin is allowed, and preflights.
        AllowedOrigins,
        /// Everybody; the origin itself is named where it is allowed, or where all are.
        Everybody,
        /// Everybody, and all of them in every answer; origin and credentials where the origin is allowed.
        EveryAnswer,
    }
    /// Requests with `OPTIONS` that a rule with CORS answers itself.
    CorsOptions {
        /// Those with `Origin` and `Access-Control-Request-Method`.
        Preflights,
        /// All of them.
        Every,
    }
    /// Preflight requests for a rule with CORS whose method is another one.
    MethodPreflights {
        /// They are for that rule.
        Taken,
        /// Its method decides, as with every request.
        NotTaken,
    }
    /// Preflight requests for a rule whose backends cannot be reached.
    FailingPreflights {
        /// They get what all requests get.
        FailToo,
        /// They are answered.
        Answered,
    }
    /// Preflight requests whose origin is not allowed.
    ForeignPreflight {
        /// 200 without the allowed origin.
        AnsweredWithoutOrigin,
        /// 200 without any of the headers.
        AnsweredBare,
    }
    /// Answers that the router makes itself.
    OwnAnswer {
        /// Redirects of a filter.
        Redirect,
        /// 500 and 503 for want of a backend, 504.
        Error,
        /// What policies answer in place of a backend.
        Refusal,
    }
    /// Where the value of a header that is sent upstream comes from.
    HeaderSource {
        /// Address of the peer.
        Peer,
        /// What the client sent, and the peer.
        AppendedPeer,
        /// What the client sent, and the peer, with blanks behind the commas.
        ListedPeer,
        /// What filters of the rule left of it, and the peer; nothing that the client sent.
        LatePeer,
        /// Scheme of the connection.
        Scheme,
        /// Host header.
        Host,
        /// Port of the Host header, else that of the scheme.
        HostPort,
        /// Something that nobody can foresee.
        Unforeseeable,
        /// Something of the router's own where the rule leaves nothing; a match sees what the client sent.
        WhereAbsent,
        /// Not sent.
        Removed,
    }
}
