//! Paths made at random, held against a resolver that knows nothing of ours.

use std::path::{Path, PathBuf};

use wizard::gate::workspace::Workspace;

use super::Fixture;
use super::fixture::CANARY;
use crate::support::numbers::Numbers;

/// How many paths are tried.
const PATHS: usize = 20_000;

/// What paths are made of: names that are there, names that are not, and what is no name.
const PARTS: [&str; 34] = [
    "src",
    "app.ts",
    "a.ts",
    "link_in.ts",
    "real_in.ts",
    "..",
    ".",
    "",
    "link_out_dir",
    "docs",
    "link_out_file",
    "link_env",
    "hard_env.txt",
    ".env",
    "packages",
    "ws",
    "index.ts",
    "outside",
    "secret.txt",
    "proj",
    "proj-evil",
    "link_loop",
    "link_magic",
    "link_chain",
    ".claude",
    "fifo",
    "etc",
    "passwd",
    "hostname",
    "[id]",
    "page.tsx",
    "app",
    "..%2f",
    "...",
];

/// Files that are there, and ways around to them.
const THERE: [&str; 7] = [
    "src/app.ts",
    "src/link_in.ts",
    "packages/ws/index.ts",
    "src/app/[id]/page.tsx",
    "package.json",
    "link_env",
    "docs/link_env_rel",
];
const DETOURS: [&str; 7] = ["", "./", "src/../", "docs/.././", "a/../b/../", "../", "ws//./..//"];

/// Says where a path leads by following every link as the system does, after `..` was taken away
/// by name; nothing where it leads nowhere.
fn reference(root: &Path, asked: &str) -> Option<PathBuf> {
    let path = Path::new(asked);
    let path = if path.is_absolute() { path.strip_prefix(root).ok()? } else { path };
    let mut parts = Vec::new();
    for part in path {
        match part.to_str()? {
            ".." => {
                parts.pop()?;
            }
            "." => {}
            part => parts.push(part),
        }
    }
    let real = root.join(parts.iter().collect::<PathBuf>()).canonicalize().ok()?;
    real.starts_with(root).then_some(real)
}

#[test]
fn what_is_read_is_what_the_system_would_find_inside() {
    let fixture = Fixture::small();
    let root = fixture.root();
    let workspace = Workspace::open(&root).unwrap();
    let mut numbers = Numbers(7);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..PATHS {
        let count = 1 + numbers.below(4);
        let parts: Vec<&str> = (0..count).map(|_| *numbers.one_of(&PARTS)).collect();
        let mut asked = parts.join("/");
        if numbers.below(3) == 0 {
            asked = format!("{}{}", numbers.one_of(&DETOURS), numbers.one_of(&THERE));
        }
        match numbers.below(12) {
            0 => asked = format!("{}/{asked}", root.display()),
            1 => asked = format!("/{asked}"),
            2 => asked.push('/'),
            _ => {}
        }
        let expected = reference(&root, &asked);
        match workspace.read(&asked) {
            Ok((_, bytes)) => {
                let real = expected.unwrap_or_else(|| panic!("`{asked}` was read"));
                assert_eq!(std::fs::read(real).unwrap(), bytes, "{asked}");
                assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{asked}");
                read += 1;
            }
            Err(refusal) => {
                let shown = refusal.to_string();
                let plain = expected.filter(|real| real.is_file());
                let secret = shown.contains("secrets") || shown.contains("disguise");
                // A slash at the end names a folder, and an absolute link is not followed.
                let odd =
                    asked.ends_with('/') || asked.contains("link_abs") || asked.contains("...");
                assert!(plain.is_none() || secret || odd, "`{asked}` was refused: {shown}");
                refused += 1;
            }
        }
    }
    assert!(read > 1_000 && refused > 5_000, "{read} read, {refused} refused");
}
