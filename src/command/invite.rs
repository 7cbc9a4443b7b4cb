//! `muster user invite`, `invites` and `accept`: mails to users, the states of invites, and links opened.

use std::io::{self, BufRead as _, Read as _, Write};

use crate::cli::{
    AcceptArgs, InviteArgs, InvitesAction, InvitesArgs, ListInvitesArgs, RecipientArgs, RevokeArgs,
};
use crate::exit::Exit;
use crate::invite::postmark::{API, Access, Content, Secret};
use crate::invite::{
    Invite, InviteError, InviteOptions, InvitePlan, Invited, ListQuery, Means, Selection, Sending, Templates,
    accept, invite, list, revoke,
};
use crate::output::visible::visible;
use crate::report::number::{count, grouped, minute};
use crate::report::table::{Table, room};

use super::CommandError;
use super::print::{json, print};
use super::question::ask;

/// How many accounts and places are named where a person reads.
const NAMED: usize = 10;

/// Shows the plan, asks, and sends.
pub(crate) fn run(
    args: &InviteArgs,
    resend: bool,
    yes: bool,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let options = options(args, resend)?;
    let by = options.sending.as_ref().map_or(String::new(), |sending| match &sending.means {
        Means::Folder(path) | Means::Preview(path) => format!("into {}", path.display()),
        Means::Postmark(_) => "by Postmark".to_owned(),
    });
    let mut shown: io::Result<()> = Ok(());
    let invited = invite(&options, |plan| {
        if !args.place.json {
            shown = print(out, render_plan(plan));
        }
        if plan.mails == 0 || yes { Ok(()) } else { ask(question(plan, &by)) }
    })?;
    let unprinted = |source| CommandError::Unprinted { see: "muster user invites list", source };
    shown.map_err(unprinted)?;
    let text = match (args.place.json, invited.dry_run) {
        (true, _) => json(&invited),
        (false, true) => {
            let plan = render_plan(&invited.plan);
            match &args.send.preview {
                Some(_) => {
                    let mails = count(invited.plan.mails, "mail");
                    format!("{plan}\n{mails} written {by} as a preview; nobody counts as invited\n")
                }
                None => format!("{plan}\nnothing was sent\n"),
            }
        }
        (false, false) => render_result(&invited, &by, args.send.to_dir.is_some()),
    };
    print(out, text).map_err(unprinted)?;
    let lacking = invited.failed + invited.unknown > 0 || invited.plan.is_incomplete();
    Ok(if lacking { Exit::Rejects } else { Exit::Done })
}

/// Lists, sends again, or withdraws.
pub(crate) fn invites(args: &InvitesArgs, yes: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    match &args.action {
        InvitesAction::List(args) => show(args, out),
        InvitesAction::Resend(args) => run(args, true, yes, out),
        InvitesAction::Revoke(args) => withdraw(args, yes, out),
    }
}

/// Opens a link.
pub(crate) fn open(args: &AcceptArgs, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut token = String::new();
    if let Some(typed) = args.token.as_deref().filter(|token| *token != "-") {
        tracing::warn!(
            "other users of this machine can see the token in the list of processes; give it on standard input"
        );
        typed.clone_into(&mut token);
    } else {
        // No token is longer.
        let read = io::stdin().lock().take(1000).read_line(&mut token);
        read.map_err(|source| CommandError::Read { path: "-".into(), source })?;
    }
    let place = &args.place;
    let accepted = accept(&token, place.schemas.as_deref(), place.database.database_url.as_deref())?;
    let text = if place.json {
        json(&accepted)
    } else {
        let of = accepted.account.as_ref().map_or(String::new(), |account| format!(" of account {account}"));
        format!("accepted: {}{}\n", visible(&accepted.email), visible(&of))
    };
    print(out, text)?;
    Ok(Exit::Done)
}

fn selection(recipients: &RecipientArgs) -> Result<Selection, InviteError> {
    if recipients.addresses.is_empty()
        && recipients.file.is_none()
        && recipients.run.is_none()
        && recipients.account.is_none()
    {
        let problem = "say who is invited: addresses, --file, --run or --account".to_owned();
        return Err(InviteError::Option { option: "ADDRESS", problem });
    }
    Ok(Selection {
        addresses: recipients.addresses.clone(),
        file: recipients.file.clone(),
        run: recipients.run.clone(),
        account: recipients.account.clone(),
        role: recipients.role.clone(),
        language: recipients.language.clone(),
        migrated: recipients.migrated,
    })
}

fn options(args: &InviteArgs, resend: bool) -> Result<InviteOptions, InviteError> {
    let send = &args.send;
    let content = match (&send.template, &send.templates) {
        (Some(alias), _) => Content::Stored(alias.clone()),
        (None, Some(folder)) => Content::Ours(Templates::load(folder)?),
        (None, None) => Content::Ours(Templates::built_in()),
    };
    let sending = match (&send.from, &send.link) {
        (Some(from), Some(link)) if !send.dry_run => {
            Some(Sending { means: means(args)?, from: from.clone(), link: link.clone() })
        }
        _ => None,
    };
    Ok(InviteOptions {
        database_url: args.place.database.database_url.clone(),
        schemas: args.place.schemas.clone(),
        selection: selection(&args.recipients)?,
        resend,
        content,
        sending,
        suppress: send.suppress.clone(),
        limit: send.limit,
        rate: send.rate,
        expires: send.expires,
        settle: send.settle,
    })
}

fn means(args: &InviteArgs) -> Result<Means, InviteError> {
    match (&args.send.preview, &args.send.to_dir) {
        (Some(folder), _) => return Ok(Means::Preview(folder.clone())),
        (None, Some(folder)) => return Ok(Means::Folder(folder.clone())),
        (None, None) => {}
    }
    let variable = std::env::var("POSTMARK_SERVER_TOKEN").ok();
    Ok(Means::Postmark(Access {
        url: args.send.postmark_url.clone().unwrap_or_else(|| API.to_owned()),
        token: Secret::token(args.send.token_file.as_deref(), variable.as_deref())?,
        stream: args.send.stream.clone(),
    }))
}

fn show(args: &ListInvitesArgs, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let query =
        ListQuery { state: args.state.clone(), account: args.account.clone(), address: args.address.clone() };
    let place = &args.place;
    let found = list(&query, place.schemas.as_deref(), place.database.database_url.as_deref())?;
    let text = if place.json { json(&found) } else { table(&found) };
    print(out, text)?;
    Ok(Exit::Done)
}

fn withdraw(args: &RevokeArgs, yes: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let place = &args.place;
    let selection = selection(&args.recipients)?;
    // An address that was typed is a decision already.
    let asks = !yes && (selection.file.is_some() || selection.addresses.is_empty());
    let (revoked, wrong) =
        revoke(&selection, place.schemas.as_deref(), place.database.database_url.as_deref(), |number| {
            if asks { ask(format!("Withdraw {}?", count(number, "invite"))) } else { Ok(()) }
        })?;
    let mut text = if place.json {
        json(&serde_json::json!({ "revoked": revoked, "wrong": wrong }))
    } else {
        format!("{} withdrawn\n", count(revoked, "invite"))
    };
    if !place.json {
        text.push_str(&named("not an address", &wrong));
    }
    print(out, text)?;
    Ok(if wrong.is_empty() { Exit::Done } else { Exit::Rejects })
}

fn question(plan: &InvitePlan, by: &str) -> String {
    let languages: Vec<String> =
        plan.languages.iter().map(|of| format!("{} {}", language(&of.language), grouped(of.mails))).collect();
    let accounts = count(plan.accounts.len() as u64, "account");
    format!("Send {} ({}) to people of {accounts} {by}?", count(plan.mails, "mail"), languages.join(", "))
}

fn language(name: &str) -> &str {
    if name.is_empty() { "no language" } else { name }
}

fn render_plan(plan: &InvitePlan) -> String {
    let mut text = format!("{}, {}\n", count(plan.people, "user"), count(plan.mails, "mail"));
    let mut line = |label: &str, number: u64| {
        if number > 0 {
            text.push_str(&format!("  {:<34}{:>10}\n", visible(label), grouped(number)));
        }
    };
    line("pending since an earlier command", plan.waiting);
    line("to be looked up at the provider", plan.looked_up);
    line("held back by --limit", plan.held_back);
    for of in &plan.languages {
        let written = if of.written_in == of.language {
            String::new()
        } else {
            format!(" (mail in {})", of.written_in)
        };
        line(&format!("in {}{written}", language(&of.language)), of.mails);
    }
    for of in plan.accounts.iter().take(NAMED) {
        line(&format!("to account {}", of.account.as_deref().unwrap_or("none")), of.mails);
    }
    let more: u64 = plan.accounts.iter().skip(NAMED).map(|of| of.mails).sum();
    line(&format!("to {}", count(plan.accounts.len().saturating_sub(NAMED) as u64, "other account")), more);
    for passed in &plan.passed {
        line(&format!("no mail: {}", reason(&passed.why)), passed.people);
    }
    text.push_str(&named("no such user", &plan.unmatched));
    text.push_str(&named("not an address", &plan.wrong));
    text
}

/// Why somebody gets no mail, for people.
fn reason(why: &str) -> &str {
    match why {
        "sent" => "invited before",
        "expired" => "invited before, link expired",
        "accepted" => "accepted",
        "withdrawn" => "invite withdrawn",
        "failed" => "address failed before",
        "suppressed" => "suppressed",
        "no-address" => "no e-mail address",
        "same-address" => "same address as another",
        "no-account" => "account does not exist",
        "not-invited" => "never invited",
        other => other,
    }
}

fn named(label: &str, places: &[String]) -> String {
    let mut text = String::new();
    for place in places.iter().take(NAMED) {
        text.push_str(&format!("  {label}: {}\n", visible(place)));
    }
    if places.len() > NAMED {
        text.push_str(&format!(
            "  {label}: {} more (--json lists all)\n",
            grouped((places.len() - NAMED) as u64)
        ));
    }
    text
}

fn render_result(invited: &Invited, by: &str, as_files: bool) -> String {
    if invited.plan.mails == 0 {
        return "\nnothing to send\n".to_owned();
    }
    let mut text = format!("\n{} sent {by}\n", count(invited.sent, "mail"));
    let mut line = |number: u64, what: &str, next: &str| {
        if number > 0 {
            text.push_str(&format!("  {} {what}{next}\n", grouped(number)));
        }
    };
    if as_files {
        line(invited.sent, "count as invited now", " (a preview does not: --preview DIR)");
    }
    line(invited.found, "of them sent by an earlier command whose answer was lost", "");
    line(invited.failed, "failed: the address was refused", ": muster user invites list --state failed");
    line(invited.unknown, "without an answer", ": give the same command again; nobody is mailed twice");
    line(invited.cancelled, "cancelled: accepted, withdrawn, suppressed or gone in the meantime", "");
    text
}

fn table(invites: &[Invite]) -> String {
    if invites.is_empty() {
        return "No invites.\n".to_owned();
    }
    let names = ["email", "state", "account", "sent (UTC)", "expires (UTC)", "Postmark's code"];
    let mut table = Table::new(names, 0);
    for invite in invites {
        let time = |time: &Option<String>| time.as_deref().map(minute);
        let code = invite.code.map(|code| code.to_string());
        let (email, state) = (Some(invite.email.clone()), Some(invite.state.clone()));
        table.add([email, state, invite.account.clone(), time(&invite.sent), time(&invite.expires), code]);
    }
    let (mut text, left) = table.fitted(room(), &[]);
    if left > 0 {
        text.push_str(&format!("({} without room: --json shows all)\n", count(left as u64, "column")));
    }
    text
}
