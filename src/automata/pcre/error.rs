//! Why a pattern is refused, in the numbers and words of PCRE2, which nginx puts into its error log.

use std::fmt;

/// PCRE2 refuses the pattern, and nginx the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: u16,
    offset: usize,
}

impl Error {
    pub(super) fn new(code: u16, offset: usize) -> Self {
        Self { code, offset }
    }

    /// The number of the error in PCRE2 (`PCRE2_ERROR_…`), 101 and up.
    pub fn code(&self) -> u16 {
        self.code + 100
    }

    /// Where in the pattern, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What PCRE2 says.
    pub fn message(&self) -> &'static str {
        MESSAGES.binary_search_by_key(&self.code, |(code, _)| *code).map_or("unknown error", |at| MESSAGES[at].1)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.message(), self.offset)
    }
}

impl std::error::Error for Error {}

/// The messages of PCRE2 10.46 that our reader can give.
const MESSAGES: &[(u16, &str)] = &[
    (1, "\\ at end of pattern"),
    (2, "\\c at end of pattern"),
    (3, "unrecognized character follows \\"),
    (4, "numbers out of order in {} quantifier"),
    (5, "number too big in {} quantifier"),
    (6, "missing terminating ] for character class"),
    (7, "escape sequence is invalid in character class"),
    (8, "range out of order in character class"),
    (9, "quantifier does not follow a repeatable item"),
    (11, "unrecognized character after (? or (?-"),
    (12, "POSIX named classes are supported only within a class"),
    (13, "POSIX collating elements are not supported"),
    (14, "missing closing parenthesis"),
    (15, "reference to non-existent subpattern"),
    (18, "missing ) after (?# comment"),
    (19, "parentheses are too deeply nested"),
    (20, "regular expression is too large"),
    (22, "unmatched closing parenthesis"),
    (24, "missing closing parenthesis for condition"),
    (25, "length of lookbehind assertion is not limited"),
    (26, "a relative value of zero is not allowed"),
    (27, "conditional subpattern contains more than two branches"),
    (28, "atomic assertion expected after (?( or (?(?C)"),
    (29, "digit expected after (?+ or (?-"),
    (30, "unknown POSIX class name"),
    (34, "character code point value in \\x{} or \\o{} is too large"),
    (35, "lookbehind is too complicated"),
    (36, "\\C is not allowed in a lookbehind assertion in UTF-8 mode"),
    (37, "PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u"),
    (38, "number after (?C is greater than 255"),
    (39, "closing parenthesis for (?C expected"),
    (41, "unrecognized character after (?P"),
    (42, "syntax error in subpattern name (missing terminator?)"),
    (43, "two named subpatterns have the same name (PCRE2_DUPNAMES not set)"),
    (44, "subpattern name must start with a non-digit"),
    (46, "malformed \\P or \\p sequence"),
    (47, "unknown property after \\P or \\p"),
    (48, "subpattern name is too long (maximum 128 code units)"),
    (49, "too many named subpatterns (maximum 10000)"),
    (50, "invalid range in character class"),
    (51, "octal value is greater than \\377 in 8-bit non-UTF-8 mode"),
    (54, "DEFINE subpattern contains more than one branch"),
    (55, "missing opening brace after \\o"),
    (57, "\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number"),
    (58, "(?R (recursive pattern call) must be followed by a closing parenthesis"),
    (60, "(*VERB) not recognized or malformed"),
    (61, "subpattern number is too big"),
    (62, "subpattern name expected"),
    (64, "non-octal character in \\o{} (closing brace missing?)"),
    (65, "different names for subpatterns of the same number are not allowed"),
    (66, "(*MARK) must have an argument"),
    (67, "non-hex character in \\x{} (closing brace missing?)"),
    (68, "\\c must be followed by a printable ASCII character"),
    (69, "\\k is not followed by a braced, angle-bracketed, or quoted name"),
    (71, "\\N is not supported in a class"),
    (76, "name is too long in (*MARK), (*PRUNE), (*SKIP), or (*THEN)"),
    (78, "digits missing after \\x or in \\x{} or \\o{} or \\N{U+}"),
    (79, "syntax error or number too big in (?(VERSION condition"),
    (81, "missing terminating delimiter for callout with string argument"),
    (82, "unrecognized string delimiter follows (?C"),
    (84, "(?| and/or (?J: or (?x: parentheses are too deeply nested"),
    (86, "regular expression is too complicated"),
    (87, "lookbehind assertion is too long"),
    (93, "\\N{U+dddd} is supported only in Unicode (UTF) mode"),
    (94, "invalid hyphen in option setting"),
    (95, "(*alpha_assertion) not recognized"),
    (97, "too many capturing groups (maximum 65535)"),
    (99, "\\K is not allowed in lookarounds (but see PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK)"),
    (100, "branch too long in variable-length lookbehind assertion"),
    (107, "extended character class nesting is too deep"),
    (109, "unexpected operator in extended character class (no preceding operand)"),
    (110, "expected operand after operator in extended character class"),
    (113, "unexpected expression in extended character class (no preceding operator)"),
    (114, "empty expression in extended character class"),
    (115, "terminating ] with no following closing parenthesis in (?[...]"),
    (116, "unexpected character in (?[...]) extended character class"),
];
