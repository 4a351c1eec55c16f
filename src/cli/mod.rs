//! The command line. One file a verb: gather, call, render.

use std::process::ExitCode;

/// Parses the arguments, runs the verb, and gives the exit code of the table in README.
pub fn main() -> ExitCode {
    ExitCode::from(2)
}
