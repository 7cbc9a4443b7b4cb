//! Which column is which field. The evidence of the headers and that of the values are weighed against each other, and
//! what is not beyond doubt is said to be not sure. Values alone decide nothing: two fields may hold the same kind.

use crate::rule::Rule;
use crate::schema::Entity;

use super::assign::{NONE, assign};
use super::evidence::Column;
use super::fit::{Fit, fit};
use super::header::{Header, Hearing, Named, Said, Target, targets};
use super::proposal::{Level, Use};
use super::synonyms::Synonyms;

/// From this share on, values are those of a field.
const NEARLY_ALL: f64 = 0.9;
/// No pair that is to be believed has so low a score.
const DOUBTFUL: i64 = 100;
/// Two scores that are nearer to each other are equal.
const NEAR: i64 = 30;

/// What was decided about one column.
#[derive(Debug, Clone)]
pub(super) struct Decided {
    pub(super) used: Use,
    pub(super) level: Level,
    pub(super) said: Said,
    pub(super) fits: Option<f64>,
    pub(super) why: Option<String>,
}

/// The evidence about all pairs of columns and targets.
struct Evidence {
    targets: Vec<Named>,
    hearings: Vec<Vec<Hearing>>,
    fits: Vec<Vec<Fit>>,
    scores: Vec<Vec<i64>>,
}

/// Decides what becomes of each column, and how well the file fits the entity.
pub(super) fn decide(
    names: &[String],
    columns: &[Column],
    entity: &Entity,
    synonyms: &Synonyms,
) -> (Vec<Decided>, i64) {
    let evidence = Evidence::of(names, columns, entity, synonyms);
    let given = assign(&evidence.scores);
    let mut total = 0;
    for (scores, target) in evidence.scores.iter().zip(&given) {
        total += target.map_or(0, |target| scores[target]);
    }
    // What only its values say, or what they contradict, feeds no field.
    let is_fed = |field: usize| {
        let mut each = evidence.scores.iter().zip(&given);
        each.any(|(scores, given)| {
            given.is_some_and(|target| {
                scores[target] > DOUBTFUL && evidence.targets[target].target == Target::Field(field)
            })
        })
    };
    let missing = (0..entity.fields.len()).filter(|&field| entity.fields[field].required && !is_fed(field));
    total -= 500 * small(missing.count());
    let mut decided: Vec<Decided> =
        (0..names.len()).map(|column| evidence.about(column, &given, columns, names)).collect();
    withdraw(&mut decided, &evidence, &given);
    (decided, total)
}

/// Takes back what other columns make needless or impossible.
fn withdraw(decided: &mut [Decided], evidence: &Evidence, given: &[Option<usize>]) {
    let fed: Vec<usize> = decided
        .iter()
        .zip(given)
        .filter(|(one, _)| one.level > Level::Unsure)
        .filter_map(|(_, target)| match evidence.targets[(*target)?].target {
            Target::Field(field) => Some(field),
            _ => None,
        })
        .collect();
    for one in decided {
        let why = match &one.used {
            Use::Split { first, others } if fed.contains(first) || fed.contains(others) => {
                "its words have columns of their own"
            }
            Use::Join { field, .. } if !fed.contains(field) => "there is no column to join it with",
            _ => continue,
        };
        one.level = Level::Unsure;
        one.why = Some(why.to_owned());
    }
}

impl Evidence {
    fn of(names: &[String], columns: &[Column], entity: &Entity, synonyms: &Synonyms) -> Self {
        let targets = targets(entity, synonyms);
        let headers: Vec<Header> = names.iter().map(|name| Header::new(name, synonyms)).collect();
        let mut hearings: Vec<Vec<Hearing>> = headers
            .iter()
            .map(|header| {
                let own = header.own(entity);
                targets.iter().map(|named| named.hear(header, own)).collect()
            })
            .collect();
        for (at, named) in targets.iter().enumerate() {
            let Some((field, _)) = &named.with else { continue };
            let other = targets.iter().position(|named| named.target == Target::Field(*field));
            if other.is_some_and(|other| hearings.iter().any(|heard| heard[other].said >= Said::Fully)) {
                for (header, heard) in headers.iter().zip(&mut hearings) {
                    let beside = named.hear_beside(header);
                    if beside.said > heard[at].said {
                        heard[at] = beside;
                    }
                }
            }
        }
        let mut fits = Vec::new();
        for (column, heard) in columns.iter().zip(&hearings) {
            let is_heard = heard.iter().any(|hearing| hearing.said >= Said::Fully);
            let each = targets.iter().zip(heard).map(|(named, hearing)| match named.target {
                Target::Field(field) if hearing.said > Said::Nothing || !is_heard && tells(entity, field) => {
                    fit(column, entity, field, synonyms)
                }
                Target::Split { .. } if hearing.said > Said::Nothing => whole_names(column, synonyms),
                _ => Fit { is_empty: column.filled == 0, ..Fit::default() },
            });
            fits.push(each.collect::<Vec<Fit>>());
        }
        let score = |(heard, fits): (&Vec<Hearing>, &Vec<Fit>)| -> Vec<i64> {
            heard.iter().zip(fits).map(|(hearing, fit)| score(*hearing, fit)).collect()
        };
        let scores = hearings.iter().zip(&fits).map(score).collect();
        Self { targets, hearings, fits, scores }
    }

    /// What was decided about one column.
    fn about(&self, column: usize, given: &[Option<usize>], columns: &[Column], names: &[String]) -> Decided {
        let Some(target) = given[column] else { return self.not_taken(column, given, names) };
        let (hearing, fit) = (self.hearings[column][target], &self.fits[column][target]);
        let used = match self.targets[target].target {
            Target::Field(field) => Use::Field(field),
            Target::Split { first, others } => Use::Split { first, others },
            Target::Join { field, before } => Use::Join { field, before },
        };
        let (mut level, mut why) = level(hearing, fit);
        if level > Level::Unsure {
            if let Some(rival) = self.rival(column, target, given, columns) {
                (level, why) = (Level::Unsure, Some(format!("{} could be it, too", names[rival])));
            } else if self.is_ambiguous(column, target, given) {
                (level, why) = (Level::Unsure, Some("its name could be that of another field".to_owned()));
            }
        }
        Decided { used, level, said: hearing.said, fits: fit.share, why }
    }

    /// A column that gets nothing: whether another column has taken what its header says.
    fn not_taken(&self, column: usize, given: &[Option<usize>], names: &[String]) -> Decided {
        let heard = self.hearings[column].iter().enumerate();
        let best = heard.max_by_key(|(target, hearing)| (hearing.said, self.scores[column][*target]));
        let mut decided =
            Decided { used: Use::Nothing, level: Level::Unsure, said: Said::Nothing, fits: None, why: None };
        if let Some((target, hearing)) = best
            && hearing.said >= Said::Fully
            && let Some(taker) = given.iter().position(|given| *given == Some(target))
        {
            decided.said = hearing.said;
            decided.why = Some(format!("{} is it already", names[taker]));
        }
        decided
    }

    /// Another column that has as good a claim to the target, and nothing else.
    fn rival(
        &self,
        column: usize,
        target: usize,
        given: &[Option<usize>],
        columns: &[Column],
    ) -> Option<usize> {
        let own = self.hearings[column][target];
        (0..given.len()).find(|&other| {
            let claim = self.hearings[other][target];
            other != column
                && given[other].is_none()
                && (claim.said, claim.rank) == (own.said, own.rank)
                && claim.beside <= own.beside
                && self.fits[other][target].against.is_none()
                && columns[other].filled > 0
        })
    }

    /// Whether the column has as good a claim to another target that nobody else has taken.
    fn is_ambiguous(&self, column: usize, target: usize, given: &[Option<usize>]) -> bool {
        let own = self.scores[column][target];
        (0..self.targets.len()).any(|other| {
            other != target
                && self.hearings[column][other].said >= Said::Fully
                && (own - self.scores[column][other]).abs() <= NEAR
                && !given.contains(&Some(other))
        })
    }
}

/// Whether the values alone can show what a field of this kind is.
fn tells(entity: &Entity, field: usize) -> bool {
    matches!(entity.fields[field].rule, Rule::Email(_) | Rule::Iban(_))
}

/// How many values have a first word and others.
fn whole_names(column: &Column, synonyms: &Synonyms) -> Fit {
    let share = column.share(&synonyms.always, |value| value.split_whitespace().count() > 1);
    let is_reversed = column.share(&synonyms.always, |value| value.contains(',')) > 0.05;
    let is_title = |value: &str| {
        let first = value.split_whitespace().next().unwrap_or_default();
        synonyms.meaning(first, &["male", "female"]).is_some()
    };
    let against = if column.share(&synonyms.always, |value| value.contains('@')) > 0.5 {
        Some("its values are e-mail addresses")
    } else if is_reversed {
        Some("its names have commas: which word is the first name?")
    } else if column.share(&synonyms.always, is_title) > 0.05 {
        Some("its names begin with titles")
    } else if share < 0.5 {
        Some("most of its values are single words")
    } else {
        None
    };
    Fit { share: Some(share), is_empty: column.filled == 0, against: against.map(str::to_owned) }
}

/// How good a pair is, for comparison with others.
fn score(hearing: Hearing, fit: &Fit) -> i64 {
    let near = 20 * small(hearing.words.min(5))
        - 40 * small(hearing.rank.min(5))
        - 10 * small(hearing.beside.min(5));
    let heard = match hearing.said {
        Said::Nothing => 0,
        Said::Partly => 200 + near,
        Said::Fully => 1000 + near,
        Said::Exactly => 2000,
    };
    #[allow(clippy::cast_possible_truncation)] // A share is at most 1.
    let share = fit.share.map_or(0, |share| (share * 100.0) as i64);
    match hearing.said {
        // Values alone are worth a question.
        Said::Nothing if fit.against.is_none() && share >= 95 => 10,
        Said::Nothing => NONE,
        _ if fit.against.is_some() => heard / 20,
        Said::Partly if fit.is_empty => NONE,
        _ if fit.is_empty => heard - 150,
        _ => heard + share,
    }
}

fn small(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 1000)
}

/// How sure a pair is, and why not.
fn level(hearing: Hearing, fit: &Fit) -> (Level, Option<String>) {
    if let Some(against) = &fit.against {
        return (Level::Unsure, Some(against.clone()));
    }
    match (hearing.said, fit.share) {
        (Said::Nothing, _) => (Level::Unsure, Some("only its values say so".to_owned())),
        (Said::Partly, _) => (Level::Unsure, Some("some words of its name are not known".to_owned())),
        (_, _) if fit.is_empty => (Level::Probable, Some("it has no values".to_owned())),
        (_, Some(share)) if share < NEARLY_ALL => {
            (Level::Probable, Some("not all of its values are such".to_owned()))
        }
        (Said::Fully, None) if hearing.rank > 0 => (Level::Probable, None),
        _ => (Level::Sure, None),
    }
}
