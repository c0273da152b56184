//! How fast text is masked: `cargo bench --bench redact [FILE …]`.
//!
//! Prints each rate also as a share of what a plain copy of the text takes, which is comparable
//! from machine to machine.

#![expect(clippy::disallowed_methods, reason = "a bench reads what it is given")]
#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "it prints figures")]

use std::hint::black_box;
use std::time::Instant;

use wizard::closed::written;
use wizard::redact::{Redactor, Vault};

/// How often each is done; the quickest counts.
const TIMES: usize = 20;

fn main() {
    let files = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let mut text: String = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    if text.is_empty() {
        let line = "export const total = (basket) => basket.map((item) => item.price).join();\n";
        text = line.repeat((1 << 20) / line.len());
    }
    let copy = quickest(|| drop(black_box(text.clone())));
    let told = |what: &str, seconds: f64| {
        let rate = text.len() as f64 / 1e6 / seconds;
        println!("{what:<28} {rate:>8.0} MB/s  {:>6.1} copies", seconds / copy);
    };
    println!("{} bytes", text.len());
    told("a copy", copy);
    told("formats alone", quickest(|| drop(black_box(written(&text)))));
    for count in [0, 100, 10_000] {
        let mut vault = Vault::new();
        let mut state = 7_u64;
        for number in 0..count {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(number);
            vault.keep(&format!("env:K{number}"), &format!("{state:016x}-{number:08}"));
        }
        let began = Instant::now();
        let redactor = Redactor::new(&vault);
        let made = began.elapsed().as_secs_f64();
        let clean = quickest(|| drop(black_box(redactor.clean(&text))));
        told(&format!("{count} values, made in {:.0} ms", made * 1e3), clean);
    }
    let marks = written(&text).iter().filter(|it| !it.public).count();
    println!("{marks} secrets by their form");
}

fn quickest(work: impl Fn()) -> f64 {
    let timed = (0..TIMES).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64()
    });
    timed.fold(f64::MAX, f64::min)
}
