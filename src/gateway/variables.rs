//! Names of the variables that texts of answers may hold.

/// Name of the variable for the port of the Host header with its colon, empty where it has none.
pub const HOST_PORT: &str = "host-port";

/// Name of the variable for the port of the Host header, else that of the scheme.
pub const EFFECTIVE_HOST_PORT: &str = "effective-host-port";

/// Name of the variable for the path with escaped slashes read as slashes.
pub const UNESCAPED_PATH: &str = "unescaped-path";

/// Name of the variable for the Host header without a port that is that of the scheme.
pub const HOST_WITHOUT_DEFAULT_PORT: &str = "host-without-default-port";

/// Name of the variable for the host in lower case, without port and final dot.
pub const LOWER_HOST: &str = "lower-host";

/// Name of the variable for what the client sent as `X-Forwarded-For` with its address, in one list.
pub const LISTED_PEER: &str = "listed-peer";

/// Start of the name of variables for what the client sent under a header and a comma behind it, nothing where it sent none.
pub const LISTED: &str = "listed ";

/// Name of the variable for the query with its question mark, nothing where it is empty.
pub const ARGUMENTS: &str = "arguments";

/// Name of the variable for the same query read and written again.
pub const RETOLD_ARGUMENTS: &str = "retold-arguments";

/// Start of the name of variables for the value of a header; behind its name stands what it is where the client sends none, the Host
/// header where that is empty.
pub const HEADER_OR: &str = "header-or ";

/// Start of the name of variables for what the client sent under a header with something appended.
pub const APPENDED: &str = "appended ";
