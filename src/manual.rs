//! What is told of the command line itself, from its one definition: completions
//! and manual pages.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Args;
use crate::report::{Failure, Outcome};
use crate::term::{print_bytes, say};

/// Runs the command `completions`.
pub(crate) fn completions(shell: Shell) -> Outcome {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print_bytes(&script)
}

/// Runs the command `man`: writes a page for each command.
pub(crate) fn pages(directory: &Path) -> Outcome {
    let written = fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Args::command(), directory));
    written.map_err(|error| {
        let place = directory.display();
        Failure::new(format_args!(
            "cannot write manual pages to {place}: {error}"
        ))
    })?;
    say(format_args!(
        "the manual pages are in {}; read them with `man {}`",
        directory.display(),
        directory.join("tokn-router.1").display()
    ));
    Ok(())
}
