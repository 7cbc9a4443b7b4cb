//! How long the most expensive rules take for a cell: `cargo run --release --example rule_speed`. Prints nanoseconds a
//! cell, the best of seven rounds.

#![allow(clippy::print_stdout)] // an example that prints

use std::hint::black_box;
use std::time::Instant;

use muster::internals::FieldRule;

const CELLS: usize = 200_000;

fn main() {
    let mut phone = FieldRule::phone();
    let mut email = FieldRule::email();
    let spelled = |template: &str| -> Vec<String> {
        (0..CELLS)
            .map(|i| {
                let tail = format!("{:07}", (i as u64 * 7_919) % 10_000_000);
                template.replace("#######", &tail).replace("####", &tail[3..])
            })
            .collect()
    };
    let start = Instant::now();
    for code in ["+31612345678", "+12025550100", "+4915112345678", "+32470123456"] {
        let one = Instant::now();
        let _ = phone.keeps(code, None);
        println!("{code}: its automaton took {:.1} ms", one.elapsed().as_secs_f64() * 1e3);
    }
    println!("all four: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);

    time("phone, +3161#######", &mut phone, &spelled("+3161#######"));
    time("phone, +1202555####", &mut phone, &spelled("+1202555####"));
    time("phone, +491511#######", &mut phone, &spelled("+491511#######"));
    time("phone, 06-1#######", &mut phone, &spelled("06-1#######"));
    time("phone, +31 6 1#######", &mut phone, &spelled("+31 6 1#######"));
    time("phone, 003161#######", &mut phone, &spelled("003161#######"));
    time("phone, by the library: 06~1#######", &mut phone, &spelled("06~1#######"));
    time("phone, uncertain: +3199#######", &mut phone, &spelled("+3199#######"));
    time("email, lower case", &mut email, &spelled("piet.jansen####@voorbeeld.nl"));
    time("email, mixed case", &mut email, &spelled("Piet.Jansen####@Voorbeeld.nl"));
    time("email, refused", &mut email, &spelled("piet.jansen####@@gmial.com"));
}

fn time(what: &str, rule: &mut FieldRule, cells: &[String]) {
    let mut best = f64::MAX;
    let mut same = 0;
    for _ in 0..7 {
        let start = Instant::now();
        same = 0;
        for cell in cells {
            same += usize::from(rule.keeps(black_box(cell), None));
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!(
        "{what}: {:.1} ns a cell ({} % unchanged)",
        best * 1e9 / cells.len() as f64,
        same * 100 / cells.len()
    );
}
