//! What can be typed to invite users, to look at their invites and to open a link.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::invite::{Link, Mailbox, STATES};

use super::database::DatabaseArgs;
use super::value::age;

/// The recipients.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recipients (all filters apply)")]
pub(crate) struct RecipientArgs {
    /// Users with these addresses
    #[arg(value_name = "ADDRESS")]
    pub(crate) addresses: Vec<String>,
    /// Users whose addresses are in this file
    ///
    /// One address a line, or CSV with a column `email`.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Users that this run inserted
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Users of the account with this key
    #[arg(long, value_name = "KEY")]
    pub(crate) account: Option<String>,
    /// Only users with this role
    #[arg(long, value_name = "ROLE", hide_short_help = true)]
    pub(crate) role: Option<String>,
    /// Only users with this language
    #[arg(long, value_name = "LANGUAGE", hide_short_help = true)]
    pub(crate) language: Option<String>,
    /// Only users who came from an older system (true), or who did not (false)
    #[arg(long, value_name = "BOOL", hide_short_help = true)]
    pub(crate) migrated: Option<bool>,
}

/// What the mails say, how they go out, and how many.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Who the mails are from: an address, or as `Name <address>`
    #[arg(long, value_name = "SENDER", required_unless_present = "dry_run", help_heading = "Mails")]
    pub(crate) from: Option<Mailbox>,
    /// The address of the links; {token} becomes the secret
    #[arg(long, value_name = "URL", required_unless_present = "dry_run", help_heading = "Mails")]
    pub(crate) link: Option<Link>,
    /// How long a link is valid: a number with h, d or w
    #[arg(long, value_name = "AGE", default_value = "14d", value_parser = age)]
    #[arg(help_heading = "Mails", hide_short_help = true)]
    pub(crate) expires: Duration,
    /// Your own texts: LANGUAGE.txt and LANGUAGE.html for each language
    #[arg(long, value_name = "DIR", help_heading = "Mails", hide_short_help = true)]
    pub(crate) templates: Option<PathBuf>,
    /// A template that Postmark keeps, by its alias; {language} becomes the user's language
    #[arg(long, value_name = "ALIAS", conflicts_with = "templates")]
    #[arg(help_heading = "Mails", hide_short_help = true)]
    pub(crate) template: Option<String>,
    /// Write a preview as .eml files: nobody counts as invited
    #[arg(long, value_name = "DIR", conflicts_with_all = ["token_file", "to_dir", "dry_run"])]
    #[arg(help_heading = "Sending")]
    pub(crate) preview: Option<PathBuf>,
    /// Write .eml files instead of sending: these users count as invited
    #[arg(long, value_name = "DIR", conflicts_with_all = ["token_file", "stream"], help_heading = "Sending")]
    pub(crate) to_dir: Option<PathBuf>,
    /// The file with Postmark's server token, mode 0600 [default: the variable `POSTMARK_SERVER_TOKEN`]
    #[arg(long, value_name = "FILE", help_heading = "Sending")]
    pub(crate) token_file: Option<PathBuf>,
    /// Postmark's message stream
    #[arg(long, value_name = "NAME", default_value = "outbound")]
    #[arg(help_heading = "Sending", hide_short_help = true)]
    pub(crate) stream: String,
    #[arg(long, value_name = "URL", env = "POSTMARK_API_URL", hide = true)]
    #[allow(missing_docs)] // For the tests: shown nowhere.
    pub(crate) postmark_url: Option<String>,
    /// Send nothing to the addresses in this file, now and later; can be given several times
    #[arg(long, value_name = "FILE", help_heading = "Sending", hide_short_help = true)]
    pub(crate) suppress: Vec<PathBuf>,
    /// At most N mails now
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Sending")]
    pub(crate) limit: Option<u64>,
    /// At most N mails a minute
    #[arg(long, value_name = "N/min", value_parser = rate, help_heading = "Sending", hide_short_help = true)]
    pub(crate) rate: Option<u32>,
    /// How long to wait after a lost answer before Postmark is asked whether it took a mail: a number with s, m or h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time)]
    #[arg(help_heading = "Sending", hide_short_help = true)]
    pub(crate) settle: Duration,
    /// Show which mails would be sent; send and write nothing
    #[arg(long, help_heading = "Sending")]
    pub(crate) dry_run: bool,
}

/// `muster user invite`, `muster user invites resend`.
#[derive(Debug, Args)]
#[command(after_help = INVITE_EXAMPLE, after_long_help = INVITE_EXAMPLES)]
pub(crate) struct InviteArgs {
    /// The recipients.
    #[command(flatten)]
    pub(crate) recipients: RecipientArgs,
    /// What is sent, and how.
    #[command(flatten)]
    pub(crate) send: SendArgs,
    /// Where they are.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

const INVITE_EXAMPLE: &str = "\
Example:
  muster user invite --run 0193f2 --dry-run

More options and examples: muster user invite --help";

const INVITE_EXAMPLES: &str = "\
Examples:
  muster user invite --run 0193f2 --dry-run
  muster user invite --run 0193f2 --migrated true --limit 10 --preview mails \\
    --from 'Laadpalen <no-reply@example.nl>' \\
    --link 'https://app.example.nl/join/{token}'
  muster user invite jan@example.nl --token-file postmark.token \\
    --from no-reply@example.nl \\
    --link 'https://app.example.nl/join/{token}'

Nobody is mailed twice, not even after a crash: users who were invited before
are skipped (`invites resend` sends again). The role needs SELECT on the users'
tables, and CREATE on the database the first time, for the outbox.";

/// Where the users are, and how the result is printed.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Read the column rules from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) schemas: Option<PathBuf>,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// `muster user accept`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster user accept < token.txt")]
pub(crate) struct AcceptArgs {
    /// The secret of the link [default: read from standard input, so that other users of the machine do not see it]
    #[arg(allow_hyphen_values = true)] // One in 64 begins with a hyphen.
    pub(crate) token: Option<String>,
    /// Where the users are.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// `muster user invites`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct InvitesArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: InvitesAction,
}

/// What to do with invites.
#[derive(Debug, Subcommand)]
pub(crate) enum InvitesAction {
    /// List invites with their states
    #[command(after_help = "\
Examples:
  muster user invites list --state failed
  muster user invites list --json")]
    List(ListInvitesArgs),
    /// Send again to users who were invited and have not accepted; earlier links stop working
    Resend(Box<InviteArgs>),
    /// Withdraw invites that are not accepted: pending mails are not sent, links stop working
    #[command(after_help = "Example:\n  muster user invites revoke jan@example.nl")]
    Revoke(RevokeArgs),
}

/// `muster user invites list`.
#[derive(Debug, Args)]
pub(crate) struct ListInvitesArgs {
    /// Only the invite for this address
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Only invites in this state
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    pub(crate) state: Option<String>,
    /// Only invites to the account with this key
    #[arg(long, value_name = "KEY")]
    pub(crate) account: Option<String>,
    /// Where the users are.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// `muster user invites revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The recipients.
    #[command(flatten)]
    pub(crate) recipients: RecipientArgs,
    /// Where the users are.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

/// `N/min`, or `N`.
fn rate(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("/min").unwrap_or(text).trim();
    match number.parse() {
        Ok(rate @ 1..) => Ok(rate),
        _ => Err("write how many mails a minute, for example 60/min".to_owned()),
    }
}

/// A whole number of seconds (`s`), minutes (`m`) or hours (`h`).
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time such as 30s, 5m or 1h".to_owned();
    let text = text.trim();
    let unit = match text.chars().last().ok_or_else(wrong)? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    super::value::time(number, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_mails_a_minute() {
        assert_eq!((rate("60/min"), rate("7")), (Ok(60), Ok(7)));
        for wrong in ["", "0", "60/h", "-1", "a/min"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_has_a_unit() {
        for (text, seconds) in [("0s", 0), ("30s", 30), ("5m", 300), ("1h", 3600)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "s", "30", "1.5m", "3d", "é"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
