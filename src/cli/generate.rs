//! What is made from the command line itself: completions, manual pages, and its other name as a plugin of kubectl.

use std::{fs, path::Path};

use anyhow::Context as _;
use clap::Command;

use super::{
    Terminal, Usage,
    args::{Completion, Man},
    exit::Exit,
};

const NAME: &str = "gateshift";
const PLUGIN_FILE: &str = "kubectl-gateshift";
const PLUGIN_NAME: &str = "kubectl gateshift";

/// The command as it is called by: `kubectl gateshift` where the binary has the name that kubectl looks for.
pub(super) fn called(command: Command, program: Option<&Path>) -> Command {
    let stem = program.and_then(Path::file_stem).and_then(|stem| stem.to_str());
    if stem == Some(PLUGIN_FILE) { plugin(command).bin_name(PLUGIN_NAME) } else { command }
}

/// Examples as one types them with kubectl.
fn plugin(mut command: Command) -> Command {
    for before in ["\n  ", "| ", "`"] {
        let renamed =
            |text: &clap::builder::StyledStr| text.to_string().replace(&format!("{before}{NAME} "), &format!("{before}{PLUGIN_NAME} "));
        if let Some(text) = command.get_after_help().map(renamed) {
            command = command.after_help(text);
        }
    }
    command.mut_subcommands(plugin)
}

/// `gateshift completion`.
pub(super) fn completion(arguments: &Completion, command: Command, terminal: &Terminal) -> anyhow::Result<Exit> {
    // A shell completes a file name, so a plugin is completed by its own.
    let name = if command.get_bin_name() == Some(PLUGIN_NAME) { PLUGIN_FILE } else { NAME };
    let mut command = command.bin_name(name);
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    terminal.data(&String::from_utf8(script).context("writing a completion script")?)?;
    Ok(Exit::Clean)
}

/// `gateshift man`.
pub(super) fn man(arguments: &Man, mut command: Command, terminal: &Terminal) -> anyhow::Result<Exit> {
    command = command.bin_name(NAME);
    command.build();
    if let Some(directory) = &arguments.output_dir {
        fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
        clap_mangen::generate_to(command, directory).with_context(|| format!("writing {}", directory.display()))?;
        return Ok(Exit::Clean);
    }
    let page = match &arguments.verb {
        None => command,
        Some(verb) => {
            let found = command.find_subcommand(verb).ok_or_else(|| Usage(format!("`{verb}` is no verb")))?;
            found.clone().display_name(format!("{NAME}-{verb}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).context("writing a manual page")?;
    terminal.data(&String::from_utf8(text).context("writing a manual page")?)?;
    Ok(Exit::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(program: &str) -> String {
        let mut command = called(super::super::command(), Some(Path::new(program)));
        command.build();
        command.find_subcommand_mut("convert").expect("a verb").render_long_help().to_string()
    }

    #[test]
    fn a_plugin_of_kubectl_says_how_it_is_called() {
        let help = help("/usr/bin/kubectl-gateshift");
        assert!(help.contains("Usage: kubectl gateshift convert"), "{help}");
        assert!(help.contains("\n  kubectl gateshift convert -f"), "{help}");
        assert!(help.contains("| kubectl gateshift convert"), "{help}");
    }

    #[test]
    fn under_its_own_name_nothing_is_renamed() {
        let help = help("/usr/bin/gateshift");
        assert!(help.contains("Usage: gateshift convert"), "{help}");
        assert!(!help.contains("kubectl gateshift"), "{help}");
    }
}
