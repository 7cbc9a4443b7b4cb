//! What can be typed for `muster completions`.

use clap::Args;

/// `muster completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  muster completions bash > ~/.local/share/bash-completion/completions/muster")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}
