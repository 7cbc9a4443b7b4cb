//! `muster init`: reads files that nobody has mapped yet, shows what each column seems to be, and writes `muster.toml`.

mod ask;
mod show;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::cli::{InitArgs, Talk};
use crate::exit::Exit;
use crate::init::{self, Given, Head, Proposal, Synonyms};
use crate::run::RunError;
use crate::schema::Schema;
use crate::signal;
use crate::source::{InputPath, InputSpec, entity_named};

use super::answers::Answers;
use super::print::{json, print, say};
use super::{CommandError, question};

/// The file that is written.
const FILE: &str = "muster.toml";

/// Proposes a mapping and writes it.
/// Errors: a file that is there, files that cannot be read, and a `muster.toml` that cannot be written.
pub(crate) fn run(args: &InitArgs, talk: &Talk, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let path = Path::new(FILE);
    if !args.force && path.symlink_metadata().is_ok() {
        return Err(CommandError::Exists { path: path.to_owned() });
    }
    let folder = args.schemas.as_deref();
    let schema = Schema::open(folder)?;
    let synonyms = Synonyms::parse(&Synonyms::text(folder)?)?;
    let interrupted = signal::flag()?;
    let spool = std::env::temp_dir();
    let given =
        Given { schema: &schema, synonyms: &synonyms, spool: &spool, cancelled: interrupted.as_ref() };
    let of_table = args.table.as_deref().map(|table| entity_of_table(&schema, table)).transpose()?;
    let asks = !args.json && !talk.yes && !talk.quiet && question::can_ask();
    let mut answers = None;
    let begin = || Answers::begin(interrupted.clone());
    let mut proposals = Vec::new();
    for spec in &args.files {
        let mut draft = init::draft(&spec.path, entity(spec, &schema)?.or(of_table), given)?;
        if asks {
            ask::ask(&mut draft.proposal, &schema, answers.get_or_insert_with(begin))?;
        }
        let proposal = draft.complete(given)?;
        if !args.json && !talk.quiet {
            print(out, show::table(&proposal, &schema, args.show_values))?;
        }
        proposals.push(proposal);
    }
    let schemas = folder.map(|folder| folder.display().to_string());
    write(path, &init::text(Head { schemas: schemas.as_deref() }, &proposals, &schema), args.force)?;
    if args.json {
        print(out, json(&show::json(&proposals, &schema, args.show_values)))?;
    } else if !talk.quiet {
        say(&show::next(&proposals, FILE));
    }
    Ok(if proposals.iter().any(Proposal::is_open) { Exit::Rejects } else { Exit::Done })
}

/// The entity that a file is said to hold.
fn entity(spec: &InputSpec, schema: &Schema) -> Result<Option<usize>, CommandError> {
    if spec.path == InputPath::Stdin {
        let message =
            "muster init reads files twice and writes their names down; save standard input in a file";
        return Err(CommandError::Usage(message.to_owned()));
    }
    Ok(spec.entity.as_deref().map(|name| entity_named(schema, name, &spec.path)).transpose()?)
}

fn entity_of_table(schema: &Schema, table: &str) -> Result<usize, CommandError> {
    let is_it = |name: &str| name == table || table.rsplit_once('.').is_some_and(|(_, last)| last == name);
    let found = schema.entities.iter().position(|entity| is_it(&entity.table.name));
    found.ok_or_else(|| {
        let known: Vec<&str> = schema.entities.iter().map(|entity| entity.table.name.as_str()).collect();
        let known = known.join(", ");
        CommandError::Usage(format!("--table {table}: no schema has this table; the schemas have {known}"))
    })
}

/// Writes the file beside its place, and renames it. Without `force` it never replaces another.
fn write(path: &Path, text: &str, force: bool) -> Result<(), CommandError> {
    let failed = |source: io::Error| CommandError::Write { path: path.to_owned(), source };
    let mut file = tempfile::Builder::new().prefix(".muster.toml.").tempfile_in(".").map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    readable(file.path(), path).map_err(failed)?;
    if force {
        file.persist(path).map_err(|error| failed(error.error))?;
        return Ok(());
    }
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(CommandError::Exists { path: path.to_owned() })
        }
        Err(error) => Err(failed(error.error)),
    }
}

/// Gives the temporary file the rights of the one that it replaces, or those of a new file.
fn readable(temporary: &Path, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_or(0o644, |old| old.permissions().mode());
    fs::set_permissions(temporary, fs::Permissions::from_mode(mode))
}

impl From<init::InitError> for CommandError {
    fn from(error: init::InitError) -> Self {
        match error {
            init::InitError::Source(error) => error.into(),
            init::InitError::Read(error) => Self::Run(RunError::from(error)),
        }
    }
}
