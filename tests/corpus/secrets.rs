//! Rows about secrets: secret files, the env tool, and what is masked in what leaves.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::Digest as _;
use wizard::approval::Decision;
use wizard::gate::redact::Redactor;
use wizard::gate::workspace::Workspace;
use wizard::journal::Event;
use wizard::journal::event::Outcome;
use wizard::plan::Inputs;

use super::fakes;
use super::files::{Called, WIDE, called, calls, leak, wrong};
use super::fixture::{CANARY, canary};
use super::{Fixture, Row, Tally, rows};
use crate::execute::{Played, call, done, play};

/// What every mask begins with.
const MASK: &str = "[REDACTED:";

#[test]
fn secret_files_are_closed_to_every_tool() {
    let fixture = Fixture::small();
    let before = fixture.tree();
    let mut tally = Tally::default();
    for row in rows("env").into_iter().filter(|row| row.tool != "run_command") {
        let mut called = called(&fixture, WIDE, calls(&row, &fixture));
        let listed = ["grep", "list_dir"].contains(&row.tool.as_str());
        // What a search does not find because it is not looked through is as good as refused.
        if listed && !names_a_secret_file(&called.told) {
            called.outcome = Some(Outcome::Refused);
        }
        tally.count(&row, wrong(&row, &called, fixture.changed(&before)));
    }
    tally.end("env (files)");
}

fn names_a_secret_file(told: &str) -> bool {
    let paths = told.lines().map(|line| line.split(':').next().unwrap_or_default());
    paths.filter(|path| !path.is_empty()).any(wizard::closed::is_secret)
}

/// With the rules about files off, the redactor alone must mask: whatever a secret file holds, in
/// every way of writing it.
#[test]
fn without_the_rules_about_files_the_redactor_masks_them() {
    let fixture = Fixture::small();
    let workspace = Workspace::open(&fixture.root()).unwrap();
    let own = BTreeMap::from([("ACME_CANARY".to_owned(), canary("environment"))]);
    let redactor = Redactor::of(&workspace, &Inputs::default(), &own);
    let mut names: Vec<String> = rows("env")
        .iter()
        .filter_map(|row| row.input["path"].as_str().map(str::to_owned))
        .collect();
    names.extend(
        [".npmrc", ".netrc", "config/master.key", "id_rsa", ".env.crlf"].map(str::to_owned),
    );
    let mut masked = 0;
    for name in names {
        let Ok(bytes) = std::fs::read(fixture.root().join(&name)) else { continue };
        let text = String::from_utf8(bytes).unwrap();
        for (how, encoded) in encodings(&text) {
            let clean = redactor.clean(&encoded);
            for (_, form) in encodings(&found_canary(&text)) {
                assert!(!clean.contains(&form), "{name} in {how}: {}", *clean);
            }
            masked += usize::from(clean.contains(MASK));
        }
    }
    assert!(masked >= 8 * 5, "{masked}");
    for (how, encoded) in encodings(&canary("environment")) {
        assert!(redactor.clean(&encoded).contains(MASK), "{how}");
    }
}

fn found_canary(text: &str) -> String {
    let at = text.find(CANARY).map_or("", |at| &text[at..]);
    at.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
}

/// The ways in which a text leaves that is not to be seen.
fn encodings(text: &str) -> Vec<(&'static str, String)> {
    if text.is_empty() {
        return Vec::new();
    }
    let hex = wizard::playbook::hex(text.as_bytes());
    let json = json!(text).to_string();
    let lines = |text: &str| {
        let lines =
            text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned());
        lines.collect::<Vec<_>>().join("\n")
    };
    vec![
        ("plain", text.to_owned()),
        ("base64", lines(&base64(text.as_bytes()))),
        ("base64 of a URL", base64(text.as_bytes()).replace('+', "-").replace('/', "_")),
        ("hex", hex.clone()),
        ("hex in capitals", hex.to_uppercase()),
        ("JSON", json),
        ("backwards", text.chars().rev().collect()),
        ("capitals", text.to_uppercase()),
        ("small letters", text.to_lowercase()),
        (
            "a URL",
            text.replace('%', "%25").replace(':', "%3A").replace('/', "%2F").replace('@', "%40"),
        ),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).map(|chunk| {
        let group = chunk.iter().fold(0_usize, |group, byte| (group << 8) | usize::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        let letters = (0..4).map(move |index| {
            if index > chunk.len() {
                '='
            } else {
                char::from(LETTERS[(group >> (18 - 6 * index)) & 63])
            }
        });
        letters.collect::<String>()
    });
    groups.collect()
}

#[test]
fn secrets_in_files_are_masked() {
    let mut tally = Tally::default();
    for row in rows("redact") {
        let fixture = Fixture::small();
        let name = fake_name(&row);
        let filled = row.filled(&fixture.root());
        if let (Some(body), Some(path)) = (filled["_body"].as_str(), filled["path"].as_str()) {
            fixture.write(path, body);
        }
        if let Some(value) = name.as_deref().and_then(in_vault) {
            fixture.write(".env.vault", value);
        }
        let called = called(&fixture, WIDE, calls(&row, &fixture));
        tally.count(&row, unmasked(&row, name.as_deref(), &called));
    }
    tally.end("redact");
}

/// The format that a row is about.
fn fake_name(row: &Row) -> Option<String> {
    let body = row.setup("body")?.as_str()?;
    let (_, rest) = body.split_once("${FAKE:")?;
    rest.split_once('}').map(|(name, _)| name.to_owned())
}

/// The env file that holds a value of which a row shows a form.
fn in_vault(name: &str) -> Option<String> {
    let (_, part) = fakes::fake(name);
    let value = match name {
        "short-vault-value" | "numeric-vault-value" | "vault-split-chunks" => part,
        "vault-in-url" => part.replace("%2B", "+"),
        "vault-in-json" => serde_json::from_str(&format!("\"{part}\"")).unwrap(),
        "vault-wrapped" => part.replace('\n', ""),
        "vault-uppercased" => part.to_lowercase(),
        _ => return None,
    };
    Some(format!("VAULT_VALUE='{value}'\n"))
}

fn unmasked(row: &Row, name: Option<&str>, called: &Called) -> Option<String> {
    if called.outcome != Some(Outcome::Done) {
        return Some(format!("it was refused: {}", called.told));
    }
    if let Some(leak) = &called.leak {
        return Some(format!("a canary left: {leak}"));
    }
    let part = name.map(|name| fakes::fake(name).1).unwrap_or_default();
    let (gone, marked) = (!called.told.contains(&part), called.told.contains(MASK));
    match row.expected.as_str() {
        "redact" if !part.is_empty() && !gone => Some(format!("it is there: {}", called.told)),
        "redact" if !marked => Some(format!("no mask: {}", called.told)),
        "allow" if marked || (gone && !part.is_empty()) => Some(format!("masked: {}", called.told)),
        _ => None,
    }
}

/// Every format of the list, with nothing but the redactor in its way.
#[test]
fn every_secret_format_is_masked_and_no_public_one() {
    let mut wrong = Vec::new();
    let (mut secrets, mut publics) = (0, 0);
    for (name, secret, text, part) in fakes::all() {
        let mut vault = wizard::redact::Vault::new();
        for (key, value) in
            in_vault(&name).iter().flat_map(|file| wizard::redact::values_of_file(file))
        {
            vault.take(wizard::redact::Origin::EnvFile, &key, &value);
        }
        let redactor = Redactor::new(&vault);
        let clean = redactor.clean(&text);
        let again = redactor.clean(&clean);
        assert_eq!(clean, again, "{name}");
        let mut stream = redactor.stream();
        let pieces = text.as_bytes().chunks(7).map(|piece| stream.push(piece).into_inner());
        let mut streamed: String = pieces.collect();
        streamed.push_str(&stream.finish(b""));
        assert_eq!(streamed, *clean, "{name}");
        if secret {
            secrets += 1;
            if clean.contains(&part) || !clean.contains(MASK) {
                wrong.push(format!("{name} is not masked: {}", *clean));
            }
        } else {
            publics += 1;
            if *clean != text {
                wrong.push(format!("{name} is masked: {}", *clean));
            }
        }
    }
    println!("formats: {secrets} secret and {publics} public, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Text that is full of what tools drew by lot, and holds no secret.
#[test]
fn lock_files_and_minified_code_have_no_mark() {
    let digest = |number: usize| {
        let digest = sha2::Sha256::digest(number.to_string());
        base64(&digest.repeat(2))
    };
    let mut lock = "{\n  \"packages\": {\n".to_owned();
    for number in 0_usize.. {
        let name = format!("pkg-{number}");
        lock.push_str(&format!(
            "    \"node_modules/{name}\": {{\n      \"version\": \"1.{number}.0\",\n      \"resolved\": \
             \"https://registry.example.com/{name}/-/{name}-1.{number}.0.tgz\",\n      \"integrity\": \
             \"sha512-{}\"\n    }},\n",
            digest(number)
        ));
        if lock.len() > 2 << 20 {
            break;
        }
    }
    let mut code = String::new();
    for number in 0_usize.. {
        let name = &digest(number).replace(['+', '/', '='], "$")[..3];
        code.push_str(&format!(
            "{name}=function(t,e){{var n=e.token||\"\",r=t.key;return r===n?{number}:{name}(r,{{key:n}})}},"
        ));
        if code.len() > 500 << 10 {
            break;
        }
    }
    let mut texts = vec![lock, code];
    let locks = ["Cargo.lock", "fuzz/Cargo.lock"].map(|path| crate::support::root().join(path));
    texts.extend(locks.iter().map(|path| std::fs::read_to_string(path).unwrap()));
    for text in texts {
        let found = wizard::closed::written(&text).into_iter().filter(|it| !it.public);
        let found: Vec<&str> = found.map(|it| &text[it.range]).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

/// Plays a stage that may set the keys of an env file.
fn with_env(
    fixture: &Fixture,
    file: &str,
    key: &str,
    value: &str,
    calls: &[Value],
    yes: bool,
) -> Played {
    let keys = format!(
        "tools: [read]\nenv:\n  file: {}\n  keys: {{{}: {}}}\nstages:\n  work:\n    tools: [env]\n",
        json!(file),
        json!(key),
        json!(value)
    );
    let mut script = play(&keys, "\n## work\n\nSet the keys.\n").at(fixture.root());
    for input in calls {
        script = script.says("work", vec![call("env", input)]);
    }
    if yes {
        script = script.decides(Decision::Say("yes".to_owned()));
    }
    script.says("work", vec![done()]).says("work", vec![done()]).run()
}

/// Whether a playbook with this env file and key is refused before anything is played.
fn is_refused(file: &str, key: &str, value: &str) -> bool {
    let text = format!(
        "---\nplaybook: 1\nname: test\ndescription: Tests.\ntools: [read]\nenv:\n  file: {}\n  \
         keys: {{{}: {}}}\nstages:\n  work:\n    tools: [env]\n---\n\n## work\n\nSet the keys.\n",
        json!(file),
        json!(key),
        json!(value)
    );
    let bundle = wizard::playbook::load_text("playbook.md", &text);
    let known = wizard::tools::known();
    let (_, findings) = wizard::lint::check(&bundle, &known, wizard::lint::Profile::Default);
    findings.iter().any(|finding| finding.level == wizard::diagnostic::Level::Error)
}

/// The tool names no file and no value: both are the playbook's. So a row's are put there.
#[test]
fn the_env_tool_sets_what_it_should_and_nothing_else() {
    let mut tally = Tally::default();
    for row in rows("envtool") {
        let fixture = Fixture::small();
        let input = row.filled(&fixture.root());
        let file = input["path"].as_str().unwrap_or(".env").to_owned();
        let values = input["values"].as_object().cloned().unwrap_or_default();
        let (key, value) = match values.iter().next() {
            Some((key, value)) => (key.clone(), value.as_str().unwrap_or("x").to_owned()),
            None => ("NEXT_PUBLIC_POSTHOG_KEY".to_owned(), "x".to_owned()),
        };
        let set = row.tool == "env_set";
        if is_refused(&file, &key, &value) {
            let denied = row.expected == "deny";
            tally.count(&row, (!denied).then(|| "the playbook is refused".to_owned()));
            continue;
        }
        let before = std::fs::read(fixture.root().join(&file)).unwrap_or_default();
        let tree = fixture.tree();
        let input = if set { json!({ "key": key, "set": true }) } else { json!({ "key": key }) };
        let allowed = row.expected == "allow";
        let played = with_env(&fixture, &file, &key, &value, &[input], allowed);
        let outcome = played.events.iter().find_map(|event| match event {
            Event::ToolAnswered { outcome, .. } => Some(*outcome),
            _ => None,
        });
        let called = Called { outcome, told: String::new(), leak: leak(&played) };
        let changed = fixture.changed(&tree).filter(|_| !allowed);
        let mut fault = wrong(&row, &called, changed);
        if allowed && set {
            let after = std::fs::read(fixture.root().join(&file)).unwrap_or_default();
            fault = fault.or_else(|| lossy(&before, &after, &key, &value));
        }
        tally.count(&row, fault);
    }
    tally.end("envtool");
}

/// Says what of an env file is not as it was, the key aside.
fn lossy(before: &[u8], after: &[u8], key: &str, value: &str) -> Option<String> {
    let [before, after] = [before, after].map(|it| String::from_utf8_lossy(it).into_owned());
    let read = |text: &str| {
        let all = wizard::env_file::assignments(text).into_iter().map(|it| (it.key, it.value));
        all.collect::<Vec<_>>()
    };
    let others =
        |text: &str| read(text).into_iter().filter(|(it, _)| it != key).collect::<Vec<_>>();
    let own: Vec<_> = read(&after).into_iter().filter(|(it, _)| it == key).collect();
    let count = |text: &str| {
        (text.matches("\r\n").count(), text.matches('\n').count() - text.matches("\r\n").count())
    };
    let mixed = count(&before).0 > 0 && count(&before).1 == 0 && count(&after).1 > 0;
    if own.len() != 1 || own[0].1 != value {
        return Some(format!("`{key}` is {own:?}: {after:?}"));
    }
    (others(&before) != others(&after) || mixed).then(|| format!("{before:?} became {after:?}"))
}
