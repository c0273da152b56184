//! Env files as others read them: python-dotenv and node's dotenv, where they are installed.
//!
//! Files are drawn by lot. What we set must be read by both, and change nothing else for either;
//! what both read alike, we read so too.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use wizard::env_file::{assignments, set};

use crate::support::root;

type Values = BTreeMap<String, String>;

/// How many files are drawn.
const FILES: usize = 1_500;

/// Pieces of which files are made.
const PIECES: [&str; 40] = [
    "A=1",
    "B=two words",
    "C='single'",
    "D=\"double\"",
    "E=`back`",
    "export F=x",
    "G =  spaced  ",
    "H=",
    "I=''",
    "J=\"\"",
    "# note",
    "K=v # note",
    "L=v#w",
    "M='a # b' # note",
    "N=\"a\nb\"",
    "O='a\nA=inside\nb'",
    "P=\"it's\"",
    "Q='say \"x\"'",
    "R=it's",
    "S=\"a\\\"b\"",
    "T='a\\'b'",
    "U=a\\nb",
    "V=\"a\\nb\"",
    "W=$A",
    "X=${A}",
    "Y=a=b=c",
    "Z=é ü",
    "",
    "  A=indented",
    "A = 2",
    "not an assignment",
    "=x",
    "C='open",
    "D=\"open",
    "export",
    "export A",
    "A=3\r",
    "H= # none",
    "F=https://x.example.com/?a=b&c=d",
    "B=\\",
];

const VALUES: [&str; 14] = [
    "x",
    "phc_abcDEF123",
    "two words",
    "it's",
    "say \"x\"",
    "a#b",
    "a # b",
    "$&$1",
    "pa\\ss",
    "a\\",
    "https://x.example.com/a?b=c&d=e",
    " edges ",
    "é ü",
    "a`b",
];

struct Lot(u64);

impl Lot {
    fn draw<'a>(&mut self, from: &[&'a str]) -> &'a str {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from[usize::try_from(self.0 >> 33).unwrap() % from.len()]
    }
}

fn drawn(lot: &mut Lot) -> String {
    let end = lot.draw(&["\n", "\n", "\r\n"]);
    let count = lot.draw(&["1", "2", "4", "7"]).parse::<usize>().unwrap();
    let lines: Vec<&str> = (0..count).map(|_| lot.draw(&PIECES)).collect();
    lines.join(end) + lot.draw(&["", end])
}

/// Lets another program read files; nothing where it is not installed.
fn read_by(program: &str, script: &str, paths: &[String]) -> Option<Vec<Values>> {
    let mut child = Command::new(program)
        .arg(root().join("tests/secrets").join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let list = paths.join("\0");
    let writer = std::thread::spawn(move || stdin.write_all(list.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let _ = writer.join();
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let read: Vec<Values> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (read.len() == paths.len()).then_some(read)
}

fn without(values: &Values, key: &str) -> Values {
    values.iter().filter(|(name, _)| *name != key).map(|(a, b)| (a.clone(), b.clone())).collect()
}

#[test]
fn what_is_set_is_read_by_others_and_changes_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut lot = Lot(1);
    let mut paths = Vec::new();
    let mut write = |name: String, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        paths.push(path.to_str().unwrap().to_owned());
    };
    let mut cases = Vec::new();
    let mut refused = 0;
    for number in 0..FILES {
        let (text, key, value) = (drawn(&mut lot), lot.draw(&["A", "NEW"]), lot.draw(&VALUES));
        let Ok(changed) = set(&text, key, value) else {
            refused += 1;
            continue;
        };
        write(format!("{number}.before"), &text);
        write(format!("{number}.after"), &changed);
        cases.push((text, key, value, changed));
    }
    for (program, script) in [("python3", "read_env.py"), ("node", "read_env.cjs")] {
        let Some(read) = read_by(program, script, &paths) else {
            println!("env files: dotenv of {program} is not installed");
            continue;
        };
        let mut wrong = Vec::new();
        for ((text, key, value, changed), pair) in cases.iter().zip(read.chunks(2)) {
            let set = pair[1].get(*key).is_some_and(|found| found == value);
            if !set || without(&pair[0], key) != without(&pair[1], key) {
                wrong.push(format!("{key}={value:?} in {text:?} is {changed:?}: {:?}", pair[1]));
            }
        }
        let (all, shown) = (cases.len(), wrong.iter().take(12).cloned().collect::<Vec<_>>());
        println!(
            "env files: {program} reads {} of {all} as set, {refused} refused",
            all - wrong.len()
        );
        assert!(wrong.is_empty(), "{}", shown.join("\n"));
    }
}

#[test]
fn what_others_read_alike_is_read_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut lot = Lot(2);
    let texts: Vec<String> = (0..FILES).map(|_| drawn(&mut lot)).collect();
    let path = |number: usize| folder.path().join(format!("{number}.env"));
    let paths: Vec<String> = (0..FILES).map(|it| path(it).to_str().unwrap().to_owned()).collect();
    for (path, text) in paths.iter().zip(&texts) {
        std::fs::write(path, text).unwrap();
    }
    let python = read_by("python3", "read_env.py", &paths);
    let node = read_by("node", "read_env.cjs", &paths);
    let (Some(python), Some(node)) = (python, node) else {
        println!("env files: the two dotenvs are not both installed");
        return;
    };
    let (mut alike, mut wrong) = (0, Vec::new());
    for ((text, python), node) in texts.iter().zip(&python).zip(&node) {
        let ours: Values = assignments(text).into_iter().map(|it| (it.key, it.value)).collect();
        for (key, value) in python.iter().filter(|(key, value)| node.get(*key) == Some(*value)) {
            alike += 1;
            if ours.get(key) != Some(value) {
                wrong.push(format!("{key}={value:?} is {:?} in {text:?}", ours.get(key)));
            }
        }
    }
    println!("env files: {} of {alike} values that both read alike", alike - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong[..wrong.len().min(12)].join("\n"));
}
