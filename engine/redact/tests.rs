//! What is masked, and what is left.

use super::*;

const VALUE: &str = "canary/42 va'lue+x\"é";

fn redactor(value: &str) -> Redactor {
    let mut vault = Vault::new();
    vault.keep("env:KEY", value);
    Redactor::new(&vault)
}

fn masks(redactor: &Redactor, text: &str) -> String {
    redactor.clean(text).into_inner()
}

#[test]
fn a_value_is_masked_in_every_form() {
    let redactor = redactor(VALUE);
    let forms = [
        VALUE.to_owned(),
        VALUE.to_uppercase().replace('É', "é"),
        serde_json::to_string(VALUE).unwrap(),
        "canary%2F42%20va%27lue%2Bx%22%C3%A9".to_owned(),
        "canary%2f42+va%27lue%2bx%22%c3%a9".to_owned(),
        forms::hex(VALUE.as_bytes()),
        forms::hex(VALUE.as_bytes()).to_uppercase(),
        forms::base64(VALUE.as_bytes()),
        forms::base64(format!("a{VALUE}b").as_bytes()),
        forms::base64(format!("ab{VALUE}").as_bytes()),
        VALUE.chars().rev().collect(),
        VALUE.replace('\'', "'\\''"),
    ];
    for form in forms {
        let clean = masks(&redactor, &format!("x={form};"));
        assert!(clean.contains("[REDACTED:env:KEY#1]"), "{form} {clean}");
    }
}

#[test]
fn encoded_values_are_found_across_lines() {
    let redactor = redactor("a long value that base64 breaks over lines, 0123456789");
    let encoded = forms::base64(b"x a long value that base64 breaks over lines, 0123456789");
    let hex = forms::hex(b"a long value that base64 breaks over lines, 0123456789");
    let pairs: Vec<String> =
        hex.as_bytes().chunks(2).map(|it| String::from_utf8_lossy(it).into_owned()).collect();
    for text in [
        format!("{}\n{}", &encoded[..40], &encoded[40..]),
        format!("{}\\n{}", &encoded[..40], &encoded[40..]),
        pairs.join(" "),
    ] {
        let clean = masks(&redactor, &text);
        assert!(clean.contains("[REDACTED:env:KEY#1]") && clean.len() < 60, "{clean}");
        assert_eq!(clean.lines().count(), text.lines().count());
    }
}

#[test]
fn overlapping_values_are_masked_whole() {
    let mut vault = Vault::new();
    vault.keep("env:A", "abcdefgh1");
    vault.keep("env:B", "efgh1-2345678");
    let redactor = Redactor::new(&vault);
    assert_eq!(masks(&redactor, "xabcdefgh1-2345678y"), "x[REDACTED:env:B#1]y");
}

#[test]
fn a_short_value_is_masked_where_it_is_a_word() {
    let redactor = redactor("hunter2");
    assert_eq!(masks(&redactor, "pw hunter2."), "pw [REDACTED:env:KEY#1].");
    assert_eq!(masks(&redactor, "hunter21 xhunter2"), "hunter21 xhunter2");
}

#[test]
fn other_text_is_left_as_it_is() {
    let text = "canary/42 va'lue";
    assert_eq!(masks(&redactor(VALUE), text), text);
    assert!(!redactor(VALUE).masked(text).is_changed());
}

#[test]
fn a_mask_is_masked_no_more() {
    let mut vault = Vault::new();
    vault.keep("env:DATABASE_URL", "database_url#1");
    vault.keep("env:X", "redacted:env");
    let redactor = Redactor::new(&vault);
    let once = masks(&redactor, "a database_url#1 b password = \"Zk3v8Qw1Lx9Rt5Yb2Nm7\"");
    assert_eq!(masks(&redactor, &once), once);
    assert!(once.starts_with("a [REDACTED:env:DATABASE_URL#1] b"), "{once}");
    // A mask that is none of ours hides nothing.
    let other = masks(&redactor, "[REDACTED:database_url#1]");
    assert_eq!(other, "[REDACTED:[REDACTED:env:DATABASE_URL#1]]");
}

#[test]
fn what_is_learned_later_is_masked_by_every_copy() {
    let redactor = Redactor::default();
    let copy = redactor.clone();
    redactor.learn("env:NEW", "canary-canary");
    assert_eq!(masks(&copy, "a canary-canary"), "a [REDACTED:env:NEW#1]");
}

#[test]
fn a_value_tells_by_its_name_or_its_form_that_it_is_secret() {
    let mut vault = Vault::new();
    let secret = [
        ("DB_PASSWORD", "correct-horse"),
        ("HOOK", "https://hooks.example.com/T0/canary"),
        ("ANY", "wzcanary-0123456789abcdef"),
        ("APP_KEY", "base64:AAAABBBBCCCCDDDD"),
        ("apiToken", "plain-words"),
    ];
    for (name, value) in secret {
        let before = vault.len();
        vault.take(Origin::EnvFile, name, value);
        assert!(vault.len() > before, "{name}");
    }
    let count = vault.len();
    let open = [
        ("SESSION_DRIVER", "database"),
        ("APP_NAME", "My Little Shop"),
        ("PORT", "30000000"),
        ("MAIL_HOST", "smtp.example.com"),
        ("NEXT_PUBLIC_KEY", "abcdefgh12345678"),
        ("BASE_URL", "http://localhost:3000"),
        ("LANGUAGE", "en_US.UTF-8"),
        ("DB_PASSWORD", "password"),
        ("REGION", "eu-central-1"),
    ];
    for (name, value) in open {
        vault.take(Origin::EnvFile, name, value);
        assert_eq!(vault.len(), count, "{name}");
    }
    vault.take(Origin::Environment, "GOROOT", "/opt/go/1.22.33");
    vault.take(Origin::Environment, "PWD", "/home/ada/shop-2024-11-11");
    assert_eq!(vault.len(), count);
}

#[test]
fn a_password_in_an_address_is_a_value_of_its_own() {
    let mut vault = Vault::new();
    vault.take(
        Origin::EnvFile,
        "DATABASE_URL",
        "postgres://app:s3cr%2Ftpassword@db.example.com/app",
    );
    let redactor = Redactor::new(&vault);
    for text in ["s3cr%2Ftpassword", "s3cr/tpassword"] {
        assert_eq!(
            masks(&redactor, text),
            "[REDACTED:env:DATABASE_URL#1]"
                .replace("#1", if text.contains('%') { "#2" } else { "#3" })
        );
    }
}

#[test]
fn an_edit_keeps_what_a_mask_stands_for() {
    let redactor = redactor("canary-canary");
    let raw = "a: canary-canary\nb: x\n";
    let masked = redactor.masked(raw);
    assert_eq!(masked.text(), "a: [REDACTED:env:KEY#1]\nb: x\n");
    let passage = 0..masked.text().len();
    assert_eq!(masked.raw(&passage), Some(0..raw.len()));
    let unmasked = |new: &str| masked.unmasked(raw, &passage, new);
    assert_eq!(unmasked("c: [REDACTED:env:KEY#1]\n").unwrap(), "c: canary-canary\n");
    assert_eq!(unmasked("gone").unwrap(), "gone");
    assert!(unmasked("[REDACTED:env:KEY#1] [REDACTED:env:KEY#1]").is_err());
    assert!(unmasked("[REDACTED:env:OTHER#1]").is_err());
    // Half a mask is no passage.
    assert_eq!(masked.raw(&(0..8)), None);
}

#[test]
fn a_mask_over_several_lines_keeps_their_numbers() {
    let key = format!(
        "-----BEGIN {} KEY-----\r\n{}\r\n{}\r\n-----END {} KEY-----",
        "PRIVATE",
        "A1b2".repeat(16),
        "C3d4".repeat(16),
        "PRIVATE"
    );
    let raw = format!("before\r\n{key}\r\nafter\r\n");
    let masked = Redactor::default().masked(&raw);
    assert_eq!(masked.text(), "before\r\n[REDACTED:format:private-key#1]\r\n\r\n\r\n\r\nafter\r\n");
    let end = masked.text().find("after").unwrap() - 2;
    let token = "before\r\n[REDACTED:format:private-key#1]".len();
    for end in [token, end] {
        let passage = 0..end;
        let range = masked.raw(&passage).unwrap();
        assert_eq!(&raw[range], format!("before\r\n{key}"), "{end}");
        let new = masked.text()[passage.clone()].replace("before", "new");
        assert_eq!(masked.unmasked(&raw, &passage, &new).unwrap(), format!("new\r\n{key}"));
    }
}

#[test]
fn the_result_does_not_depend_on_where_a_stream_is_cut() {
    let redactor = redactor("canary-canary-0123456789");
    let mut text = String::new();
    for number in 0..6_000 {
        text.push_str(&format!("line {number} é\n"));
        if number % 97 == 0 {
            text.push_str("x canary-canary-0123456789 y");
        }
    }
    text.push_str(&"no line end and canary-canary-0123456789 in it ".repeat(3_000));
    let whole = masks(&redactor, &text);
    for size in [1_usize, 7, 1_000, 65_536, 1 << 20] {
        let mut stream = redactor.stream();
        let mut out = String::new();
        for piece in text.as_bytes().chunks(size) {
            out.push_str(&stream.push(piece));
        }
        out.push_str(&stream.finish(b""));
        assert!(out == whole, "cut every {size} bytes");
    }
}

#[test]
fn names_of_fields_and_numbers_are_masked_too() {
    let redactor = redactor("12345678");
    let value = serde_json::json!({ "12345678": [12_345_678, "a 12345678"], "n": 1 });
    let clean = redactor.clean_all(value).into_inner();
    let mask = "[REDACTED:env:KEY#1]";
    assert_eq!(clean, serde_json::json!({ mask: [mask, format!("a {mask}")], "n": 1 }));
}
