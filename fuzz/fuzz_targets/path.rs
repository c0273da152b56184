//! A path that is read is the file that the system would find, inside the project.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wizard::gate::workspace::Workspace;

/// A project with links that lead out and in, beside a file that must not be read.
static PROJECT: LazyLock<(PathBuf, Workspace)> = LazyLock::new(|| {
    let base = std::env::temp_dir().join(format!("wizard-fuzz-{}", std::process::id()));
    let root = base.join("proj");
    std::fs::create_dir_all(root.join("src/app")).expect("a folder");
    std::fs::create_dir_all(base.join("outside")).expect("a folder");
    std::fs::write(base.join("outside/a"), "canary").expect("a file");
    for (path, text) in [("src/a", "1"), ("src/app/b", "2"), (".env", "canary"), ("c", "3")] {
        std::fs::write(root.join(path), text).expect("a file");
    }
    for (to, at) in
        [("../outside", "out"), ("src", "in"), (".env", "e"), ("../../outside/a", "src/l")]
    {
        let _ = std::os::unix::fs::symlink(to, root.join(at));
    }
    let root = root.canonicalize().expect("the root");
    let workspace = Workspace::open(&root).expect("a workspace");
    (root, workspace)
});

fn reference(root: &Path, asked: &str) -> Option<PathBuf> {
    let path = Path::new(asked);
    let path = if path.is_absolute() { path.strip_prefix(root).ok()? } else { path };
    let mut parts = Vec::new();
    for part in path.iter() {
        match part.to_str()? {
            ".." => drop(parts.pop()?),
            "." => {}
            part => parts.push(part),
        }
    }
    let real = root.join(parts.iter().collect::<PathBuf>()).canonicalize().ok()?;
    real.starts_with(root).then_some(real)
}

fuzz_target!(|asked: &str| {
    let (root, workspace) = &*PROJECT;
    if let Ok((_, bytes)) = workspace.read(asked) {
        let real = reference(root, asked).expect("what was read is inside");
        assert_eq!(std::fs::read(real).expect("it can be read"), bytes);
        assert_ne!(bytes, b"canary");
    }
});
