//! The command line. One file a verb: gather, call, render.

mod args;
#[cfg(feature = "cluster")]
mod cluster;
mod config;
mod convert;
mod diff;
mod estate;
mod exit;
mod explain;
mod flags;
mod gather;
mod generate;
mod interrupt;
mod needs;
mod report;
mod requests;
mod snippets;
mod targets;
mod trace;
mod validate;
mod write;

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{CommandFactory, FromArgMatches};

use crate::report::Colours;
use args::{Cli, Colour, Verb};
use exit::Exit;

/// Parses the arguments, runs the verb, and gives the exit code of the table in README.
pub fn main() -> ExitCode {
    let mut command = generate::called(command(), std::env::args_os().next().as_ref().map(std::path::Path::new));
    let parsed = command.try_get_matches_from_mut(std::env::args_os()).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed.map_err(|error| error.format(&mut command)) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage.code() } else { Exit::Clean.code() };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let terminal = Terminal::new(cli.color);
    let result = match cli.verb {
        Verb::Convert(arguments) => convert::run(&arguments, &terminal),
        Verb::Diff(arguments) => diff::run(&arguments, &terminal),
        Verb::Report(arguments) => report::run(&arguments, &terminal),
        Verb::Trace(arguments) => trace::run(&arguments, &terminal),
        Verb::Validate(arguments) => validate::run(&arguments, &terminal),
        Verb::Targets(arguments) => targets::run(&arguments, &terminal),
        Verb::Explain(arguments) => explain::run(&arguments, &terminal),
        Verb::Completion(arguments) => generate::completion(&arguments, command, &terminal),
        Verb::Man(arguments) => generate::man(&arguments, command, &terminal),
    };
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        // The reader of a pipe went away; that is its right.
        Err(error)
            if error
                .chain()
                .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)) =>
        {
            ExitCode::from(Exit::Clean.code())
        }
        Err(error) => {
            terminal.notice(&format!("error: {error:#}\n"));
            ExitCode::from(if error.is::<Usage>() { Exit::Usage } else { Exit::Failed }.code())
        }
    }
}

/// The command as a whole, for completions and manual pages.
pub fn command() -> clap::Command {
    Cli::command()
}

/// A wrong argument that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// The text of a file that a flag names.
fn named(flag: &str, path: &Path) -> Result<String, Usage> {
    std::fs::read_to_string(path).map_err(|error| Usage(format!("--{flag} {}: {error}", path.display())))
}

/// Where output goes: data to stdout, notices to stderr.
struct Terminal {
    /// Of notices.
    colours: Colours,
    /// Of data that goes to a terminal.
    wanted: Colours,
    /// Of data that goes elsewhere.
    forced: Colours,
}

impl Terminal {
    fn new(colour: Colour) -> Self {
        let wanted = match colour {
            Colour::Always => Colours::On,
            Colour::Auto if std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) => Colours::On,
            Colour::Never | Colour::Auto => Colours::Off,
        };
        let forced = if colour == Colour::Always { Colours::On } else { Colours::Off };
        let colours = if io::stderr().is_terminal() { wanted } else { forced };
        Self { colours, wanted, forced }
    }

    /// Data.
    #[expect(clippy::unused_self, reason = "the only way to stdout")]
    fn data(&self, text: &str) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("writing to standard output")
    }

    /// Characters in a line of stdout; `None` where nobody tells.
    fn width(&self) -> Option<u16> {
        self.width_to(io::stdout().is_terminal())
    }

    /// The same where it is known whether a terminal gets the text.
    #[expect(clippy::unused_self, reason = "the only one who knows stdout")]
    fn width_to(&self, terminal: bool) -> Option<u16> {
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|&columns: &u16| columns >= 40);
        columns.or_else(|| terminal.then(|| comfy_table::Table::new().width()).flatten())
    }

    /// Where data goes that is made bit by bit.
    #[expect(clippy::unused_self, reason = "the only way to stdout")]
    fn stdout(&self) -> impl Write {
        io::stdout().lock()
    }

    /// Notices. A closed stderr is no reason to stop.
    #[expect(clippy::unused_self, reason = "the only way to stderr")]
    fn notice(&self, text: &str) {
        let mut out = io::stderr().lock();
        let _ = out.write_all(text.as_bytes());
    }
}
