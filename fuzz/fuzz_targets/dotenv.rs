//! An env file takes a value in one place, and nothing else of it changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wizard::env_file::{assignments, last, set};

fuzz_target!(|input: (&str, &str, &str)| {
    let (text, key, value) = input;
    let before = assignments(text);
    for assignment in &before {
        assert!(text.get(assignment.place.clone()).is_some());
    }
    let Ok(changed) = set(text, key, value) else { return };
    assert_eq!(last(&changed, key).map(|it| it.value).as_deref(), Some(value));
    let others = |text: &str| {
        let all = assignments(text).into_iter().filter(|it| it.key != key);
        all.map(|it| (it.key, it.value)).collect::<Vec<_>>()
    };
    assert_eq!(others(text), others(&changed));
    // All but one stretch is as it was.
    let same = |(a, b): &(u8, u8)| a == b;
    let begin = text.bytes().zip(changed.bytes()).take_while(same).count();
    let end = text.bytes().rev().zip(changed.bytes().rev()).take_while(same).count();
    assert!(begin + end + 1 >= text.len().min(changed.len()) || last(text, key).is_some());
    // To set it again changes nothing.
    assert_eq!(set(&changed, key, value), Ok(changed.clone()));
});
