//! Masking is the same wherever a stream is cut, is done once, and can be taken back by an edit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wizard::redact::{Redactor, Vault};

fuzz_target!(|input: (Vec<&str>, &str, usize)| {
    let (values, text, size) = input;
    let mut vault = Vault::new();
    for value in &values {
        vault.keep("env:KEY", value);
    }
    let redactor = Redactor::new(&vault);
    let masked = redactor.masked(text);
    let clean = redactor.clean(text);
    assert_eq!(masked.text(), *clean);
    // Lines keep their numbers.
    assert_eq!(text.matches('\n').count(), clean.matches('\n').count());
    // What is masked is masked no more.
    assert_eq!(clean, redactor.clean(&clean));
    // The whole of the text stands for the whole of what it was.
    let whole = 0..masked.text().len();
    assert_eq!(masked.raw(&whole), Some(0..text.len()));
    assert_eq!(masked.unmasked(text, &whole, masked.text()).as_deref(), Ok(text));
    // A stream is cut anywhere.
    let streamed = |size: usize| {
        let mut stream = redactor.stream();
        let pieces = text.as_bytes().chunks(size).map(|piece| stream.push(piece).into_inner());
        let mut streamed: String = pieces.collect();
        streamed.push_str(&stream.finish(b""));
        streamed
    };
    assert_eq!(streamed(size % 97 + 1), streamed(usize::MAX));
});
