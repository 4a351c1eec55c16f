//! How requests are read before and while they are matched.

use serde::Deserialize;

choices! {
    /// Requests that ask for a WebSocket.
    Websockets {
        /// They are passed on.
        Passed,
        /// They are refused (403), unless a policy enables them or the Service says that it speaks so.
        AskedFor,
    }
    /// In which order matches are tried.
    Order {
        /// Host, exact, longest prefix, method, headers, queries; regular expressions below prefixes.
        Specification,
        /// Exact, regular expression, prefix; then length; method and headers counted alike; then queries.
        KindFirst,
        /// Exact, regular expression of whatever length, longest prefix; then method, headers, queries.
        ExpressionsAlike,
        /// One sum of points.
        Score,
        /// Whole paths, regular expressions, longest prefix: the path alone finds the place, where method, headers and queries are asked.
        Locations,
    }
    /// What decides between matches of equal rank.
    Ties {
        /// Older route, name, order of rules.
        Age,
        /// Chance, at every start.
        Chance,
    }
    /// How regular expressions are applied.
    RegexScope {
        /// To the whole text.
        Full,
        /// Anywhere in the text.
        Search,
        /// From the start of a path on, as PCRE.
        Start,
    }
    /// What a regular expression that cannot be compiled costs.
    BadRegex {
        /// Its rule.
        Rule,
        /// Its match.
        Match,
        /// The data plane refuses all routes of the port.
        Port,
    }
    /// What an empty regular expression costs.
    EmptyRegex {
        /// Everything: nobody listens.
        Everything,
        /// The data plane refuses all routes of the port.
        Port,
        /// Its match.
        Match,
        /// Nothing: it matches the empty text.
        Nothing,
    }
    /// Which values of a query parameter count, and how they are read.
    QueryValues {
        /// The first, as sent.
        FirstRaw,
        /// Any, decoded.
        AnyDecoded,
        /// The first, decoded, unless it is empty.
        FirstDecoded,
    }
    /// What `;` does in a query.
    Semicolon {
        /// Nothing.
        Ordinary,
        /// It separates, and is sent upstream as `&`.
        Separates,
    }
    /// Repeated slashes of a path.
    Slashes {
        /// One; but a path of slashes only stays.
        MergedUnlessAlone,
        /// One.
        Merged,
        /// As sent.
        Kept,
    }
    /// Dot segments of a path.
    Dots {
        /// Resolved, with parameters or without; a slash stays behind.
        ResolvedWithSlash,
        /// Resolved where they have no parameters; a slash stays behind.
        ResolvedWithoutParameters,
        /// Resolved; the slash behind is lost.
        ResolvedWithoutSlash,
        /// As sent.
        Kept,
    }
    /// `%2F` and `%5C`.
    EscapedSlash {
        /// Redirected (307) to the path with slashes.
        Redirected,
        /// Refused (400).
        Refused,
        /// Read as slashes, and sent on as slashes.
        Unescaped,
        /// As sent.
        Kept,
    }
    /// Escapes of characters that need none.
    Escapes {
        /// Decoded; the others stay as sent.
        Decoded,
        /// Decoded; the others are written in upper case.
        DecodedOthersUpper,
        /// As sent.
        Kept,
    }
    /// A backslash in a path.
    Backslash {
        /// A slash.
        Slash,
        /// As sent, or an odd character.
        Kept,
    }
    /// Characters of a path that must be escaped and are not: `"<>^{|}`, the backquote, and what is beyond ASCII.
    OddCharacters {
        /// They are escaped.
        Escaped,
        /// The whole path is decoded and escaped again.
        Reencoded,
        /// As sent.
        Kept,
    }
    /// Requests of HTTP/1.0.
    Http10 {
        /// 426.
        UpgradeRequired,
        /// Answered like any other.
        Served,
    }
    /// What a header match sees of a header with several lines.
    HeaderLines {
        /// Each of them.
        Each,
        /// One text, with commas between them.
        Joined,
    }
    /// Header matches whose names differ in letter case only.
    RepeatedNames {
        /// All must hold.
        All,
        /// The first counts.
        First,
    }
    /// Which matches of gRPC are taken.
    GrpcMethods {
        /// All.
        Any,
        /// Those that name service and method, or neither; a rule with another one is left out.
        Whole,
    }
    /// Whose header modifiers come last where a rule and its backend have some.
    HeaderOrder {
        /// Those of the rule.
        RuleLast,
        /// Those of the backend.
        BackendLast,
    }
    /// Something in a target that does not belong there.
    Oddity {
        /// 400.
        Refused,
        /// Passed on.
        Passed,
    }
    /// Which form of the path is compared.
    Compared {
        /// The normalised one, escapes and all.
        Normalised,
        /// The normalised one, with escapes of characters decoded that are not reserved.
        Decoded,
        /// That by which nginx finds a location: everything decoded, slashes merged, dot segments resolved, nothing behind `#`.
        Location,
    }
    /// Which form of a path is sent on where nothing replaces it.
    SentPath {
        /// The normalised one.
        Normalised,
        /// The one that the client sent.
        AsSent,
    }
    /// How many values a line of a header has where matches look at it.
    HeaderLists {
        /// One.
        Whole,
        /// Those between its commas, blanks and all, of all lines joined by a comma and a blank; an empty header is none.
        Split,
    }
    /// Which hosts are well-formed.
    HostSpelling {
        /// Those of the characters that hosts have.
        Characters,
        /// Those without `@` and without empty label inside, and with a port of digits.
        Strict,
    }
    /// How methods are written.
    MethodSpelling {
        /// As anybody likes.
        Any,
        /// In capitals, with hyphens and underscores; others are refused (400).
        Capitals,
    }
    /// A request without Host header.
    MissingHost {
        /// Refused (400) unless its target names a host.
        Refused,
        /// Refused (400) in HTTP/1.1, whatever its target names.
        RefusedByHttp11,
    }
    /// Request headers with underscores.
    Underscores {
        /// 400.
        Refused,
        /// The header is left out.
        Dropped,
        /// As any other.
        Kept,
    }
}
