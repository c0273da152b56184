//! Paths and globs as the engine takes them: relative to the project's root, and of files.

use crate::closed::{self, MADE};
use crate::playbook::glob;

/// Says why no file of the project can have this path or be matched by this glob, if so.
pub(super) fn outside(path: &str) -> Option<&'static str> {
    // What a template becomes is not known; what stands before it is.
    let (path, whole) = match path.split_once("${{") {
        Some((before, _)) => (before, false),
        None => (path, true),
    };
    let bytes = path.as_bytes();
    let drive = bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && &bytes[1..2] == b":";
    if path.starts_with(['/', '\\']) || (drive && matches!(bytes[2], b'/' | b'\\')) {
        return Some("is a path of one machine, not of the project");
    }
    if path == "~" && whole || path.starts_with("~/") {
        return Some("leads out of the project");
    }
    let mut depth = 0_i32;
    for part in path.split('/') {
        match part {
            ".." => depth -= 1,
            "" | "." => {}
            _ => depth += 1,
        }
        if depth < 0 {
            return Some("leads out of the project");
        }
    }
    None
}

/// Whether a glob has a part `..`, which no path has that it is held against.
pub(super) fn climbs(glob: &str) -> bool {
    glob.split('/').any(|part| part == "..")
}

/// Whether every file that a glob can match holds secrets. Unsure is no.
pub(super) fn is_secret(glob: &str) -> bool {
    all(glob, closed::is_secret)
}

/// Whether every file that a glob can match configures tools on a person's machine. Unsure is no.
pub(super) fn is_protected(glob: &str) -> bool {
    all(glob, closed::is_protected)
}

/// Whether every file that a glob can match lies in a folder that tools made. Unsure is no.
pub(super) fn is_made(glob: &str) -> bool {
    all(glob, |path| {
        path.rsplit_once('/')
            .is_some_and(|(folders, _)| folders.split('/').any(|it| MADE.contains(&it)))
    })
}

/// Whether a condition holds for every file that a glob can match, as far as examples tell.
pub(super) fn all(glob: &str, holds: impl Fn(&str) -> bool) -> bool {
    let mut examples = glob::examples(glob).peekable();
    examples.peek().is_some() && examples.all(|path| holds(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_outside_is_told_from_one_inside() {
        for path in ["../a", "a/../../b", "/etc/hosts", "~/a", "C:\\a", "c:/a", "../${{ a }}", "/"]
        {
            assert!(outside(path).is_some(), "{path}");
        }
        for path in ["a", "./a", "a/../b", "**/..a", "${{ a }}/../..", "a~", "~a", "c:a", ""] {
            assert!(outside(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_glob_is_closed_when_all_that_it_can_match_is() {
        for glob in [".env", "**/.env.local", "*.pem", "certs/**/*.key", ".ssh/**", "{.env,a.pem}"]
        {
            assert!(is_secret(glob), "{glob}");
        }
        for glob in [".env*", ".env.*", "**", "**/*.{pem,md}", ".env.example", "keys/**"] {
            assert!(!is_secret(glob), "{glob}");
        }
        assert!(is_protected(".github/workflows/*.yml") && is_protected("**/.git/**"));
        assert!(!is_protected(".github/**") && !is_protected("**/*.md"));
        assert!(is_made("node_modules/a/package.json") && is_made("**/target/**"));
        assert!(!is_made("target") && !is_made("src/target.rs") && !is_made("dist/**"));
    }
}
