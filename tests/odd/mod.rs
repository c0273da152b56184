//! Files that are no playbooks, or are broken in odd ways: what lint says of each, as a page.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use crate::support::{files, generated, root};

/// A playbook with nothing wrong.
const WHOLE: &str = "---\nplaybook: 1\nname: basket\ndescription: Adds a basket.\nstages:\n  build:\n---\n\n## build\n\nBuild the basket page.\n";

/// Files whose bytes a text file cannot hold, or that are long: each with what it is.
fn made() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let wide = |mark: bool, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = format!("{}{WHOLE}", if mark { "\u{feff}" } else { "" });
        text.encode_utf16().flat_map(bytes).collect()
    };
    let with = |old: &str, new: &str| WHOLE.replace(old, new).into_bytes();
    let stages = |line: &dyn Fn(usize) -> String| (1..=3000).map(line).collect::<String>();
    let many = WHOLE
        .replace("  build:\n", &stages(&|at| format!("  s{at}:\n")))
        .replace("## build\n", &stages(&|at| format!("## s{at}\n\nBuild.\n\n")));
    let latin = "Build the caf\u{e9}, \u{201c}now\u{201d}.";
    let windows = latin.chars().map(|letter| match letter {
        '\u{201c}' => 0x93,
        '\u{201d}' => 0x94,
        letter => u8::try_from(u32::from(letter)).unwrap(),
    });
    let windows = [&WHOLE.as_bytes()[..WHOLE.len() - 23], &windows.collect::<Vec<u8>>()].concat();
    let binary = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), (0..=255).collect()].concat();
    vec![
        ("nothing.md", "An empty file.", Vec::new()),
        ("blank.md", "Blank lines.", b"\n\n   \n".to_vec()),
        ("utf-16.md", "UTF-16, as an editor of Windows saves it.", wide(true, u16::to_le_bytes)),
        ("utf-16-big.md", "UTF-16 the other way around.", wide(true, u16::to_be_bytes)),
        ("utf-16-bare.md", "UTF-16 without a mark.", wide(false, u16::to_le_bytes)),
        ("windows-1252.md", "An accent and quotes in Windows-1252.", windows),
        ("picture.md", "A picture.", binary),
        ("zero.md", "A zero byte in the prose.", with("basket page", "basket\0 page")),
        ("zero-in-yaml.md", "A zero byte in the front matter.", with("Adds a", "Adds\0 a")),
        ("mark-inside.md", "A byte order mark before a key.", with("name:", "\u{feff}name:")),
        ("escape.md", "A terminal's escape in a value.", with("Adds a", "\u{1b}[31mAdds a")),
        ("carriage-returns.md", "Lines that end as on an old system.", with("\n", "\r")),
        (
            "long-line.md",
            "A line of ten million bytes.",
            [WHOLE.as_bytes(), &b"word ".repeat(2_000_000)].concat(),
        ),
        (
            "brackets.md",
            "Five thousand brackets in a value.",
            with("  build:", &format!("  build: {}", "[".repeat(5000))),
        ),
        (
            "brackets-in-prose.md",
            "Five thousand brackets in the prose.",
            format!("{WHOLE}\n{}](a.md)\n", "[".repeat(5000)).into_bytes(),
        ),
        ("many-stages.md", "Three thousand stages.", many.into_bytes()),
    ]
}

/// What the kept files are.
const KEPT: [(&str, &str); 26] = [
    ("alias", "An anchor and an alias."),
    ("changelog", "A changelog."),
    ("dashes", "One line of dashes."),
    ("in-a-code-block", "A playbook in a code block, as a model answers."),
    ("includes-itself", "A playbook that includes itself."),
    ("json", "A JSON file."),
    ("later-version", "A version that is not known."),
    ("list", "A list as the front matter."),
    ("long-dashes", "Dashes that a word processor has improved."),
    ("merge-conflict", "A merge that nobody ended."),
    ("never-closed", "A front matter that is never closed."),
    ("no-sections", "A stage without a section."),
    ("no-space", "A colon without a space."),
    ("nothing-between", "A front matter with nothing in it."),
    ("numbers", "Numbers as keys."),
    ("page-in-html", "A web page."),
    ("picture-as-a-name", "A picture as the name of a stage."),
    ("post-of-a-blog", "A post of a blog."),
    ("readme", "A read-me."),
    ("skill", "A skill of an agent."),
    ("stages-as-a-list", "A list where stages belong."),
    ("tab", "A tab in the YAML."),
    ("text", "A text as the front matter."),
    ("toml", "A front matter in TOML."),
    ("two-documents", "Two documents of YAML."),
    ("yaml-alone", "YAML without lines of dashes."),
];

/// Returns what lint prints of a file, and how it ends.
fn said(folder: &std::path::Path, name: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wizard"));
    command.current_dir(folder).args(["lint", name]).env_clear().stdin(Stdio::null());
    let output = command.output().unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("`{name}` ended by a signal"));
    let (out, error) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    let mut text = out.unwrap() + &error.unwrap();
    assert!(!text.contains("panicked"), "{name}: {text}");
    assert!(text.lines().count() < 60, "`{name}` says too much:\n{text}");
    if code != 0 {
        // A place, and a way out.
        assert!(text.contains(name), "{name}: {text}");
        assert!(
            ["help: ", "did you mean", "save it", "`--fix", "it is no text", "; move prose"]
                .iter()
                .any(|way| text.contains(way)),
            "{name}: {text}"
        );
        writeln!(text, "[exit {code}]").unwrap();
    }
    text
}

#[test]
fn of_a_file_that_is_no_playbook_the_place_and_the_way_out_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let kept = files("tests/odd/files", "md");
    assert_eq!(kept.len(), KEPT.len(), "each file has its line in `KEPT`");
    let mut odd: Vec<(String, &str)> = Vec::new();
    for (name, what) in KEPT {
        let name = format!("{name}.md");
        let from = root().join("tests/odd/files").join(&name);
        std::fs::copy(from, folder.path().join(&name)).unwrap();
        odd.push((name, what));
    }
    for (name, what, bytes) in made() {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        odd.push((name.to_owned(), what));
    }
    odd.sort_unstable();
    let mut page = String::from(
        "# Odd files\n\nWhat `wizard lint` says of files that are no playbooks, or are broken in odd ways.\n\
         Those that a text file can hold stand in `files/`; `mod.rs` makes the others.\n",
    );
    for (name, what) in odd {
        write!(page, "\n## {name}\n\n{what}\n\n```text\n{}```\n", said(folder.path(), &name))
            .unwrap();
    }
    generated("tests/odd/odd.md", &page);
}
