//! Kills the program, its session or the server at every named point of a run.

mod ends;
mod points;
mod restarts;
mod ways;
