//! In which order matches are tried: a rank with one field a clause, in the order in which the dialect lists the clauses.

use std::cmp::Reverse;

use super::dialect::Order;

/// How the path of a match is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathKind {
    /// By elements.
    Prefix,
    /// By a regular expression.
    Regex,
    /// As a whole.
    Exact,
}

/// Which kind of place a path finds, where the path alone finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// What lies below a prefix.
    Below,
    /// A regular expression.
    Regex,
    /// A path that ends with a slash, without that slash.
    Slash,
    /// The bare path of a prefix.
    Bare,
    /// A whole path.
    Whole,
}

/// What a match says, as far as its rank needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How the path is compared.
    pub path: PathKind,
    /// Characters of the path as written.
    pub path_length: usize,
    /// The path is the prefix `/`, which says nothing.
    pub whole: bool,
    /// What is meant is the path without its final slash, to which nginx adds the slash.
    pub slash: bool,
    /// The match has a method.
    pub method: bool,
    /// Header matches, each name once.
    pub headers: usize,
    /// Header matches without regular expression.
    pub exact_headers: usize,
    /// Query matches.
    pub queries: usize,
    /// Query matches without regular expression.
    pub exact_queries: usize,
    /// Characters of the longest hostname of the route at this listener.
    pub host_length: usize,
    /// Rules of the route from this one to the last.
    pub rules_left: usize,
    /// Characters of the rule as text, where it is a gRPC match and an implementation ranks by that.
    pub grpc_text: Option<usize>,
}

/// Rank of a match: the greater one is tried first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The clauses of `HTTPRouteRule`, in their order.
    Specification {
        /// Exact path.
        exact: bool,
        /// Characters of a prefix.
        prefix: usize,
        /// Characters of a regular expression, which the specification gives no place.
        regex: usize,
        /// Method match.
        method: bool,
        /// Header matches.
        headers: usize,
        /// Query matches.
        queries: usize,
    },
    /// Kind of the path first, method and headers counted alike.
    KindFirst {
        /// Exact, then regular expression, then prefix.
        path: PathKind,
        /// Characters of the path; none for the prefix `/`.
        length: usize,
        /// Method and header matches.
        headers: usize,
        /// Of these the ones without regular expression.
        exact_headers: usize,
        /// Query matches.
        queries: usize,
        /// Of these the ones without regular expression.
        exact_queries: usize,
    },
    /// Kind of the path first, expressions without regard to their length.
    ExpressionsAlike {
        /// Exact, then regular expression, then prefix.
        path: PathKind,
        /// Characters of the path; none for expressions.
        length: usize,
        /// Method match.
        method: bool,
        /// Header matches.
        headers: usize,
        /// Query matches.
        queries: usize,
    },
    /// One sum.
    Score(usize),
    /// The place of the path first; what else is asked is asked there.
    Locations {
        /// Kind of the place.
        location: Location,
        /// Characters of the path.
        length: usize,
        /// The path: of expressions of one length the lesser is tried first.
        path: Reverse<String>,
        /// Method match.
        method: bool,
        /// Header matches.
        headers: usize,
        /// Query matches.
        queries: usize,
    },
}

impl Rank {
    /// The rank of a match on a path; `bare` where only the path of a prefix itself is meant, not what lies below.
    pub fn of(shape: &Shape, order: Order, text: &str, bare: bool) -> Self {
        let Shape {
            path,
            path_length,
            whole,
            slash,
            method,
            headers,
            exact_headers,
            queries,
            exact_queries,
            host_length,
            rules_left,
            grpc_text,
        } = *shape;
        match order {
            Order::Specification => Self::Specification {
                exact: path == PathKind::Exact,
                prefix: if path == PathKind::Prefix { path_length } else { 0 },
                regex: if path == PathKind::Regex { path_length } else { 0 },
                method,
                headers,
                queries,
            },
            Order::KindFirst => Self::KindFirst {
                path,
                length: if whole { 0 } else { path_length },
                headers: headers + usize::from(method),
                exact_headers: exact_headers + usize::from(method),
                queries,
                exact_queries,
            },
            Order::ExpressionsAlike => {
                Self::ExpressionsAlike { path, length: if path == PathKind::Regex { 0 } else { path_length }, method, headers, queries }
            }
            Order::Locations => Self::Locations {
                location: match path {
                    PathKind::Exact | PathKind::Prefix if slash => Location::Slash,
                    PathKind::Exact => Location::Whole,
                    PathKind::Regex => Location::Regex,
                    PathKind::Prefix if bare => Location::Bare,
                    PathKind::Prefix => Location::Below,
                },
                length: path_length,
                path: Reverse(text.to_owned()),
                method,
                headers,
                queries,
            },
            Order::Score => {
                if let Some(text) = grpc_text {
                    return Self::Score(text + host_length);
                }
                let path = match path {
                    PathKind::Exact => 100_000,
                    PathKind::Prefix if whole => 1,
                    PathKind::Prefix | PathKind::Regex => 10_000 + 100 * path_length,
                };
                let conditions = 1000 * usize::from(method) + 10 * queries;
                Self::Score(headers.saturating_mul(100).saturating_add(path + conditions + host_length + rules_left))
            }
        }
    }
}

impl Rank {
    /// The place that the path finds, where the path alone finds it; conditions that fail there end the search.
    pub fn place(&self) -> Option<(Location, &str)> {
        match self {
            Self::Locations { location, path: Reverse(path), .. } => Some((*location, path)),
            Self::Specification { .. } | Self::KindFirst { .. } | Self::ExpressionsAlike { .. } | Self::Score(_) => None,
        }
    }
}

/// What decides between matches of one rank: the lesser one is tried first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tie {
    /// Routes of gRPC after all of HTTP, where routes are read kind by kind.
    pub kind: bool,
    /// Creation time as RFC 3339 text; routes that were not created yet come last.
    pub created: (bool, String),
    /// `namespace/name`.
    pub name: String,
    /// Routes of gRPC after those of HTTP.
    pub grpc: bool,
    /// Position of the rule in the route.
    pub rule: usize,
    /// Position of the match in the rule.
    pub matched: usize,
}

/// Sorts by rank, then by tie.
pub type Place = (Reverse<Rank>, Tie);

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Shape = Shape {
        path: PathKind::Prefix,
        path_length: 2,
        whole: false,
        slash: false,
        method: false,
        headers: 0,
        exact_headers: 0,
        queries: 0,
        exact_queries: 0,
        host_length: 0,
        rules_left: 1,
        grpc_text: None,
    };

    #[test]
    fn a_method_beats_headers_and_a_header_beats_queries_in_the_specification() {
        let rank = |shape: Shape| Rank::of(&shape, Order::Specification, "/p", false);
        let method = rank(Shape { method: true, ..PLAIN });
        let headers = rank(Shape { headers: 2, exact_headers: 2, ..PLAIN });
        let queries = rank(Shape { queries: 3, exact_queries: 3, ..PLAIN });
        assert!(method > headers && headers > queries);
    }

    #[test]
    fn two_headers_beat_a_method_where_both_count_alike() {
        let rank = |shape: Shape| Rank::of(&shape, Order::KindFirst, "/p", false);
        assert!(rank(Shape { headers: 2, exact_headers: 2, ..PLAIN }) > rank(Shape { method: true, ..PLAIN }));
        assert_eq!(rank(Shape { headers: 1, exact_headers: 1, ..PLAIN }), rank(Shape { method: true, ..PLAIN }));
    }

    #[test]
    fn the_length_of_an_expression_counts_for_nothing_where_all_are_alike() {
        let rank = |shape: Shape| Rank::of(&shape, Order::ExpressionsAlike, "/p", false);
        let expression = Shape { path: PathKind::Regex, ..PLAIN };
        assert_eq!(rank(Shape { path_length: 9, ..expression }), rank(expression));
        assert!(rank(Shape { headers: 1, ..expression }) > rank(Shape { path_length: 9, ..expression }));
        assert!(rank(expression) > rank(Shape { path_length: 9, ..PLAIN }));
        assert!(rank(Shape { method: true, ..PLAIN }) > rank(Shape { headers: 2, ..PLAIN }));
    }

    #[test]
    fn the_number_of_rules_counts_in_a_score() {
        let rank = |shape: Shape| Rank::of(&shape, Order::Score, "/p", false);
        assert!(
            rank(Shape { rules_left: 16, whole: true, host_length: 13, ..PLAIN }) > rank(Shape { whole: true, host_length: 16, ..PLAIN })
        );
    }

    #[test]
    fn a_bare_prefix_is_found_before_expressions_and_what_lies_below_after_them() {
        let rank = |path: PathKind, bare: bool| Rank::of(&Shape { path, headers: 1, ..PLAIN }, Order::Locations, "/p", bare);
        let below = Rank::of(&Shape { path_length: 9, ..PLAIN }, Order::Locations, "/p", false);
        assert!(rank(PathKind::Exact, false) > rank(PathKind::Prefix, true));
        assert!(rank(PathKind::Prefix, true) > rank(PathKind::Regex, false));
        assert!(rank(PathKind::Regex, false) > below);
    }
}
