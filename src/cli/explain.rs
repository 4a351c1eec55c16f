//! `gateshift explain`: what the catalogue knows.

use super::{Terminal, Usage, args::Explain, exit::Exit};
use crate::catalog;

/// Prints every meaning of the words; a word without one is an error with the nearest known one.
pub(super) fn run(arguments: &Explain, terminal: &Terminal) -> anyhow::Result<Exit> {
    let query = arguments.words.join(" ");
    #[cfg(feature = "cluster")]
    if query == "cluster-role" {
        terminal.data(crate::read::cluster::CLUSTER_ROLE)?;
        return Ok(Exit::Clean);
    }
    if !arguments.filenames.is_empty() {
        if query != "snippet" {
            return Err(Usage("only snippets are explained from files: `gateshift explain snippet -f FILE`".to_owned()).into());
        }
        return super::snippets::run(arguments, terminal);
    }
    if query == "target" {
        return Err(Usage(format!("name a target: `gateshift explain target ID`; known are {}", super::targets::known())).into());
    }
    if let [word, id] = arguments.words.as_slice()
        && word == "target"
    {
        let text =
            super::targets::explain(id).ok_or_else(|| Usage(format!("unknown target `{id}`; known are {}", super::targets::known())))?;
        terminal.data(&text)?;
        return Ok(Exit::Clean);
    }
    let found = catalog::explain(&query);
    if found.is_empty() {
        let hint = catalog::Explained::suggestion(&query).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(Usage(format!("nothing is known about `{query}`{hint}")).into());
    }
    let text = found.iter().map(|explained| explained.text.clone()).collect::<Vec<_>>().join("\n");
    terminal.data(&text)?;
    Ok(Exit::Clean)
}
